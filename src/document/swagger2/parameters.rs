//! Parameters: what Swagger says of their type moves into a schema, and `collectionFormat` becomes a style.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::super::report::Refusal;
use super::bodies::{Body, Field};
use super::context::{Context, Place};
use super::{references, schemas, short};

/// The fields of a parameter that say what its values are.
const OF_SCHEMA: [&str; 20] = [
    "type",
    "format",
    "items",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "enum",
    "multipleOf",
    "properties",
    "additionalProperties",
    "allOf",
    "x-nullable",
];

/// A parameter of Swagger, by what it is in OpenAPI.
#[derive(Clone)]
pub(super) enum Parameter {
    /// A parameter, or a reference to one.
    Plain(Value),
    /// The request's body.
    Body(Rc<Body>),
    /// A field of the form that is the request's body.
    Field(Rc<Field>),
}

/// Reads a parameter, here or where it refers to. `name` is its name where it is shared.
pub(super) fn resolve(
    context: &mut Context<'_>,
    source: &Value,
    name: Option<&str>,
    place: &Place<'_>,
) -> Result<Option<Parameter>, Refusal> {
    let Some(fields) = context.object(Some(source), place) else { return Ok(None) };
    let Some(reference) = fields.get("$ref").and_then(Value::as_str) else {
        return Ok(read(context, fields, name, place));
    };
    if let Some((pointer, found)) = references::follow(context, reference, place)? {
        return Ok(read(context, found, name, &Place::new(&pointer)));
    }
    // For a later step to report.
    let reference = reference.replacen("#/parameters/", "#/components/parameters/", 1);
    Ok(Some(Parameter::Plain(json!({ "$ref": reference }))))
}

fn read(
    context: &mut Context<'_>,
    fields: &Map<String, Value>,
    name: Option<&str>,
    place: &Place<'_>,
) -> Option<Parameter> {
    match fields.get("in").and_then(Value::as_str) {
        Some("body") => Some(Parameter::Body(Rc::new(Body::read(context, fields, name)))),
        Some("formData") => Some(Parameter::Field(Rc::new(Field::read(context, fields, place)?))),
        _ => Some(Parameter::Plain(plain(context, fields, place))),
    }
}

fn plain(context: &mut Context<'_>, fields: &Map<String, Value>, place: &Place<'_>) -> Value {
    let location = fields.get("in").and_then(Value::as_str).unwrap_or_default();
    let mut parameter = rest(fields, &["allowEmptyValue"]);
    if let Some(empty) = fields.get("allowEmptyValue").filter(|_| location == "query") {
        parameter.insert("allowEmptyValue".to_owned(), empty.clone());
    }
    let schema = typed_schema(context, fields, place);
    if schema.get("type").is_some_and(|kind| kind == "array") {
        parameter.extend(style(context, fields, place));
    }
    parameter.insert("schema".to_owned(), schema);
    Value::Object(parameter)
}

