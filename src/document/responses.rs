//! Answers: what a success is, and how it is read.

use serde_json::{Map, Value, json};

use super::hoist::base_name;
use super::media_types::{self, Kind};
use super::references::{components, reference_to, unique};
use super::report::{Refusal, Report, join};
use super::schemas;
use super::skeleton;

/// How an operation's success is read: `{read, accept, statuses}`; `read` is `json`, `string`, `text`, `optional`, `status`,
/// `bytes` or `empty`.
pub(crate) const ANSWER: &str = "x-menage-answer";
/// Marks a variant of an answer with the status at which it comes.
pub(crate) const STATUS: &str = "x-menage-status";

/// Leaves each operation with answers that are typed or not, and with one type for its successes.
///
/// Errors keep their schemas for the documentation and for `Error::json`; none reaches the generator. Where successes differ, the
/// type is a union by status.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let mut unions = Vec::new();
    let mut upgrades = Vec::new();
    schemas::operations(document, &mut |pointer, path, method, operation| {
        let answers = operation.get("responses").and_then(Value::as_object).cloned().unwrap_or_default();
        if answers.contains_key("101") && !answers.keys().any(|status| status.starts_with('2')) {
            upgrades.push(pointer.to_owned());
            return;
        }
        let pointer = join(pointer, "responses");
        let (successes, errors) = sorted(answers, method, &pointer, report);
        let whole = whole(&successes, &pointer, report);
        let mut responses = Map::new();
        for success in &successes {
            responses.insert(success.status.clone(), whole.answer(&success.description));
        }
        if let Whole::ByStatus(variants) = &whole {
            unions.push((pointer.clone(), format!("{}_answer", base_name(operation, path, method)), variants.clone()));
        }
        responses.extend(errors);
        operation["responses"] = Value::Object(responses);
        let statuses: Vec<_> = successes.iter().map(|success| success.status.clone()).collect();
        operation[ANSWER] =
            json!({"read": whole.reader(&successes), "accept": accept(&successes), "statuses": statuses});
    });
    for pointer in upgrades {
        report.left_out(&pointer, "an answer 101", "no operation: the SDK does not switch protocols");
        skeleton::remove(document, &pointer);
    }
    for (pointer, name, variants) in unions {
        let named = components(document)?;
        let name = unique(&name, |name| named.contains_key(name));
        report.adapted(&pointer, "successes of several types", format!("the component {name}, a union by status"));
        named.insert(name.clone(), json!({ "oneOf": variants }));
        let answers = document.pointer_mut(&pointer).and_then(Value::as_object_mut);
        for (_, answer) in answers.into_iter().flatten().filter(|(status, _)| status.starts_with('2')) {
            answer["content"] = json!({"application/json": {"schema": reference_to(&name)}});
        }
    }
    Ok(())
}

/// What one status answers.
struct Success {
    status: String,
    description: String,
    media_type: String,
    body: Body,
}

#[derive(Clone, Debug, PartialEq)]
enum Body {
    Empty,
    Json(Value),
    Text,
    Bytes,
}

/// What all successes of an operation answer.
enum Whole {
    One(Body),
    Optional(Value),
    ByStatus(Vec<Value>),
}

