//! Constructs of OpenAPI 3.1 and 3.2, written as 3.0 has them, wherever they stand and whatever the label says.
//!
//! First what is referred to is brought to where 3.0 can refer to it ([`references`], [`inner`], [`paths`], [`media`]), then the
//! parts that 3.0 does not have are dropped, last each schema is rewritten, before those inside it.

#[path = "oas31/arrays.rs"]
mod arrays;
#[path = "oas31/inner.rs"]
mod inner;
#[path = "oas31/media.rs"]
mod media;
#[path = "oas31/objects.rs"]
mod objects;
#[path = "oas31/paths.rs"]
mod paths;
#[path = "oas31/pointers.rs"]
mod pointers;
#[path = "oas31/references.rs"]
mod references;
#[path = "oas31/siblings.rs"]
mod siblings;
#[path = "oas31/strings.rs"]
mod strings;
#[path = "oas31/types.rs"]
mod types;
#[path = "oas31/unions.rs"]
mod unions;

use serde_json::{Map, Value, json};

use super::report::{Refusal, Report, short};
use super::schemas;

/// Keywords of JSON Schema that no client reads, or that this pass has read already.
const UNREAD: [&str; 13] = [
    "$schema",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$vocabulary",
    "$comment",
    "$defs",
    "definitions",
    "examples",
    "propertyNames",
    "dependentRequired",
    "dependencies",
];
/// What describes a schema and lets the same values pass.
const ANNOTATIONS: [&str; 12] = [
    "title",
    "summary",
    "description",
    "deprecated",
    "readOnly",
    "writeOnly",
    "example",
    "examples",
    "default",
    "externalDocs",
    "xml",
    "nullable",
];

/// Makes a 3.0 document of a 3.1 or 3.2 one. One of 3.0 is changed where it holds their constructs only.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    references::apply(document, report);
    inner::apply(document, report);
    let mut room = Room::default();
    paths::inline(document, &mut room, report)?;
    media::inline(document, &mut room, report)?;
    relabel(document);
    paths::leave_out(document, report);
    media::adapt(document, report);
    schemas::each(document, &mut |pointer, schema| adapt(pointer, schema, report));
    Ok(())
}

fn adapt(pointer: &str, schema: &mut Value, report: &mut Report) {
    spell_out(pointer, schema, report);
    let Some(fields) = schema.as_object_mut() else { return };
    if fields.contains_key("$ref") && is_true(fields, "nullable") {
        report.adapted(pointer, "nullable beside $ref", "allOf, nullable");
    }
    unions::adapt(pointer, fields, report);
    objects::adapt(pointer, fields, report);
    arrays::adapt(pointer, fields, report);
    strings::adapt(fields);
    types::adapt(pointer, fields, report);
    UNREAD.iter().for_each(|keyword| drop(fields.remove(*keyword)));
    siblings::adapt(pointer, fields, report);
}

/// Turns a schema that is no object into one.
fn spell_out(pointer: &str, schema: &mut Value, report: &mut Report) {
    if schema.is_object() {
        return;
    }
    if *schema != Value::Bool(true) {
        report.degraded(pointer, short(schema), "any JSON");
    }
    *schema = json!({});
}

/// Says that the document is of 3.0, and drops the parts that 3.0 does not have.
fn relabel(document: &mut Value) {
    let Some(root) = document.as_object_mut() else { return };
    root.insert("openapi".to_owned(), json!("3.0.3"));
    // Optional since 3.1: a document may hold webhooks or components alone.
    root.entry("paths").or_insert_with(|| json!({}));
    // Schemas refer to what stood here by the names that `inner` gave it.
    for part in ["webhooks", "jsonSchemaDialect", "$self", "$defs", "definitions"] {
        root.remove(part);
    }
    // No client answers a callback.
    for part in ["pathItems", "mediaTypes", "callbacks"] {
        root.get_mut("components").and_then(Value::as_object_mut).map(|components| components.remove(part));
    }
    schemas::operations(document, &mut |_, _, _, operation| {
        let Some(fields) = operation.as_object_mut() else { return };
        fields.remove("callbacks");
        // Optional since 3.1.
        fields.entry("responses").or_insert_with(|| json!({}));
    });
}

fn is_annotation(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-")
}

fn is_true(fields: &Map<String, Value>, keyword: &str) -> bool {
    fields.get(keyword) == Some(&Value::Bool(true))
}

