//! References: what is not a schema is put in the place of its reference, and every schema that is referred to becomes a component.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::pointer::{percent_decoded, unescaped};
use super::report::{Refusal, Report, join, short};
use super::schemas;

/// A chain of references longer than this leads in a circle.
const CHAIN: usize = 16;

/// Puts parameters, bodies and answers in the place of their references, and lets schemas refer to components only.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let source = document.clone();
    if let Some(items) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in items.iter_mut() {
            let pointer = join("/paths", path);
            follow(&source, item, &pointer, report);
            inline_parts(&source, item, &pointer, report);
        }
    }
    name_schemas(&source, document, report)
}

/// Replaces each reference of a path item and of its operations, and gives the item's parameters to each operation.
fn inline_parts(source: &Value, item: &mut Value, pointer: &str, report: &mut Report) {
    let Some(item) = item.as_object_mut() else { return };
    let above = pointer;
    let shared = schemas::take(item, "parameters").unwrap_or_default();
    for (method, operation) in item.iter_mut().filter(|(name, _)| schemas::METHODS.contains(&name.as_str())) {
        let pointer = join(pointer, method);
        let Some(operation) = operation.as_object_mut() else { continue };
        let own = operation.remove("parameters").unwrap_or_default();
        let parameters = parameters(source, [(&shared, above), (&own, &pointer)], report);
        for (index, (_, from)) in parameters.iter().enumerate() {
            report.moved(&format!("{pointer}/parameters/{index}"), from);
        }
        let parameters = parameters.into_iter().map(|(parameter, _)| parameter).collect();
        operation.insert("parameters".to_owned(), Value::Array(parameters));
        if let Some(body) = operation.get_mut("requestBody") {
            follow(source, body, &join(&pointer, "requestBody"), report);
        }
        if let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            for (status, answer) in answers {
                follow(source, answer, &join(&join(&pointer, "responses"), status), report);
            }
        }
    }
}

/// The item's parameters and the operation's, where the operation's come first and each name and place stands once; each with
/// where it stood.
fn parameters(source: &Value, lists: [(&Value, &str); 2], report: &mut Report) -> Vec<(Value, String)> {
    let mut kept: Vec<(Value, String)> = Vec::new();
    for (list, owner) in lists {
        for (index, parameter) in list.as_array().into_iter().flatten().enumerate() {
            let pointer = format!("{owner}/parameters/{index}");
            let mut parameter = parameter.clone();
            follow(source, &mut parameter, &pointer, report);
            if parameter.get("name").is_none_or(|name| !name.is_string()) {
                report.degraded(&pointer, short(&parameter), "nothing: it has no name");
                continue;
            }
            let place = |one: &Value| (one.get("name").cloned(), one.get("in").cloned());
            match kept.iter_mut().find(|(other, _)| place(other) == place(&parameter)) {
                Some(other) => *other = (parameter, pointer),
                None => kept.push((parameter, pointer)),
            }
        }
    }
    kept
}

/// Follows a chain of references from here, and puts what it leads to in this place.
fn follow(source: &Value, place: &mut Value, pointer: &str, report: &mut Report) {
    for _ in 0..CHAIN {
        let Some(reference) = place.get("$ref").and_then(Value::as_str) else { return };
        match target(source, reference) {
            Some(found) => *place = found.clone(),
            None => break,
        }
    }
    report.degraded(pointer, short(place), "nothing: the reference leads nowhere");
    *place = Value::Object(Map::new());
}

/// Finds what a reference names in the document.
fn target<'a>(source: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = reference.strip_prefix('#')?;
    source.pointer(pointer).or_else(|| source.pointer(&percent_decoded(pointer)))
}

/// Lets each reference to a schema lead to a component: one that is there, or a copy of what it leads to.
fn name_schemas(source: &Value, document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let mut names = Names::of(source);
    schemas::each(document, &mut |pointer, schema| names.mend(source, pointer, schema, report));
    let mut done = 0;
    let mut components = Map::new();
    while let Some((from, name)) = names.new.get(done).cloned() {
        let mut copy = source.pointer(&from).cloned().unwrap_or_default();
        report.adapted(&from, "a schema that is referred to", format!("the component {name}"));
        report.moved(&join("/components/schemas", &name), &from);
        schemas::within(&from, &mut copy, &mut |pointer, schema| names.mend(source, pointer, schema, report));
        components.insert(name, copy);
        done += 1;
    }
    if !components.is_empty() {
        self::components(document)?.extend(components);
    }
    Ok(())
}

/// The named schemas of a document, made if there are none.
pub(super) fn components(document: &mut Value) -> Result<&mut Map<String, Value>, Refusal> {
    let mut place = document;
    let mut pointer = String::new();
    for name in ["components", "schemas"] {
        let fields = place.as_object_mut().ok_or_else(|| Refusal::new(&pointer, "it is no object"))?;
        pointer = join(&pointer, name);
        place = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
    }
    place.as_object_mut().ok_or_else(|| Refusal::new(pointer, "it is no object"))
}

/// The components' names: those of the document, and those given to schemas that are referred to elsewhere.
struct Names {
    taken: BTreeSet<String>,
    given: BTreeMap<String, String>,
    new: Vec<(String, String)>,
}

impl Names {
    fn of(source: &Value) -> Self {
        let schemas = source.pointer("/components/schemas").and_then(Value::as_object);
        let taken = schemas.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        Self { taken, given: BTreeMap::new(), new: Vec::new() }
    }