/// Tells the successes from the other answers. A `default` is a success only if there is no other.
fn sorted(
    answers: Map<String, Value>,
    method: &str,
    pointer: &str,
    report: &mut Report,
) -> (Vec<Success>, Map<String, Value>) {
    let mut successes = Vec::new();
    let mut errors = Map::new();
    let mut default = None;
    for (status, answer) in answers {
        let pointer = join(pointer, &status);
        let status = status.trim().to_uppercase();
        let is_status =
            status.len() == 3 && matches!(status.as_bytes(), [b'1'..=b'5', b'0'..=b'9' | b'X', b'0'..=b'9' | b'X']);
        match status.as_str() {
            "DEFAULT" => default = Some(answer),
            _ if status.starts_with("X-") => {}
            _ if !is_status => report.degraded(&pointer, format!("an answer {status:?}"), "nothing: it is no status"),
            _ if successes.iter().any(|success: &Success| success.status == status) => {
                report.adapted(&pointer, format!("a second answer {status}"), "nothing: the first one stays");
            }
            _ if status.starts_with('2') => successes.push(success(status, &answer, method, &pointer, report)),
            _ if status.starts_with('1') || status.starts_with('3') => {}
            _ => drop(errors.insert(status, error(&answer))),
        }
    }
    if successes.is_empty() {
        let answer = default.unwrap_or_else(|| json!({"content": {"*/*": {}}}));
        successes.push(success("2XX".to_owned(), &answer, method, &join(pointer, "default"), report));
    } else if let Some(answer) = default {
        errors.insert("default".to_owned(), error(&answer));
    }
    successes.sort_by(|one, other| one.status.cmp(&other.status));
    (successes, errors)
}

fn success(status: String, answer: &Value, method: &str, pointer: &str, report: &mut Report) -> Success {
    let description = answer.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let content = answer.get("content").and_then(Value::as_object);
    let chosen = content.and_then(|content| media_types::choose(content, &[Kind::Json, Kind::Text]));
    // Neither has a body (RFC 9110, 9.3.2, 15.3.5 and 15.3.6).
    let has_none = method == "head" || status == "204" || status == "205";
    let Some((media_type, kind, schema)) = chosen.filter(|_| !has_none) else {
        return Success { status, description, media_type: String::new(), body: Body::Empty };
    };
    let others: Vec<_> =
        content.into_iter().flatten().map(|(name, _)| name.as_str()).filter(|name| *name != media_type).collect();
    let schema = schema.cloned().unwrap_or_else(|| json!({}));
    let body = match kind {
        Kind::Json => Body::Json(schema),
        Kind::Text => Body::Text,
        Kind::Form | Kind::Multipart | Kind::Bytes => Body::Bytes,
    };
    if !others.is_empty() && body != Body::Bytes {
        let after = format!("{media_type} alone, without {}", others.join(", "));
        report.degraded(&join(pointer, "content"), format!("an answer of {} types", others.len() + 1), after);
    }
    let media_type = match (&body, content) {
        (Body::Bytes, Some(content)) => {
            content.keys().map(|name| media_types::header(name, Kind::Bytes)).collect::<Vec<_>>().join(", ")
        }
        _ => media_types::header(media_type, kind),
    };
    Success { status, description, media_type, body }
}

/// An answer that is no success, with its schema if it is JSON.
fn error(answer: &Value) -> Value {
    let content = answer.get("content").and_then(Value::as_object);
    let schema = content
        .and_then(|content| media_types::choose(content, &[Kind::Json]))
        .and_then(|(_, kind, schema)| schema.filter(|_| kind == Kind::Json));
    let description = answer.get("description").and_then(Value::as_str).unwrap_or_default();
    match schema {
        Some(schema) => json!({"description": description, "content": {"application/json": {"schema": schema}}}),
        None => json!({ "description": description }),
    }
}

fn whole(successes: &[Success], pointer: &str, report: &mut Report) -> Whole {
    let bodies = || successes.iter().map(|success| &success.body);
    let mut distinct: Vec<&Body> = Vec::new();
    for body in bodies() {
        if !distinct.contains(&body) {
            distinct.push(body);
        }
    }
    match distinct.as_slice() {
        [] => Whole::One(Body::Empty),
        [one] => Whole::One((*one).clone()),
        _ if distinct.contains(&&Body::Bytes) => {
            if distinct.iter().any(|body| matches!(body, Body::Json(_) | Body::Text)) {
                report.degraded(pointer, "successes of which one is bytes", "the bytes of each");
            }
            Whole::One(Body::Bytes)
        }
        [Body::Empty, Body::Json(schema)] | [Body::Json(schema), Body::Empty] if !is_plain_text(schema) => {
            Whole::Optional(schema.clone())
        }
        _ => Whole::ByStatus(successes.iter().map(variant).collect()),
    }
}

