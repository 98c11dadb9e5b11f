//! Swagger 2.0, the form in which PISTE exports documents, becomes OpenAPI 3.0.3.

#[path = "swagger2/bodies.rs"]
mod bodies;
#[path = "swagger2/context.rs"]
mod context;
#[path = "swagger2/operations.rs"]
mod operations;
#[path = "swagger2/parameters.rs"]
mod parameters;
#[path = "swagger2/references.rs"]
mod references;
#[path = "swagger2/responses.rs"]
mod responses;
#[path = "swagger2/schemas.rs"]
mod schemas;
#[path = "swagger2/security.rs"]
mod security;
#[path = "swagger2/servers.rs"]
mod servers;
#[path = "swagger2/shared.rs"]
mod shared;

use serde_json::{Map, Value};

use self::context::Context;
use self::shared::Shared;
use super::report::{Refusal, Report, short};

/// The fields of the root that OpenAPI 3 has elsewhere, or that are written below.
const REPLACED: [&str; 14] = [
    "swagger",
    "openapi",
    "host",
    "basePath",
    "schemes",
    "servers",
    "consumes",
    "produces",
    "paths",
    "definitions",
    "parameters",
    "responses",
    "securityDefinitions",
    "components",
];

/// Converts a Swagger 2.0 document. Any other is left alone.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let newer = document.get("openapi").is_some_and(|version| !version.is_null());
    let Some(version) = document.get("swagger").filter(|_| !newer) else { return Ok(()) };
    if !is_2(version) {
        let version = short(version);
        let reason = format!("it is Swagger {version}, and only 2.0 is read: export it as Swagger 2.0 or as OpenAPI 3");
        return Err(Refusal::new("/swagger", reason));
    }
    report.adapted("", "Swagger 2.0", "OpenAPI 3.0.3");
    *document = convert(document, report)?;
    for (to, from) in [("schemas", "definitions"), ("parameters", "parameters"), ("responses", "responses")] {
        report.moved(&format!("/components/{to}"), &format!("/{from}"));
    }
    Ok(())
}

/// Whether a version is 2.0, which YAML and careless writers also give as a number or without its zero.
fn is_2(version: &Value) -> bool {
    match version {
        Value::String(version) => version == "2" || version.starts_with("2."),
        version => version.as_f64() == Some(2.0),
    }
}

