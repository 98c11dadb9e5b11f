//! The comparison of what a document says of the API as a whole: version, servers and scopes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::findings::{Finding, Place, User};
use super::part::Part;
use super::schemas::Comparison;
use super::{DifferenceKind, plain};

/// Compares what concerns no operation in particular.
pub(super) fn compare(comparison: &mut Comparison<'_>, old: &Value, new: &Value) {
    compare_version(comparison, old, new);
    compare_servers(comparison, old, new);
    Scopes::of_documents(old, new).compare(comparison, User::DOCUMENT, &Place::new("security"), "/security");
}

fn compare_version(comparison: &mut Comparison<'_>, old: &Value, new: &Value) {
    const POINTER: &str = "/info/version";
    let (before, after) = (old.pointer(POINTER), new.pointer(POINTER));
    if before != after {
        let text = |version: Option<&Value>| version.map_or("none".to_owned(), plain);
        let finding = Finding::new(DifferenceKind::VersionChanged, &Place::new("info.version"), POINTER);
        comparison.findings.add(User::DOCUMENT, finding.before(&text(before)).after(&text(after)), false);
    }
}

fn compare_servers(comparison: &mut Comparison<'_>, old: &Value, new: &Value) {
    let (old, new) = (servers(old), servers(new));
    if old != new {
        let text = |servers: &BTreeSet<&str>| match servers.len() {
            0 => "none".to_owned(),
            _ => servers.iter().copied().collect::<Vec<_>>().join(", "),
        };
        let finding = Finding::new(DifferenceKind::ServerChanged, &Place::new("servers"), "/servers");
        comparison.findings.add(User::DOCUMENT, finding.before(&text(&old)).after(&text(&new)), false);
    }
}

fn servers(document: &Value) -> BTreeSet<&str> {
    let servers = document.get("servers").and_then(Value::as_array);
    servers.into_iter().flatten().filter_map(|server| server.get("url")?.as_str()).collect()
}

/// The scopes that both documents ask for, in all or for an operation.
#[derive(Debug)]
pub(super) struct Scopes {
    old: BTreeSet<String>,
    new: BTreeSet<String>,
}

impl Scopes {
    pub(super) fn of_documents(old: &Value, new: &Value) -> Self {
        Self { old: scopes(old), new: scopes(new) }
    }

    fn compare(&self, comparison: &mut Comparison<'_>, user: User, place: &Place, pointer: &str) {
        for scope in self.old.difference(&self.new) {
            let finding = Finding::new(DifferenceKind::ScopeRemoved, place, pointer);
            comparison.findings.add(user, finding.before(scope), false);
        }
        for scope in self.new.difference(&self.old) {
            let finding = Finding::new(DifferenceKind::ScopeAdded, place, pointer);
            comparison.findings.add(user, finding.after(scope), false);
        }
    }
}

/// Compares the scopes of an operation that has its own in either document. Else they are those of the documents.
pub(super) fn compare_own_scopes(
    comparison: &mut Comparison<'_>,
    user: User,
    place: &Place,
    (old, new): (&Part<'_>, &Part<'_>),
    of_documents: &Scopes,
) {
    let own = |operation: &Part<'_>| operation.get("security").map(|_| scopes(operation.value));
    let (before, after) = (own(old), own(new));
    if before.is_some() || after.is_some() {
        let before = before.unwrap_or_else(|| of_documents.old.clone());
        let after = after.unwrap_or_else(|| of_documents.new.clone());
        Scopes { old: before, new: after }.compare(comparison, user, place, &new.at("security").pointer);
    }
}

/// The scopes that a document or an operation asks for, of any of the alternatives.
fn scopes(owner: &Value) -> BTreeSet<String> {
    let requirements = owner.get("security").and_then(Value::as_array).into_iter().flatten();
    let lists = requirements.filter_map(Value::as_object).flat_map(|requirement| requirement.values());
    lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
