//! Responses: the schema and the examples of each move into its content.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::report::Refusal;
use super::bodies::essence;
use super::context::{Context, Place, object_of};
use super::shared::Shared;
use super::{parameters, references, schemas, short};

/// A response, converted but for the media types, which the operation decides.
pub(super) struct Response {
    fields: Value,
    schema: Option<Value>,
    is_file: bool,
    examples: Map<String, Value>,
    /// The keys of the examples, by their media types without parameters.
    near: HashMap<String, String>,
}

impl Response {
    /// Reads a response, here or where it refers to.
    pub(super) fn resolve(context: &mut Context<'_>, source: &Value, place: &Place<'_>) -> Result<Self, Refusal> {
        if let Value::String(description) = source {
            // An answer that is only described, in short.
            let fields = Map::from_iter([("description".to_owned(), description.as_str().into())]);
            return Ok(Self::read(context, &fields, place));
        }
        let none = Map::new();
        let fields = context.object(Some(source), place).unwrap_or(&none);
        if let Some(reference) = fields.get("$ref").and_then(Value::as_str)
            && let Some((pointer, found)) = references::follow(context, reference, place)?
        {
            return Ok(Self::read(context, found, &Place::new(&pointer)));
        }
        Ok(Self::read(context, fields, place))
    }

    fn read(context: &mut Context<'_>, fields: &Map<String, Value>, place: &Place<'_>) -> Self {
        let (headers, schema) = (headers(context, fields.get("headers"), &place.at("headers")), fields.get("schema"));
        let mut converted = Map::new();
        converted.insert("description".to_owned(), "".into());
        let kept = fields.iter().filter(|(name, _)| !["headers", "schema", "examples"].contains(&name.as_str()));
        converted.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        if !headers.is_empty() {
            converted.insert("headers".to_owned(), Value::Object(headers));
        }
        let examples = fields.get("examples").and_then(Value::as_object).cloned().unwrap_or_default();
        Self {
            fields: Value::Object(converted),
            schema: schema.map(|schema| schemas::schema(context, schema)),
            is_file: schema.and_then(|schema| schema.get("type")).is_some_and(|kind| kind == "file"),
            near: examples.keys().map(|key| (essence(key).to_ascii_lowercase(), key.clone())).collect(),
            examples,
        }
    }

    pub(super) fn write(
        &self,
        context: &mut Context<'_>,
        produces: &[String],
        place: &Place<'_>,
    ) -> Result<Value, Refusal> {
        let mut response = context.copy(&self.fields, place)?;
        let content = self.content(context, produces, place)?;
        if let Some(response) = response.as_object_mut().filter(|_| !content.is_empty()) {
            response.insert("content".to_owned(), Value::Object(content));
        }
        Ok(response)
    }

    fn content(
        &self,
        context: &mut Context<'_>,
        produces: &[String],
        place: &Place<'_>,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut content = Map::new();
        let Some(schema) = &self.schema else {
            let examples = self.examples.iter().filter(|(media_type, _)| media_type.contains('/'));
            for (media_type, example) in examples {
                content.insert(media_type.clone(), object_of([("example", context.copy(example, place)?)]));
            }
            return Ok(content);
        };
        let assumed = [if self.is_file { "application/octet-stream" } else { "application/json" }.to_owned()];
        for media_type in if produces.is_empty() { &assumed } else { produces } {
            let schema = context.copy(schema, place)?;
            let media = match self.example(media_type) {
                Some(example) => object_of([("schema", schema), ("example", context.copy(example, place)?)]),
                None => object_of([("schema", schema)]),
            };
            content.insert(media_type.clone(), media);
        }
        Ok(content)
    }

    fn example(&self, media_type: &str) -> Option<&Value> {
        let near = || self.examples.get(self.near.get(&essence(media_type).to_ascii_lowercase())?);
        self.examples.get(media_type).or_else(near)
    }

    fn has_content(&self) -> bool {
        self.schema.is_some() || !self.examples.is_empty()
    }
}

