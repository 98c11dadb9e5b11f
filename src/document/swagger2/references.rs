//! Where a reference leads after the conversion.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::super::pointer::{percent_decoded, unescaped};
use super::super::report::Refusal;
use super::context::{Context, Place};

/// A chain of references longer than this leads in a circle.
const CHAIN: usize = 16;

/// Rewrites a reference to a schema. One that leads to no definition gives what it leads to a name of its own.
pub(super) fn to_schema(context: &mut Context<'_>, reference: &str) -> String {
    if let Some(rest) = reference.strip_prefix("#/definitions/") {
        return format!("#/components/schemas/{}", named(context.document.get("definitions"), rest));
    }
    if let Some(pointer) = pointer(context.document, reference).filter(|to| !to.starts_with("/components/")) {
        return format!("#/components/schemas/{}", context.move_schema(&pointer));
    }
    // Early tools wrote the bare name of a definition.
    match context.document.get("definitions").and_then(|definitions| definitions.get(reference)) {
        Some(_) => format!("#/components/schemas/{}", escaped(reference)),
        None => reference.to_owned(),
    }
}

/// Reads the name of a shared part, `X` of `#/parameters/X`.
pub(super) fn name_in(context: &Context<'_>, section: &str, reference: &str) -> Option<String> {
    let rest = reference.strip_prefix("#/")?.strip_prefix(section)?.strip_prefix('/')?;
    let name = unescaped(&named(context.document.get(section), rest));
    context.document.get(section)?.get(&name).map(|_| name)
}

/// Writes a reference to a component.
pub(super) fn component(section: &str, name: &str) -> String {
    format!("#/components/{section}/{}", escaped(name))
}

/// Reads the name of the component that a converted schema refers to.
pub(super) fn schema_name(schema: &Value) -> Option<String> {
    Some(unescaped(schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")?))
}

/// What a reference leads to: its pointer, and its fields.
pub(super) type Found<'a> = (String, &'a Map<String, Value>);

/// Follows a chain of references within the document to the first object that is none. It counts as a copy: it will be
/// converted once more.
pub(super) fn follow<'a>(
    context: &mut Context<'a>,
    reference: &str,
    place: &Place<'_>,
) -> Result<Option<Found<'a>>, Refusal> {
    let mut next = pointer(context.document, reference);
    for _ in 0..CHAIN {
        let Some(here) = next else { break };
        let Some(found) = context.document.pointer(&here).and_then(Value::as_object) else { break };
        let Some(further) = found.get("$ref").and_then(Value::as_str) else {
            context.count(found, place)?;
            return Ok(Some((here, found)));
        };
        next = pointer(context.document, further);
    }
    Ok(None)
}

/// The pointer to an object within the document that a reference leads to.
fn pointer(document: &Value, reference: &str) -> Option<String> {
    let plain = reference.strip_prefix("#/")?;
    let candidates = [Cow::Borrowed(plain), percent_decoded(plain)];
    let mut pointers = candidates.into_iter().map(|rest| format!("/{rest}"));
    pointers.find(|pointer| document.pointer(pointer).is_some_and(Value::is_object))
}

/// Writes the rest of a pointer into a section so that it leads to a part of it: the name escaped, and nothing encoded.
fn named(section: Option<&Value>, rest: &str) -> String {
    let has = |name: &str| section.is_some_and(|parts| parts.get(name).is_some());
    let plain = percent_decoded(rest);
    for rest in [rest, &plain] {
        let (token, further) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let name = unescaped(token);
        if has(&name) {
            return format!("{}{further}", escaped(&name));
        }
        // A slash that should have been escaped.
        if has(rest) {
            return escaped(rest);
        }
    }
    rest.to_owned()
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::converted;

    fn rewritten(name: &str, reference: &str) -> String {
        let (document, _) = converted(json!({"swagger": "2.0", "definitions": {
            "User": {"properties": {"a": {"$ref": reference}}},
            name: {"type": "string"},
        }}));
        document["components"]["schemas"]["User"]["properties"]["a"]["$ref"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_reference_leads_to_the_same_definition() {
        for (name, reference, expected) in [
            ("A", "#/definitions/A", "#/components/schemas/A"),
            ("Map«string,X»", "#/definitions/Map«string,X»", "#/components/schemas/Map«string,X»"),
            ("Map«string,X»", "#/definitions/Map%C2%ABstring%2CX%C2%BB", "#/components/schemas/Map«string,X»"),
            ("A B", "#/definitions/A%20B/properties/c", "#/components/schemas/A B/properties/c"),
            ("a/b", "#/definitions/a~1b", "#/components/schemas/a~1b"),
            ("a/b", "#/definitions/a/b", "#/components/schemas/a~1b"),
            ("a/b", "#/definitions/a%2Fb", "#/components/schemas/a~1b"),
            ("100%", "#/definitions/100%", "#/components/schemas/100%"),
            ("a%20b", "#/definitions/a%20b", "#/components/schemas/a%20b"),
            ("A", "A", "#/components/schemas/A"),
            ("A", "#/definitions/Missing", "#/components/schemas/Missing"),
            ("A", "other.json#/definitions/A", "other.json#/definitions/A"),
            ("A", "#/nowhere", "#/nowhere"),
            ("A", "#", "#"),
        ] {
            assert_eq!(rewritten(name, reference), expected, "{reference}");
        }
    }

    #[test]
    fn a_schema_elsewhere_becomes_a_component() {
        let shared = "#/paths/~1a/get/responses/200/schema";
        let (document, _) = converted(json!({
            "swagger": "2.0",
            "paths": {"/a": {"get": {"responses": {
                "200": {"schema": {"type": "object", "properties": {"next": {"$ref": shared}}}},
                "404": {"schema": {"$ref": shared}},
            }}}},
        }));
        let reference = json!({"$ref": "#/components/schemas/paths_a_get_responses_200_schema"});
        let responses = &document["paths"]["/a"]["get"]["responses"];
        assert_eq!(responses["404"]["content"]["application/json"]["schema"], reference);
        assert_eq!(
            document["components"]["schemas"],
            json!({"paths_a_get_responses_200_schema": {"type": "object", "properties": {"next": reference}}})
        );
    }
}
