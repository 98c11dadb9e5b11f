//! A schema as the comparison sees it: references named, compositions flattened, texts gone.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde_json::{Map, Value};

use super::findings::Place;
use super::limits::{Limits, limits};
use super::part::Part;
use super::side::{Schema, Side, Spot};

pub(super) const OBJECT: &str = "object";
pub(super) const ARRAY: &str = "array";
pub(super) const UNION: &str = "one of";

/// A schema with all that it takes from others by `allOf`.
#[derive(Debug, Default)]
pub(super) struct Shape<'a> {
    declared: Option<&'a str>,
    pub(super) format: Option<&'a str>,
    /// The values of an `enum`, without null.
    pub(super) values: Option<Vec<&'a Value>>,
    pub(super) fields: BTreeMap<&'a str, Field<'a>>,
    /// The names of fields that must be there, each with the place of the schema that says so.
    pub(super) required: BTreeMap<&'a str, Place>,
    additional: Option<Part<'a>>,
    items: Option<Part<'a>>,
    /// The alternatives, in `oneOf` and `anyOf`.
    pub(super) variants: Vec<Spot<'a>>,
    pub(super) discriminator: Option<&'a Map<String, Value>>,
    pub(super) limits: Limits<'a>,
}

/// A field of an object, with the place of the schema that declares it.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) schema: Part<'a>,
    pub(super) owner: Place,
}

/// One of the schemas that make a shape.
struct Member<'a> {
    part: Part<'a>,
    place: Place,
    /// Whether it came by a reference: then what tells heirs apart is its own matter.
    inherited: bool,
}

impl<'a> Shape<'a> {
    /// Flattens what a spot says. `place` is where it says so.
    pub(super) fn new(side: &Side<'a>, spot: &Spot<'a>, place: &Place) -> Self {
        let mut seen: HashSet<&str> = spot.name().into_iter().collect();
        let mut members = VecDeque::from([Member { part: side.part(spot), place: place.clone(), inherited: false }]);
        let mut shape = Self::default();
        // Nearer members come first, and the first to say a thing is heard.
        while let Some(member) = members.pop_front().filter(|_| !side.is_exhausted()) {
            shape.take(side, &member);
            members.extend(parents(side, &member, &mut seen));
        }
        shape
    }

    /// The type, or what the keywords let one guess.
    pub(super) fn kind(&self) -> &'a str {
        let values = self.values.as_deref().unwrap_or_default();
        match self.declared {
            _ if !self.variants.is_empty() => UNION,
            Some(declared) => declared,
            None if !self.fields.is_empty() || self.additional.is_some() => OBJECT,
            None if self.items.is_some() => ARRAY,
            None if !values.is_empty() && values.iter().all(|value| value.is_string()) => "string",
            None => "any",
        }
    }

    pub(super) fn is_enum(&self) -> bool {
        self.values.is_some()
    }

    /// The items of an array. `pointer` is where the array is declared, for one that declares none.
    pub(super) fn items(&self, side: &Side<'a>, pointer: &str) -> Spot<'a> {
        side.spot(self.items.clone().unwrap_or_else(|| Part::nothing(format!("{pointer}/items"))))
    }

    /// The values of fields without a name of their own, where a client keeps them: an object without any field is a map.
    pub(super) fn extra(&self, side: &Side<'a>, pointer: &str) -> Option<Spot<'a>> {
        let any = |pointer: &str| Part::nothing(pointer);
        let part = match &self.additional {
            Some(Part { value: Value::Bool(false), .. }) => None,
            Some(Part { value: Value::Bool(true), pointer }) => Some(any(pointer)),
            Some(part) => Some(part.clone()),
            None => self.fields.is_empty().then(|| any(pointer)),
        };
        part.map(|part| side.spot(part))
    }

    /// What makes one alternative resemble another: its type, the names of its fields and its values.
    pub(super) fn signature(&self) -> String {
        let names: Vec<_> = self.fields.keys().collect();
        let values: Vec<_> = self.values.iter().flatten().map(|value| value.to_string()).collect();
        format!("{} {:?} {names:?} {values:?}", self.kind(), self.format)
    }

    /// Takes over what a member says, unless a nearer one has said it.
    fn take(&mut self, side: &Side<'a>, member: &Member<'a>) {
        side.count();
        let part = &member.part;
        let Some(schema) = part.object().filter(|_| side.reference(part.value).is_none()) else { return };
        self.declared = self.declared.or_else(|| declared(schema));
        self.format = self.format.or_else(|| part.text("format"));
        self.values = self.values.take().or_else(|| values(schema));
        self.additional = self.additional.take().or_else(|| part.get("additionalProperties"));
        self.items = self.items.take().or_else(|| part.get("items"));
        for (keyword, value) in limits(schema) {
            self.limits.entry(keyword).or_insert(value);
        }
        self.take_fields(side, member);
        // A parent lists its heirs by `oneOf`, and the heir is one of them already.
        if !(member.inherited && schema.contains_key("discriminator")) {
            self.take_variants(side, part);
            self.discriminator = self.discriminator.or_else(|| schema.get("discriminator")?.as_object());
        }
    }

    fn take_fields(&mut self, side: &Side<'a>, member: &Member<'a>) {
        for (name, schema) in member.part.fields_of("properties") {
            side.count();
            self.fields.entry(name).or_insert_with(|| Field { schema, owner: member.place.clone() });
        }
        for required in member.part.items_of("required") {
            if let Some(name) = required.value.as_str() {
                self.required.entry(name).or_insert_with(|| member.place.clone());
            }
        }
    }

    fn take_variants(&mut self, side: &Side<'a>, part: &Part<'a>) {
        for variant in part.items_of("oneOf").chain(part.items_of("anyOf")) {
            side.count();
            self.variants.push(side.spot(variant));
        }
    }
}

/// The schemas that a member takes over, each once: they may refer to each other in circles.
fn parents<'a>(side: &Side<'a>, member: &Member<'a>, seen: &mut HashSet<&'a str>) -> Vec<Member<'a>> {
    let itself = side.reference(member.part.value).map(Spot::named);
    let spots = itself.into_iter().chain(member.part.items_of("allOf").map(|part| side.spot(part)));
    let unseen = spots.filter(|spot| match spot.schema {
        Schema::Named(name) => seen.insert(name),
        _ => true,
    });
    let parent = |spot: Spot<'a>| match spot.schema {
        Schema::Named(name) => Member { part: side.part(&spot), place: Place::of_schema(name), inherited: true },
        _ => Member { part: side.part(&spot), place: member.place.clone(), inherited: member.inherited },
    };
    unseen.map(parent).collect()
}

/// The type of a schema; of a list of types, as OpenAPI 3.1 has them, the only one beside null.
fn declared(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => {
            let mut names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.next().filter(|_| names.next().is_none())
        }
        _ => None,
    }
}

fn values(schema: &Map<String, Value>) -> Option<Vec<&Value>> {
    let values = schema.get("enum")?.as_array()?;
    Some(values.iter().filter(|value| !value.is_null()).collect())
}