    fn mend(&mut self, source: &Value, pointer: &str, schema: &mut Value, report: &mut Report) {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return };
        let decoded = reference.strip_prefix('#').map(percent_decoded).unwrap_or_default();
        let plain = reference.strip_prefix('#').unwrap_or_default();
        let found = [plain, &*decoded].into_iter().find(|to| {
            !to.is_empty() && source.pointer(to).is_some_and(|found| found.is_object() || found.is_boolean())
        });
        match found.map(|to| self.name(to)) {
            Some(name) => *schema = reference_to(&name),
            None => {
                report.degraded(
                    pointer,
                    format!("a reference to {reference}"),
                    "any JSON: there is nothing of this name",
                );
                *schema = Value::Object(Map::new());
            }
        }
    }

    /// The name of the component that stands for the schema at a pointer.
    fn name(&mut self, pointer: &str) -> String {
        if let Some(token) = pointer.strip_prefix("/components/schemas/").filter(|rest| !rest.contains('/')) {
            return unescaped(token);
        }
        if let Some(name) = self.given.get(pointer) {
            return name.clone();
        }
        const STRUCTURE: [&str; 6] = ["properties", "schema", "items", "components", "schemas", "content"];
        let mut tokens = pointer.split('/').filter(|token| !token.is_empty() && !STRUCTURE.contains(token));
        let last = unescaped(tokens.next_back().unwrap_or("Schema"));
        let name = unique(&last, |name| self.taken.contains(name));
        self.taken.insert(name.clone());
        self.given.insert(pointer.to_owned(), name.clone());
        self.new.push((pointer.to_owned(), name.clone()));
        name
    }
}

/// Writes a reference to a component.
pub(super) fn reference_to(name: &str) -> Value {
    let mut reference = Map::new();
    reference.insert("$ref".to_owned(), Value::String(format!("#{}", join("/components/schemas", name))));
    Value::Object(reference)
}

/// Reads the name of the component that a schema refers to.
pub(super) fn name_of(schema: &Value) -> Option<String> {
    let token = schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")?;
    Some(unescaped(token))
}

/// Numbers a name until it is not taken.
pub(super) fn unique(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{name}{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied(mut document: Value) -> (Value, Vec<String>) {
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        (document, report.changes().iter().map(|change| format!("{} {}", change.effect, change.pointer)).collect())
    }

    #[test]
    fn parts_of_operations_stand_in_the_place_of_their_references() {
        let (document, changes) = applied(json!({
            "paths": {"/a/{id}": {
                "parameters": [{"$ref": "#/components/parameters/Id"}, {"name": "q", "in": "query", "description": "of all"}],
                "post": {
                    "parameters": [{"name": "q", "in": "query", "description": "of this"}],
                    "requestBody": {"$ref": "#/components/requestBodies/B"},
                    "responses": {"200": {"$ref": "#/components/responses/R"}},
                },
            }},
            "components": {
                "parameters": {"Id": {"name": "id", "in": "path"}},
                "requestBodies": {"B": {"$ref": "#/components/requestBodies/C"}, "C": {"content": {}}},
                "responses": {"R": {"description": "found"}},
            },
        }));
        assert_eq!(
            document["paths"],
            json!({"/a/{id}": {"post": {
                "parameters": [{"name": "id", "in": "path"}, {"name": "q", "in": "query", "description": "of this"}],
                "requestBody": {"content": {}},
                "responses": {"200": {"description": "found"}},
            }}})
        );
        assert_eq!(changes, [""; 0]);
    }

    #[test]
    fn a_reference_that_leads_nowhere_or_in_a_circle_is_named() {
        let (document, changes) = applied(json!({
            "paths": {"/a": {"get": {
                "parameters": [{"$ref": "#/components/parameters/None"}],
                "responses": {"200": {"$ref": "#/components/responses/R"}},
            }}},
            "components": {
                "responses": {"R": {"$ref": "#/components/responses/R"}},
                "schemas": {"A": {"$ref": "#/components/schemas/None"}, "B": {"$ref": "https://example.test/x"}},
            },
        }));
        assert_eq!(document["paths"]["/a"]["get"], json!({"parameters": [], "responses": {"200": {}}}));
        assert_eq!(document["components"]["schemas"], json!({"A": {}, "B": {}}));
        assert_eq!(
            changes,
            [
                "degraded /paths/~1a/get/parameters/0",
                "degraded /paths/~1a/get/parameters/0",
                "degraded /paths/~1a/get/responses/200",
                "degraded /components/schemas/A",
                "degraded /components/schemas/B",
            ]
        );
    }

    #[test]
    fn a_schema_that_is_referred_to_elsewhere_becomes_a_component_once() {
        let (document, _) = applied(json!({
            "paths": {},
            "definitions": {"X": {"properties": {"next": {"$ref": "#/definitions/X"}}}},
            "components": {"schemas": {
                "X": {"type": "string"},
                "A": {"properties": {"x": {"$ref": "#/definitions/X"}, "y": {"$ref": "#/components/schemas/A/properties/z"}, "z": {"type": "object"}}},
                "Page«X»": {"type": "array", "items": {"$ref": "#/components/schemas/Page%C2%ABX%C2%BB"}},
            }},
        }));
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["A"]["properties"]["x"], reference_to("X2"));
        assert_eq!(schemas["A"]["properties"]["y"], reference_to("z"));
        assert_eq!(schemas["X2"], json!({"properties": {"next": reference_to("X2")}}));
        assert_eq!(schemas["z"], json!({"type": "object"}));
        assert_eq!(schemas["Page«X»"]["items"], reference_to("Page«X»"));
    }

    #[test]
    fn names_of_components_may_hold_slashes() {
        assert_eq!(name_of(&reference_to("a/b~c")).as_deref(), Some("a/b~c"));
    }
}
