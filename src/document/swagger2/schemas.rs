//! Definitions become the components' schemas, and every schema is written as OpenAPI 3.0 writes it.

use serde_json::{Map, Value, json};

use super::super::report::Refusal;
use super::context::{Context, Place};
use super::references;

/// How far above a definition its base may stand.
const GENERATIONS: usize = 16;

/// Writes the definitions, then the schemas that became components on the way.
pub(super) fn components(context: &mut Context<'_>) -> Result<Map<String, Value>, Refusal> {
    let root = Place::new("");
    let place = root.at("definitions");
    let definitions = context.object(context.document.get("definitions"), &place);
    let mut schemas = Map::new();
    for (name, definition) in definitions.into_iter().flatten() {
        schemas.insert(name.clone(), schema(context, definition));
    }
    while let Some((pointer, name)) = context.next_moved() {
        let target = context.document.pointer(&pointer).unwrap_or(&Value::Null);
        let written = schema(context, target);
        let written = context.copy(&written, &Place::new(&pointer))?;
        context.report.adapted(&pointer, "a schema that is referred to", format!("the component {name}"));
        schemas.insert(name, written);
    }
    name_values(&mut schemas);
    Ok(schemas)
}

/// Writes a schema, with all that are within it. What is data, such as an example, stays as it is.
pub(super) fn schema(context: &mut Context<'_>, source: &Value) -> Value {
    let Value::Object(fields) = source else { return source.clone() };
    let mut schema = Map::new();
    for (keyword, value) in fields {
        let keyword = match keyword.strip_prefix("x-") {
            Some(standard @ ("anyOf" | "oneOf")) if !fields.contains_key(standard) => standard,
            Some(standard @ "nullable") if value.is_boolean() => standard,
            _ => keyword,
        };
        schema.insert(keyword.to_owned(), field(context, keyword, value));
    }
    if schema.get("type").is_some_and(|kind| kind == "file") {
        schema.insert("type".to_owned(), "string".into());
        schema.insert("format".to_owned(), "binary".into());
    }
    nullable_reference(schema)
}

fn field(context: &mut Context<'_>, keyword: &str, value: &Value) -> Value {
    match (keyword, value) {
        ("$ref", Value::String(reference)) => references::to_schema(context, reference).into(),
        ("discriminator", Value::String(property)) => json!({ "propertyName": property }),
        ("discriminator", Value::Object(fields)) => discriminator(context, fields),
        ("items" | "additionalProperties" | "not", Value::Object(_)) => schema(context, value),
        ("allOf" | "anyOf" | "oneOf" | "items", Value::Array(parts)) => {
            Value::Array(parts.iter().map(|part| schema(context, part)).collect())
        }
        ("properties" | "patternProperties" | "definitions", Value::Object(parts)) => {
            Value::Object(parts.iter().map(|(name, part)| (name.clone(), schema(context, part))).collect())
        }
        _ => value.clone(),
    }
}

/// Rewrites the mapping of a discriminator that is written as OpenAPI 3 does.
fn discriminator(context: &mut Context<'_>, fields: &Map<String, Value>) -> Value {
    let mut fields = fields.clone();
    for target in fields.get_mut("mapping").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        if let Some(reference) = target.as_str().filter(|target| target.starts_with('#')) {
            *target = references::to_schema(context, reference).into();
        }
    }
    Value::Object(fields)
}

/// Wraps a reference that may be null, since OpenAPI 3.0 ignores what stands beside one.
fn nullable_reference(mut schema: Map<String, Value>) -> Value {
    if schema.get("nullable") == Some(&Value::Bool(true))
        && let Some(reference) = schema.remove("$ref")
    {
        let whole = json!({ "$ref": reference });
        let parts = schema.entry("allOf").or_insert_with(|| json!([]));
        if let Some(parts) = parts.as_array_mut() {
            parts.push(whole);
        }
    }
    Value::Object(schema)
}

/// Brings `x-discriminator-value`, the value that stands for a definition, into the mapping of the definition's base.
fn name_values(schemas: &mut Map<String, Value>) {
    let values = schemas.iter().filter_map(|(name, schema)| {
        let value = schema.get("x-discriminator-value")?.as_str()?;
        Some((bases(schemas, name), value.to_owned(), references::component("schemas", name)))
    });
    for (bases, value, reference) in values.collect::<Vec<_>>() {
        for base in bases {
            let discriminator = schemas.get_mut(&base).and_then(|base| base.get_mut("discriminator"));
            let Some(discriminator) = discriminator.and_then(Value::as_object_mut) else { continue };
            let mapping = discriminator.entry("mapping").or_insert_with(|| json!({}));
            if let Some(mapping) = mapping.as_object_mut() {
                mapping.entry(value.as_str()).or_insert_with(|| reference.clone().into());
            }
        }
    }
}

