//! The version of the OpenAPI Specification that a document follows.

use serde_json::Value;

use super::report::{Refusal, short};

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Swagger2,
    V30,
    V31,
    V32,
}

const UNDERSTOOD: &str = "OpenAPI 3.0, 3.1, 3.2 and Swagger 2.0 are understood: export it as one of these";

/// Tells the version, or what the document is instead.
pub(super) fn of(document: &Value) -> Result<Version, Refusal> {
    match (document.get("openapi"), document.get("swagger")) {
        (Some(version), _) => match numbers(version) {
            // A 3.0 that went through a tool for numbers comes out as 3.
            Some((3, None | Some(0))) => Ok(Version::V30),
            Some((3, Some(1))) => Ok(Version::V31),
            Some((3, Some(2))) => Ok(Version::V32),
            _ => Err(Refusal::new("/openapi", format!("it is OpenAPI {}, and only {UNDERSTOOD}", short(version)))),
        },
        (None, Some(version)) => match numbers(version) {
            Some((2, None | Some(0))) => Ok(Version::Swagger2),
            _ => Err(Refusal::new("/swagger", format!("it is Swagger {}, and only {UNDERSTOOD}", short(version)))),
        },
        (None, None) => Err(Refusal::new("", format!("it is {}; {UNDERSTOOD}", kind(document)))),
    }
}

/// Reads the first two numbers of a version, which YAML and careless tools write as a number.
fn numbers(version: &Value) -> Option<(u32, Option<u32>)> {
    let text = match version {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let major = parts.next()??;
    match parts.next() {
        Some(minor) => Some((major, Some(minor?))),
        None => Some((major, None)),
    }
}

/// Names what portals hand out beside OpenAPI documents.
fn kind(document: &Value) -> &'static str {
    let has = |pointer: &str| document.pointer(pointer).is_some();
    let schema = document.pointer("/info/schema").and_then(Value::as_str).unwrap_or_default();
    if has("/asyncapi") {
        "an AsyncAPI document, which describes messages"
    } else if schema.contains("postman") || has("/info/_postman_id") || has("/info") && has("/item") {
        "a Postman collection"
    } else if has("/swaggerVersion") {
        "a resource listing of Swagger 1"
    } else if has("/arazzo") {
        "an Arazzo document, which describes the order of calls"
    } else if has("/__schema") || has("/data/__schema") {
        "the schema of a GraphQL service"
    } else if has("/$schema") {
        "a JSON Schema"
    } else if document.is_object() {
        "no OpenAPI document: it has no field `openapi`"
    } else {
        "no OpenAPI document: it is no object"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_four_versions_are_told_apart_however_they_are_written() {
        for (document, version) in [
            (json!({"swagger": "2.0"}), Version::Swagger2),
            (json!({"swagger": 2.0}), Version::Swagger2),
            (json!({"swagger": 2}), Version::Swagger2),
            (json!({"openapi": "3.0"}), Version::V30),
            (json!({"openapi": " 3.0.3 "}), Version::V30),
            (json!({"openapi": "3.0.0-rc2"}), Version::V30),
            (json!({"openapi": 3.0}), Version::V30),
            (json!({"openapi": 3}), Version::V30),
            (json!({"openapi": "3.1.0"}), Version::V31),
            (json!({"openapi": 3.1}), Version::V31),
            (json!({"openapi": "3.2.0"}), Version::V32),
            (json!({"openapi": "3.0.1", "swagger": "2.0"}), Version::V30),
        ] {
            assert_eq!(of(&document), Ok(version), "{document}");
        }
    }

    #[test]
    fn another_version_is_refused_by_its_name() {
        for (document, pointer, named) in [
            (json!({"openapi": "4.0.0"}), "/openapi", "OpenAPI \"4.0.0\""),
            (json!({"openapi": "3.3.0"}), "/openapi", "OpenAPI \"3.3.0\""),
            (json!({"openapi": "3.10"}), "/openapi", "OpenAPI \"3.10\""),
            (json!({"openapi": "3.x"}), "/openapi", "OpenAPI \"3.x\""),
            (json!({"openapi": "33"}), "/openapi", "OpenAPI \"33\""),
            (json!({"openapi": ""}), "/openapi", "OpenAPI \"\""),
            (json!({"openapi": null}), "/openapi", "OpenAPI null"),
            (json!({"openapi": ["3.0.0"]}), "/openapi", "OpenAPI [\"3.0.0\"]"),
            (json!({"swagger": "1.2"}), "/swagger", "Swagger \"1.2\""),
        ] {
            let refusal = of(&document).unwrap_err();
            assert_eq!(refusal.pointer(), pointer);
            let message = refusal.to_string();
            assert!(message.contains(named) && message.contains("3.2 and Swagger 2.0 are understood"), "{message}");
        }
    }

    #[test]
    fn what_is_no_openapi_document_is_named() {
        for (document, named) in [
            (json!({"asyncapi": "2.6.0"}), "AsyncAPI"),
            (json!({"info": {"schema": "https://schema.postman.test/v2.1.0/collection.json"}}), "Postman"),
            (json!({"info": {"name": "a"}, "item": []}), "Postman"),
            (json!({"swaggerVersion": "1.2", "apis": []}), "Swagger 1"),
            (json!({"arazzo": "1.0.0"}), "Arazzo"),
            (json!({"data": {"__schema": {}}}), "GraphQL"),
            (json!({"$schema": "a"}), "JSON Schema"),
            (json!({}), "no field `openapi`"),
            (json!("text"), "no object"),
            (json!([]), "no object"),
            (json!(null), "no object"),
        ] {
            let message = of(&document).unwrap_err().to_string();
            assert!(message.contains(named), "{message}");
        }
    }
}
