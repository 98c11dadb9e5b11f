//! The comparison of schemas, a place at a time.
//!
//! Places wait in a list instead of on the stack, and what stands behind two names is compared once for requests and once
//! for answers, so that schemas may refer to each other in circles and at any length.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::findings::{Finding, Findings, Place, User};
use super::part::Part;
use super::shape::{ARRAY, OBJECT, Shape, UNION};
use super::side::{Schema, Side, Spot};
use super::{Difference, DifferenceKind};

/// Which way a value goes, which decides what breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    Request,
    Answer,
}

/// Where something is compared, and for whom.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub(super) user: User,
    pub(super) direction: Direction,
    pub(super) place: Place,
}

impl At {
    pub(super) fn with(&self, place: Place) -> Self {
        Self { place, ..self.clone() }
    }

    pub(super) fn is_request(&self) -> bool {
        self.direction == Direction::Request
    }
}

/// Two uses of a schema that wait to be compared.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) at: At,
    pub(super) old: Spot<'a>,
    pub(super) new: Spot<'a>,
    absence: Absence,
}

/// Whether the old and the new document let the value be absent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Absence {
    pub(super) old: bool,
    pub(super) new: bool,
}

impl Absence {
    pub(super) const NEVER: Self = Self { old: false, new: false };
    /// The setter of a parameter takes the bare value whether it must be called or not.
    const ALWAYS: Self = Self { old: true, new: true };
}

/// A comparison on its way.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    pub(super) findings: Findings,
    pub(super) old: Side<'a>,
    pub(super) new: Side<'a>,
    waiting: Vec<Task<'a>>,
    /// The pairs of names that were met, by direction.
    pairs: HashMap<(&'a str, &'a str, Direction), User>,
    /// The pairs of schemas without a name that were met. They come again where `allOf` takes in a schema that holds them.
    seen: HashSet<(*const Value, *const Value, User)>,
    /// New names by old ones.
    renamed: HashMap<&'a str, &'a str>,
    /// The new names that are taken.
    taken: HashSet<&'a str>,
}

impl<'a> Comparison<'a> {
    /// Begins a comparison that reads so many schemas and fields of each document, counted as often as they are read.
    pub(super) fn new(old: &'a Value, new: &'a Value, allowance: usize) -> Self {
        Self {
            findings: Findings::default(),
            old: Side::new(old, allowance),
            new: Side::new(new, allowance),
            waiting: Vec::new(),
            pairs: HashMap::new(),
            seen: HashSet::new(),
            renamed: HashMap::new(),
            taken: HashSet::new(),
        }
    }

    /// Lets two schemas be compared.
    pub(super) fn wait_for_schemas(&mut self, at: At, old: Part<'a>, new: Part<'a>) {
        self.wait(at, self.old.spot(old), self.new.spot(new), Absence::NEVER);
    }

    /// Lets the schemas of two parameters be compared.
    pub(super) fn wait_for_parameters(&mut self, at: At, old: Part<'a>, new: Part<'a>) {
        self.wait(at, self.old.spot(old), self.new.spot(new), Absence::ALWAYS);
    }

    /// Names the type of a schema of the old document.
    pub(super) fn describe_old(&self, schema: Part<'a>) -> String {
        self.old.describe(&self.old.spot(schema))
    }

    /// Names the type of a schema of the new document.
    pub(super) fn describe_new(&self, schema: Part<'a>) -> String {
        self.new.describe(&self.new.spot(schema))
    }

    /// Whether a value of one of two schemas has parts, so that there is more than one way to write it to a request.
    pub(super) fn has_parts(&self, old: Part<'a>, new: Part<'a>) -> bool {
        let kinds = [kind(&self.old, &self.old.spot(old)), kind(&self.new, &self.new.spot(new))];
        kinds.iter().any(|kind| [OBJECT, ARRAY, UNION].contains(kind))
    }

    /// Compares all that waits.
    pub(super) fn finish(mut self) -> Vec<Difference> {
        while let Some(task) = self.waiting.pop() {
            self.compare(&task);
            if self.is_exhausted() {
                let finding = Finding::new(DifferenceKind::NotCompared, &task.at.place, "");
                let finding = finding.after("the documents are too large to be compared from here on");
                self.findings.add(User::DOCUMENT, finding, true);
                break;
            }
        }
        self.findings.differences()
    }

    pub(super) fn wait(&mut self, at: At, old: Spot<'a>, new: Spot<'a>, absence: Absence) {
        self.waiting.push(Task { at, old, new, absence });
    }

    fn is_exhausted(&self) -> bool {
        self.old.is_exhausted() || self.new.is_exhausted()
    }

