//! Values of several types: which of them one is, and how it is written.

use std::cell::Cell;

use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Reads the property that tells variants apart.
#[must_use]
pub fn tag(value: &Value, property: &str) -> Option<String> {
    match value.get(property)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// Reads a value as one type.
///
/// # Errors
///
/// Fails if it is not of this type.
pub fn decode<T: DeserializeOwned, E: serde::de::Error>(value: Value) -> Result<T, E> {
    serde_json::from_value(value).map_err(|fault| E::custom(fault.to_string()))
}

/// Writes a variant, with the property that tells it apart where the variant does not set it.
///
/// # Errors
///
/// Fails if the variant does not convert.
pub fn tagged<T: Serialize, S: Serializer>(
    inner: &T,
    property: &str,
    tag: &str,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut value = serde_json::to_value(inner).map_err(S::Error::custom)?;
    if let Some(fields) = value.as_object_mut()
        && fields.get(property).is_none_or(Value::is_null)
    {
        fields.insert(property.to_owned(), tag.into());
    }
    value.serialize(serializer)
}

/// Unions within unions that are guessed at most. Each level tries every variant of the levels below it.
const LEVELS: usize = 12;

thread_local! {
    static LEVEL: Cell<usize> = const { Cell::new(0) };
}

/// Finds the variant that keeps most of a value.
///
/// A value that fits several types was meant as the one that knows its fields: the others would drop them without a word.
#[derive(Debug)]
pub struct Guess<'v, U> {
    value: &'v Value,
    whole: usize,
    best: Option<(usize, U)>,
}

impl<'v, U> Guess<'v, U> {
    /// Begins with nothing.
    #[must_use]
    pub fn new(value: &'v Value) -> Self {
        LEVEL.with(|level| level.set(level.get() + 1));
        Self { value, whole: common(value, value), best: None }
    }

    /// Tries a variant. Of those that keep as much as each other, the first stays.
    pub fn attempt<T: DeserializeOwned + Serialize>(&mut self, variant: impl FnOnce(T) -> U) {
        let keeps_all = self.best.as_ref().is_some_and(|(most, _)| *most == self.whole);
        if keeps_all || LEVEL.with(Cell::get) > LEVELS {
            return;
        }
        let Ok(inner) = serde_json::from_value::<T>(self.value.clone()) else { return };
        let Ok(written) = serde_json::to_value(&inner) else { return };
        let kept = common(self.value, &written);
        if self.best.as_ref().is_none_or(|(most, _)| kept > *most) {
            self.best = Some((kept, variant(inner)));
        }
    }

    /// Returns the best variant, if any fits.
    #[must_use]
    pub fn best(mut self) -> Option<U> {
        self.best.take().map(|(_, variant)| variant)
    }
}

impl<U> Drop for Guess<'_, U> {
    fn drop(&mut self) {
        LEVEL.with(|level| level.set(level.get() - 1));
    }
}

/// Counts the values that two documents have in the same places.
fn common(one: &Value, other: &Value) -> usize {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            1 + one.iter().filter_map(|(name, value)| Some(common(value, other.get(name)?))).sum::<usize>()
        }
        (Value::Array(one), Value::Array(other)) => {
            1 + one.iter().zip(other).map(|(one, other)| common(one, other)).sum::<usize>()
        }
        // A date may be written otherwise than it was read.
        (Value::Null, _) | (_, Value::Null) => 0,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Small {
        a: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Large {
        a: String,
        b: Option<i64>,
    }

    #[derive(Debug, PartialEq)]
    enum Either {
        Small(Small),
        Large(Large),
    }

    fn guessed(value: &Value) -> Option<Either> {
        let mut guess = Guess::new(value);
        guess.attempt(Either::Small);
        guess.attempt(Either::Large);
        guess.best()
    }

    #[test]
    fn the_variant_that_keeps_most_is_taken_and_of_equals_the_first() {
        let a = || "x".to_owned();
        assert_eq!(guessed(&json!({"a": "x", "b": 3})), Some(Either::Large(Large { a: a(), b: Some(3) })));
        assert_eq!(guessed(&json!({"a": "x"})), Some(Either::Small(Small { a: a() })));
        assert_eq!(guessed(&json!({"a": "x", "b": "no number"})), Some(Either::Small(Small { a: a() })));
        assert_eq!(guessed(&json!([])), None);
    }

    /// A union that holds itself, as a generated one without a tag.
    #[derive(Debug, PartialEq)]
    enum Tree {
        Fork(Box<Fork>),
        Other(Value),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Fork {
        child: Option<Tree>,
    }

    impl Serialize for Tree {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Fork(fork) => fork.serialize(serializer),
                Self::Other(value) => value.serialize(serializer),
            }
        }
    }

    impl<'de> Deserialize<'de> for Tree {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = Value::deserialize(deserializer)?;
            let mut guess = Guess::new(&value);
            // Thrice the same: each would double the work of every level above.
            for _ in 0..3 {
                guess.attempt(|fork| Self::Fork(Box::new(fork)));
            }
            Ok(guess.best().unwrap_or(Self::Other(value)))
        }
    }

    #[test]
    fn deep_unions_cost_little_and_lose_nothing() {
        let deep = (0..60).fold(json!({"child": null, "more": 1}), |child, _| json!({ "child": child }));
        let tree: Tree = serde_json::from_value(deep.clone()).unwrap();
        assert!(matches!(tree, Tree::Fork(_)));
        assert_eq!(serde_json::to_value(&tree).unwrap(), deep);
        assert_eq!(LEVEL.with(Cell::get), 0);
    }

    #[test]
    fn a_tag_is_read_as_text() {
        for (value, expected) in [(json!("A"), Some("A")), (json!(1), Some("1")), (json!(null), None)] {
            assert_eq!(tag(&json!({ "t": value }), "t").as_deref(), expected);
        }
        assert_eq!(tag(&json!([]), "t"), None);
    }

    #[test]
    fn a_tag_is_written_where_it_is_missing() {
        let written = |inner: HashMap<&str, &str>| tagged(&inner, "t", "A", serde_json::value::Serializer).unwrap();
        assert_eq!(written(HashMap::from([("x", "1")])), json!({"x": "1", "t": "A"}));
        assert_eq!(written(HashMap::from([("t", "B")])), json!({"t": "B"}));
    }
}
