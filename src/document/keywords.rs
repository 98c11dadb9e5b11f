//! The keywords of a schema: those that say which type a value has stay, in the form that the generator understands.

use serde_json::{Map, Value, json};

use super::hoist::NAME;
use super::report::{Refusal, Report, join, short};
use super::schemas;

/// What decides the type of a value, or is told of it. Constraints such as `pattern` or `minimum` are not among them: the API
/// checks what it is sent, and an answer is not refused for them. No `default` or `example` either: the first would
/// be filled in where the API sent nothing. A `title` only helps to name a schema that has no name.
const KEPT: [&str; 15] = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "deprecated",
    "description",
    "discriminator",
    "enum",
    "format",
    "items",
    "nullable",
    "oneOf",
    "properties",
    "readOnly",
    "required",
    "type",
];

/// Brings the keywords of every schema in order.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    schemas::each(document, &mut |pointer, schema| mend(pointer, schema, report));
    Ok(())
}

fn mend(pointer: &str, schema: &mut Value, report: &mut Report) {
    let Some(fields) = schema.as_object_mut() else {
        if !schema.is_boolean() {
            report.degraded(pointer, short(schema), "any JSON: it is no schema");
        }
        *schema = Value::Object(Map::new());
        return;
    };
    if let Some(reference) = fields.remove("$ref") {
        *schema = json!({ "$ref": reference });
        return;
    }
    if fields.get("writeOnly") == Some(&Value::Bool(true)) {
        // Both are asked for in one direction only.
        fields.insert("readOnly".to_owned(), Value::Bool(true));
    }
    set_type(pointer, fields, report);
    set_format(fields);
    if let Some(Value::String(title)) = fields.remove("title") {
        fields.insert(NAME.to_owned(), title.into());
    }
    tell_dropped(pointer, fields, report);
    fields.retain(|name, _| KEPT.contains(&name.as_str()) || name.starts_with("x-menage-"));
    for (name, is_right) in SHAPES {
        if fields.get(name).is_some_and(|value| !is_right(value)) {
            let value = fields.remove(name).unwrap_or_default();
            report.degraded(&join(pointer, name), short(&value), "nothing: it is not of the form that the keyword has");
        }
    }
    keep_what_fits_the_type(pointer, fields, report);
    gather_required(fields);
}

/// Names the keywords that say something of values and do not reach the client.
fn tell_dropped(pointer: &str, fields: &Map<String, Value>, report: &mut Report) {
    const TELLING: [&str; 14] = [
        "default",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "uniqueItems",
    ];
    let mut dropped: Vec<&str> = TELLING.into_iter().filter(|name| fields.contains_key(*name)).collect();
    if fields.contains_key("not") {
        dropped.push("not");
    }
    if fields.get("additionalProperties") == Some(&Value::Bool(false)) {
        dropped.push("additionalProperties: false");
    }
    if !dropped.is_empty() {
        report.adapted(
            pointer,
            dropped.join(", "),
            "nothing: the API checks what it is sent, and an answer is read as it is",
        );
    }
}

type Check = fn(&Value) -> bool;

const SHAPES: [(&str, Check); 12] = [
    ("allOf", Value::is_array),
    ("anyOf", Value::is_array),
    ("deprecated", Value::is_boolean),
    ("description", Value::is_string),
    ("discriminator", Value::is_object),
    ("enum", Value::is_array),
    ("format", Value::is_string),
    ("items", |items| items.is_object() || items.is_boolean()),
    ("nullable", Value::is_boolean),
    ("oneOf", Value::is_array),
    ("properties", Value::is_object),
    ("readOnly", Value::is_boolean),
];

/// Writes `type` as one of the six that OpenAPI has, or leaves it away where any value will do.
fn set_type(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    let Some(declared) = fields.remove("type") else {
        if let Some(inferred) = inferred(fields) {
            fields.insert("type".to_owned(), inferred.into());
        }
        return;
    };
    let (known, format) = match declared.as_str().map(|name| name.trim().to_lowercase()).as_deref() {
        Some("string" | "char" | "character" | "uri" | "url") => ("string", None),
        Some("uuid") => ("string", Some("uuid")),
        Some("date") => ("string", Some("date")),
        Some("date-time" | "datetime" | "timestamp") => ("string", Some("date-time")),
        Some("file" | "binary") => ("string", Some("binary")),
        Some("integer" | "int" | "long" | "short") => ("integer", None),
        Some("number" | "float" | "double" | "decimal" | "bigdecimal") => ("number", None),
        Some("boolean" | "bool") => ("boolean", None),
        Some("array" | "list" | "set") => ("array", None),
        Some("object" | "map") => ("object", None),
        Some("null") => ("null", None),
        _ => ("any", None),
    };
    if declared != known {
        let pointer = join(pointer, "type");
        match known {
            "any" if declared == "any" => {}
            "any" => report.degraded(&pointer, short(&declared), "any JSON: it is no type of OpenAPI"),
            _ => report.adapted(&pointer, short(&declared), known),
        }
    }
    match known {
        "any" => {}
        "null" => drop(fields.insert("nullable".to_owned(), true.into())),
        _ => drop(fields.insert("type".to_owned(), known.into())),
    }
    if let Some(format) = format {
        fields.insert("format".to_owned(), format.into());
    }
}