    /// Adds a finding, unless it comes of schemas that were read in part only.
    pub(super) fn report(&mut self, at: &At, finding: Finding, breaking: bool) {
        if !self.is_exhausted() {
            self.findings.add(at.user, finding, breaking);
        }
    }

    fn compare(&mut self, task: &Task<'a>) {
        self.compare_nullability(task);
        match (task.old.schema, task.new.schema) {
            (Schema::Named(old), Schema::Named(new)) => self.compare_names(task, old, new),
            _ if self.is_new(&task.old, &task.new, task.at.user) => self.compare_shapes(task),
            _ => {}
        }
    }

    fn is_new(&mut self, old: &Spot<'a>, new: &Spot<'a>, user: User) -> bool {
        let (old, new) = (self.old.part(old).value, self.new.part(new).value);
        self.seen.insert((old, new, user))
    }

    fn compare_nullability(&mut self, task: &Task<'a>) {
        let Task { at, old, new, absence } = task;
        if old.nullable == new.nullable {
            return;
        }
        let turns = (absence.old || old.nullable) != (absence.new || new.nullable);
        let text = |nullable| if nullable { "nullable" } else { "not nullable" };
        let finding = Finding::new(DifferenceKind::NullabilityChanged, &at.place, &new.pointer);
        let finding = finding.before(text(old.nullable)).after(text(new.nullable));
        self.report(at, finding, turns || (at.is_request() && old.nullable));
    }

    fn compare_names(&mut self, task: &Task<'a>, old: &'a str, new: &'a str) {
        if old == new || self.is_renamed(old, new) {
            self.compare_definitions(&task.at, old, new);
        } else {
            self.report_type(task);
        }
    }

    /// Whether a schema of the new document is one of the old under a new name, which is settled once.
    fn is_renamed(&mut self, old: &'a str, new: &'a str) -> bool {
        if let Some(known) = self.renamed.get(old) {
            return *known == new;
        }
        let free = !self.new.has(old) && !self.old.has(new) && !self.taken.contains(new);
        let renamed = free && self.are_alike(&self.old.definition(old), &self.new.definition(new));
        if renamed {
            self.renamed.insert(old, new);
            self.taken.insert(new);
        }
        renamed
    }

    fn are_alike(&self, old: &Spot<'a>, new: &Spot<'a>) -> bool {
        let nowhere = Place::new("");
        is_alike(&Shape::new(&self.old, old, &nowhere), &Shape::new(&self.new, new, &nowhere))
    }

    /// Lets what stands behind two names be compared, if it is not known yet.
    fn compare_definitions(&mut self, at: &At, old: &'a str, new: &'a str) {
        let key = (old, new, at.direction);
        if let Some(known) = self.pairs.get(&key) {
            self.findings.connect(at.user, *known);
            return;
        }
        let user = self.findings.pair();
        self.findings.connect(at.user, user);
        self.pairs.insert(key, user);
        let at = At { user, direction: at.direction, place: Place::of_schema(new) };
        let (before, after) = (self.old.definition(old), self.new.definition(new));
        if old != new {
            let finding = Finding::new(DifferenceKind::TypeRenamed, &at.place, &after.pointer);
            self.report(&at, finding.before(old).after(new), true);
        }
        self.wait(at, before, after, Absence::NEVER);
    }

    pub(super) fn report_type(&mut self, task: &Task<'a>) {
        self.report_change(task, DifferenceKind::TypeChanged, true);
    }

    /// Reports a change of a whole schema, and names both types.
    pub(super) fn report_change(&mut self, task: &Task<'a>, kind: DifferenceKind, breaking: bool) {
        let finding = Finding::new(kind, &task.at.place, &task.new.pointer);
        let finding = finding.before(&self.old.describe(&task.old)).after(&self.new.describe(&task.new));
        self.report(&task.at, finding, breaking);
    }
}

fn kind<'a>(side: &Side<'a>, spot: &Spot<'a>) -> &'a str {
    Shape::new(side, spot, &Place::new("")).kind()
}

/// Whether two schemas are of the same type, as far as the keyword `type` and the presence of an `enum` say.
pub(super) fn is_alike(old: &Shape<'_>, new: &Shape<'_>) -> bool {
    old.kind() == new.kind() && old.is_enum() == new.is_enum()
}

/// The finding that something that may be left out may not be any more, or the reverse.
pub(super) fn requiredness(place: &Place, pointer: &str, was_required: bool) -> Finding {
    let (before, after) = if was_required { ("required", "optional") } else { ("optional", "required") };
    Finding::new(DifferenceKind::RequirednessChanged, place, pointer).before(before).after(after)
}

/// Says of something whether it must be there.
pub(super) fn presence(text: &str, required: bool) -> String {
    format!("{text}, {}", if required { "required" } else { "optional" })
}
