//! `type` as a list or as `null`, constants, and bounds that are numbers.

use serde_json::{Map, Value, json};

use super::super::report::Report;
use super::quote;

const TYPES: [&str; 6] = ["string", "number", "integer", "boolean", "object", "array"];
/// What a list of every type names, `null` apart.
const ANY: [&str; 5] = ["string", "number", "boolean", "object", "array"];
const UNIONS: [&str; 4] = ["$ref", "allOf", "anyOf", "oneOf"];

/// Writes the types of a schema as 3.0 has them.
pub(super) fn adapt(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    constant(pointer, fields, report);
    list(pointer, fields, report);
    null(pointer, fields, report);
    bound(pointer, fields, "exclusiveMinimum", "minimum", report);
    bound(pointer, fields, "exclusiveMaximum", "maximum", report);
}

/// Whether a schema lets nothing but `null` pass.
pub(super) fn is_null(fields: &Map<String, Value>) -> bool {
    let says = |keyword: &str, value: Value| fields.get(keyword) == Some(&value);
    let null_type = says("type", json!("null")) || says("type", json!(["null"]));
    let null_value = says("const", Value::Null) || says("enum", json!([null]));
    !fields.contains_key("$ref") && (null_type || null_value && !fields.contains_key("type"))
}

/// Names the type of a value.
pub(super) fn of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn constant(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    let Some(value) = fields.remove("const") else { return };
    let before = quote("const", &value);
    let typed = of(&value);
    let has_type = fields.get("type").is_some_and(Value::is_string);
    if fields.get("type").and_then(Value::as_array).is_some_and(|types| types.contains(&json!("null"))) {
        fields.insert("nullable".to_owned(), json!(true));
    }
    match value {
        Value::Null if has_type => {
            report.adapted(pointer, before, "nullable");
            fields.insert("nullable".to_owned(), json!(true));
        }
        Value::Null => drop(fields.insert("type".to_owned(), json!("null"))),
        Value::Array(_) | Value::Object(_) => {
            report.degraded(pointer, before, format!("any {typed}"));
            fields.insert("type".to_owned(), json!(typed));
        }
        value => {
            report.adapted(pointer, before, "enum of one value");
            if !has_type {
                fields.insert("type".to_owned(), json!(typed));
            }
            fields.insert("enum".to_owned(), json!([value]));
        }
    }
}

/// Turns a list of types into one type, or into a union of one schema for each.
fn list(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    let Some(list @ Value::Array(types)) = fields.get("type") else { return };
    let before = quote("type", list);
    let types: Vec<String> = types.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let has = |name: &str| types.iter().any(|other| other == name);
    if has("null") {
        fields.insert("nullable".to_owned(), json!(true));
    }
    let nullable = if has("null") { ", nullable" } else { "" };
    match &*names(&types) {
        [] if has("null") => drop(fields.insert("type".to_owned(), json!("null"))),
        [name] => {
            report.adapted(pointer, before, format!("{name}{nullable}"));
            fields.insert("type".to_owned(), json!(name));
        }
        names => {
            fields.remove("type");
            if UNIONS.iter().any(|union| fields.contains_key(*union)) {
                // What stands beside the list says it better.
            } else if names.is_empty() || ANY.iter().all(|any| has(any)) {
                report.adapted(pointer, before, "any JSON");
            } else {
                report.adapted(pointer, before, format!("anyOf {}{nullable}", names.join(", ")));
                split(fields, names);
            }
        }
    }
}