fn headers(context: &mut Context<'_>, headers: Option<&Value>, place: &Place<'_>) -> Map<String, Value> {
    let headers = context.object(headers, place).into_iter().flatten();
    let headers = headers.filter_map(|(name, header)| {
        let place = place.at(name);
        let fields = context.object(Some(header), &place)?;
        let mut header = parameters::rest(fields, &[]);
        header.insert("schema".to_owned(), parameters::bare_schema(context, fields));
        Some((name.clone(), Value::Object(header)))
    });
    headers.collect()
}

/// Writes the responses of an operation.
pub(super) fn all(
    context: &mut Context<'_>,
    shared: &Shared,
    responses: Option<&Value>,
    produces: &[String],
    place: &Place<'_>,
) -> Result<Value, Refusal> {
    let mut converted = Map::new();
    for (status, response) in context.object(responses, place).into_iter().flatten() {
        let response = match status.starts_with("x-") {
            true => response.clone(),
            false => one(context, shared, response, produces, &place.at(status))?,
        };
        converted.insert(status.clone(), response);
    }
    Ok(Value::Object(converted))
}

fn one(
    context: &mut Context<'_>,
    shared: &Shared,
    source: &Value,
    produces: &[String],
    place: &Place<'_>,
) -> Result<Value, Refusal> {
    let reference = source.get("$ref").and_then(Value::as_str).unwrap_or_default();
    if let Some(name) = references::name_in(context, "responses", reference)
        && let Some(response) = shared.response(&name)
    {
        // The shared one is written with the media types of the root.
        return match produces == shared.produces || !response.has_content() {
            true => Ok(json!({"$ref": references::component("responses", &name)})),
            false => response.write(context, produces, place),
        };
    }
    if reference.starts_with("#/definitions/") {
        context.report.adapted(&place.pointer(), short(source), "a response of this schema");
        let fields = Map::from_iter([("schema".to_owned(), source.clone())]);
        return Response::read(context, &fields, place).write(context, produces, place);
    }
    Response::resolve(context, source, place)?.write(context, produces, place)
}

#[cfg(test)]
mod tests {
    use super::super::tests::converted;
    use super::*;

    fn responses_of(mut document: Value) -> (Value, Vec<String>) {
        document["swagger"] = "2.0".into();
        let (mut document, changes) = converted(document);
        (document["paths"]["/a"]["get"]["responses"].take(), changes[1..].to_vec())
    }

    fn of(produces: Value, responses: Value) -> Value {
        json!({"paths": {"/a": {"get": {"produces": produces, "responses": responses}}}})
    }

    #[test]
    fn a_schema_stands_under_each_media_type_in_order() {
        let (responses, _) = responses_of(of(
            json!(["application/json", "audio/x-wav"]),
            json!({
                "200": {"description": "d", "schema": {"$ref": "#/definitions/A"}},
                "404": {"description": "none"},
                "x-a": 1,
            }),
        ));
        let schema = json!({"schema": {"$ref": "#/components/schemas/A"}});
        assert_eq!(
            responses,
            json!({
                "200": {"description": "d", "content": {"application/json": schema, "audio/x-wav": schema}},
                "404": {"description": "none"},
                "x-a": 1,
            })
        );
        let types: Vec<_> = responses["200"]["content"].as_object().unwrap().keys().collect();
        assert_eq!(types, ["application/json", "audio/x-wav"]);
    }

    #[test]
    fn the_operation_decides_then_the_root_then_json() {
        for (root, own, expected) in [
            (json!(["text/xml"]), json!(null), "text/xml"),
            (json!(["text/xml"]), json!(["text/csv"]), "text/csv"),
            (json!(["text/xml"]), json!([]), "application/json"),
            (json!(null), json!(null), "application/json"),
            (json!(null), json!("text/csv"), "text/csv"),
        ] {
            let mut document = of(own, json!({"200": {"schema": {"type": "string"}}}));
            document["produces"] = root;
            let (responses, _) = responses_of(document);
            let content = json!({expected: {"schema": {"type": "string"}}});
            assert_eq!(responses, json!({"200": {"description": "", "content": content}}));
        }
    }

