//! Fields by pattern, and fields that depend on others.

use serde_json::{Map, Value, json};

use super::super::report::Report;
use super::{is_annotation, quote};

const COMPOSITIONS: [&str; 4] = ["$ref", "allOf", "anyOf", "oneOf"];

/// Writes the fields of an object as 3.0 has them.
pub(super) fn adapt(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    cases(pointer, fields, report);
    unevaluated(pointer, fields, report);
    patterns(pointer, fields, report);
    if let Some(other) = fields.get("additionalProperties").filter(|value| !value.is_object() && !value.is_boolean()) {
        report.degraded(pointer, quote("additionalProperties", other), "any other fields");
        fields.remove("additionalProperties");
    }
}

/// Adds the fields of every case to those of the schema, where none of them is required.
fn cases(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    let mut cases = Vec::new();
    gather(fields, &mut cases);
    if cases.iter().any(|case| COMPOSITIONS.iter().any(|keyword| case.get(keyword).is_some())) {
        report.degraded(pointer, "schemas for certain cases", "without what they say beside fields");
    }
    let own = fields.get("properties").and_then(Value::as_object);
    let mut found = Map::new();
    for (name, schema) in cases.iter().filter_map(|case| case.get("properties")?.as_object()).flatten() {
        if *schema != Value::Bool(false) && own.is_none_or(|own| !own.contains_key(name)) {
            let schema = in_any_case(schema);
            let place = found.entry(name.clone()).or_insert_with(|| schema.clone());
            if *place != schema {
                *place = json!({});
            }
        }
    }
    if found.is_empty() {
        return;
    }
    if COMPOSITIONS.iter().any(|keyword| fields.contains_key(*keyword)) {
        // The other schemas may name the same fields, and what they say holds in every case.
        found.values_mut().for_each(|schema| *schema = json!({}));
    }
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    report.degraded(pointer, format!("fields of certain cases: {}", names.join(", ")), "fields that may be missing");
    match fields.get_mut("properties") {
        Some(Value::Object(own)) => own.extend(found),
        _ => drop(fields.insert("properties".to_owned(), Value::Object(found))),
    }
}

/// Takes the schemas that hold in certain cases out of a schema, those inside them first.
fn gather(fields: &mut Map<String, Value>, cases: &mut Vec<Value>) {
    fields.remove("if");
    let mut found: Vec<Value> = ["then", "else"].into_iter().filter_map(|case| fields.remove(case)).collect();
    for keyword in ["dependentSchemas", "dependencies"] {
        if let Some(Value::Object(dependent)) = fields.remove(keyword) {
            found.extend(dependent.into_iter().map(|(_, case)| case));
        }
    }
    let all = fields.get_mut("allOf").and_then(Value::as_array_mut);
    found.extend(all.into_iter().flat_map(|all| all.extract_if(.., |branch| is_conditional(branch))));
    if !found.is_empty() && fields.get("allOf") == Some(&json!([])) {
        fields.remove("allOf");
    }
    for mut case in found {
        if let Some(fields) = case.as_object_mut() {
            gather(fields, cases);
        }
        cases.push(case);
    }
}

/// Whether a schema says nothing but what holds in certain cases.
fn is_conditional(branch: &Value) -> bool {
    let keywords = || branch.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
    keywords().any(|keyword| keyword == "if")
        && keywords().all(|keyword| matches!(keyword, "if" | "then" | "else") || is_annotation(keyword))
}

/// Returns what is left of a field's schema where its case may not hold: its type.
fn in_any_case(schema: &Value) -> Value {
    match schema.get("const").or_else(|| schema.get("enum")) {
        Some(_) => schema.get("type").map_or_else(|| json!({}), |stated| json!({"type": stated})),
        None => schema.clone(),
    }
}

/// Takes what is said of all other fields for what is said of additional ones, where nothing else names fields.
fn unevaluated(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    let Some(schema @ Value::Object(_)) = fields.remove("unevaluatedProperties") else { return };
    if fields.contains_key("additionalProperties") || COMPOSITIONS.iter().any(|keyword| fields.contains_key(*keyword)) {
        report.degraded(pointer, quote("unevaluatedProperties", &schema), "any other fields");
    } else {
        fields.insert("additionalProperties".to_owned(), schema);
    }
}

