//! Strings that hold the bytes of something else.

use serde_json::{Map, Value, json};

/// Writes the contents of a string as a format.
pub(super) fn adapt(fields: &mut Map<String, Value>) {
    let encoding = fields.remove("contentEncoding");
    let media_type = fields.remove("contentMediaType");
    fields.remove("contentSchema");
    if encoding.is_none() && media_type.is_none() || !may_be_string(fields) {
        return;
    }
    let format = match (encoding.as_ref().and_then(Value::as_str), media_type.as_ref().and_then(Value::as_str)) {
        (Some("base64"), _) => Some("byte"),
        (None, Some(media_type)) if !is_text(media_type) => Some("binary"),
        _ => None,
    };
    fields.entry("type").or_insert_with(|| json!("string"));
    if let Some(format) = format {
        fields.entry("format").or_insert_with(|| json!(format));
    }
}

fn may_be_string(fields: &Map<String, Value>) -> bool {
    let is_composed =
        ["$ref", "allOf", "anyOf", "oneOf", "properties", "items"].iter().any(|key| fields.contains_key(*key));
    match fields.get("type") {
        Some(Value::Array(types)) => types.contains(&json!("string")),
        Some(stated) => *stated == json!("string"),
        None => !is_composed,
    }
}

/// Whether content of a media type is text within text.
fn is_text(media_type: &str) -> bool {
    let media_type = media_type.to_ascii_lowercase();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/") || ["json", "xml", "javascript"].iter().any(|kind| essence.ends_with(kind))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::schema;

    #[test]
    fn encodings_and_media_types_are_formats() {
        for (before, after) in [
            (json!({"type": "string", "contentEncoding": "base64"}), json!({"type": "string", "format": "byte"})),
            (
                json!({"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}),
                json!({"type": "string", "format": "byte"}),
            ),
            (json!({"type": "string", "contentEncoding": "quoted-printable"}), json!({"type": "string"})),
            (
                json!({"type": "string", "contentMediaType": "application/octet-stream"}),
                json!({"type": "string", "format": "binary"}),
            ),
            (json!({"contentMediaType": "image/png"}), json!({"type": "string", "format": "binary"})),
            (json!({"type": "string", "contentMediaType": "text/html; charset=utf-8"}), json!({"type": "string"})),
            (
                json!({"type": "string", "contentMediaType": "application/json", "contentSchema": {"type": "object"}}),
                json!({"type": "string"}),
            ),
            (
                json!({"type": "string", "format": "uuid", "contentEncoding": "base64"}),
                json!({"type": "string", "format": "uuid"}),
            ),
            (
                json!({"type": ["string", "null"], "contentEncoding": "base64"}),
                json!({"type": "string", "nullable": true, "format": "byte"}),
            ),
            (json!({"type": "object", "contentMediaType": "image/png"}), json!({"type": "object"})),
            (json!({"properties": {}, "contentEncoding": "base64"}), json!({"properties": {}})),
        ] {
            assert_eq!(schema(before).0, after);
        }
    }
}
