//! Path items by reference, and the operations that 3.0 has no place for.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::report::{Refusal, Report, join};
use super::super::schemas::{self, METHODS, take};
use super::pointers::target;
use super::{Room, quote};

/// A path item that refers to another that refers to another: more than this is a circle.
const CHAIN: usize = 16;

/// Copies the path items that are referred to into the paths that refer to them.
pub(super) fn inline(document: &mut Value, room: &mut Room, report: &mut Report) -> Result<(), Refusal> {
    let mut joined = HashMap::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let Some(reference) = item.get("$ref") else { continue };
        let pointer = join("/paths", path);
        let chain = chain(document, item).unwrap_or_else(|reason| {
            report.left_out(&pointer, format!("the path {path}, by {}", quote("$ref", reference)), reason);
            item.as_object().into_iter().collect()
        });
        joined.insert(path.clone(), join_up(&chain, &pointer, room)?);
    }
    for (path, item) in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        if let Some(joined) = joined.remove(path) {
            *item = Value::Object(joined);
        }
    }
    Ok(())
}

/// Leaves out the operations that a client of 3.0 cannot ask for.
pub(super) fn leave_out(document: &mut Value, report: &mut Report) {
    leave_out_methods(document, report);
    leave_out_query_strings(document, report);
}

/// Lists a path item and those that it refers to, one after the other.
fn chain<'d>(document: &'d Value, item: &'d Value) -> Result<Vec<&'d Map<String, Value>>, &'static str> {
    let mut chain = Vec::new();
    let mut item = item;
    while chain.len() < CHAIN {
        let fields = item.as_object().ok_or("what it refers to is no path item")?;
        chain.push(fields);
        let Some(reference) = fields.get("$ref") else { return Ok(chain) };
        item = reference.as_str().and_then(|text| target(document, text)).ok_or("what it refers to is missing")?;
    }
    Err("it refers to itself")
}

/// Joins path items: of two that say the same, the first is meant.
fn join_up(chain: &[&Map<String, Value>], pointer: &str, room: &mut Room) -> Result<Map<String, Value>, Refusal> {
    let mut joined = Map::new();
    for (name, part) in chain.iter().copied().flatten().filter(|(name, _)| *name != "$ref") {
        match (joined.get_mut(name), part) {
            (None, _) => drop(joined.insert(name.clone(), room.copy(pointer, part)?)),
            (Some(Value::Array(shared)), Value::Array(_)) if name == "parameters" => {
                if let Value::Array(more) = room.copy(pointer, part)? {
                    shared.extend(more);
                }
            }
            (Some(_), _) => {}
        }
    }
    Ok(joined)
}

/// Removes the operations whose methods came with 3.2.
fn leave_out_methods(document: &mut Value, report: &mut Report) {
    for (path, item) in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(item) = item.as_object_mut() else { continue };
        let mut leave_out = |pointer: &str, method: &str| {
            report.left_out(pointer, format!("{method} {path}"), "the client has no such method");
        };
        let pointer = join("/paths", path);
        if take(item, "query").is_some() {
            leave_out(&join(&pointer, "query"), "QUERY");
        }
        let more = take(item, "additionalOperations");
        let pointer = join(&pointer, "additionalOperations");
        for (method, _) in more.iter().filter_map(Value::as_object).flatten() {
            leave_out(&join(&pointer, method), method);
        }
    }
}

/// Removes the parameters that are a whole query string (3.2), with the operations that cannot do without them.
fn leave_out_query_strings(document: &mut Value, report: &mut Report) {
    let query_strings = QueryStrings::of(document);
    for (path, item) in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(item) = item.as_object_mut() else { continue };
        let shared = query_strings.remove(item);
        for method in METHODS {
            let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else { continue };
            let pointer = join(&join("/paths", path), method);
            match query_strings.remove(operation).max(shared) {
                Some(true) => {
                    take(item, method);
                    let before = format!("{} {path}", method.to_uppercase());
                    report.left_out(&pointer, before, "the client cannot write the query string that it needs");
                }
                Some(false) => report.degraded(&pointer, "a query string as a parameter", "no such parameter"),
                None => {}
            }
        }
    }
    let parameters = document.pointer_mut("/components/parameters").and_then(Value::as_object_mut);
    if let Some(parameters) = parameters {
        parameters.retain(|_, parameter| query_strings.is_required(parameter).is_none());
    }
}

/// The references to parameters that are a whole query string, with whether they are required.
struct QueryStrings(HashMap<String, bool>);

impl QueryStrings {
    fn of(document: &mut Value) -> Self {
        let mut references = Vec::new();
        schemas::carriers(document, &mut |_, carrier| {
            references.extend(carrier.get("$ref").and_then(Value::as_str).map(str::to_owned))
        });
        let found = references.into_iter().filter_map(|reference| {
            let is_required = of_parameter(target(document, &reference)?)?;
            Some((reference, is_required))
        });
        Self(found.collect())
    }

