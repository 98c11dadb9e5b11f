//! What a document says besides its operations: its version, where the API is, and which scopes it asks for.

use serde_json::Value;

use super::schemas::METHODS;

/// More scopes than this were not written for one API.
const SCOPES: usize = 50;

/// What the client takes over from a document as it stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) title: String,
    pub(crate) version: String,
    /// The addresses of all servers, those of the whole document first.
    pub(crate) servers: Vec<String>,
    /// The scopes that client credentials may ask for.
    pub(crate) scopes: Vec<String>,
}

impl Facts {
    /// Gathers them from an OpenAPI 3.0 document.
    pub(super) fn of(document: &Value) -> Self {
        let text = |name: &str| match document.get("info").and_then(|info| info.get(name)) {
            Some(Value::String(text)) => text.clone(),
            Some(number @ Value::Number(_)) => number.to_string(),
            _ => String::new(),
        };
        Self { title: text("title"), version: text("version"), servers: servers(document), scopes: scopes(document) }
    }
}

/// Lists addresses with each variable at its default: the document's, then those of single paths and operations.
fn servers(document: &Value) -> Vec<String> {
    let items = document.get("paths").and_then(Value::as_object).into_iter().flatten().map(|(_, item)| item);
    let operations = items.clone().flat_map(|item| METHODS.iter().filter_map(|method| item.get(*method)));
    let places = std::iter::once(document).chain(items).chain(operations);
    let mut addresses = Vec::new();
    for server in places.filter_map(|place| place.get("servers")?.as_array()).flatten() {
        if let Some(address) = address(server)
            && !addresses.contains(&address)
        {
            addresses.push(address);
        }
    }
    addresses
}

fn address(server: &Value) -> Option<String> {
    let url = server.get("url")?.as_str()?.to_owned();
    let variables = server.get("variables").and_then(Value::as_object);
    Some(variables.into_iter().flatten().fold(url, |url, (name, variable)| match variable.get("default") {
        Some(Value::String(default)) => url.replace(&format!("{{{name}}}"), default),
        _ => url,
    }))
}

/// The scopes of the flow `clientCredentials`. PISTE exports the others instead, although this is the one that works: where a
/// document has no such flow, theirs are taken. A key that holds blanks is several scopes.
fn scopes(document: &Value) -> Vec<String> {
    let schemes = document.pointer("/components/securitySchemes").and_then(Value::as_object);
    let flows: Vec<_> = schemes
        .into_iter()
        .flatten()
        .filter(|(_, scheme)| scheme.get("type").is_some_and(|kind| kind == "oauth2"))
        .filter_map(|(_, scheme)| scheme.get("flows")?.as_object())
        .flatten()
        .collect();
    let is_ours = |name: &str| name == "clientCredentials";
    let has_ours = flows.iter().any(|(name, _)| is_ours(name));
    let mut scopes: Vec<String> = Vec::new();
    for (_, flow) in flows.into_iter().filter(|(name, _)| !has_ours || is_ours(name)) {
        let keys = match flow.get("scopes") {
            Some(Value::Object(scopes)) => scopes.keys().map(String::as_str).collect(),
            Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for scope in keys.into_iter().flat_map(str::split_whitespace) {
            if is_scope(scope) && scopes.len() < SCOPES && !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
    }
    scopes
}

/// RFC 6749, 3.3.
fn is_scope(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_come_in_order_with_their_defaults_and_each_once() {
        let document = json!({
            "servers": [
                {"url": "https://{host}/a/{version}", "variables": {"host": {"default": "example.test"}, "version": {}}},
                {"description": "no address"},
                {"url": "/b"},
            ],
            "paths": {"/p": {"servers": [{"url": "/b"}], "get": {"servers": [{"url": "https://example.test/op"}]}}},
        });
        assert_eq!(servers(&document), ["https://example.test/a/{version}", "/b", "https://example.test/op"]);
    }

    #[test]
    fn a_document_may_list_no_address() {
        for document in [json!({}), json!({"servers": []}), json!({"servers": null})] {
            assert!(servers(&document).is_empty());
        }
    }

    #[test]
    fn scopes_are_those_of_client_credentials_or_else_of_the_flows_that_piste_exports() {
        let scheme =
            |flows: Value| json!({"components": {"securitySchemes": {"a.b": {"type": "oauth2", "flows": flows}}}});
        let flow = |scopes: Value| json!({ "scopes": scopes });
        for (document, expected) in [
            (
                scheme(
                    json!({"clientCredentials": flow(json!({"a": "", "b c": ""})), "implicit": flow(json!({"d": ""}))}),
                ),
                vec!["a", "b", "c"],
            ),
            (
                scheme(
                    json!({"implicit": flow(json!({"d": ""})), "authorizationCode": flow(json!({"d": "", "e": ""}))}),
                ),
                vec!["d", "e"],
            ),
            (scheme(json!({"clientCredentials": flow(json!(["l", 3, "é"]))})), vec!["l"]),
            (scheme(json!({"clientCredentials": flow(Value::Null)})), vec![]),
            (
                json!({"components": {"securitySchemes": {"k": {"type": "apiKey", "flows": {"x": flow(json!({"a": ""}))}}}}}),
                vec![],
            ),
            (json!({}), vec![]),
        ] {
            assert_eq!(scopes(&document), expected, "{document}");
        }
    }

    #[test]
    fn the_version_may_be_a_number() {
        let facts = Facts::of(&json!({"info": {"version": 1.5, "title": "T"}}));
        assert_eq!((facts.title.as_str(), facts.version.as_str()), ("T", "1.5"));
        assert_eq!(Facts::of(&json!({"info": []})), Facts::default());
    }
}
