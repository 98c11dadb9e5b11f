//! The version of the OpenAPI Specification that a document follows.

use serde_json::Value;

/// Refuses what progenitor cannot read.
pub(super) fn check(document: &Value) -> Result<(), String> {
    match (document.get("openapi"), document.get("swagger")) {
        (Some(Value::String(version)), _) if version.starts_with("3.0.") => Ok(()),
        (Some(version), _) => Err(format!("it is OpenAPI {version}, and only 3.0.x can be read")),
        (None, Some(version)) => Err(format!("it is Swagger {version}, and only OpenAPI 3.0.x can be read")),
        (None, None) => Err("it is no OpenAPI document: it has no field `openapi`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn openapi_3_0_passes() {
        assert_eq!(check(&json!({"openapi": "3.0.3"})), Ok(()));
    }

    #[test]
    fn anything_else_is_named() {
        for (document, named) in [
            (json!({"openapi": "3.1.0"}), "OpenAPI \"3.1.0\""),
            (json!({"openapi": 3}), "OpenAPI 3,"),
            (json!({"swagger": "2.0"}), "Swagger \"2.0\""),
            (json!({}), "no OpenAPI document"),
            (json!("text"), "no OpenAPI document"),
        ] {
            let message = check(&document).unwrap_err();
            assert!(message.contains(named), "{message}");
        }
    }
}
