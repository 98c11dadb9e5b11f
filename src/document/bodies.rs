//! Request bodies: one media type for each operation, and how the body is written.

use serde_json::{Map, Value, json};

use super::media_types::{self, Kind};
use super::parameters::DELIMITER;
use super::report::{Refusal, Report, join};
use super::schemas;
use super::skeleton;
use super::unions::resolve;

/// How an operation's body is sent: `{kind, type, optional, delimited, types}`.
pub(crate) const BODY: &str = "x-menage-body";
/// The format of a part that is a file.
pub(crate) const FILE: &str = "x-menage-file";

/// Leaves each operation with one body at most, under `application/json` where it is typed and as bytes where it is not, and
/// says beside it how it really goes out.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let components = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let mut left_out = Vec::new();
    schemas::operations(document, &mut |pointer, _, _, operation| {
        let Some(body) = operation.as_object_mut().and_then(|operation| operation.remove("requestBody")) else {
            return;
        };
        let pointer = join(pointer, "requestBody");
        match settled(&components, &body, &pointer, report) {
            Ok(Some((body, how))) => {
                operation["requestBody"] = body;
                operation[BODY] = how;
            }
            Ok(None) => {}
            Err(media_type) => left_out.push((pointer, media_type)),
        }
    });
    for (pointer, media_type) in left_out {
        let place = pointer.trim_end_matches("/requestBody");
        report.left_out(place, format!("a body of the type {media_type}"), "no operation: its parts cannot be written");
        skeleton::remove(document, place);
    }
    Ok(())
}

/// The body as the generator reads it, and how it is sent; or the media type that cannot be written.
fn settled(
    components: &Value,
    body: &Value,
    pointer: &str,
    report: &mut Report,
) -> Result<Option<(Value, Value)>, String> {
    const ORDER: [Kind; 4] = [Kind::Json, Kind::Form, Kind::Multipart, Kind::Text];
    let Some(content) = body.get("content").and_then(Value::as_object) else { return Ok(None) };
    let Some((media_type, kind, schema)) = media_types::choose(content, &ORDER) else { return Ok(None) };
    if kind == Kind::Bytes && media_type.to_lowercase().starts_with("multipart/") {
        return Err(media_type.to_owned());
    }
    if content.len() > 1 {
        let others: Vec<_> = content.keys().filter(|other| *other != media_type).map(String::as_str).collect();
        report.degraded(
            &join(pointer, "content"),
            format!("bodies of {} types", content.len()),
            format!("{media_type} alone, without {}", others.join(", ")),
        );
    }
    let encoding = content.get(media_type).and_then(|content| content.get("encoding")).and_then(Value::as_object);
    let (name, schema) = match kind {
        Kind::Json => ("json", schema.cloned().unwrap_or_else(|| json!({}))),
        Kind::Form => ("form", fields(components, schema)),
        Kind::Multipart => ("multipart", parts(components, schema)),
        Kind::Text | Kind::Bytes => ("bytes", json!({"type": "string", "format": "binary"})),
    };
    let optional = body.get("required") != Some(&Value::Bool(true));
    let how = json!({
        "kind": name,
        "type": media_types::header(media_type, kind),
        "optional": optional,
        "delimited": encodings(encoding, delimiter),
        "types": encodings(encoding, |one| one.get("contentType")?.as_str()),
    });
    let generated = if name == "bytes" { "application/octet-stream" } else { "application/json" };
    Ok(Some((json!({"content": {(generated): {"schema": schema}}, "required": true}), how)))
}

/// What stands between the items of a list that is not written item by item.
fn delimiter(encoding: &Value) -> Option<&str> {
    if encoding.get("explode") != Some(&Value::Bool(false)) {
        return None;
    }
    match (encoding.get(DELIMITER).and_then(Value::as_str), encoding.get("style").and_then(Value::as_str)) {
        (Some(delimiter), _) => Some(delimiter),
        (_, Some("spaceDelimited")) => Some(" "),
        (_, Some("pipeDelimited")) => Some("|"),
        _ => Some(","),
    }
}

fn encodings<'a>(encoding: Option<&'a Map<String, Value>>, what: impl Fn(&'a Value) -> Option<&'a str>) -> Value {
    let entries = encoding.into_iter().flatten().filter_map(|(name, one)| Some((name.clone(), what(one)?.into())));
    Value::Object(entries.collect())
}

