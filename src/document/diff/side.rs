//! One of the two documents, as a store of schemas.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::pipeline::unescaped;
use super::findings::Place;
use super::part::Part;
use super::shape::{ARRAY, OBJECT, Shape, UNION};
use super::{join, shorten};

const SCHEMAS: &str = "/components/schemas";
const REFERENCE: &str = "#/components/schemas/";

/// One of the two documents.
#[derive(Debug)]
pub(super) struct Side<'a> {
    schemas: Option<&'a Map<String, Value>>,
    /// The schemas that extend each one by `allOf`.
    heirs: HashMap<&'a str, Vec<&'a str>>,
    /// How many schemas and fields may still be read.
    allowance: Cell<usize>,
}

/// Where a schema is used.
#[derive(Clone, Debug)]
pub(super) struct Spot<'a> {
    pub(super) schema: Schema<'a>,
    pub(super) nullable: bool,
    pub(super) pointer: String,
}

/// A schema, by its name where it has one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Schema<'a> {
    Named(&'a str),
    Inline(&'a Value),
    /// What stands behind a name.
    Definition(&'a str, &'a Value),
}

impl<'a> Spot<'a> {
    /// A use of a named schema, at its definition.
    pub(super) fn named(name: &'a str) -> Self {
        Self { schema: Schema::Named(name), nullable: false, pointer: join(SCHEMAS, name) }
    }

    pub(super) fn is_named(&self) -> bool {
        matches!(self.schema, Schema::Named(_))
    }

    pub(super) fn name(&self) -> Option<&'a str> {
        match self.schema {
            Schema::Named(name) | Schema::Definition(name, _) => Some(name),
            Schema::Inline(_) => None,
        }
    }
}

impl<'a> Side<'a> {
    /// Opens a document, of which so many schemas and fields may be read.
    pub(super) fn new(document: &'a Value, allowance: usize) -> Self {
        let schemas = document.pointer(SCHEMAS).and_then(Value::as_object);
        let mut heirs = HashMap::<_, Vec<_>>::new();
        for (name, schema) in schemas.into_iter().flatten() {
            for parent in list(schema, "allOf").filter_map(|part| reference(schemas, part)) {
                heirs.entry(parent).or_default().push(name.as_str());
            }
        }
        Self { schemas, heirs, allowance: Cell::new(allowance) }
    }

    pub(super) fn count(&self) {
        self.allowance.set(self.allowance.get().saturating_sub(1));
    }

    /// Whether so much was read that a hostile document is more likely than a large one.
    pub(super) fn is_exhausted(&self) -> bool {
        self.allowance.get() == 0
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.schemas.is_some_and(|schemas| schemas.contains_key(name))
    }

