//! What came with 3.2 for contents: media types by reference, streams of items, cookies in their own style.

use serde_json::{Value, json};

use super::super::report::{Refusal, Report};
use super::super::schemas;
use super::pointers::target;
use super::{Room, quote};

/// A media type that refers to another that refers to another: more than this is a circle.
const CHAIN: usize = 16;

/// Copies the media types that are referred to into the contents that refer to them.
pub(super) fn inline(document: &mut Value, room: &mut Room, report: &mut Report) -> Result<(), Refusal> {
    let mut references = Vec::new();
    schemas::carriers(document, &mut |pointer, carrier| {
        if is_media_type(pointer)
            && let Some(reference) = carrier.get("$ref")
        {
            references.push((pointer.to_owned(), reference.clone()));
        }
    });
    // All are found before any is put in its place: parts that refer to each other would grow without end.
    let mut copies = Vec::new();
    for (pointer, reference) in references {
        let found = resolved(document, &reference).map(|media_type| room.copy(&pointer, media_type)).transpose()?;
        if found.is_none() {
            report.degraded(&pointer, quote("$ref", &reference), "any content: no media type stands there");
        }
        copies.push((pointer, found.unwrap_or_else(|| json!({}))));
    }
    for (pointer, media_type) in copies {
        if let Some(place) = document.pointer_mut(&pointer) {
            *place = media_type;
        }
    }
    Ok(())
}

/// Writes contents as 3.0 has them.
pub(super) fn adapt(document: &mut Value, report: &mut Report) {
    schemas::carriers(document, &mut |pointer, carrier| {
        let Some(fields) = carrier.as_object_mut() else { return };
        if let Some(item) = fields.remove("itemSchema") {
            report.degraded(pointer, quote("itemSchema", &item), "the bytes of the stream");
            fields.insert("schema".to_owned(), json!({"type": "string", "format": "binary"}));
        }
        // The style `form` differs in how it escapes only.
        if fields.get("style").and_then(Value::as_str) == Some("cookie") {
            fields.insert("style".to_owned(), json!("form"));
        }
    });
}

fn is_media_type(pointer: &str) -> bool {
    pointer.rsplit('/').nth(1) == Some("content")
}

fn resolved<'d>(document: &'d Value, reference: &Value) -> Option<&'d Value> {
    let mut found = target(document, reference.as_str()?)?;
    for _ in 0..CHAIN {
        match found.get("$ref") {
            Some(reference) => found = target(document, reference.as_str()?)?,
            None => return found.is_object().then_some(found),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::document;
    use super::*;

    fn content(before: Value) -> (Value, Vec<String>) {
        let types = json!({"a": {"schema": {"type": "string"}}, "b": {"$ref": "#/components/mediaTypes/a"}, "c": {"$ref": "#/components/mediaTypes/c"}});
        let (mut after, changes) = document(json!({
            "paths": {"/a": {"get": {"responses": {"200": {"content": before}}}}}, "components": {"mediaTypes": types},
        }));
        (after["paths"]["/a"]["get"]["responses"]["200"]["content"].take(), changes)
    }

    #[test]
    fn a_media_type_stands_in_the_place_of_its_reference() {
        let text = json!({"schema": {"type": "string"}});
        let references =
            json!({"text/a": {"$ref": "#/components/mediaTypes/a"}, "text/b": {"$ref": "#/components/mediaTypes/b"}});
        assert_eq!(content(references), (json!({"text/a": text, "text/b": text}), vec![]));
    }

    #[test]
    fn a_media_type_that_cannot_be_found_is_any_content() {
        let references =
            json!({"a": {"$ref": "#/components/mediaTypes/c"}, "b": {"$ref": "#/nowhere"}, "c": {"$ref": 1}});
        let (after, changes) = content(references);
        assert_eq!(after, json!({"a": {}, "b": {}, "c": {}}));
        let place = "degraded /paths/~1a/get/responses/200/content";
        assert_eq!(changes, ["a", "b", "c"].map(|name| format!("{place}/{name}")));
    }

    #[test]
    fn media_types_that_hold_each_other_do_not_grow_without_end() {
        let holder =
            json!({"content": {"a": {"$ref": "#/components/responses/r"}, "b": {"$ref": "#/components/responses/r"}}});
        let (after, _) = document(json!({"components": {"responses": {"r": holder}}}));
        let held = json!({"content": {"a": holder, "b": holder}});
        assert_eq!(after["components"]["responses"]["r"], held);
    }

    #[test]
    fn a_stream_of_items_is_its_bytes() {
        let (after, changes) =
            content(json!({"application/jsonl": {"itemSchema": {"type": ["object"]}, "itemEncoding": {}}}));
        assert_eq!(after["application/jsonl"]["schema"], json!({"type": "string", "format": "binary"}));
        assert_eq!(after["application/jsonl"].get("itemSchema"), None);
        assert_eq!(changes, ["degraded /paths/~1a/get/responses/200/content/application~1jsonl"]);
    }

    #[test]
    fn a_cookie_in_its_own_style_is_a_form() {
        let (after, _) =
            document(json!({"paths": {"/a": {"get": {"parameters": [{"in": "cookie", "style": "cookie"}]}}}}));
        assert_eq!(after["paths"]["/a"]["get"]["parameters"][0]["style"], json!("form"));
    }
}
