//! The record of a document's way to the generator: what was changed in it, or why it is refused.

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

    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    fn add(&mut self, effect: Effect, pointer: &str, before: String, after: String) {
        let pointer = pointer.to_owned();
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