/// Finds the nearest definitions with a discriminator: this one, or those that it extends.
fn bases(schemas: &Map<String, Value>, name: &str) -> Vec<String> {
    let (mut names, mut found) = (vec![name.to_owned()], Vec::new());
    for _ in 0..GENERATIONS {
        let Some(name) = names.pop() else { break };
        let Some(schema) = schemas.get(&name) else { continue };
        if schema.get("discriminator").is_some() {
            found.push(name);
            continue;
        }
        let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        names.extend(parts.filter_map(references::schema_name).take(GENERATIONS));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::converted;
    use super::*;

    fn schemas_of(definitions: Value) -> Value {
        let (document, changes) = converted(json!({"swagger": "2.0", "definitions": definitions}));
        assert_eq!(changes.len(), 1, "{changes:?}");
        document["components"]["schemas"].clone()
    }

    #[test]
    fn references_are_rewritten_wherever_a_schema_stands() {
        let (old, new) = (json!({"$ref": "#/definitions/A"}), json!({"$ref": "#/components/schemas/A"}));
        let definitions = |part: &Value| {
            json!({
                "A": {
                    "properties": {"a": part, "b": {"type": "array", "items": part}},
                    "additionalProperties": part,
                    "allOf": [part, {"not": part}],
                },
                "B": {
                    "items": [part, {"additionalProperties": {"properties": {"c": part}}}],
                    "additionalProperties": false,
                },
                "C": part,
            })
        };
        assert_eq!(schemas_of(definitions(&old)), definitions(&new));
    }

    #[test]
    fn data_and_names_that_look_like_keywords_stay() {
        let data = json!({"$ref": "#/definitions/A", "type": "file", "discriminator": "x", "x-nullable": true});
        let definitions = json!({"A": {
            "properties": {
                "$ref": {"type": "string"}, "type": {"type": "string"}, "items": {"type": "integer"},
                "discriminator": {"type": "string"}, "x-nullable": {"type": "boolean"}, "properties": {"enum": [data]},
            },
            "required": ["$ref"], "readOnly": true, "example": data, "default": data, "enum": [data], "x-data": data,
            "externalDocs": data, "type": ["string", "null"],
        }});
        assert_eq!(schemas_of(definitions.clone()), definitions);
    }

    #[test]
    fn keywords_of_swagger_become_those_of_openapi() {
        for (before, after) in [
            (json!({"discriminator": "kind"}), json!({"discriminator": {"propertyName": "kind"}})),
            (
                json!({"discriminator": {"propertyName": "kind", "mapping": {"a": "#/definitions/X", "b": "X"}}}),
                json!({"discriminator": {
                    "propertyName": "kind", "mapping": {"a": "#/components/schemas/X", "b": "X"},
                }}),
            ),
            (json!({"type": "string", "x-nullable": true}), json!({"type": "string", "nullable": true})),
            (json!({"type": "string", "x-nullable": "yes"}), json!({"type": "string", "x-nullable": "yes"})),
            (
                json!({"$ref": "#/definitions/X", "x-nullable": true}),
                json!({"nullable": true, "allOf": [{"$ref": "#/components/schemas/X"}]}),
            ),
            (
                json!({"type": "file", "description": "f"}),
                json!({"type": "string", "description": "f", "format": "binary"}),
            ),
            (
                json!({"x-oneOf": [{"$ref": "#/definitions/X"}], "x-anyOf": []}),
                json!({"oneOf": [{"$ref": "#/components/schemas/X"}], "anyOf": []}),
            ),
            (json!({"oneOf": [], "x-oneOf": [1]}), json!({"oneOf": [], "x-oneOf": [1]})),
        ] {
            assert_eq!(schemas_of(json!({"X": before})), json!({"X": after}));
        }
    }

    #[test]
    fn wrong_types_are_left() {
        let definitions = json!({"A": 1, "B": null, "C": [], "D": {
            "$ref": 1, "properties": [], "items": "x", "allOf": {"$ref": "x"}, "discriminator": 3, "type": {},
            "enum": {}, "x-oneOf": 1, "additionalProperties": "x",
        }});
        let mut expected = definitions.clone();
        let d = expected["D"].as_object_mut().unwrap();
        let vendor = d.remove("x-oneOf").unwrap();
        d.insert("oneOf".to_owned(), vendor);
        assert_eq!(schemas_of(definitions), expected);
    }

    #[test]
    fn a_discriminator_value_is_mapped_by_the_base() {
        let schemas = schemas_of(json!({
            "Pet": {"discriminator": "kind"},
            "Dog": {"x-discriminator-value": "#dog", "allOf": [{"$ref": "#/definitions/Pet"}, {"type": "object"}]},
            "Puppy": {"x-discriminator-value": "#puppy", "allOf": [{"$ref": "#/definitions/Dog"}]},
            "Loop": {"x-discriminator-value": "#loop", "allOf": [{"$ref": "#/definitions/Loop"}]},
        }));
        assert_eq!(
            schemas["Pet"]["discriminator"],
            json!({"propertyName": "kind", "mapping": {
                "#dog": "#/components/schemas/Dog", "#puppy": "#/components/schemas/Puppy",
            }})
        );
    }
}
