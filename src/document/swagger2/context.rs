//! What the steps of the conversion have in common: the document, the report, places, and a limit on copies.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::report::{Refusal, Report, join, short};

/// How much text the copies of a document may hold. What Swagger writes once may stand in OpenAPI once for each media
/// type and operation, so that a document of a few megabytes could otherwise fill the memory.
const ROOM: usize = 32 * 1024 * 1024;

/// The conversion of one document.
pub(super) struct Context<'a> {
    /// The Swagger document, as it was read.
    pub(super) document: &'a Value,
    pub(super) report: &'a mut Report,
    room: usize,
    /// The names of the schemas that become components, by their pointers.
    moved: HashMap<String, String>,
    waiting: Vec<(String, String)>,
    names: HashSet<String>,
    numbers: HashMap<String, usize>,
}

impl<'a> Context<'a> {
    pub(super) fn new(document: &'a Value, report: &'a mut Report) -> Self {
        let (moved, numbers, names) = (HashMap::new(), HashMap::new(), HashSet::new());
        Self { document, report, room: ROOM, moved, waiting: Vec::new(), names, numbers }
    }

    /// Copies a converted part into one more place.
    pub(super) fn copy(&mut self, part: &Value, place: &Place<'_>) -> Result<Value, Refusal> {
        self.take(weight(part), place)?;
        Ok(part.clone())
    }

    /// Counts what is about to be converted once more.
    pub(super) fn count(&mut self, fields: &Map<String, Value>, place: &Place<'_>) -> Result<(), Refusal> {
        self.take(weight_of_fields(fields), place)
    }

    fn take(&mut self, weight: usize, place: &Place<'_>) -> Result<(), Refusal> {
        let reason = "what it repeats for each media type and operation fills more than 32 MB: list fewer media types";
        self.room = self.room.checked_sub(weight).ok_or_else(|| Refusal::new(place.pointer(), reason))?;
        Ok(())
    }

    /// Returns the fields of what should be an object, and reports anything else that stands there.
    pub(super) fn object<'v>(&mut self, value: Option<&'v Value>, place: &Place<'_>) -> Option<&'v Map<String, Value>> {
        match value? {
            Value::Object(fields) => return Some(fields),
            Value::Null => {}
            other => self.report.degraded(&place.pointer(), short(other), "nothing: it is no object"),
        }
        None
    }

    /// Returns the items of what should be a list, and reports anything else that stands there.
    pub(super) fn list<'v>(&mut self, value: Option<&'v Value>, place: &Place<'_>) -> &'v [Value] {
        match value {
            Some(Value::Array(items)) => return items,
            None | Some(Value::Null) => {}
            Some(other) => self.report.degraded(&place.pointer(), short(other), "nothing: it is no list"),
        }
        &[]
    }

    /// Names the component that a schema becomes because something refers to it where OpenAPI has no such place.
    pub(super) fn move_schema(&mut self, pointer: &str) -> String {
        if let Some(name) = self.moved.get(pointer) {
            return name.clone();
        }
        let name = self.new_name(pointer);
        self.moved.insert(pointer.to_owned(), name.clone());
        self.waiting.push((pointer.to_owned(), name.clone()));
        name
    }

    /// Makes a name of the words of a pointer, and numbers it until no other schema has it.
    fn new_name(&mut self, pointer: &str) -> String {
        let plain = pointer.replace("~1", "/");
        let words = plain.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
        let stem = words.collect::<Vec<_>>().join("_");
        let number = self.numbers.entry(stem.clone()).or_default();
        loop {
            *number += 1;
            let name = if *number == 1 { stem.clone() } else { format!("{stem}_{number}") };
            let is_defined =
                self.document.get("definitions").is_some_and(|definitions| definitions.get(&name).is_some());
            if !is_defined && self.names.insert(name.clone()) {
                return name;
            }
        }
    }

    /// Takes one of the schemas that were named and are not yet written: its pointer and its name.
    pub(super) fn next_moved(&mut self) -> Option<(String, String)> {
        self.waiting.pop()
    }
}

/// Makes an object. `json!` would copy each value by serializing it, and these are large.
pub(super) fn object_of<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Measures a part by the text that it holds.
fn weight(part: &Value) -> usize {
    // What a node takes beside its text.
    const NODE: usize = 64;
    NODE + match part {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(fields) => weight_of_fields(fields),
        _ => 0,
    }
}

fn weight_of_fields(fields: &Map<String, Value>) -> usize {
    fields.iter().map(|(name, value)| name.len() + weight(value)).sum()
}

/// A place in the Swagger document. Its pointer is written only when a report asks for it, and most are never reported.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    above: Option<&'a Self>,
    token: &'a str,
}

impl<'a> Place<'a> {
    /// The place that a pointer names. The whole document is `""`.
    pub(super) const fn new(pointer: &'a str) -> Self {
        Self { above: None, token: pointer }
    }

    pub(super) const fn at<'b>(&'b self, token: &'b str) -> Place<'b> {
        Place { above: Some(self), token }
    }

    pub(super) fn pointer(&self) -> String {
        match self.above {
            Some(above) => join(&above.pointer(), self.token),
            None => self.token.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_writes_its_pointer() {
        let (root, path) = (Place::new(""), "/a~b".to_owned());
        let paths = root.at("paths");
        assert_eq!([root.pointer(), paths.at(&path).at("get").pointer()], ["", "/paths/~1a~0b/get"]);
    }

    #[test]
    fn copies_have_a_limit() {
        let (document, mut report) = (json!({}), Report::default());
        let mut context = Context::new(&document, &mut report);
        let (part, place) = (json!({"a": ["x".repeat(ROOM / 3)]}), Place::new("/paths"));
        assert_eq!(context.copy(&part, &place), Ok(part.clone()));
        assert_eq!(context.copy(&part, &place), Ok(part.clone()));
        assert_eq!(context.copy(&part, &place).unwrap_err().pointer(), "/paths");
    }

    #[test]
    fn a_moved_schema_has_one_name_that_no_other_has() {
        let (document, mut report) = (json!({"definitions": {"x_a": {}}}), Report::default());
        let mut context = Context::new(&document, &mut report);
        let names = ["/x/a", "/x/~1a", "/x/a", "/paths/~1a/get/responses/200/schema"].map(|to| context.move_schema(to));
        assert_eq!(names, ["x_a_2", "x_a_3", "x_a_2", "paths_a_get_responses_200_schema"]);
    }
}