/// A form is an object; one that the document does not describe takes any fields.
fn fields(components: &Value, schema: Option<&Value>) -> Value {
    match schema {
        Some(schema) if resolve(components, schema).get("type").is_some_and(|kind| kind == "object") => schema.clone(),
        _ => json!({"type": "object", "additionalProperties": {}}),
    }
}

/// A copy of the schema in which what is binary is a file: elsewhere, the same schema may be written as JSON.
fn parts(components: &Value, schema: Option<&Value>) -> Value {
    let schema = fields(components, schema);
    let mut parts = resolve(components, &schema).clone();
    for (_, part) in parts.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        let whole = resolve(components, part).clone();
        if is_binary(&whole) {
            let nullable = part.get("nullable").cloned();
            *part = json!({"type": "string", "format": FILE});
            if let Some(nullable) = nullable {
                part["nullable"] = nullable;
            }
        } else if whole.get("items").is_some_and(|items| is_binary(resolve(components, items))) {
            *part = json!({"type": "array", "items": {"type": "string", "format": FILE}});
        }
    }
    parts
}

fn is_binary(schema: &Value) -> bool {
    schema.get("format").is_some_and(|format| format == "binary")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(body: Value) -> (Value, Vec<String>) {
        let mut document = json!({
            "paths": {"/a": {"post": {"requestBody": body}}},
            "components": {"schemas": {"Upload": {"type": "object", "properties": {
                "file": {"type": "string", "format": "binary"},
                "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                "name": {"type": "string"},
            }}}},
        });
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        (document["paths"]["/a"]["post"].take(), report.changes().iter().map(ToString::to_string).collect())
    }

    fn how(media_type: &str, schema: Value) -> (String, String, Value) {
        let (mut operation, _) = applied(json!({"content": {(media_type): {"schema": schema}}, "required": true}));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let schema =
            operation["requestBody"]["content"].as_object_mut().unwrap().values_mut().next().unwrap()["schema"].take();
        (text(&operation[BODY]["kind"]), text(&operation[BODY]["type"]), schema)
    }

    #[test]
    fn each_media_type_is_written_in_its_way() {
        let any = || json!({});
        let upload = || json!({"$ref": "#/components/schemas/Upload"});
        assert_eq!(
            how("application/merge-patch+json", upload()),
            ("json".into(), "application/merge-patch+json".into(), upload())
        );
        assert_eq!(how("*/*", any()), ("json".into(), "application/json".into(), any()));
        assert_eq!(how("application/x-www-form-urlencoded", upload()).2, upload());
        assert_eq!(
            how("application/x-www-form-urlencoded", any()).2,
            json!({"type": "object", "additionalProperties": {}})
        );
        assert_eq!(how("text/plain", any()).0, "bytes");
        assert_eq!(how("application/pdf", any()).1, "application/pdf");
        let (kind, _, schema) = how("multipart/form-data", upload());
        assert_eq!(kind, "multipart");
        assert_eq!(schema["properties"]["file"]["format"], FILE);
        assert_eq!(schema["properties"]["files"]["items"]["format"], FILE);
        assert_eq!(schema["properties"]["name"], json!({"type": "string"}));
    }

    #[test]
    fn of_several_types_json_is_kept_and_the_others_are_named() {
        let (operation, changes) =
            applied(json!({"content": {"multipart/form-data": {}, "application/json": {"schema": {}}}}));
        assert_eq!(operation[BODY]["kind"], "json");
        assert_eq!(operation[BODY]["optional"], true);
        assert_eq!(changes.len(), 1);
        assert!(changes[0].contains("multipart/form-data"), "{changes:?}");
    }

    #[test]
    fn how_parts_are_encoded_is_kept() {
        let content = json!({"schema": {}, "encoding": {"a": {"contentType": "image/png"}, "b": {"explode": false}, "c": 3, "d": {"explode": false, "style": "pipeDelimited"}}});
        let (operation, _) = applied(json!({"content": {"multipart/form-data": content}}));
        assert_eq!(operation[BODY]["types"], json!({"a": "image/png"}));
        assert_eq!(operation[BODY]["delimited"], json!({"b": ",", "d": "|"}));
    }

    #[test]
    fn parts_that_cannot_be_written_leave_the_operation_out() {
        let (operation, changes) = applied(json!({"content": {"multipart/mixed": {}}}));
        assert_eq!(operation, Value::Null);
        assert!(changes[0].starts_with("left out"), "{changes:?}");
    }

    #[test]
    fn a_body_without_content_is_none() {
        for body in [json!({}), json!({"content": {}}), json!("hostile"), json!({"content": 3})] {
            assert_eq!(applied(body).0, json!({}));
        }
    }
}