/// Writes a keyword and its value for the report.
fn quote(keyword: &str, value: &Value) -> String {
    format!("{keyword}: {}", short(value))
}

/// How much may still be copied. Ten thousand references to one large part would fill the memory.
struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(1_000_000)
    }
}

impl Room {
    fn copy(&mut self, pointer: &str, value: &Value) -> Result<Value, Refusal> {
        let left = self.0.checked_sub(size(value));
        self.0 = left.ok_or_else(|| {
            Refusal::new(
                pointer,
                "the parts that are referred to are too large to be copied so often: write fewer of them",
            )
        })?;
        Ok(value.clone())
    }
}

/// Counts the values in a value.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adapts a document. Each change is told by its effect and place.
    pub(super) fn document(mut document: Value) -> (Value, Vec<String>) {
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        let changes = report.changes().iter().map(|change| format!("{} {}", change.effect, change.pointer)).collect();
        (document, changes)
    }

    /// Adapts a schema. Each change is told by its effect and by what stood there and what stands there now.
    pub(super) fn schema(schema: Value) -> (Value, Vec<String>) {
        let mut document =
            json!({"openapi": "3.1.0", "components": {"schemas": {"A": schema, "B": {"type": "object"}}}});
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        let changes = report.changes().iter();
        let changes = changes.map(|change| format!("{}: {} -> {}", change.effect, change.before, change.after));
        (document["components"]["schemas"]["A"].take(), changes.collect())
    }

    /// Adapts a schema that a plainer one stands for.
    pub(super) fn plain(adapted: Value) -> Value {
        schema(adapted).0
    }

    #[test]
    fn a_document_of_3_0_is_left_alone() {
        let before = json!({
            "openapi": "3.0.3",
            "info": {"title": "a", "version": "1", "x-a": {"const": 1}},
            "paths": {"/a": {
                "parameters": [{"name": "p", "in": "query", "schema": {"type": "string", "enum": ["a", null], "nullable": true}}],
                "get": {
                    "operationId": "a",
                    "responses": {"200": {"description": "", "content": {"application/json": {
                        "schema": {"$ref": "#/components/schemas/A"}, "example": {"type": ["string"], "const": null},
                    }}}},
                },
            }},
            "components": {"schemas": {
                "A": {
                    "type": "object", "required": ["b"], "additionalProperties": false, "description": "a",
                    "properties": {
                        "b": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "example": 1, "default": 2},
                        "const": {"oneOf": [{"$ref": "#/components/schemas/B"}, {"type": "string", "format": "date"}]},
                        "$ref": {"type": "array", "items": {}},
                        "$defs": {"allOf": [{"$ref": "#/components/schemas/B"}], "nullable": true},
                        "c": {"allOf": []}, "d": {"oneOf": [{"type": "string"}]}, "e": {"enum": ["a", null]},
                    },
                    "discriminator": {"propertyName": "const", "mapping": {"a": "#/components/schemas/B", "b": "B"}},
                },
                "B": {"type": "object", "additionalProperties": {"not": {"type": "string"}}, "x-b": {"type": ["null"]}},
            }},
        });
        assert_eq!(document(before.clone()), (before, vec![]));
    }

    #[test]
    fn parts_that_3_0_does_not_have_are_dropped() {
        let before = json!({
            "openapi": "3.2.0", "$self": "a", "jsonSchemaDialect": "b", "webhooks": {"w": {"post": {}}},
            "components": {"pathItems": {"a": {}}, "mediaTypes": {"b": {}}, "callbacks": {"c": {}}, "responses": {}},
            "paths": {"/a": {"post": {"callbacks": {"c": {}}}}},
        });
        let after = json!({
            "openapi": "3.0.3", "components": {"responses": {}}, "paths": {"/a": {"post": {"responses": {}}}},
        });
        assert_eq!(document(before), (after, vec![]));
        assert_eq!(document(json!({"openapi": 3.1})).0, json!({"openapi": "3.0.3", "paths": {}}));
    }

    #[test]
    fn a_schema_that_is_no_object_becomes_one() {
        let any = (json!({}), vec![]);
        assert_eq!(schema(json!(true)), any);
        assert_eq!(schema(json!(false)), (json!({}), vec!["degraded: false -> any JSON".to_owned()]));
        assert_eq!(schema(json!("a")), (json!({}), vec!["degraded: \"a\" -> any JSON".to_owned()]));
        let object = json!({"properties": {"a": true}, "items": true, "additionalProperties": true});
        assert_eq!(
            schema(object),
            (json!({"properties": {"a": {}}, "items": {}, "additionalProperties": true}), vec![])
        );
    }

    #[test]
    fn keywords_that_no_client_reads_are_dropped() {
        let mut noise =
            json!({"type": "object", "examples": [1], "dependentRequired": {"a": ["b"]}, "propertyNames": {}});
        for keyword in ["$schema", "$id", "$anchor", "$dynamicAnchor", "$vocabulary", "$comment"] {
            noise[keyword] = json!("a");
        }
        assert_eq!(schema(noise), (json!({"type": "object"}), vec![]));
    }

    #[test]
    fn constructs_are_found_wherever_schemas_stand() {
        let schema = json!({"type": ["string", "null"]});
        let content = json!({"content": {"application/json": {"schema": {"type": "array", "items": schema}}}});
        let (after, changes) = document(json!({"paths": {"/a": {"post": {
            "parameters": [{"in": "query", "schema": schema}], "requestBody": content,
            "responses": {"200": {"headers": {"h": {"schema": schema}}}},
        }}}}));
        let schema = json!({"type": "string", "nullable": true});
        let operation = &after["paths"]["/a"]["post"];
        assert_eq!(operation["parameters"][0]["schema"], schema);
        assert_eq!(operation["requestBody"]["content"]["application/json"]["schema"]["items"], schema);
        assert_eq!(operation["responses"]["200"]["headers"]["h"]["schema"], schema);
        assert_eq!(
            changes,
            [
                "adapted /paths/~1a/post/parameters/0/schema",
                "adapted /paths/~1a/post/requestBody/content/application~1json/schema/items",
                "adapted /paths/~1a/post/responses/200/headers/h/schema",
            ]
        );
    }

    #[test]
    fn no_value_of_the_wrong_type_stops_the_pass() {
        let odd = [
            json!(null),
            json!(true),
            json!(1),
            json!("a"),
            json!([]),
            json!([null, 1, "a"]),
            json!({}),
            json!({"a": 1}),
        ];
        let keywords = [
            "type",
            "const",
            "enum",
            "exclusiveMinimum",
            "oneOf",
            "anyOf",
            "allOf",
            "$ref",
            "$dynamicRef",
            "$recursiveRef",
            "$id",
            "$anchor",
            "$defs",
            "definitions",
            "prefixItems",
            "items",
            "patternProperties",
            "additionalProperties",
            "properties",
            "if",
            "then",
            "else",
            "dependentSchemas",
            "unevaluatedProperties",
            "contentEncoding",
            "contentMediaType",
            "discriminator",
            "nullable",
            "required",
        ];
        for one in &odd {
            for other in &odd {
                let mut fields = Map::new();
                for (at, keyword) in keywords.iter().enumerate() {
                    fields.insert((*keyword).to_owned(), if at % 2 == 0 { one.clone() } else { other.clone() });
                }
                let (adapted, _) = schema(Value::Object(fields));
                assert!(adapted.is_object(), "{one} {other}");
            }
            let parts = ["openapi", "paths", "components", "webhooks", "$defs", "x-menage-files"];
            document(parts.iter().map(|part| ((*part).to_owned(), one.clone())).collect::<Map<_, _>>().into());
            document(
                json!({"paths": {"/a": one, "/b": {"get": one, "query": one, "$ref": one, "additionalOperations": one}}}),
            );
            document(
                json!({"paths": {"/a": {"get": {"parameters": [one], "responses": {"200": {"content": {"a": one}}}}}}}),
            );
            document(json!({"components": {"schemas": one, "parameters": {"a": one}, "mediaTypes": {"a": one}}}));
        }
    }

    #[test]
    fn copies_have_a_limit() {
        let large = Value::Array(vec![json!(1); 2_000]);
        let paths = (0..1_000).map(|n| (format!("/{n}"), json!({"$ref": "#/components/pathItems/a"})));
        let paths: Map<String, Value> = paths.collect();
        let mut document = json!({"paths": paths, "components": {"pathItems": {"a": {"x-a": large}}}});
        let refusal = apply(&mut document, &mut Report::default()).unwrap_err();
        assert!(refusal.to_string().contains("too large to be copied"), "{refusal}");
    }
}