    /// The schema itself, whether it has a name or not. One that is missing says nothing.
    pub(super) fn part(&self, spot: &Spot<'a>) -> Part<'a> {
        match spot.schema {
            Schema::Inline(schema) | Schema::Definition(_, schema) => Part::new(schema, spot.pointer.as_str()),
            Schema::Named(name) => {
                let (pointer, schema) = (join(SCHEMAS, name), self.schemas.and_then(|schemas| schemas.get(name)));
                schema.map_or_else(|| Part::nothing(pointer.as_str()), |schema| Part::new(schema, pointer.as_str()))
            }
        }
    }

    /// What stands behind a name, which may be another name.
    pub(super) fn definition(&self, name: &'a str) -> Spot<'a> {
        let spot = self.spot(self.part(&Spot::named(name)));
        match spot.schema {
            Schema::Inline(schema) => Spot { schema: Schema::Definition(name, schema), ..spot },
            _ => spot,
        }
    }

    /// Reads where a schema is used, and sees through compositions of one.
    pub(super) fn spot(&self, schema: Part<'a>) -> Spot<'a> {
        let (mut part, mut nullable) = (schema, false);
        loop {
            if let Some(name) = self.reference(part.value) {
                return Spot { schema: Schema::Named(name), nullable, pointer: part.pointer };
            }
            nullable |= is_nullable(part.value);
            match only_part(&part) {
                Some(only) => part = only,
                None => return Spot { schema: Schema::Inline(part.value), nullable, pointer: part.pointer },
            }
        }
    }

    /// The name that a schema refers to.
    pub(super) fn reference(&self, schema: &'a Value) -> Option<&'a str> {
        reference(self.schemas, schema)
    }

    /// The schemas that a discriminator chooses from where no `oneOf` lists them: those of its mapping, and those that extend
    /// the schema that has it.
    pub(super) fn heirs(&self, spot: &Spot<'a>, shape: &Shape<'a>) -> Vec<Spot<'a>> {
        let (Some(name), Some(discriminator), []) = (spot.name(), shape.discriminator, shape.variants.as_slice())
        else {
            return Vec::new();
        };
        let mapped = targets(discriminator).map(|(_, target)| target).filter(|target| *target != name);
        let heirs = self.heirs.get(name).into_iter().flatten().copied();
        let mut seen = HashSet::new();
        mapped.chain(heirs).filter(|heir| seen.insert(*heir)).map(Spot::named).collect()
    }

    /// Names a type in a few words.
    pub(super) fn describe(&self, spot: &Spot<'a>) -> String {
        const DEPTH: usize = 4;
        shorten(&self.describe_within(spot, DEPTH))
    }

    /// Names a type, and of its parts those that are not too deep: by `allOf`, a type may hold itself without end.
    fn describe_within(&self, spot: &Spot<'a>, depth: usize) -> String {
        let depth = match (spot.schema, depth.checked_sub(1)) {
            (Schema::Named(name), _) => return name.to_owned(),
            (_, None) => return "…".to_owned(),
            (_, Some(depth)) => depth,
        };
        let shape = Shape::new(self, spot, &Place::new(""));
        match shape.kind() {
            ARRAY => format!("array of {}", self.describe_within(&shape.items(self, ""), depth)),
            UNION => format!("{UNION} {}", self.describe_some(&shape.variants, depth)),
            OBJECT if shape.fields.is_empty() => match shape.extra(self, "") {
                Some(values) => format!("map of {}", self.describe_within(&values, depth)),
                None => "empty object".to_owned(),
            },
            kind => {
                let format = shape.format.map(|format| format!(" ({format})")).unwrap_or_default();
                format!("{kind}{}{format}", if shape.is_enum() { " enum" } else { "" })
            }
        }
    }

    fn describe_some(&self, spots: &[Spot<'a>], depth: usize) -> String {
        const NAMED: usize = 3;
        let named = spots.iter().take(NAMED).map(|spot| self.describe_within(spot, depth));
        let named = named.collect::<Vec<_>>().join(", ");
        if spots.len() > NAMED { format!("{named}…") } else { named }
    }
}

/// The values by which a discriminator names schemas, each with the name of its schema.
pub(super) fn targets<'a>(discriminator: &'a Map<String, Value>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let target = |(value, target): (&'a String, &'a Value)| {
        let target = target.as_str()?;
        Some((value.as_str(), target.strip_prefix(REFERENCE).unwrap_or(target)))
    };
    mapping.into_iter().flatten().filter_map(target)
}

/// The name that a schema refers to: that of a schema, or else the reference as it is written.
fn reference<'a>(schemas: Option<&'a Map<String, Value>>, schema: &'a Value) -> Option<&'a str> {
    let reference = schema.get("$ref")?.as_str()?;
    let written = reference.strip_prefix(REFERENCE).unwrap_or(reference);
    let name = unescaped(written);
    let known = schemas.and_then(|schemas| schemas.get_key_value(&name));
    Some(known.map_or(written, |(name, _)| name))
}

fn list<'a>(schema: &'a Value, keyword: &str) -> impl Iterator<Item = &'a Value> {
    schema.get(keyword).and_then(Value::as_array).into_iter().flatten()
}

/// The part of a composition of one that says nothing itself: it is how OpenAPI 3.0 puts `nullable` beside a reference.
fn only_part<'a>(part: &Part<'a>) -> Option<Part<'a>> {
    const OWN: [&str; 6] = ["properties", "required", "items", "enum", "additionalProperties", "discriminator"];
    let mut compositions = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|keyword| part.get(keyword));
    let (Some(composition), None) = (compositions.next(), compositions.next()) else { return None };
    let mut parts = composition.items();
    let only = parts.next().filter(|_| parts.next().is_none())?;
    (!OWN.iter().any(|keyword| part.value.get(*keyword).is_some())).then_some(only)
}

fn is_nullable(schema: &Value) -> bool {
    let lists = |keyword, null: &Value| list(schema, keyword).any(|value| value == null);
    schema.get("nullable") == Some(&Value::Bool(true))
        || lists("enum", &Value::Null)
        || lists("type", &Value::String("null".to_owned()))
}
