//! References within a document, and the JSON pointers in them.

use serde_json::Value;

use super::super::pointer::percent_decoded;

/// Visits the references that stand directly in a schema: its own and those of its discriminator.
pub(super) fn each_reference(schema: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    let Some(fields) = schema.as_object_mut() else { return };
    if let Some(Value::String(text)) = fields.get_mut("$ref") {
        visit(text);
    }
    let mapping = fields.get_mut("discriminator").and_then(|discriminator| discriminator.get_mut("mapping"));
    for (_, target) in mapping.and_then(Value::as_object_mut).into_iter().flatten() {
        if let Value::String(text) = target
            && text.contains('#')
        {
            visit(text);
        }
    }
}

/// Finds what a reference into the same document refers to.
pub(super) fn target<'d>(document: &'d Value, reference: &str) -> Option<&'d Value> {
    pointers_of(reference).filter(|pointer| !pointer.is_empty()).find_map(|pointer| document.pointer(&pointer))
}

/// Reads a reference into the same document as a JSON pointer: as it is written, then as it is meant to be (RFC 6901, 6).
pub(super) fn pointers_of(reference: &str) -> impl Iterator<Item = String> {
    let fragment = reference.strip_prefix('#').filter(|fragment| fragment.is_empty() || fragment.starts_with('/'));
    let meant = fragment
        .map(|fragment| percent_decoded(fragment).into_owned())
        .filter(|meant| Some(meant.as_str()) != fragment);
    fragment.map(str::to_owned).into_iter().chain(meant)
}

/// Lists a pointer's beginnings, the whole document first and the pointer itself last.
pub(super) fn ancestors(pointer: &str) -> impl Iterator<Item = &str> {
    let ends = pointer.match_indices('/').map(|(at, _)| at).chain([pointer.len()]);
    ends.filter_map(|end| pointer.get(..end))
}

/// Escapes what a reader would take for an escape.
pub(super) fn encoded(pointer: &str) -> String {
    pointer.replace('%', "%25")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_read_as_written_and_as_meant() {
        let document = json!({"a%20b": 1, "c d": 2, "é": 3, "e/f": 4, "%": 5, "": 6});
        for (reference, found) in [
            ("#/a%20b", Some(1)),
            ("#/c%20d", Some(2)),
            ("#/%C3%A9", Some(3)),
            ("#/e~1f", Some(4)),
            ("#/%25", Some(5)),
            ("#/%", Some(5)),
            ("#/", Some(6)),
            ("#/%zz", None),
            ("#/%ff", None),
            ("#", None),
            ("#a", None),
            ("", None),
            ("file#/e~1f", None),
        ] {
            assert_eq!(target(&document, reference).and_then(Value::as_i64), found, "{reference}");
        }
    }

    #[test]
    fn a_pointer_begins_with_the_whole_document() {
        assert_eq!(ancestors("/a/é/c").collect::<Vec<_>>(), ["", "/a", "/a/é", "/a/é/c"]);
        assert_eq!(ancestors("").collect::<Vec<_>>(), [""]);
    }
}
