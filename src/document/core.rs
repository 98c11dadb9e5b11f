//! The form in which a document reaches the generator: whatever is not of it becomes any JSON, and is named.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::inheritance::{TAG, TAGS};
use super::references::name_of;
use super::report::{Refusal, Report, short};
use super::responses::{EMPTY, STATUS, TEXT};
use super::schemas;

/// Marks that belong to a schema to the end.
const MARKS: [&str; 5] = [TAG, TAGS, STATUS, EMPTY, TEXT];

/// Holds every schema to the few forms that `build/` and the generator know, with nothing else in it.
///
/// They are: any JSON, a boolean, an integer, a number, a text, a list, a map, an object, a reference, and, as components only, an
/// enumeration and a union. This is what lets a build end in a client for documents that nobody has foreseen.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let names: BTreeSet<String> = super::references::components(document)?.keys().cloned().collect();
    schemas::each(document, &mut |pointer, schema| {
        let is_component = pointer.strip_prefix("/components/schemas/").is_some_and(|rest| !rest.contains('/'));
        if !has_a_form(schema, is_component, &names) {
            report.degraded(pointer, short(schema), "any JSON: there is no type for it");
            let marks = MARKS.iter().filter_map(|mark| Some(((*mark).to_owned(), schema.get(*mark)?.clone())));
            *schema = Value::Object(marks.collect());
        }
        strip(schema, is_component);
    });
    Ok(())
}

/// Tells whether a schema is of one of the forms that are known.
fn has_a_form(schema: &Value, is_component: bool, names: &BTreeSet<String>) -> bool {
    let Some(fields) = schema.as_object() else { return false };
    if fields.contains_key("$ref") {
        return name_of(schema).is_some_and(|name| names.contains(&name));
    }
    if fields.contains_key("oneOf") {
        return is_component;
    }
    if fields.contains_key("allOf") || fields.contains_key("anyOf") {
        return false;
    }
    match fields.get("type").map(Value::as_str) {
        None => true,
        Some(Some("string")) if fields.contains_key("enum") => is_component,
        Some(Some("object")) if fields.contains_key("properties") => is_component,
        Some(kind) => matches!(kind, Some("boolean" | "integer" | "number" | "string" | "array" | "object")),
    }
}

fn strip(schema: &mut Value, is_component: bool) {
    let Some(fields) = schema.as_object_mut() else { return };
    let kept: &[&str] = match fields.get("type").and_then(Value::as_str) {
        Some("string") => &["format", "enum"],
        Some("integer" | "number") => &["format"],
        Some("array") => &["items"],
        Some("object") => &["properties", "required", "additionalProperties"],
        _ => &["$ref", "oneOf"],
    };
    let is_note = |name: &str| matches!(name, "type" | "nullable" | "description" | "deprecated");
    fields.retain(|name, _| kept.contains(&name.as_str()) || is_note(name) || MARKS.contains(&name.as_str()));
    if fields.get("type").is_some_and(|kind| kind == "object") && !fields.contains_key("properties") {
        // An object without known fields keeps every field that is sent.
        fields.entry("additionalProperties").or_insert_with(|| json!({}));
        fields.remove("required");
    }
    if is_component {
        fields.remove("nullable");
    }
}

#[cfg(test)]
mod tests {
    use super::super::references::reference_to;
    use super::*;

    #[test]
    fn what_has_a_form_keeps_it_and_all_else_is_any_json() {
        for (schema, expected, told) in [
            (json!({"type": "object"}), json!({"type": "object", "additionalProperties": {}}), 0),
            (json!({"type": "object", "properties": {}, "items": 3}), json!({"type": "object", "properties": {}}), 0),
            (
                json!({"type": "array", "items": reference_to("A")}),
                json!({"type": "array", "items": reference_to("A")}),
                0,
            ),
            (json!({"type": "string", "enum": ["a"]}), json!({"type": "string", "enum": ["a"]}), 0),
            (
                json!({"oneOf": [reference_to("A")], "x-menage-tag": "t"}),
                json!({"oneOf": [reference_to("A")], "x-menage-tag": "t"}),
                0,
            ),
            (json!({"anyOf": [], "description": "d"}), json!({}), 1),
            (json!({"type": "moon"}), json!({}), 1),
            (reference_to("None"), json!({}), 1),
            (json!(3), json!({}), 1),
            (
                json!({"type": "object", "properties": {"p": {"type": "object", "properties": {}}}}),
                json!({"type": "object", "properties": {"p": {}}}),
                1,
            ),
        ] {
            let mut document = json!({"components": {"schemas": {"A": schema}}});
            let mut report = Report::default();
            apply(&mut document, &mut report).unwrap();
            assert_eq!((&document["components"]["schemas"]["A"], report.changes().len()), (&expected, told));
        }
    }
}
