//! Values of several types: which of them one is, and how it is written.

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

/// Finds the variant that keeps most of a value.
///
/// A value that fits several types was meant as the one that knows its fields: the others would drop them without a word.
#[derive(Debug)]
pub struct Guess<'v, U> {
    value: &'v Value,
    best: Option<(usize, U)>,
}

impl<'v, U> Guess<'v, U> {
    /// Begins with nothing.
    #[must_use]
    pub fn new(value: &'v Value) -> Self {
        Self { value, best: None }
    }

    /// Tries a variant. Of those that keep as much as each other, the first stays.
    pub fn attempt<T: DeserializeOwned + Serialize>(&mut self, variant: impl FnOnce(T) -> U) {
        let Ok(inner) = serde_json::from_value::<T>(self.value.clone()) else { return };
        let Ok(written) = serde_json::to_value(&inner) else { return };
        let kept = common(self.value, &written);
        if self.best.as_ref().is_none_or(|(most, _)| kept > *most) {
            self.best = Some((kept, variant(inner)));
        }
    }

    /// Returns the best variant, if any fits.
    #[must_use]
    pub fn best(self) -> Option<U> {
        self.best.map(|(_, variant)| variant)
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