/// Takes fields whose names follow a pattern for additional ones.
fn patterns(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    let Some(patterns) = fields.remove("patternProperties") else { return };
    let before = quote("patternProperties", &patterns);
    let additional = fields.get("additionalProperties");
    // Beside named fields, one that a newer server adds need not follow the pattern.
    let is_open = additional.is_none() && fields.contains_key("properties") || additional == Some(&Value::Bool(true));
    let schemas =
        patterns.as_object().into_iter().flat_map(Map::values).filter(|schema| **schema != Value::Bool(false));
    let mut all = schemas.chain(additional.filter(|additional| additional.is_object()));
    let Some(first) = all.next().cloned() else { return };
    if !is_open && all.all(|schema| *schema == first) {
        report.adapted(pointer, before, "additionalProperties");
        fields.insert("additionalProperties".to_owned(), first);
    } else {
        report.degraded(pointer, before, "additionalProperties of any JSON");
        fields.insert("additionalProperties".to_owned(), json!({}));
    }
    fields.entry("type").or_insert_with(|| json!("object"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{plain, schema};

    #[test]
    fn one_pattern_is_a_map() {
        let map = json!({"type": "object", "additionalProperties": {"type": "string", "nullable": true}});
        let patterns = json!({"^a": {"type": ["string", "null"]}});
        assert_eq!(plain(json!({"type": "object", "patternProperties": patterns})), map);
        assert_eq!(plain(json!({"patternProperties": patterns, "additionalProperties": false})), map);
        assert_eq!(plain(json!({"patternProperties": {"^a": false, "^b": patterns["^a"], "^c": patterns["^a"]}})), map);
        let closed = json!({"properties": {"a": {}}, "patternProperties": patterns, "additionalProperties": false});
        assert_eq!(plain(closed)["additionalProperties"], map["additionalProperties"]);
        assert_eq!(plain(json!({"type": "object", "patternProperties": {"^a": false}})), json!({"type": "object"}));
    }

    #[test]
    fn what_need_not_follow_a_pattern_is_any_json() {
        let text = json!({"type": "string"});
        let map = json!({"type": "object", "additionalProperties": {}});
        let (after, changes) = schema(json!({"patternProperties": {"^a": text, "^b": {"type": "number"}}}));
        assert_eq!(after, map);
        assert_eq!(changes.len(), 1);
        assert!(changes[0].starts_with("degraded: patternProperties: "), "{changes:?}");
        assert_eq!(plain(json!({"patternProperties": {"^a": text}, "additionalProperties": {"type": "number"}})), map);
        assert_eq!(plain(json!({"patternProperties": {"^a": text}, "additionalProperties": true})), map);
        assert_eq!(
            plain(json!({"properties": {"a": {}}, "patternProperties": {"^x-": text}}))["additionalProperties"],
            json!({})
        );
    }

    #[test]
    fn fields_of_certain_cases_are_fields_that_may_be_missing() {
        let (after, changes) = schema(json!({
            "type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"],
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"properties": {"kind": {"const": "a"}, "a": {"type": "string"}, "both": {"type": "string"}}, "required": ["a"]},
            "else": {
                "if": {"properties": {"kind": {"const": "b"}}},
                "then": {"properties": {"b": {"type": "integer", "const": 1}, "a": false}},
                "else": {"properties": {"both": {"type": "integer"}}},
            },
        }));
        assert_eq!(
            after,
            json!({
                "type": "object", "required": ["kind"],
                "properties": {"kind": {"type": "string"}, "a": {"type": "string"}, "both": {}, "b": {"type": "integer"}},
            })
        );
        assert_eq!(changes, ["degraded: fields of certain cases: a, both, b -> fields that may be missing"]);
    }

    #[test]
    fn cases_in_an_all_of_are_those_of_the_schema() {
        let case = |name: &str| json!({"if": {"required": [name]}, "then": {"properties": {name: {"type": "string"}}}});
        assert_eq!(
            plain(json!({"type": "object", "properties": {"a": {"type": "integer"}}, "allOf": [case("a"), case("b")]})),
            json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}})
        );
    }

    #[test]
    fn a_case_does_not_narrow_what_other_schemas_say() {
        let base = json!({"$ref": "#/components/schemas/B"});
        assert_eq!(
            plain(
                json!({"allOf": [base], "if": {}, "then": {"properties": {"kind": {"type": "string", "format": "date"}}}})
            ),
            json!({"allOf": [base], "properties": {"kind": {}}})
        );
    }

    #[test]
    fn bounds_of_certain_cases_are_dropped() {
        let before =
            json!({"type": "string", "if": {"minLength": 2}, "then": {"pattern": "a"}, "dependencies": {"a": ["b"]}});
        assert_eq!(schema(before), (json!({"type": "string"}), vec![]));
    }

    #[test]
    fn schemas_of_certain_cases_are_told() {
        let before = json!({"type": "object", "dependentSchemas": {"a": {"$ref": "#/components/schemas/B"}}});
        let changes = vec!["degraded: schemas for certain cases -> without what they say beside fields".to_owned()];
        assert_eq!(schema(before), (json!({"type": "object"}), changes));
        assert_eq!(
            plain(json!({"dependentSchemas": {"a": {"properties": {"b": {"type": "string"}}}}})),
            json!({"properties": {"b": {"type": "string"}}})
        );
    }

    #[test]
    fn what_is_said_of_all_other_fields_is_said_of_additional_ones() {
        let text = json!({"type": "string"});
        assert_eq!(plain(json!({"unevaluatedProperties": text})), json!({"additionalProperties": text}));
        assert_eq!(plain(json!({"unevaluatedProperties": false})), json!({}));
        let (after, changes) =
            schema(json!({"allOf": [{"$ref": "#/components/schemas/B"}], "unevaluatedProperties": text}));
        assert_eq!(after, json!({"allOf": [{"$ref": "#/components/schemas/B"}]}));
        assert_eq!(changes, ["degraded: unevaluatedProperties: {\"type\":\"string\"} -> any other fields"]);
    }

    #[test]
    fn additional_fields_are_a_schema_or_a_boolean() {
        let changes = vec!["degraded: additionalProperties: \"a\" -> any other fields".to_owned()];
        assert_eq!(schema(json!({"additionalProperties": "a"})), (json!({}), changes));
    }
}