fn variant(success: &Success) -> Value {
    let mut variant = match &success.body {
        Body::Json(schema) if is_plain_text(schema) => json!({"type": "string", (TEXT): "json"}),
        Body::Json(schema) => schema.clone(),
        Body::Text => json!({"type": "string", (TEXT): true}),
        Body::Empty | Body::Bytes => json!({(EMPTY): true}),
    };
    variant[STATUS] = success.status.as_str().into();
    variant
}

/// Marks a variant without a body.
pub(crate) const EMPTY: &str = "x-menage-empty";
/// A text without a format, which Java frameworks send as it is even where they say JSON.
fn is_plain_text(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "string") && schema.get("format").is_none()
}

/// Marks a variant that is text as it is, or with `json` one that may be.
pub(crate) const TEXT: &str = "x-menage-text";

impl Whole {
    fn answer(&self, description: &str) -> Value {
        let content = match self {
            Self::One(Body::Json(schema)) => json!({"application/json": {"schema": schema}}),
            Self::One(Body::Text) => json!({"application/json": {"schema": {"type": "string"}}}),
            Self::One(Body::Bytes) => json!({"application/octet-stream": {}}),
            Self::Optional(schema) => {
                let mut schema = schema.clone();
                schema["nullable"] = true.into();
                json!({"application/json": {"schema": schema}})
            }
            Self::One(Body::Empty) | Self::ByStatus(_) => json!({}),
        };
        json!({"description": description, "content": content})
    }

    fn reader(&self, successes: &[Success]) -> &'static str {
        match self {
            Self::One(Body::Json(schema)) if is_plain_text(schema) => "string",
            Self::One(Body::Json(_)) => "json",
            Self::One(Body::Text) => "text",
            Self::One(Body::Bytes) => "bytes",
            Self::One(Body::Empty) if successes.is_empty() => "bytes",
            Self::One(Body::Empty) => "empty",
            Self::Optional(_) => "optional",
            Self::ByStatus(_) => "status",
        }
    }
}

