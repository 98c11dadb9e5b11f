//! Media types: which of those that a document lists the client speaks, and how.

use serde_json::{Map, Value};

/// How a body of a media type is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Form,
    Multipart,
    Text,
    Bytes,
}

/// Judges a media type (RFC 9110, 8.3.1) and the schema that stands under it.
pub(super) fn kind_of(media_type: &str, schema: Option<&Value>) -> Kind {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    let is_binary = schema.is_some_and(|schema| schema.get("format").is_some_and(|format| format == "binary"));
    match essence.as_str() {
        _ if is_binary && essence != "multipart/form-data" => Kind::Bytes,
        "application/json" | "text/json" | "application/x-json" => Kind::Json,
        // A range with a schema: what a Java framework writes where nobody said which. It is JSON.
        "*/*" | "application/*" | "*" | "" if schema.is_some() => Kind::Json,
        "application/x-www-form-urlencoded" => Kind::Form,
        "multipart/form-data" => Kind::Multipart,
        "text/plain" => Kind::Text,
        _ if essence.ends_with("+json") => Kind::Json,
        _ => Kind::Bytes,
    }
}

/// Chooses one of the media types of a `content`: JSON before all others.
pub(super) fn choose<'a>(
    content: &'a Map<String, Value>,
    order: &[Kind],
) -> Option<(&'a str, Kind, Option<&'a Value>)> {
    let all = || {
        content.iter().map(|(media_type, value)| {
            let schema = value.get("schema").filter(|schema| schema.is_object());
            (media_type.as_str(), kind_of(media_type, schema), schema)
        })
    };
    order.iter().find_map(|wanted| all().find(|(_, kind, _)| kind == wanted)).or_else(|| all().next())
}

/// Names a media type in a header: ranges and what no header may hold become the type that is meant.
pub(super) fn header(media_type: &str, kind: Kind) -> String {
    let is_plain = media_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && media_type.contains('/');
    match kind {
        _ if is_plain && !media_type.contains('*') => media_type.trim().to_owned(),
        Kind::Json => "application/json".to_owned(),
        Kind::Form => "application/x-www-form-urlencoded".to_owned(),
        Kind::Multipart => "multipart/form-data".to_owned(),
        Kind::Text => "text/plain".to_owned(),
        Kind::Bytes => "application/octet-stream".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn media_types_are_judged_by_their_essence_and_schema() {
        let object = json!({"type": "object"});
        let binary = json!({"type": "string", "format": "binary"});
        for (media_type, schema, kind) in [
            ("application/json", None, Kind::Json),
            ("Application/JSON; charset=utf-8", Some(&object), Kind::Json),
            ("application/hal+json", Some(&object), Kind::Json),
            ("*/*", Some(&object), Kind::Json),
            ("*/*", Some(&binary), Kind::Bytes),
            ("*/*", None, Kind::Bytes),
            ("application/json", Some(&binary), Kind::Bytes),
            ("text/plain;charset=UTF-8", None, Kind::Text),
            ("application/xml", Some(&object), Kind::Bytes),
            ("multipart/form-data", Some(&binary), Kind::Multipart),
            ("multipart/mixed", None, Kind::Bytes),
        ] {
            assert_eq!(kind_of(media_type, schema), kind, "{media_type}");
        }
    }

    #[test]
    fn json_comes_first_wherever_it_stands() {
        let content = json!({"audio/x-wav": {}, "application/problem+json": {"schema": {"type": "object"}}});
        let content = content.as_object().unwrap();
        let (media_type, kind, schema) = choose(content, &[Kind::Json, Kind::Text]).unwrap();
        assert_eq!((media_type, kind, schema.is_some()), ("application/problem+json", Kind::Json, true));
        assert_eq!(choose(content, &[Kind::Form]).unwrap().0, content.keys().next().unwrap());
        assert_eq!(choose(&Map::new(), &[Kind::Json]), None);
    }

    #[test]
    fn a_range_is_named_by_what_is_meant() {
        assert_eq!(header("*/*", Kind::Json), "application/json");
        assert_eq!(header("application/json;charset=utf-8", Kind::Json), "application/json;charset=utf-8");
        assert_eq!(header("image/*", Kind::Bytes), "application/octet-stream");
        assert_eq!(header("téxt/plain", Kind::Text), "text/plain");
    }
}
