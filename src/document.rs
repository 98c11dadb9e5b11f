//! What makes an OpenAPI document fit for progenitor: small pure steps over the document's tree.
//!
//! `build.rs` includes this file by path, and the library includes it for its tests. The paths below are written out because
//! a file that is included by path looks for its modules beside itself.

#[path = "document/responses.rs"]
mod responses;
#[path = "document/servers.rs"]
mod servers;
#[path = "document/version.rs"]
mod version;

use serde_json::Value;

pub(crate) use self::servers::server_addresses;

/// Makes a document fit, or says in a sentence why it cannot be.
pub(crate) fn prepare(document: &mut Value) -> Result<(), String> {
    version::check(document)?;
    responses::keep_successes(document);
    Ok(())
}

/// The operations of a document, each as the object that describes it.
fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let items = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let fields = items.filter_map(|(_, item)| item.as_object_mut()).flatten();
    fields.filter(|(name, _)| METHODS.contains(&name.as_str())).map(|(_, operation)| operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLED: &str = include_str!("../openapi/sisiao-api-menage.json");

    #[test]
    fn the_bundled_document_loses_its_error_answers_and_nothing_else() {
        let mut document: Value = serde_json::from_str(BUNDLED).unwrap();
        let mut expected = document.clone();
        prepare(&mut document).unwrap();
        let responses = expected.pointer_mut("/paths/~1healthcheck/get/responses").unwrap().as_object_mut().unwrap();
        assert_eq!(responses.len(), 3);
        responses.retain(|status, _| status == "200");
        assert_eq!(document, expected);
    }

    #[test]
    fn the_bundled_document_says_what_the_guide_says_and_no_address() {
        let document: Value = serde_json::from_str(BUNDLED).unwrap();
        assert_eq!(server_addresses(&document), [""; 0]);
        for (pointer, value) in [
            ("/info/title", "SISIAO - API MENAGE"),
            ("/info/version", "0.1.0"),
            ("/paths/~1healthcheck/get/tags/0", "MenageB2B"),
            ("/paths/~1healthcheck/get/summary", "Etat de l'application"),
            ("/security/0/SecurityProfile.OAuth/0", "openid"),
            ("/components/securitySchemes/SecurityProfile.OAuth/type", "oauth2"),
        ] {
            assert_eq!(document.pointer(pointer).and_then(Value::as_str), Some(value), "{pointer}");
        }
        let schema = document.pointer("/components/schemas/HealthcheckResponse").unwrap();
        assert!(schema.get("properties").is_none(), "no field is invented");
    }
}