/// The type that the other keywords speak of.
fn inferred(fields: &Map<String, Value>) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    if has(&["allOf", "oneOf", "anyOf"]) {
        return None;
    }
    if has(&["properties", "additionalProperties"]) {
        return Some("object");
    }
    if has(&["items"]) {
        return Some("array");
    }
    if has(&["enum"]) {
        // src/document/enums.rs looks at the values.
        return None;
    }
    match fields.get("format").and_then(Value::as_str) {
        Some("int32" | "int64") => return Some("integer"),
        Some("float" | "double") => return Some("number"),
        Some(_) => return Some("string"),
        None => {}
    }
    if has(&["pattern", "minLength", "maxLength"]) {
        return Some("string");
    }
    has(&["minimum", "maximum", "multipleOf"]).then_some("number")
}

/// Keeps the formats that make another Rust type.
fn set_format(fields: &mut Map<String, Value>) {
    const BEYOND_I64: f64 = 9_223_372_036_854_775_807.0;
    let format = fields.remove("format");
    let format = format.as_ref().and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let kept = match (fields.get("type").and_then(Value::as_str), format.as_str()) {
        (Some("string"), "date" | "local-date" | "localdate") => "date",
        (Some("string"), "date-time" | "datetime" | "local-date-time" | "localdatetime" | "offset-date-time") => {
            "date-time"
        }
        (Some("string"), "uuid") => "uuid",
        (Some("string"), "binary") => "binary",
        (Some("integer"), "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64") => {
            format.as_str()
        }
        (Some("integer"), _) if fields.get("maximum").and_then(Value::as_f64).is_some_and(|max| max > BEYOND_I64) => {
            "uint64"
        }
        (Some("integer"), _) => "int64",
        _ => return,
    };
    fields.insert("format".to_owned(), kept.into());
}

/// Drops what speaks of another type than the schema's.
fn keep_what_fits_the_type(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    let is = |fields: &Map<String, Value>, name: &str| fields.get("type").is_some_and(|declared| declared == name);
    let composed = ["allOf", "oneOf", "anyOf"].iter().any(|name| fields.contains_key(*name));
    // Without a type, `required` alone may be a part of an `allOf`.
    if fields.contains_key("type") && !is(fields, "object") && !composed {
        for name in ["properties", "additionalProperties", "required"] {
            let Some(value) = fields.remove(name) else { continue };
            if name == "properties" && value.as_object().is_some_and(|properties| !properties.is_empty()) {
                report.degraded(&join(pointer, name), short(&value), "nothing: the type is not `object`");
            }
        }
    }
    if is(fields, "array") {
        fields.entry("items").or_insert_with(|| Value::Object(Map::new()));
    } else {
        fields.remove("items");
    }
    if is(fields, "object") {
        settle_additional(fields);
    }
}

/// `false` would make the next field that the API adds an error; `true` beside properties would drop what it adds.
fn settle_additional(fields: &mut Map<String, Value>) {
    let additional = match fields.remove("additionalProperties") {
        Some(Value::Object(schema)) => Value::Object(schema),
        Some(Value::Bool(true)) => Value::Object(Map::new()),
        _ => return,
    };
    fields.insert("additionalProperties".to_owned(), additional);
}

