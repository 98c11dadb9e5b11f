//! Finds out over which parts of a document the generator gives up.

use serde_json::{Value, json};

/// The parts without which the generator goes through, each with what it said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Culprits {
    /// Names of components.
    pub(crate) schemas: Vec<(String, String)>,
    /// Paths and methods of operations.
    pub(crate) operations: Vec<(String, String, String)>,
}

/// Tries each schema alone, then each operation alone with the schemas that are left.
pub(crate) fn culprits(document: &Value, works: impl Fn(&Value) -> Result<(), String>) -> Culprits {
    let mut found = Culprits::default();
    let mut rest = document.clone();
    let paths = rest.get_mut("paths").map(std::mem::take).unwrap_or_default();
    rest["paths"] = json!({});
    if works(&rest).is_err() {
        for name in names(document) {
            if let Err(cause) = works(&with_schema_alone(&rest, &name)) {
                rest["components"]["schemas"][&name] = json!({});
                found.schemas.push((name, cause));
            }
        }
    }
    for (path, item) in paths.as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            rest["paths"] = json!({(path): {(method): operation}});
            if let Err(cause) = works(&rest) {
                found.operations.push((path.clone(), method.clone(), cause));
            }
        }
    }
    found
}

fn names(document: &Value) -> Vec<String> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    schemas.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

/// The document with every other schema as any JSON.
fn with_schema_alone(document: &Value, name: &str) -> Value {
    let mut alone = document.clone();
    let schemas = alone.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (_, schema) in schemas.into_iter().flatten().filter(|(other, _)| *other != name) {
        *schema = json!({});
    }
    alone
}
