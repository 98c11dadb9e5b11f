//! The parts of a document that the client is made of. All others are left behind, whatever they hold.

use serde_json::{Map, Value, json};

use super::pointer::unescaped;
use super::report::{Refusal, Report, join, short};
use super::schemas::{self, FILES, METHODS};

/// Keeps the operations and the named schemas, and gives each operation an `operationId`.
///
/// Security schemes, tags, links, callbacks and examples say nothing that the generated code depends on, but a mistake in one
/// of them makes the generator give up.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    tell_unread(document, report);
    let paths = document.get_mut("paths").map(Value::take).unwrap_or_default();
    let components = document.pointer_mut("/components/schemas").map(Value::take).unwrap_or_default();
    *document = json!({
        "paths": kept_paths(paths, report),
        "components": {"schemas": components.as_object().cloned().unwrap_or_default()},
    });
    schemas::operations(document, &mut |pointer, path, method, operation| {
        name(operation, pointer, path, method, report)
    });
    Ok(())
}

/// Names the parts that are left behind, and the servers of single operations: a client has one base URL.
fn tell_unread(document: &Value, report: &mut Report) {
    const READ: [&str; 7] = ["openapi", "info", "servers", "paths", "components", FILES, "swagger"];
    for (name, part) in document.as_object().into_iter().flatten() {
        if !READ.contains(&name.as_str()) && !name.starts_with("x-") {
            report.adapted(&join("", name), short(part), "nothing: the client is not made of it");
        }
    }
    let items = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    for (path, item) in items {
        let pointer = join("/paths", path);
        let parts = METHODS.iter().filter_map(|method| Some((join(&pointer, method), item.get(*method)?)));
        for (pointer, part) in std::iter::once((pointer.clone(), item)).chain(parts) {
            if let Some(servers) =
                part.get("servers").filter(|servers| document.get("servers").is_some_and(|all| all != *servers))
            {
                report.degraded(&join(&pointer, "servers"), short(servers), "the client's base URL");
            }
        }
    }
}

fn kept_paths(paths: Value, report: &mut Report) -> Map<String, Value> {
    let mut kept = Map::new();
    let Value::Object(paths) = paths else { return kept };
    for (path, item) in paths {
        let pointer = join("/paths", &path);
        let path = if path.starts_with('/') || path.starts_with("x-") { path } else { mended(&path, &pointer, report) };
        let Value::Object(item) = item else { continue };
        let operations =
            item.into_iter().filter(|(method, operation)| METHODS.contains(&method.as_str()) && operation.is_object());
        let operations: Map<String, Value> =
            operations.map(|(method, operation)| (method, kept_operation(operation))).collect();
        if path.starts_with('/') && is_template(&path) && !operations.is_empty() {
            kept.insert(path, Value::Object(operations));
        } else if !operations.is_empty() && !path.starts_with("x-") {
            report.left_out(
                &pointer,
                format!("{} operations", operations.len()),
                "none: the braces of the path do not match",
            );
        }
    }
    kept
}

fn mended(path: &str, pointer: &str, report: &mut Report) -> String {
    report.adapted(pointer, format!("the path {path}"), format!("/{path}"));
    format!("/{path}")
}

/// Tells whether each brace that opens closes again, with a name between.
fn is_template(path: &str) -> bool {
    let mut parts = path.split('{');
    let is_constant = |text: &str| !text.contains('}');
    parts.next().is_some_and(is_constant)
        && parts.all(|part| part.split_once('}').is_some_and(|(name, rest)| !name.is_empty() && is_constant(rest)))
}

fn kept_operation(operation: Value) -> Value {
    const KEPT: [&str; 7] =
        ["operationId", "summary", "description", "deprecated", "parameters", "requestBody", "responses"];
    let Value::Object(mut operation) = operation else { return operation };
    operation.retain(|name, _| KEPT.contains(&name.as_str()));
    for note in ["summary", "description"] {
        if operation.get(note).is_some_and(|note| !note.is_string()) {
            operation.remove(note);
        }
    }
    Value::Object(operation)
}

fn name(operation: &mut Value, pointer: &str, path: &str, method: &str, report: &mut Report) {
    let Some(fields) = operation.as_object_mut() else { return };
    let id = fields.remove("operationId").unwrap_or_default();
    let id = match id.as_str().map(str::trim) {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => {
            let name = format!("{method}_{path}");
            report.adapted(
                pointer,
                format!("operationId {}", short(&id)),
                format!("named after {} {path}", method.to_uppercase()),
            );
            name
        }
    };
    fields.insert("operationId".to_owned(), id.into());
}

/// Takes away what stands at a pointer.
pub(super) fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, token)) = pointer.rsplit_once('/') else { return };
    let token = unescaped(token);
    if let Some(parent) = document.pointer_mut(parent).and_then(Value::as_object_mut) {
        schemas::take(parent, &token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_operations_and_named_schemas_stay() {
        let mut document = json!({
            "openapi": "3.0.3", "info": 3, "tags": [{}], "security": "hostile",
            "paths": {
                "/a": {"get": {"operationId": " of a ", "tags": 1, "callbacks": {}, "summary": 4, "deprecated": true}, "summary": "s"},
                "b/{id}": {"post": {}},
                "/c/{": {"get": {}},
                "x-of-theirs": {"get": {}},
                "/d": 3,
            },
            "components": {"schemas": {"A": {}}, "securitySchemes": {"x": 3}},
        });
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        assert_eq!(
            document,
            json!({
                "paths": {
                    "/a": {"get": {"operationId": "of a", "deprecated": true}},
                    "/b/{id}": {"post": {"operationId": "post_/b/{id}"}},
                },
                "components": {"schemas": {"A": {}}},
            })
        );
        let effects: Vec<_> =
            report.changes().iter().map(|change| format!("{} {}", change.effect, change.pointer)).collect();
        assert_eq!(
            effects,
            [
                "adapted /tags",
                "adapted /security",
                "adapted /paths/b~1{id}",
                "left out /paths/~1c~1{",
                "adapted /paths/~1b~1{id}/post"
            ]
        );
    }

    #[test]
    fn a_document_without_anything_is_an_empty_one() {
        for hostile in [json!({}), json!({"paths": [], "components": {"schemas": 3}})] {
            let mut document = hostile;
            apply(&mut document, &mut Report::default()).unwrap();
            assert_eq!(document, json!({"paths": {}, "components": {"schemas": {}}}));
        }
    }

    #[test]
    fn what_stands_at_a_pointer_is_removed() {
        let mut document = json!({"paths": {"/a~b": {"get": {}, "put": {}}}});
        remove(&mut document, "/paths/~1a~0b/get");
        assert_eq!(document, json!({"paths": {"/a~b": {"put": {}}}}));
    }
}