/// The fields that say nothing of the values, but for some.
pub(super) fn rest(fields: &Map<String, Value>, but: &[&str]) -> Map<String, Value> {
    let moved =
        |name: &str| OF_SCHEMA.contains(&name) || matches!(name, "schema" | "collectionFormat") || but.contains(&name);
    fields.iter().filter(|(name, _)| !moved(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Writes the schema of a parameter, a header or a form's field. Each has a type: where none is given, it is text.
pub(super) fn typed_schema(context: &mut Context<'_>, fields: &Map<String, Value>, place: &Place<'_>) -> Value {
    let mut schema = bare_schema(context, fields);
    flatten_items(context, &mut schema, &place.at("items"));
    let says_type = ["type", "$ref", "enum", "allOf", "anyOf", "oneOf"].iter().any(|name| schema.get(name).is_some());
    if !says_type && let Some(fields) = schema.as_object_mut() {
        let assumed = if fields.contains_key("items") { "array" } else { "string" };
        fields.insert("type".to_owned(), assumed.into());
        context.report.adapted(&place.pointer(), "no type", assumed);
    }
    schema
}

/// Writes what a parameter says of its values: in its `schema`, which only a body should have, or beside it.
pub(super) fn bare_schema(context: &mut Context<'_>, fields: &Map<String, Value>) -> Value {
    let mut source = fields.get("schema").and_then(Value::as_object).cloned().unwrap_or_default();
    for name in OF_SCHEMA {
        if let Some(value) = fields.get(name) {
            source.entry(name).or_insert_with(|| value.clone());
        }
    }
    schemas::schema(context, &Value::Object(source))
}

/// Drops how lists within lists are joined, which OpenAPI cannot say. By commas goes without saying.
fn flatten_items(context: &mut Context<'_>, schema: &mut Value, place: &Place<'_>) {
    let Some(items) = schema.get_mut("items").and_then(Value::as_object_mut) else { return };
    if let Some(format) = items.remove("collectionFormat").filter(|format| format != "csv") {
        context.report.degraded(&place.at("collectionFormat").pointer(), short(&format), "csv");
    }
    if let Some(items) = schema.get_mut("items") {
        flatten_items(context, items, &place.at("items"));
    }
}

/// Writes how the items of a list are joined. Where OpenAPI has no style for it, `x-menage-delimiter` says it.
pub(super) fn style(context: &mut Context<'_>, fields: &Map<String, Value>, place: &Place<'_>) -> Map<String, Value> {
    let location = fields.get("in").and_then(Value::as_str).unwrap_or_default();
    let is_simple = matches!(location, "path" | "header");
    let form = if is_simple { "simple" } else { "form" };
    let delimited = |style: &str, delimiter: &str| match is_simple {
        true => json!({"style": "simple", "explode": false, "x-menage-delimiter": delimiter}),
        false => json!({"style": style, "explode": false}),
    };
    let format = fields.get("collectionFormat").unwrap_or(&Value::Null);
    let style = match format.as_str() {
        Some("ssv") => delimited("spaceDelimited", " "),
        Some("pipes") => delimited("pipeDelimited", "|"),
        Some("tsv") => json!({"style": form, "explode": false, "x-menage-delimiter": "\t"}),
        Some("multi") if !is_simple => json!({"style": form, "explode": true}),
        known => {
            if known != Some("csv") && !format.is_null() {
                let effect = "csv: the format is not known here";
                context.report.degraded(&place.at("collectionFormat").pointer(), short(format), effect);
            }
            json!({"style": form, "explode": false})
        }
    };
    style.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tests::converted;
    use super::*;

    fn parameter(parameter: Value) -> (Value, Vec<String>) {
        let (document, changes) = converted(json!({
            "swagger": "2.0", "paths": {"/a": {"get": {"parameters": [parameter], "responses": {}}}},
        }));
        (document["paths"]["/a"]["get"]["parameters"][0].clone(), changes[1..].to_vec())
    }

    #[test]
    fn what_is_said_of_the_values_moves_into_the_schema() {
        let (parameter, changes) = parameter(json!({
            "name": "n", "in": "query", "description": "d", "required": true, "type": "string", "format": "f",
            "default": "a", "enum": ["a"], "pattern": "p", "minLength": 1, "maxLength": 2, "allowEmptyValue": true,
            "x-nullable": true, "x-example": "e",
        }));
        assert_eq!(
            parameter,
            json!({
                "name": "n", "in": "query", "description": "d", "required": true, "x-example": "e",
                "allowEmptyValue": true,
                "schema": {
                    "type": "string", "format": "f", "default": "a", "enum": ["a"], "pattern": "p", "minLength": 1,
                    "maxLength": 2, "nullable": true,
                },
            })
        );
        assert_eq!(changes, [""; 0]);
    }

    #[test]
    fn each_collection_format_has_its_style() {
        let form = |explode: bool| json!({"style": "form", "explode": explode});
        let simple = json!({"style": "simple", "explode": false});
        for (location, format, style) in [
            ("query", Value::Null, form(false)),
            ("query", "csv".into(), form(false)),
            ("query", "multi".into(), form(true)),
            ("query", "ssv".into(), json!({"style": "spaceDelimited", "explode": false})),
            ("query", "pipes".into(), json!({"style": "pipeDelimited", "explode": false})),
            ("query", "tsv".into(), json!({"style": "form", "explode": false, "x-menage-delimiter": "\t"})),
            ("path", Value::Null, simple.clone()),
            ("header", "csv".into(), simple.clone()),
            ("path", "ssv".into(), json!({"style": "simple", "explode": false, "x-menage-delimiter": " "})),
            ("header", "pipes".into(), json!({"style": "simple", "explode": false, "x-menage-delimiter": "|"})),
            ("path", "tsv".into(), json!({"style": "simple", "explode": false, "x-menage-delimiter": "\t"})),
        ] {
            let (mut parameter, changes) = parameter(json!({
                "in": location, "type": "array", "items": {"type": "integer"}, "collectionFormat": format,
            }));
            let parameter = parameter.as_object_mut().unwrap();
            assert_eq!(parameter.remove("schema"), Some(json!({"type": "array", "items": {"type": "integer"}})));
            parameter.remove("in");
            assert_eq!(Value::Object(parameter.clone()), style, "{location} {format}");
            assert_eq!(changes, [""; 0]);
        }
    }

    #[test]
    fn a_format_that_cannot_be_kept_is_reported() {
        let (parameter, changes) = parameter(json!({
            "in": "header", "type": "array", "collectionFormat": "multi",
            "items": {"type": "array", "collectionFormat": "csv", "items": {
                "type": "array", "collectionFormat": "pipes", "items": {"type": "string"},
            }},
        }));
        assert_eq!(
            parameter,
            json!({"in": "header", "style": "simple", "explode": false, "schema": {"type": "array", "items": {
                "type": "array", "items": {"type": "array", "items": {"type": "string"}},
            }}})
        );
        assert_eq!(
            changes,
            [
                "degraded /paths/~1a/get/parameters/0/items/items/collectionFormat: \"pipes\" -> csv",
                "degraded /paths/~1a/get/parameters/0/collectionFormat: \"multi\" -> csv: the format is not known here",
            ]
        );
    }

    #[test]
    fn what_has_no_type_is_text() {
        for (before, after, changes) in [
            (json!({"in": "query"}), json!({"in": "query", "schema": {"type": "string"}}), 1),
            (json!({"in": "query", "enum": [1]}), json!({"in": "query", "schema": {"enum": [1]}}), 0),
            (
                json!({"in": "path", "items": {}, "allowEmptyValue": true}),
                json!({"in": "path", "style": "simple", "explode": false, "schema": {"items": {}, "type": "array"}}),
                1,
            ),
            (
                json!({"in": "query", "schema": {"type": "integer"}, "collectionFormat": "csv", "default": 1}),
                json!({"in": "query", "schema": {"type": "integer", "default": 1}}),
                0,
            ),
        ] {
            let (parameter, reported) = parameter(before);
            assert_eq!((parameter, reported.len()), (after, changes), "{reported:?}");
        }
    }
}