    /// Removes them from the parameters of an operation or a path item. Returns whether one was required.
    fn remove(&self, holder: &mut Map<String, Value>) -> Option<bool> {
        let parameters = holder.get_mut("parameters")?.as_array_mut()?;
        let is_required = parameters.iter().filter_map(|parameter| self.is_required(parameter)).max();
        parameters.retain(|parameter| self.is_required(parameter).is_none());
        is_required
    }

    fn is_required(&self, parameter: &Value) -> Option<bool> {
        if let Some(reference) = parameter.get("$ref") {
            return self.0.get(reference.as_str()?).copied();
        }
        of_parameter(parameter)
    }
}

/// Tells whether a parameter that is a whole query string is required; `None` for any other.
fn of_parameter(parameter: &Value) -> Option<bool> {
    let is_one = parameter.get("in").and_then(Value::as_str) == Some("querystring");
    is_one.then(|| parameter.get("required") == Some(&Value::Bool(true)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::document;
    use super::*;

    fn paths(before: Value) -> (Value, Vec<String>) {
        let (mut after, changes) = document(before);
        (after["paths"].take(), changes)
    }

    #[test]
    fn a_path_item_stands_in_the_place_of_its_reference() {
        let (after, changes) = paths(json!({
            "paths": {
                "/a": {"$ref": "#/components/pathItems/a", "summary": "nearer", "parameters": [{"name": "q"}]},
                "/b": {"$ref": "#/paths/~1a"},
                "/c": {"$ref": "#/x-menage-files/0"},
            },
            "components": {"pathItems": {"a": {"get": {"responses": {}}, "summary": "a", "parameters": [{"name": "p"}]}}},
            "x-menage-files": [{"put": {"responses": {"200": {"content": {"a": {"schema": {"const": 1}}}}}}}],
        }));
        let item = json!({"summary": "nearer", "parameters": [{"name": "q"}, {"name": "p"}], "get": {"responses": {}}});
        assert_eq!(after["/a"], item);
        assert_eq!(after["/b"], item);
        assert_eq!(
            after["/c"]["put"]["responses"]["200"]["content"]["a"]["schema"],
            json!({"type": "integer", "enum": [1]})
        );
        let file = "adapted /x-menage-files/0/put/responses/200/content/a/schema";
        assert_eq!(changes, ["adapted /paths/~1c/put/responses/200/content/a/schema", file]);
    }

    #[test]
    fn a_path_item_that_cannot_be_found_is_left_out() {
        let (after, changes) = paths(json!({"openapi": "3.1.0", "paths": {
            "/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}, "/c": {"$ref": "#/nowhere", "get": {"responses": {}}},
            "/d": {"$ref": "other.json"}, "/e": {"$ref": 1}, "/f": {"$ref": "#/openapi"}, "/g": {"$ref": "#"},
        }}));
        assert_eq!(after["/c"], json!({"get": {"responses": {}}}));
        assert!(["/a", "/b", "/d", "/e", "/f", "/g"].iter().all(|path| after[*path] == json!({})), "{after}");
        assert_eq!(changes, ["a", "b", "c", "d", "e", "f", "g"].map(|name| format!("left out /paths/~1{name}")));
    }

    #[test]
    fn methods_of_3_2_are_left_out() {
        let item = json!({"query": {}, "additionalOperations": {"COPY": {}, "get": {}}, "get": {"responses": {}}});
        let (after, changes) = paths(json!({"paths": {"/a": item}}));
        assert_eq!(after, json!({"/a": {"get": {"responses": {}}}}));
        assert_eq!(
            changes,
            [
                "left out /paths/~1a/query",
                "left out /paths/~1a/additionalOperations/COPY",
                "left out /paths/~1a/additionalOperations/get",
            ]
        );
    }

    #[test]
    fn a_query_string_that_is_required_leaves_the_operation_out() {
        let whole = json!({"name": "q", "in": "querystring", "required": true});
        let (after, changes) = document(json!({
            "paths": {
                "/a": {"get": {"parameters": [whole]}, "post": {"responses": {}}},
                "/b": {"parameters": [{"$ref": "#/components/parameters/q"}], "get": {}, "put": {}},
            },
            "components": {"parameters": {"q": whole, "p": {"name": "p", "in": "query"}}},
        }));
        assert_eq!(after["paths"], json!({"/a": {"post": {"responses": {}}}, "/b": {"parameters": []}}));
        assert_eq!(after["components"]["parameters"], json!({"p": {"name": "p", "in": "query"}}));
        assert_eq!(changes, ["left out /paths/~1a/get", "left out /paths/~1b/get", "left out /paths/~1b/put"]);
    }

    #[test]
    fn a_query_string_that_may_be_missing_is_dropped() {
        let parameters = json!([{"name": "q", "in": "querystring"}, {"name": "p", "in": "query"}]);
        let (after, changes) = paths(json!({"paths": {"/a": {"get": {"parameters": parameters, "responses": {}}}}}));
        assert_eq!(after["/a"]["get"]["parameters"], json!([{"name": "p", "in": "query"}]));
        assert_eq!(changes, ["degraded /paths/~1a/get"]);
    }
}
