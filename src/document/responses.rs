//! The answers of each operation.

use serde_json::Value;

use super::operations;

/// Keeps the successes of each operation. Where it declares none, its `default` stands for them.
///
/// No other answer reaches the generated code: the rim turns it into an error that holds status, headers and body. Left in,
/// a `default` would swallow those errors on their way out, and two error answers of different types make progenitor give up.
pub(super) fn keep_successes(document: &mut Value) {
    for operation in operations(document) {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        let default = responses.remove("default");
        if responses.keys().any(|status| is_success(status)) {
            responses.retain(|status, _| is_success(status));
        } else if let Some(default) = default {
            responses.insert("2XX".to_owned(), default);
        }
    }
}

fn is_success(status: &str) -> bool {
    status.len() == 3 && status.starts_with('2')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(responses: Value) -> Value {
        let mut document = json!({"paths": {"/a": {"parameters": [], "post": {"responses": responses}}}});
        keep_successes(&mut document);
        document["paths"]["/a"]["post"]["responses"].take()
    }

    #[test]
    fn errors_and_default_are_dropped_beside_a_success() {
        assert_eq!(
            kept(json!({"200": 1, "204": 2, "2XX": 3, "302": 4, "4XX": 5, "500": 6, "default": 7})),
            json!({
                "200": 1, "204": 2, "2XX": 3
            })
        );
    }

    #[test]
    fn without_a_success_the_default_stands_for_it() {
        assert_eq!(kept(json!({"404": 1, "default": 2})), json!({"404": 1, "2XX": 2}));
        assert_eq!(kept(json!({"404": 1})), json!({"404": 1}));
    }

    #[test]
    fn a_document_without_paths_is_left_alone() {
        let mut document = json!({"openapi": "3.0.3"});
        keep_successes(&mut document);
        assert_eq!(document, json!({"openapi": "3.0.3"}));
    }
}
