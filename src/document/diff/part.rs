//! A part of a document, and where it is.

use serde_json::{Map, Value};

use super::join;

/// The value of whatever a document does not have.
static NOTHING: Value = Value::Null;

/// A value of a document and the JSON pointer to it.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    pub(super) value: &'a Value,
    pub(super) pointer: String,
}

impl<'a> Part<'a> {
    pub(super) fn new(value: &'a Value, pointer: impl Into<String>) -> Self {
        Self { value, pointer: pointer.into() }
    }

    /// A part that says nothing.
    pub(super) fn nothing(pointer: impl Into<String>) -> Self {
        Self::new(&NOTHING, pointer)
    }

    pub(super) fn get(&self, key: &str) -> Option<Self> {
        self.value.get(key).map(|value| Self::new(value, join(&self.pointer, key)))
    }

    /// The part behind a key. Where there is none, it says nothing.
    pub(super) fn at(&self, key: &str) -> Self {
        self.get(key).unwrap_or_else(|| Self::nothing(join(&self.pointer, key)))
    }

    pub(super) fn object(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    /// The parts of the object behind a key, with their names. Nothing else has any.
    pub(super) fn fields_of(&self, key: &str) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        self.get(key).into_iter().flat_map(Self::fields)
    }

    /// The parts of the list behind a key. Nothing else has any.
    pub(super) fn items_of(&self, key: &str) -> impl Iterator<Item = Self> + use<'a> {
        self.get(key).into_iter().flat_map(Self::items)
    }

    fn fields(self) -> impl Iterator<Item = (&'a str, Self)> {
        let fields = self.object().into_iter().flatten();
        fields.map(move |(name, value)| (name.as_str(), Self::new(value, join(&self.pointer, name))))
    }

    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(move |(index, value)| Self::new(value, join(&self.pointer, &index.to_string())))
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }

    pub(super) fn says(&self, key: &str) -> bool {
        self.value.get(key) == Some(&Value::Bool(true))
    }
}
