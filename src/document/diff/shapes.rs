//! The comparison of what two schemas say, down to where the schemas of their parts begin.

use std::collections::HashSet;

use serde_json::Value;

use super::findings::Finding;
use super::limits::moved;
use super::schemas::{Absence, At, Comparison, Task, is_alike, presence, requiredness};
use super::shape::{ARRAY, OBJECT, Shape, UNION};
use super::side::{Schema, Spot};
use super::variants::{self, Tags, Variant};
use super::{DifferenceKind, join, plain};

impl<'a> Comparison<'a> {
    /// Compares what two schemas say, once it is known that they are to be compared.
    pub(super) fn compare_shapes(&mut self, task: &Task<'a>) {
        let Task { at, old: old_spot, new: new_spot, .. } = task;
        let old = Shape::new(&self.old, old_spot, &at.place);
        let new = Shape::new(&self.new, new_spot, &at.place);
        if !is_alike(&old, &new) {
            return self.report_type(task);
        }
        if old_spot.is_named() != new_spot.is_named() {
            self.report_change(task, DifferenceKind::TypeRenamed, true);
        }
        self.compare_format(task, &old, &new);
        self.compare_values(task, &old, &new);
        self.compare_limits(task, &old, &new);
        match new.kind() {
            OBJECT => {
                self.compare_extra(task, &old, &new);
                self.compare_fields(at, &old, &new);
            }
            UNION => self.compare_fields(at, &old, &new),
            ARRAY => {
                let items = old.items(&self.old, &old_spot.pointer);
                let new_items = new.items(&self.new, &new_spot.pointer);
                self.wait(at.with(at.place.items()), items, new_items, Absence::NEVER);
            }
            _ => {}
        }
        self.compare_variants(task, &old, &new);
    }

    fn compare_format(&mut self, task: &Task<'a>, old: &Shape<'a>, new: &Shape<'a>) {
        if old.format != new.format {
            let pointer = join(&task.new.pointer, "format");
            let finding = Finding::new(DifferenceKind::FormatChanged, &task.at.place, &pointer);
            let finding = finding.before(old.format.unwrap_or("none")).after(new.format.unwrap_or("none"));
            let breaking = rust_type(old.kind(), old.format) != rust_type(new.kind(), new.format);
            self.report(&task.at, finding, breaking);
        }
    }

    fn compare_values(&mut self, task: &Task<'a>, old: &Shape<'a>, new: &Shape<'a>) {
        let values = |shape: &Shape<'a>| shape.values.clone().unwrap_or_default();
        let texts = |values: &[&Value]| values.iter().map(ToString::to_string).collect::<HashSet<_>>();
        let (old, new) = (values(old), values(new));
        let (known, left) = (texts(&old), texts(&new));
        for value in old.iter().filter(|value| !left.contains(&value.to_string())) {
            let pointer = join(&task.old.pointer, "enum");
            let finding = Finding::new(DifferenceKind::EnumValueRemoved, &task.at.place, &pointer);
            self.report(&task.at, finding.before(&plain(value)), true);
        }
        for value in new.iter().filter(|value| !known.contains(&value.to_string())) {
            let pointer = join(&task.new.pointer, "enum");
            let finding = Finding::new(DifferenceKind::EnumValueAdded, &task.at.place, &pointer);
            self.report(&task.at, finding.after(&plain(value)), false);
        }
    }

    fn compare_limits(&mut self, task: &Task<'a>, old: &Shape<'a>, new: &Shape<'a>) {
        for limit in moved(&old.limits, &new.limits) {
            let text = |value: Option<&Value>| format!("{} {}", limit.keyword, value.map_or("none".to_owned(), plain));
            let spot = if limit.after.is_some() { &task.new } else { &task.old };
            let pointer = join(&spot.pointer, limit.keyword);
            let finding = Finding::new(DifferenceKind::LimitChanged, &task.at.place, &pointer);
            let finding = finding.before(&text(limit.before)).after(&text(limit.after));
            self.report(&task.at, finding, limit.narrowed && task.at.is_request());
        }
    }

    fn compare_extra(&mut self, task: &Task<'a>, old: &Shape<'a>, new: &Shape<'a>) {
        if old.fields.is_empty() != new.fields.is_empty() {
            return self.report_type(task);
        }
        let Task { at, old: old_spot, new: new_spot, .. } = task;
        let before = old.extra(&self.old, &old_spot.pointer);
        let after = new.extra(&self.new, &new_spot.pointer);
        let finding = |spot: &Spot<'a>| Finding::new(DifferenceKind::ExtraFieldsChanged, &at.place, &spot.pointer);
        match (before, after) {
            (Some(before), Some(after)) => self.wait(at.with(at.place.extra()), before, after, Absence::NEVER),
            (Some(before), None) => {
                let finding = finding(&before).before(&self.old.describe(&before)).after("none");
                self.report(at, finding, true);
            }
            (None, Some(after)) => {
                let finding = finding(&after).before("none").after(&self.new.describe(&after));
                self.report(at, finding, false);
            }
            (None, None) => {}
        }
    }

