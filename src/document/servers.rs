//! Where a document says that the API is.

use serde_json::Value;

/// Lists the addresses of a document's `servers`, with each variable at its default. What has no address is passed over.
pub(crate) fn server_addresses(document: &Value) -> Vec<String> {
    let servers = document.get("servers").and_then(Value::as_array);
    servers.into_iter().flatten().filter_map(address).collect()
}

fn address(server: &Value) -> Option<String> {
    let url = server.get("url")?.as_str()?.to_owned();
    let variables = server.get("variables").and_then(Value::as_object);
    Some(variables.into_iter().flatten().fold(url, |url, (name, variable)| match variable.get("default") {
        Some(Value::String(default)) => url.replace(&format!("{{{name}}}"), default),
        _ => url,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_come_in_order_with_their_defaults() {
        let document = json!({"servers": [
            {"url": "https://{host}/a/{version}", "variables": {"host": {"default": "example.test"}, "version": {}}},
            {"description": "no address"},
            {"url": "/b"},
        ]});
        assert_eq!(server_addresses(&document), ["https://example.test/a/{version}", "/b"]);
    }

    #[test]
    fn a_document_may_list_none() {
        for document in [json!({}), json!({"servers": []}), json!({"servers": null})] {
            assert!(server_addresses(&document).is_empty());
        }
    }
}
