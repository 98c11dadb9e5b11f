//! What stands beside a `$ref`: 3.0 does not read it there.

use serde_json::{Map, Value, json};

use super::super::report::Report;
use super::is_annotation;

/// What changes how a value is read. Bounds do not: no client checks them.
const READ: [&str; 10] =
    ["type", "format", "enum", "properties", "required", "additionalProperties", "items", "anyOf", "oneOf", "not"];

/// Puts the reference in an `allOf`, where something may stand beside it.
pub(super) fn adapt(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    if fields.len() < 2 || !fields.contains_key("$ref") {
        return;
    }
    let mut all = vec![Map::from_iter(fields.remove_entry("$ref"))];
    let mut beside = Map::new();
    let mut more = Vec::new();
    for (keyword, value) in std::mem::take(fields) {
        match value {
            Value::Array(branches) if keyword == "allOf" => more = branches,
            Value::Bool(false) if keyword == "nullable" => {}
            value if is_annotation(&keyword) => drop(fields.insert(keyword, value)),
            value if READ.contains(&keyword.as_str()) => drop(beside.insert(keyword, value)),
            _ => {}
        }
    }
    // What is referred to says its type itself.
    let says_more = beside.keys().any(|keyword| keyword != "type");
    if says_more {
        let keywords: Vec<&str> = beside.keys().map(String::as_str).collect();
        report.adapted(pointer, format!("{} beside $ref", keywords.join(", ")), "allOf");
        all.push(beside);
    }
    let all: Vec<Value> = all.into_iter().map(Value::Object).chain(more).collect();
    match all.as_slice() {
        [Value::Object(reference)] if fields.is_empty() => fields.extend(reference.clone()),
        _ => drop(fields.insert("allOf".to_owned(), json!(all))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::schema;

    #[test]
    fn what_describes_a_reference_stands_beside_an_all_of() {
        let beside =
            json!({"$ref": "#/components/schemas/B", "description": "a", "readOnly": true, "default": {}, "x-a": 1});
        let all = json!({"description": "a", "readOnly": true, "default": {}, "x-a": 1, "allOf": [{"$ref": "#/components/schemas/B"}]});
        assert_eq!(schema(beside), (all, vec![]));
    }

    #[test]
    fn a_nullable_reference_is_a_nullable_all_of() {
        let changes = vec!["adapted: nullable beside $ref -> allOf, nullable".to_owned()];
        let all = json!({"nullable": true, "allOf": [{"$ref": "#/components/schemas/B"}]});
        assert_eq!(schema(json!({"$ref": "#/components/schemas/B", "nullable": true})), (all, changes));
        let plain = json!({"$ref": "#/components/schemas/B"});
        assert_eq!(schema(json!({"$ref": "#/components/schemas/B", "nullable": false})), (plain, vec![]));
    }

    #[test]
    fn what_limits_a_reference_is_a_part_of_the_all_of() {
        let beside = json!({
            "type": "object", "$ref": "#/components/schemas/B", "title": "a", "required": ["c"],
            "properties": {"c": {"$ref": "#/components/schemas/B", "deprecated": true}}, "allOf": [{"minProperties": 1}],
        });
        let (after, changes) = schema(beside);
        assert_eq!(
            after,
            json!({"title": "a", "allOf": [
                {"$ref": "#/components/schemas/B"},
                {
                    "type": "object", "required": ["c"],
                    "properties": {"c": {"deprecated": true, "allOf": [{"$ref": "#/components/schemas/B"}]}},
                },
                {"minProperties": 1},
            ]})
        );
        assert_eq!(changes, ["adapted: type, required, properties beside $ref -> allOf"]);
    }

    #[test]
    fn a_type_and_bounds_beside_a_reference_add_nothing() {
        let beside =
            json!({"$ref": "#/components/schemas/B", "type": ["object"], "minProperties": 1, "examples": [{}]});
        let (after, _) = schema(beside);
        assert_eq!(after, json!({"$ref": "#/components/schemas/B"}));
    }
}