fn convert(document: &Value, report: &mut Report) -> Result<Value, Refusal> {
    let mut context = Context::new(document, report);
    let shared = Shared::of(&mut context)?;
    let servers = servers::servers(&mut context);
    let paths = operations::paths(&mut context, &shared)?;
    let components = components(&mut context, &shared)?;

    let mut converted = Map::new();
    converted.insert("openapi".to_owned(), "3.0.3".into());
    let kept = document.as_object().into_iter().flatten();
    let kept = kept.filter(|(name, _)| !REPLACED.contains(&name.as_str()));
    converted.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
    let written = [("servers", servers), ("paths", paths), ("components", components)];
    converted.extend(written.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Ok(Value::Object(converted))
}

/// Writes what operations share. The schemas come last, since the rest may refer to ones that have no name yet.
fn components(context: &mut Context<'_>, shared: &Shared) -> Result<Option<Value>, Refusal> {
    let responses = shared.responses(context)?;
    let parameters = shared.parameters();
    let bodies = shared.bodies(context)?;
    let security = security::schemes(context);
    let schemas = schemas::components(context)?;
    let own = context.document.get("components").and_then(Value::as_object);
    let mut components = own.cloned().unwrap_or_default();
    for (name, parts) in [
        ("schemas", schemas),
        ("responses", responses),
        ("parameters", parameters),
        ("requestBodies", bodies),
        ("securitySchemes", security),
    ] {
        if parts.is_empty() {
            continue;
        }
        match components.get_mut(name).and_then(Value::as_object_mut) {
            Some(own) => own.extend(parts),
            None => _ = components.insert(name.to_owned(), Value::Object(parts)),
        }
    }
    Ok((!components.is_empty()).then_some(Value::Object(components)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Converts a document, and returns the changes as they are shown, without the pass.
    pub(super) fn converted(mut document: Value) -> (Value, Vec<String>) {
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        let changes = report.changes().iter();
        let changes = changes.map(|change| {
            let (pointer, before, after) = (&change.pointer, &change.before, &change.after);
            format!("{} {pointer}: {before} -> {after}", change.effect)
        });
        (document, changes.collect())
    }

    #[test]
    fn other_documents_are_left_alone() {
        for document in [
            json!({"openapi": "3.0.3", "definitions": {}}),
            json!({"openapi": "3.1.0", "swagger": "2.0", "host": "a.test"}),
            json!({"host": "a.test"}),
            json!([{"swagger": "2.0"}]),
            json!("swagger"),
            json!(null),
        ] {
            assert_eq!(converted(document.clone()), (document, vec![]));
        }
    }

    #[test]
    fn the_version_may_be_a_number() {
        for version in [json!("2.0"), json!(2.0), json!(2), json!("2"), json!("2.0.0")] {
            assert_eq!(converted(json!({"swagger": version})).0, json!({"openapi": "3.0.3"}));
        }
    }

    #[test]
    fn another_version_is_refused() {
        for version in [json!("1.2"), json!(3), json!(null), json!({}), json!("20")] {
            let refusal = apply(&mut json!({"swagger": version}), &mut Report::default()).unwrap_err();
            assert_eq!(refusal.pointer(), "/swagger");
            assert!(
                refusal.to_string().contains(&format!("it is Swagger {version}, and only 2.0 is read")),
                "{refusal}"
            );
        }
    }

    #[test]
    fn a_whole_document_has_every_part_in_its_new_place() {
        let (document, changes) = converted(json!({
            "swagger": "2.0",
            "info": {"title": "T", "version": "1"},
            "host": "sandbox-api.example.test",
            "basePath": "/a/b",
            "schemes": ["http", "https"],
            "consumes": ["application/json"],
            "produces": ["application/json"],
            "tags": [{"name": "t"}],
            "externalDocs": {"url": "u"},
            "security": [{"API Key": []}],
            "x-a": {"definitions": 1},
            "paths": {"/healthcheck": {"get": {"operationId": "GET /healthcheck", "responses": {
                "200": {"description": "Ok", "schema": {"$ref": "#/definitions/Health"}},
            }}}},
            "definitions": {"Health": {"type": "object"}},
            "securityDefinitions": {"API Key": {"type": "apiKey", "name": "KeyId", "in": "header"}},
        }));
        let expected = json!({
            "openapi": "3.0.3",
            "info": {"title": "T", "version": "1"},
            "tags": [{"name": "t"}],
            "externalDocs": {"url": "u"},
            "security": [{"API Key": []}],
            "x-a": {"definitions": 1},
            "servers": [{"url": "https://sandbox-api.example.test/a/b"}],
            "paths": {"/healthcheck": {"get": {"operationId": "GET /healthcheck", "responses": {
                "200": {"description": "Ok", "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Health"}},
                }},
            }}}},
            "components": {
                "schemas": {"Health": {"type": "object"}},
                "securitySchemes": {"API Key": {"type": "apiKey", "name": "KeyId", "in": "header"}},
            },
        });
        // As text, since the order of the fields counts too.
        assert_eq!(document.to_string(), expected.to_string());
        assert_eq!(changes, ["adapted : Swagger 2.0 -> OpenAPI 3.0.3"]);
    }

    #[test]
    fn parts_of_the_wrong_type_are_dropped() {
        let sections = ["host", "basePath", "paths", "definitions", "parameters", "responses", "securityDefinitions"];
        for wrong in [json!(1), json!([[]]), json!(true)] {
            let mut document = json!({"swagger": "2.0", "schemes": wrong, "consumes": wrong, "produces": wrong});
            sections.iter().for_each(|section| document[*section] = wrong.clone());
            let (document, changes) = converted(document);
            assert_eq!(document, json!({"openapi": "3.0.3"}));
            assert_eq!(changes.len(), 1 + sections.len(), "{changes:?}");
        }
    }

    #[test]
    fn parts_that_are_written_as_in_openapi_3_stay() {
        let (document, _) = converted(json!({
            "swagger": "2.0",
            "components": {"schemas": {"A": {}}, "links": {"l": {}}},
            "definitions": {"B": {"$ref": "#/components/schemas/A"}},
        }));
        assert_eq!(
            document["components"],
            json!({"schemas": {"A": {}, "B": {"$ref": "#/components/schemas/A"}}, "links": {"l": {}}})
        );
    }

    #[test]
    fn a_document_that_would_fill_the_memory_is_refused() {
        let types: Vec<_> = (0..1000).map(|number| format!("a/{number}")).collect();
        let schema = json!({"description": "x".repeat(100_000)});
        let mut document = json!({"swagger": "2.0", "produces": types, "responses": {"R": {"schema": schema}}});
        let refusal = apply(&mut document, &mut Report::default()).unwrap_err();
        assert_eq!(refusal.pointer(), "/responses/R");
    }
}
