//! Where differences are collected: each once, with the operations that meet it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use super::{Difference, DifferenceKind, shorten};

/// How many operations are named for one difference. Enough to go by, where naming all could fill the memory.
pub(super) const MOST_OPERATIONS: usize = 100;

/// A place as a person names it: an operation's or a schema's, and the way from there to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    root: Rc<str>,
    way: String,
}

impl Place {
    pub(super) fn new(root: impl Into<Rc<str>>) -> Self {
        Self { root: root.into(), way: String::new() }
    }

    pub(super) fn of_schema(name: &str) -> Self {
        Self::new(format!("#/components/schemas/{name}"))
    }

    /// The place of something that the operation has beside its schemas.
    pub(super) fn part(&self, name: &str) -> Self {
        Self::new(format!("{self} {name}"))
    }

    pub(super) fn field(&self, name: &str) -> Self {
        self.step(&format!(".{name}"))
    }

    pub(super) fn items(&self) -> Self {
        self.step("[]")
    }

    /// The place of the values of fields that have no name of their own.
    pub(super) fn extra(&self) -> Self {
        self.step(".*")
    }

    pub(super) fn variant(&self, index: usize) -> Self {
        self.step(&format!("<{}>", index.saturating_add(1)))
    }

    fn step(&self, step: &str) -> Self {
        Self { root: Rc::clone(&self.root), way: format!("{}{step}", self.way) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.way.is_empty() { "" } else { " " };
        write!(f, "{}{separator}{}", self.root, self.way)
    }
}

/// What was found at a place, whoever uses it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    place: String,
    pointer: String,
    kind: DifferenceKind,
    before: Option<String>,
    after: Option<String>,
}

impl Finding {
    pub(super) fn new(kind: DifferenceKind, place: &Place, pointer: &str) -> Self {
        Self { place: place.to_string(), pointer: pointer.to_owned(), kind, before: None, after: None }
    }

    pub(super) fn before(self, text: &str) -> Self {
        Self { before: Some(shorten(text)), ..self }
    }

    pub(super) fn after(self, text: &str) -> Self {
        Self { after: Some(shorten(text)), ..self }
    }
}

/// Something that uses schemas: an operation, a pair of schemas, or the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct User(usize);

impl User {
    /// Stands for all operations, and names none.
    pub(super) const DOCUMENT: Self = Self(0);
}

/// Collects what was found, and who uses what.
#[derive(Debug)]
pub(super) struct Findings {
    found: BTreeMap<Finding, Weight>,
    /// The operations that meet each user, by its number.
    operations: Vec<BTreeSet<Rc<str>>>,
    /// The users that each user uses.
    uses: Vec<BTreeSet<User>>,
}

/// How bad a finding is, and for whom.
#[derive(Debug, Default)]
struct Weight {
    breaking: bool,
    users: BTreeSet<User>,
}

impl Default for Findings {
    fn default() -> Self {
        Self { found: BTreeMap::new(), operations: vec![BTreeSet::new()], uses: vec![BTreeSet::new()] }
    }
}

impl Findings {
    /// Adds a finding. What requests and answers find at one place is one difference, and breaking if it is for either.
    pub(super) fn add(&mut self, user: User, finding: Finding, breaking: bool) {
        let weight = self.found.entry(finding).or_default();
        weight.breaking |= breaking;
        weight.users.insert(user);
    }

    pub(super) fn operation(&mut self, name: &str) -> User {
        self.user(BTreeSet::from([name.into()]))
    }

    pub(super) fn pair(&mut self) -> User {
        self.user(BTreeSet::new())
    }

    pub(super) fn connect(&mut self, user: User, used: User) {
        if let Some(uses) = self.uses.get_mut(user.0) {
            uses.insert(used);
        }
    }

    pub(super) fn differences(mut self) -> Vec<Difference> {
        self.spread();
        let Self { found, operations, .. } = self;
        found.into_iter().map(|(finding, weight)| difference(finding, &weight, &operations)).collect()
    }

    fn user(&mut self, operations: BTreeSet<Rc<str>>) -> User {
        self.operations.push(operations);
        self.uses.push(BTreeSet::new());
        User(self.uses.len().saturating_sub(1))
    }

    /// Hands the names of the operations on to all that they use, directly or not.
    fn spread(&mut self) {
        let Self { operations, uses, .. } = self;
        let mut waiting: Vec<usize> = (0..uses.len()).rev().collect();
        while let Some(user) = waiting.pop() {
            let Some(names) = operations.get(user).cloned() else { continue };
            for used in uses.get(user).into_iter().flatten() {
                let grown = operations.get_mut(used.0).is_some_and(|known| add_to(known, &names));
                if grown {
                    waiting.push(used.0);
                }
            }
        }
    }
}

/// Adds names to a set that stays small, and says whether it grew.
fn add_to(known: &mut BTreeSet<Rc<str>>, names: &BTreeSet<Rc<str>>) -> bool {
    let before = known.len();
    for name in names {
        if known.len() >= MOST_OPERATIONS {
            break;
        }
        known.insert(Rc::clone(name));
    }
    known.len() > before
}

fn difference(finding: Finding, weight: &Weight, operations: &[BTreeSet<Rc<str>>]) -> Difference {
    let mut names = BTreeSet::new();
    for known in weight.users.iter().filter_map(|user| operations.get(user.0)) {
        add_to(&mut names, known);
    }
    let Finding { place, pointer, kind, before, after } = finding;
    let operations = names.iter().map(|name| name.as_ref().to_owned()).collect();
    Difference { place, pointer, kind, before, after, breaking: weight.breaking, operations }
}
