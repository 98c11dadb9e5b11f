//! The record of a document's way to the generator: what was changed in it, or why it is refused.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::change::{Change, Effect};

/// Says why no client can be made of a document, and where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pointer: String,
    reason: String,
}

impl Refusal {
    pub(crate) fn new(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), reason: reason.into() }
    }

    /// Returns the place: a JSON pointer, or a line and column, or nothing where the whole document is meant.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.reason),
            pointer => write!(f, "at {pointer}: {}", self.reason),
        }
    }
}

impl std::error::Error for Refusal {}

/// Collects the changes of all passes.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pass: &'static str,
    changes: Vec<Change>,
    /// Places that were moved, and where they stood before.
    moved: BTreeMap<String, String>,
}

impl Report {
    /// Names the pass whose changes follow.
    pub(crate) fn begin(&mut self, pass: &'static str) {
        self.pass = pass;
    }

    pub(crate) fn adapted(&mut self, pointer: &str, before: impl Into<String>, after: impl Into<String>) {
        self.add(Effect::Adapted, pointer, before.into(), after.into());
    }

    pub(crate) fn degraded(&mut self, pointer: &str, before: impl Into<String>, after: impl Into<String>) {
        self.add(Effect::Degraded, pointer, before.into(), after.into());
    }

    pub(crate) fn left_out(&mut self, pointer: &str, before: impl Into<String>, after: impl Into<String>) {
        self.add(Effect::LeftOut, pointer, before.into(), after.into());
    }

    /// Tells that what stands at a pointer now stood at another before: changes are told where the document has them.
    pub(crate) fn moved(&mut self, to: &str, from: &str) {
        self.moved_together(vec![(to.to_owned(), from.to_owned())]);
    }

    /// The same for places that were moved at once, some to where others stood.
    pub(crate) fn moved_together(&mut self, places: Vec<(String, String)>) {
        let places = places.into_iter().filter(|(to, from)| to != from);
        let origins: Vec<_> = places.map(|(to, from)| (to, self.origin(&from))).collect();
        self.moved.extend(origins);
    }

    /// Finds where the document has what stands at a pointer now.
    fn origin(&self, pointer: &str) -> String {
        let ends = std::iter::once(pointer.len()).chain(pointer.rmatch_indices('/').map(|(end, _)| end));
        let found = ends.filter_map(|end| Some((self.moved.get(&pointer[..end])?, end))).next();
        found.map_or_else(|| pointer.to_owned(), |(from, end)| format!("{from}{}", &pointer[end..]))
    }

    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    fn add(&mut self, effect: Effect, pointer: &str, before: String, after: String) {
        let pointer = self.origin(pointer);
        let change = Change {
            pass: self.pass.into(),
            pointer: pointer.into(),
            effect,
            before: before.into(),
            after: after.into(),
        };
        self.changes.push(change);
    }
}

/// Writes a value in at most 80 characters.
pub(crate) fn short(value: &Value) -> String {
    const ROOM: usize = 80;
    let text = match value {
        // Written out, a large one would only be cut.
        Value::Object(fields) if fields.len() > 20 => format!("an object of {} fields", fields.len()),
        Value::Array(items) if items.len() > 40 => format!("a list of {} items", items.len()),
        value => value.to_string(),
    };
    match text.char_indices().nth(ROOM) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Appends a reference token to a JSON pointer (RFC 6901, 3).
pub(crate) fn join(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_where_the_document_has_it() {
        let mut report = Report::default();
        report.moved("/components/schemas/A_p", "/components/schemas/A/properties/p");
        report.moved("/components/schemas/AP", "/components/schemas/A_p");
        report.moved("/components/schemas", "/definitions");
        for (now, before) in [
            ("/components/schemas/AP/properties/q", "/components/schemas/A/properties/p/properties/q"),
            ("/components/schemas/APart", "/definitions/APart"),
            ("/paths/~1a", "/paths/~1a"),
            ("", ""),
        ] {
            report.adapted(now, "x", "y");
            assert_eq!(report.changes().last().map(|change| change.pointer.as_ref()), Some(before));
        }
    }

    #[test]
    fn long_values_are_cut_at_a_letter() {
        assert_eq!(short(&Value::from("é".repeat(200))).chars().count(), 81);
        assert_eq!(short(&Value::from(vec![0; 50])), "a list of 50 items");
        assert_eq!(short(&Value::Null), "null");
    }
}