    #[test]
    fn a_file_is_binary() {
        let binary = json!({"schema": {"type": "string", "format": "binary"}});
        for (produces, media_type) in
            [(json!(["application/pdf"]), "application/pdf"), (json!([]), "application/octet-stream")]
        {
            let (responses, _) =
                responses_of(of(produces, json!({"200": {"description": "", "schema": {"type": "file"}}})));
            assert_eq!(responses["200"]["content"], json!({media_type: binary}));
        }
    }

    #[test]
    fn examples_and_headers_are_kept() {
        let (responses, changes) = responses_of(of(
            json!(["application/json;charset=utf-8", "text/csv"]),
            json!({
                "200": {
                    "schema": {"type": "string"},
                    "examples": {"application/json": {"$ref": 1}, "odd": 2},
                    "headers": {
                        "X-A": {"type": "integer", "format": "int32", "description": "d"},
                        "X-B": {"type": "array", "items": {"type": "string"}, "collectionFormat": "csv"},
                    },
                },
                "201": {"description": "", "examples": {"text/plain": "x", "odd": 2}},
            }),
        ));
        assert_eq!(
            responses,
            json!({
                "200": {
                    "description": "",
                    "headers": {
                        "X-A": {"description": "d", "schema": {"type": "integer", "format": "int32"}},
                        "X-B": {"schema": {"type": "array", "items": {"type": "string"}}},
                    },
                    "content": {
                        "application/json;charset=utf-8": {"schema": {"type": "string"}, "example": {"$ref": 1}},
                        "text/csv": {"schema": {"type": "string"}},
                    },
                },
                "201": {"description": "", "content": {"text/plain": {"example": "x"}}},
            })
        );
        assert_eq!(changes, [""; 0]);
    }

    #[test]
    fn a_shared_response_is_referred_to_where_its_media_types_are_the_same() {
        let mut document = json!({
            "produces": ["text/plain"],
            "responses": {"E": {"description": "e", "schema": {"type": "string"}}, "N": {"description": "n"}},
            "paths": {"/a": {"get": {"responses": {
                "400": {"$ref": "#/responses/E"},
                "404": {"$ref": "#/responses/N"},
            }}}},
        });
        let same = json!({"400": {"$ref": "#/components/responses/E"}, "404": {"$ref": "#/components/responses/N"}});
        assert_eq!(responses_of(document.clone()), (same.clone(), vec![]));
        document["paths"]["/a"]["get"]["produces"] = json!(["text/csv"]);
        let written = json!({"description": "e", "content": {"text/csv": {"schema": {"type": "string"}}}});
        assert_eq!(responses_of(document).0, json!({"400": written, "404": same["404"]}));
    }

    #[test]
    fn odd_responses_are_read_as_they_are_meant() {
        let (responses, changes) = responses_of(json!({
            "definitions": {"A": {"type": "object"}},
            "paths": {
                "/a": {"get": {"responses": {
                    "200": {"$ref": "#/definitions/A"},
                    "201": "created",
                    "202": null,
                    "203": 3,
                    "204": {"$ref": "#/paths/~1b/get/responses/200"},
                    "205": {"$ref": "#/responses/Missing"},
                    "206": {"description": "", "headers": 1, "examples": 2, "schema": 3},
                }}},
                "/b": {"get": {"responses": {"200": {"description": "b", "x-b": 1}}}},
            },
        }));
        assert_eq!(
            responses,
            json!({
                "200": {"description": "", "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/A"}},
                }},
                "201": {"description": "created"},
                "202": {"description": ""},
                "203": {"description": ""},
                "204": {"description": "b", "x-b": 1},
                "205": {"description": "", "$ref": "#/responses/Missing"},
                "206": {"description": "", "content": {"application/json": {"schema": 3}}},
            })
        );
        assert_eq!(
            changes,
            [
                "adapted /paths/~1a/get/responses/200: {\"$ref\":\"#/definitions/A\"} -> a response of this schema",
                "degraded /paths/~1a/get/responses/203: 3 -> nothing: it is no object",
                "degraded /paths/~1a/get/responses/206/headers: 1 -> nothing: it is no object",
            ]
        );
    }
}