/// Lists each type once, without `null`, and without the integers where any number is allowed.
fn names(types: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for name in types.iter().map(String::as_str) {
        let is_covered = name == "integer" && types.iter().any(|other| other == "number");
        if name != "null" && !is_covered && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Writes a schema of several types as a union, with each keyword where it belongs.
fn split(fields: &mut Map<String, Value>, types: &[&str]) {
    let mut branches: Vec<_> = types.iter().filter_map(|name| branch(fields, name)).collect();
    if fields.get("enum").and_then(Value::as_array).is_some_and(|values| values.contains(&Value::Null)) {
        fields.insert("nullable".to_owned(), json!(true));
    }
    fields.retain(|keyword, value| keyword != "enum" && !TYPES.iter().any(|name| is_of(name, keyword, value)));
    match branches.pop() {
        Some(only) if branches.is_empty() => fields.extend(only),
        Some(last) => {
            branches.push(last);
            fields.insert("anyOf".to_owned(), branches.into_iter().map(Value::Object).collect());
        }
        None => {}
    }
}

/// Makes the schema of one type; `None` where no value that is listed has it.
fn branch(fields: &Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
    let mut branch = Map::from_iter([("type".to_owned(), json!(name))]);
    for (keyword, value) in fields {
        match value {
            Value::Array(values) if keyword == "enum" => {
                let is_number = |value: &Value| name == "number" && value.is_number();
                let values: Vec<_> = values.iter().filter(|value| of(value) == name || is_number(value)).collect();
                if values.is_empty() {
                    return None;
                }
                branch.insert(keyword.clone(), json!(values));
            }
            value if is_of(name, keyword, value) => drop(branch.insert(keyword.clone(), value.clone())),
            _ => {}
        }
    }
    Some(branch)
}

/// Whether a keyword says something of the values of a type, and of no others.
fn is_of(name: &str, keyword: &str, value: &Value) -> bool {
    match keyword {
        "minLength" | "maxLength" | "pattern" => name == "string",
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
            matches!(name, "number" | "integer")
        }
        "properties" | "required" | "additionalProperties" | "minProperties" | "maxProperties" => name == "object",
        "items" | "minItems" | "maxItems" | "uniqueItems" => name == "array",
        "format" => match value.as_str() {
            Some("int32" | "int64" | "uint32" | "uint64") => name == "integer",
            Some("float" | "double" | "decimal") => name == "number",
            _ => name == "string",
        },
        _ => false,
    }
}

/// Turns the type that has no value but `null` into any JSON: 3.0 has no such type.
fn null(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    if is_null(fields) {
        fields.remove("type");
        fields.remove("enum");
        fields.insert("nullable".to_owned(), json!(true));
        report.degraded(pointer, "null and nothing else", "any JSON");
    }
}

/// Writes a bound that excludes its own value as the bound and a mark.
fn bound(pointer: &str, fields: &mut Map<String, Value>, exclusive: &str, inclusive: &str, report: &mut Report) {
    let Some(Value::Number(limit)) = fields.get(exclusive).cloned() else { return };
    let before = quote(exclusive, &Value::Number(limit.clone()));
    let other = fields.get(inclusive).and_then(Value::as_f64);
    let is_tighter = match (limit.as_f64(), other) {
        (Some(limit), Some(other)) if inclusive == "minimum" => limit >= other,
        (Some(limit), Some(other)) => limit <= other,
        _ => true,
    };
    if is_tighter {
        report.adapted(pointer, before, format!("{inclusive}: {limit}, excluded"));
        fields.insert(inclusive.to_owned(), Value::Number(limit));
        fields.insert(exclusive.to_owned(), json!(true));
    } else {
        report.adapted(pointer, before, format!("the {inclusive} beside it, which is tighter"));
        fields.remove(exclusive);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{plain, schema};

    #[test]
    fn a_type_beside_null_is_nullable() {
        let nullable = json!({"type": "string", "nullable": true});
        let changes = vec!["adapted: type: [\"string\",\"null\"] -> string, nullable".to_owned()];
        assert_eq!(schema(json!({"type": ["string", "null"]})), (nullable.clone(), changes));
        assert_eq!(plain(json!({"type": ["null", "string", "string"]})), nullable);
        assert_eq!(plain(json!({"type": ["string"]})), json!({"type": "string"}));
        assert_eq!(plain(json!({"type": ["integer", "number"]})), json!({"type": "number"}));
    }

    #[test]
    fn null_alone_is_any_json() {
        let any = (json!({"nullable": true}), vec!["degraded: null and nothing else -> any JSON".to_owned()]);
        for null in
            [json!({"type": "null"}), json!({"type": ["null"]}), json!({"const": null}), json!({"enum": [null]})]
        {
            assert_eq!(schema(null), any);
        }
    }

    #[test]
    fn several_types_are_a_union_with_each_keyword_where_it_belongs() {
        let before = json!({
            "type": ["string", "integer", "array", "null"], "description": "a", "default": 1, "maxLength": 3, "format": "int64",
            "minimum": 2, "items": {"type": ["integer", "null"]}, "minProperties": 1,
        });
        let after = json!({
            "description": "a", "default": 1, "nullable": true,
            "anyOf": [
                {"type": "string", "maxLength": 3},
                {"type": "integer", "format": "int64", "minimum": 2},
                {"type": "array", "items": {"type": "integer", "nullable": true}},
            ],
        });
        assert_eq!(plain(before), after);
    }

    #[test]
    fn listed_values_go_to_their_types() {
        assert_eq!(
            plain(json!({"type": ["string", "number", "boolean"], "enum": ["a", 1, 1.5, null]})),
            json!({
                "nullable": true,
                "anyOf": [{"type": "string", "enum": ["a"]}, {"type": "number", "enum": [1, 1.5]}],
            })
        );
        assert_eq!(
            plain(json!({"type": ["string", "integer"], "enum": ["a"], "title": "b"})),
            json!({"type": "string", "enum": ["a"], "title": "b"})
        );
    }

    #[test]
    fn every_type_is_any_json() {
        let all = json!({"type": ["string", "number", "boolean", "object", "array", "null"], "title": "a"});
        assert_eq!(plain(all), json!({"title": "a", "nullable": true}));
        assert_eq!(plain(json!({"type": []})), json!({}));
    }

    #[test]
    fn several_types_beside_a_union_add_nothing() {
        let union = json!([{"type": "string"}, {"type": "object"}]);
        assert_eq!(
            schema(json!({"type": ["string", "object", "null"], "oneOf": union})),
            (json!({"oneOf": union, "nullable": true}), vec![])
        );
    }

    #[test]
    fn a_constant_is_an_enumeration_of_one_value() {
        let changes = vec!["adapted: const: \"a\" -> enum of one value".to_owned()];
        assert_eq!(schema(json!({"const": "a"})), (json!({"type": "string", "enum": ["a"]}), changes));
        assert_eq!(plain(json!({"const": 1})), json!({"type": "integer", "enum": [1]}));
        assert_eq!(plain(json!({"const": 1.5})), json!({"type": "number", "enum": [1.5]}));
        assert_eq!(plain(json!({"const": true})), json!({"type": "boolean", "enum": [true]}));
        assert_eq!(plain(json!({"const": 1, "type": "number"})), json!({"type": "number", "enum": [1]}));
        assert_eq!(
            plain(json!({"const": "a", "type": ["string", "null"], "enum": ["a", "b"]})),
            json!({"type": "string", "enum": ["a"], "nullable": true})
        );
        assert_eq!(plain(json!({"const": null, "type": "string"})), json!({"type": "string", "nullable": true}));
    }

    #[test]
    fn a_constant_with_parts_keeps_its_type_only() {
        let changes = vec!["degraded: const: {\"a\":1} -> any object".to_owned()];
        assert_eq!(schema(json!({"const": {"a": 1}})), (json!({"type": "object"}), changes));
    }

    #[test]
    fn bounds_that_are_numbers_become_marks() {
        let changes = vec!["adapted: exclusiveMinimum: 0 -> minimum: 0, excluded".to_owned()];
        assert_eq!(schema(json!({"exclusiveMinimum": 0})), (json!({"exclusiveMinimum": true, "minimum": 0}), changes));
        assert_eq!(plain(json!({"exclusiveMaximum": 2.5})), json!({"exclusiveMaximum": true, "maximum": 2.5}));
        assert_eq!(plain(json!({"exclusiveMinimum": 1, "minimum": 2})), json!({"minimum": 2}));
        assert_eq!(
            plain(json!({"exclusiveMaximum": 1, "maximum": 2})),
            json!({"exclusiveMaximum": true, "maximum": 1})
        );
    }
}
