//! The limits that a schema sets to lengths, sizes and forms.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Says on which side of a limit the allowed values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Below,
    Above,
    /// Any other rule, which holds or does not.
    Rule,
}

const LIMITS: [(&str, Sense); 13] = [
    ("exclusiveMaximum", Sense::Rule),
    ("exclusiveMinimum", Sense::Rule),
    ("maxItems", Sense::Below),
    ("maxLength", Sense::Below),
    ("maxProperties", Sense::Below),
    ("maximum", Sense::Below),
    ("minItems", Sense::Above),
    ("minLength", Sense::Above),
    ("minProperties", Sense::Above),
    ("minimum", Sense::Above),
    ("multipleOf", Sense::Rule),
    ("pattern", Sense::Rule),
    ("uniqueItems", Sense::Rule),
];

/// The limits of a schema, by keyword.
pub(super) type Limits<'a> = BTreeMap<&'static str, &'a Value>;

/// A limit that is not what it was.
#[derive(Debug, PartialEq)]
pub(super) struct Moved<'a> {
    pub(super) keyword: &'static str,
    pub(super) before: Option<&'a Value>,
    pub(super) after: Option<&'a Value>,
    pub(super) narrowed: bool,
}

/// Reads the limits of one schema object.
pub(super) fn limits(schema: &Map<String, Value>) -> impl Iterator<Item = (&'static str, &Value)> {
    let said = |(keyword, _): (&'static str, Sense)| Some((keyword, schema.get(keyword)?));
    LIMITS.into_iter().filter_map(said).filter(|(keyword, value)| limits_anything(keyword, value))
}

/// Sees through what says nothing: a rule that is `false`, and "at least none", which Java's `@Size` writes beside each maximum.
fn limits_anything(keyword: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        value => !(matches!(keyword, "minItems" | "minLength" | "minProperties") && value.as_f64() == Some(0.0)),
    }
}

/// Lists what is not the same on both sides.
pub(super) fn moved<'a>(old: &Limits<'a>, new: &Limits<'a>) -> Vec<Moved<'a>> {
    let pairs = LIMITS.into_iter().map(|(keyword, sense)| {
        let (before, after) = (old.get(keyword).copied(), new.get(keyword).copied());
        Moved { keyword, before, after, narrowed: is_narrower(sense, before, after) }
    });
    pairs.filter(|pair| pair.before != pair.after && order(pair.before, pair.after) != Some(Ordering::Equal)).collect()
}

fn is_narrower(sense: Sense, before: Option<&Value>, after: Option<&Value>) -> bool {
    match (before, after) {
        (_, None) => false,
        (None, Some(_)) => true,
        (before, after) => match (sense, order(before, after)) {
            (Sense::Below, Some(order)) => order == Ordering::Greater,
            (Sense::Above, Some(order)) => order == Ordering::Less,
            (Sense::Rule, _) | (_, None) => true,
        },
    }
}

/// Compares two limits as numbers, if they are: 1 and 1.0 are the same.
fn order(before: Option<&Value>, after: Option<&Value>) -> Option<Ordering> {
    before?.as_f64()?.partial_cmp(&after?.as_f64()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn narrowed(keyword: &str, before: &Value, after: &Value) -> Option<bool> {
        let (old, new) = (json!({keyword: before}), json!({keyword: after}));
        let old: Limits<'_> = limits(old.as_object().unwrap()).collect();
        let new: Limits<'_> = limits(new.as_object().unwrap()).collect();
        moved(&old, &new).first().map(|moved| moved.narrowed)
    }

    #[test]
    fn a_limit_narrows_towards_the_allowed_values() {
        let none = Value::Null;
        for (keyword, before, after, expected) in [
            ("maxLength", json!(5), json!(4), Some(true)),
            ("maxLength", json!(5), json!(6), Some(false)),
            ("maxLength", json!(5), json!(5.0), None),
            ("maxLength", none.clone(), json!(5), Some(true)),
            ("maxLength", json!(5), none.clone(), Some(false)),
            ("minimum", json!(0), json!(1), Some(true)),
            ("minimum", json!(1), json!(0.5), Some(false)),
            ("pattern", json!("a"), json!("b"), Some(true)),
            ("pattern", json!("a"), none.clone(), Some(false)),
            ("uniqueItems", json!(false), json!(true), Some(true)),
            ("uniqueItems", none.clone(), json!(false), None),
            ("minLength", none, json!(0), None),
            ("maximum", json!("x"), json!([]), Some(true)),
        ] {
            assert_eq!(narrowed(keyword, &before, &after), expected, "{keyword}: {before} -> {after}");
        }
    }
}