fn accept(successes: &[Success]) -> String {
    let mut types: Vec<&str> = Vec::new();
    for success in successes {
        let media_type = success.media_type.as_str();
        if !media_type.is_empty() && !types.contains(&media_type) {
            types.push(media_type);
        }
    }
    types.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(method: &str, responses: Value) -> (Value, Value, Vec<String>) {
        let mut document = json!({"paths": {"/a": {(method): {"operationId": "op", "responses": responses}}}});
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        let changes = report.changes().iter().map(ToString::to_string).collect();
        (document["paths"]["/a"][method].take(), document["components"].take(), changes)
    }

    fn json_of(schema: Value) -> Value {
        json!({"description": "d", "content": {"application/json": {"schema": schema}}})
    }

    fn read(responses: Value) -> (String, String, Value) {
        let (operation, _, _) = applied("get", responses);
        let text = |key: &str| operation[ANSWER][key].as_str().unwrap().to_owned();
        (text("read"), text("accept"), operation[ANSWER]["statuses"].clone())
    }

    #[test]
    fn successes_of_one_type_are_read_as_it_says() {
        let object = || json!({"$ref": "#/components/schemas/A"});
        for (responses, expected) in [
            (json!({"200": json_of(object()), "404": {}, "default": {}}), ("json", "application/json", json!(["200"]))),
            (json!({"200": json_of(json!({"type": "string"}))}), ("string", "application/json", json!(["200"]))),
            (json!({"200": {"content": {"text/plain": {}}}}), ("text", "text/plain", json!(["200"]))),
            (json!({"200": {"content": {"*/*": {"schema": object()}}}}), ("json", "application/json", json!(["200"]))),
            (
                json!({"200": {"content": {"application/hal+json": {"schema": object()}}}}),
                ("json", "application/hal+json", json!(["200"])),
            ),
            (
                json!({"200": {"content": {"application/json": {"example": 3}}}}),
                ("json", "application/json", json!(["200"])),
            ),
            (
                json!({"200": {"content": {"application/pdf": {}, "image/*": {}}}}),
                ("bytes", "application/pdf, application/octet-stream", json!(["200"])),
            ),
            (json!({"204": json_of(object())}), ("empty", "", json!(["204"]))),
            (json!({"200": {"content": {}}}), ("empty", "", json!(["200"]))),
            (
                json!({"200": json_of(object()), "201": json_of(object())}),
                ("json", "application/json", json!(["200", "201"])),
            ),
            (json!({"2xx": json_of(object()), "2XX": {}}), ("json", "application/json", json!(["2XX"]))),
            (
                json!({"200": json_of(json!({"type": "string"})), "204": {}}),
                ("status", "application/json", json!(["200", "204"])),
            ),
            (json!({"200": json_of(object()), "201": {}}), ("optional", "application/json", json!(["200", "201"]))),
            (
                json!({"200": json_of(object()), "201": {"content": {"application/pdf": {}}}}),
                ("bytes", "application/json, application/pdf", json!(["200", "201"])),
            ),
            (json!({"default": json_of(object()), "x-of-theirs": {}}), ("json", "application/json", json!(["2XX"]))),
            (json!({"404": {}}), ("bytes", "application/octet-stream", json!(["2XX"]))),
            (json!({}), ("bytes", "application/octet-stream", json!(["2XX"]))),
        ] {
            let (reader, accept, statuses) = expected;
            assert_eq!(read(responses.clone()), (reader.to_owned(), accept.to_owned(), statuses), "{responses}");
        }
    }

    #[test]
    fn successes_of_several_types_are_a_union_by_status() {
        let responses =
            json!({"200": json_of(json!({"type": "integer"})), "202": json_of(json!({"type": "boolean"})), "204": {}});
        let (operation, components, _) = applied("post", responses);
        assert_eq!(operation["responses"]["204"]["content"]["application/json"]["schema"], reference_to("op_answer"));
        assert_eq!(operation[ANSWER]["read"], "status");
        assert_eq!(
            components["schemas"]["op_answer"]["oneOf"],
            json!([
                {"type": "integer", "x-menage-status": "200"},
                {"type": "boolean", "x-menage-status": "202"},
                {"x-menage-empty": true, "x-menage-status": "204"},
            ])
        );
    }

    #[test]
    fn errors_keep_their_schema_and_nothing_else() {
        let (operation, _, _) = applied(
            "get",
            json!({"200": {}, "4xx": json_of(json!({"type": "object"})), "500": {"content": {"text/html": {}}}, "302": {}}),
        );
        assert_eq!(
            operation["responses"],
            json!({
                "200": {"description": "", "content": {}},
                "4XX": {"description": "d", "content": {"application/json": {"schema": {"type": "object"}}}},
                "500": {"description": ""},
            })
        );
    }

    #[test]
    fn an_answer_to_head_has_no_body() {
        let (operation, _, _) = applied("head", json!({"200": json_of(json!({}))}));
        assert_eq!(operation[ANSWER]["read"], "empty");
    }

    #[test]
    fn an_operation_that_switches_protocols_is_left_out() {
        let (operation, _, changes) = applied("get", json!({"101": {}}));
        assert_eq!(operation, Value::Null);
        assert!(changes[0].starts_with("left out"), "{changes:?}");
    }

    #[test]
    fn what_is_no_status_is_named() {
        let (operation, _, changes) = applied("get", json!({"200": {}, "ok": {}, "99999": {}}));
        assert_eq!(operation["responses"].as_object().unwrap().len(), 1);
        assert_eq!(changes.len(), 2);
    }
}
