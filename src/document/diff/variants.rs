//! The alternatives of a schema: which is which in the other document, and how they are told apart.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::findings::Place;
use super::pairs::Pairs;
use super::shape::Shape;
use super::side::{Schema, Side, Spot, targets};

/// An alternative and its number among the others.
pub(super) type Variant<'a> = (usize, Spot<'a>);

/// Pairs what has the same name or fields; of what is left, by fields and then by type, what has no name or a new one.
pub(super) fn pair<'a>(
    old_side: &Side<'a>,
    new_side: &Side<'a>,
    old: Vec<Spot<'a>>,
    new: Vec<Spot<'a>>,
) -> Pairs<Variant<'a>> {
    let numbered = |spots: Vec<Spot<'a>>| spots.into_iter().enumerate().collect();
    let free_signature = |variant: &Spot<'a>, side, other| is_free(variant, other).then(|| signature(variant, side));
    let free_kind = |variant: &Spot<'a>, side, other| is_free(variant, other).then(|| kind(variant, side));
    Pairs::new(numbered(old), numbered(new))
        .pair_by(|(_, variant)| Some(exact(variant, old_side)), |(_, variant)| Some(exact(variant, new_side)))
        .pair_by(
            |(_, variant)| free_signature(variant, old_side, new_side),
            |(_, variant)| free_signature(variant, new_side, old_side),
        )
        .pair_by(
            |(_, variant)| free_kind(variant, old_side, new_side),
            |(_, variant)| free_kind(variant, new_side, old_side),
        )
}

fn exact<'a>(variant: &Spot<'a>, side: &Side<'a>) -> String {
    match variant.schema {
        Schema::Named(name) => name.to_owned(),
        _ => format!("inline {}", signature(variant, side)),
    }
}

/// Whether an alternative may have been another before: it has no name, or one that the other document does not know.
fn is_free(variant: &Spot<'_>, other: &Side<'_>) -> bool {
    match variant.schema {
        Schema::Named(name) => !other.has(name),
        _ => true,
    }
}

fn signature<'a>(variant: &Spot<'a>, side: &Side<'a>) -> String {
    Shape::new(side, variant, &Place::new("")).signature()
}

fn kind<'a>(variant: &Spot<'a>, side: &Side<'a>) -> String {
    Shape::new(side, variant, &Place::new("")).kind().to_owned()
}

/// The values by which a discriminator names each schema: those of its mapping, or the schema's own name.
pub(super) struct Tags<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Tags<'a> {
    pub(super) fn new(discriminator: &'a Map<String, Value>) -> Self {
        let mut tags = BTreeMap::<_, BTreeSet<_>>::new();
        for (value, target) in targets(discriminator) {
            tags.entry(target).or_default().insert(value);
        }
        Self(tags)
    }

    pub(super) fn of(&self, name: &str) -> String {
        match self.0.get(name) {
            Some(tags) => tags.iter().copied().collect::<Vec<_>>().join(", "),
            None => name.to_owned(),
        }
    }
}