/// Makes `required` a list of names, with those of properties that say it themselves, as in draft 3 of JSON Schema.
fn gather_required(fields: &mut Map<String, Value>) {
    let mut names: Vec<Value> = match fields.remove("required") {
        Some(Value::Array(names)) => names.into_iter().filter(Value::is_string).collect(),
        _ => Vec::new(),
    };
    let properties = fields.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        if property.get("required") == Some(&Value::Bool(true)) {
            names.push(name.as_str().into());
        }
    }
    if !names.is_empty() {
        fields.insert("required".to_owned(), names.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(schema: Value) -> (Value, usize) {
        let mut document = json!({"components": {"schemas": {"A": schema}}});
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        (document["components"]["schemas"]["A"].take(), report.changes().len())
    }

    #[test]
    fn types_are_written_as_openapi_writes_them() {
        for (declared, expected, told) in [
            (json!({"type": "String"}), json!({"type": "string"}), 1),
            (json!({"type": "file"}), json!({"type": "string", "format": "binary"}), 1),
            (json!({"type": "date"}), json!({"type": "string", "format": "date"}), 1),
            (json!({"type": "long"}), json!({"type": "integer", "format": "int64"}), 1),
            (json!({"type": "any"}), json!({}), 0),
            (json!({"type": "LocalDate"}), json!({}), 1),
            (json!({"type": 3}), json!({}), 1),
            (json!({"type": "null"}), json!({"nullable": true}), 0),
            (json!(7), json!({}), 1),
            (json!(true), json!({}), 0),
        ] {
            assert_eq!(mended(declared.clone()), (expected, told), "{declared}");
        }
    }

    #[test]
    fn a_type_that_is_missing_is_inferred() {
        for (declared, expected) in [
            (json!({"properties": {"a": {}}}), json!({"type": "object", "properties": {"a": {}}})),
            (
                json!({"items": {"format": "int32"}}),
                json!({"type": "array", "items": {"type": "integer", "format": "int32"}}),
            ),
            (json!({"nullable": true, "minLength": 1}), json!({"type": "string", "nullable": true})),
            (json!({"format": "siret"}), json!({"type": "string"})),
            (json!({"maximum": 3}), json!({"type": "number"})),
            (json!({"description": "d"}), json!({"description": "d"})),
        ] {
            assert_eq!(mended(declared.clone()).0, expected, "{declared}");
        }
    }

    #[test]
    fn constraints_defaults_and_titles_do_not_reach_the_generator() {
        let schema = json!({
            "type": "string", "default": "now", "example": 3, "pattern": "[", "minLength": 2, "not": {},
            "xml": {}, "x-of-theirs": 1, "format": "date-time",
        });
        assert_eq!(mended(schema), (json!({"type": "string", "format": "date-time"}), 1));
    }

    #[test]
    fn integers_say_how_wide_they_are() {
        for (declared, format) in [
            (json!({"type": "integer", "minimum": 1}), "int64"),
            (json!({"type": "integer", "format": "date-time"}), "int64"),
            (json!({"type": "integer", "format": "int32"}), "int32"),
            (json!({"type": "integer", "maximum": 18_446_744_073_709_551_615_u64}), "uint64"),
        ] {
            assert_eq!(mended(declared).0, json!({"type": "integer", "format": format}));
        }
    }

    #[test]
    fn an_object_keeps_fields_that_it_does_not_know_if_it_says_so() {
        for (declared, additional) in [
            (json!({"type": "object"}), None),
            (json!({"type": "object", "additionalProperties": false}), None),
            (json!({"type": "object", "additionalProperties": true}), Some(json!({}))),
            (json!({"properties": {"a": {}}, "additionalProperties": true}), Some(json!({}))),
            (json!({"properties": {"a": {}}, "additionalProperties": false}), None),
            (json!({"properties": {"a": {}}}), None),
        ] {
            assert_eq!(mended(declared.clone()).0.get("additionalProperties"), additional.as_ref(), "{declared}");
        }
    }

    #[test]
    fn a_property_that_says_required_itself_is_required() {
        let (schema, _) =
            mended(json!({"properties": {"a": {"type": "string", "required": true}}, "required": ["b", 3]}));
        assert_eq!(schema["required"], json!(["b", "a"]));
        assert_eq!(schema["properties"], json!({"a": {"type": "string"}}));
    }

    #[test]
    fn what_contradicts_the_type_is_named() {
        assert_eq!(
            mended(json!({"type": "string", "properties": {"a": {}}, "items": {}})),
            (json!({"type": "string"}), 1)
        );
        assert_eq!(mended(json!({"type": "object", "items": {}})).0, json!({"type": "object"}));
        assert_eq!(mended(json!({"type": "string", "nullable": "yes", "enum": 3})), (json!({"type": "string"}), 2));
    }

    #[test]
    fn properties_may_have_the_names_of_keywords() {
        let schema = json!({"type": "object", "properties": {"type": {"type": "string"}, "$ref": {"type": "string"}}});
        assert_eq!(mended(schema.clone()), (schema, 0));
    }
}