    fn compare_fields(&mut self, at: &At, old: &Shape<'a>, new: &Shape<'a>) {
        for (name, field) in &old.fields {
            if new.fields.contains_key(name) {
                self.compare_field(at, name, old, new);
            } else {
                let text = self.describe_old(field.schema.clone());
                let place = field.owner.field(name);
                let finding = Finding::new(DifferenceKind::FieldRemoved, &place, &field.schema.pointer);
                self.report(at, finding.before(&text), true);
            }
        }
        for (name, field) in new.fields.iter().filter(|(name, _)| !old.fields.contains_key(*name)) {
            let required = new.required.contains_key(name);
            let text = presence(&self.describe_new(field.schema.clone()), required);
            let finding = Finding::new(DifferenceKind::FieldAdded, &field.owner.field(name), &field.schema.pointer);
            self.report(at, finding.after(&text), required && at.is_request());
        }
    }

    /// Compares a field that both documents have.
    fn compare_field(&mut self, at: &At, name: &str, old: &Shape<'a>, new: &Shape<'a>) {
        let (Some(before), Some(after)) = (old.fields.get(name), new.fields.get(name)) else { return };
        let old_spot = self.old.spot(before.schema.clone());
        let new_spot = self.new.spot(after.schema.clone());
        let (was, is) = (old.required.get(name), new.required.get(name));
        let absence = Absence { old: was.is_none(), new: is.is_none() };
        if let (Some(owner), None) | (None, Some(owner)) = (was, is) {
            let turns = (absence.old || old_spot.nullable) != (absence.new || new_spot.nullable);
            let finding = requiredness(&owner.field(name), &new_spot.pointer, was.is_some());
            self.report(at, finding, turns || (at.is_request() && absence.old));
        }
        self.wait(at.with(after.owner.field(name)), old_spot, new_spot, absence);
    }

    fn compare_variants(&mut self, task: &Task<'a>, old: &Shape<'a>, new: &Shape<'a>) {
        let at = &task.at;
        let mut old_variants = self.old.heirs(&task.old, old);
        let mut new_variants = self.new.heirs(&task.new, new);
        old_variants.extend_from_slice(&old.variants);
        new_variants.extend_from_slice(&new.variants);
        let pairing = variants::pair(&self.old, &self.new, old_variants, new_variants);
        self.compare_discriminators(task, old, new, &pairing.pairs);
        for (_, variant) in &pairing.removed {
            let finding = Finding::new(DifferenceKind::VariantRemoved, &at.place, &variant.pointer);
            self.report(at, finding.before(&self.old.describe(variant)), true);
        }
        for (_, variant) in &pairing.added {
            let finding = Finding::new(DifferenceKind::VariantAdded, &at.place, &variant.pointer);
            self.report(at, finding.after(&self.new.describe(variant)), !at.is_request());
        }
        for ((_, before), (index, after)) in pairing.pairs {
            self.wait(at.with(at.place.variant(index)), before, after, Absence::NEVER);
        }
    }

    fn compare_discriminators(
        &mut self,
        task: &Task<'a>,
        old: &Shape<'a>,
        new: &Shape<'a>,
        pairs: &[(Variant<'a>, Variant<'a>)],
    ) {
        let field = |shape: &Shape<'a>| shape.discriminator?.get("propertyName")?.as_str();
        if field(old) != field(new) {
            self.report_discriminator(task, field(old).unwrap_or("none"), field(new).unwrap_or("none"));
        }
        let (Some(before), Some(after)) = (old.discriminator, new.discriminator) else { return };
        let (before, after) = (Tags::new(before), Tags::new(after));
        for ((_, old), (_, new)) in pairs {
            let (Schema::Named(old), Schema::Named(new)) = (old.schema, new.schema) else { continue };
            let (was, is) = (before.of(old), after.of(new));
            if was != is {
                self.report_discriminator(task, &format!("{old} is {was}"), &format!("{new} is {is}"));
            }
        }
    }

    fn report_discriminator(&mut self, task: &Task<'a>, before: &str, after: &str) {
        let pointer = join(&task.new.pointer, "discriminator");
        let finding = Finding::new(DifferenceKind::DiscriminatorChanged, &task.at.place, &pointer);
        self.report(&task.at, finding.before(before).after(after), true);
    }
}

/// The format as far as it decides the type in Rust; the rest, such as `email`, are texts like any other.
fn rust_type<'a>(kind: &str, format: Option<&'a str>) -> Option<&'a str> {
    const OF_TEXTS: [&str; 9] = ["binary", "byte", "date", "date-time", "ip", "ipv4", "ipv6", "time", "uuid"];
    const OF_INTEGERS: [&str; 8] = ["int8", "int16", "int32", "uint", "uint8", "uint16", "uint32", "uint64"];
    const OF_NUMBERS: [&str; 1] = ["float"];
    let known: &[&str] = match kind {
        "string" => &OF_TEXTS,
        "integer" => &OF_INTEGERS,
        "number" => &OF_NUMBERS,
        _ => &[],
    };
    format.filter(|format| known.contains(format))
}
