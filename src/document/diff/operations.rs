//! The comparison of operations, down to where schemas begin.

use std::collections::BTreeSet;

use serde_json::Value;

use super::DifferenceKind;
use super::api::{self, Scopes};
use super::findings::{Finding, Place, User};
use super::operation::{Content, Operation, Parameter, Responses, content, counterpart, operations};
use super::pairs::Pairs;
use super::part::Part;
use super::schemas::{At, Comparison, Direction, presence, requiredness};

/// Compares the operations of two documents, and lets their schemas wait.
///
/// Operations are known by method and path, whatever the names of the path's parameters are.
pub(super) fn compare<'a>(comparison: &mut Comparison<'a>, old: &'a Value, new: &'a Value) {
    let name = |operation: &Operation<'a>| Some(operation.name());
    let template = |operation: &Operation<'a>| Some(operation.template());
    let pairs = Pairs::new(operations(old), operations(new)).pair_by(name, name).pair_by(template, template);
    for operation in &pairs.removed {
        report_operation(comparison, DifferenceKind::OperationRemoved, operation);
    }
    for operation in &pairs.added {
        report_operation(comparison, DifferenceKind::OperationAdded, operation);
    }
    let scopes = Scopes::of_documents(old, new);
    for (old, new) in pairs.pairs {
        let user = comparison.findings.operation(&new.name());
        let pair = Pair { user, place: Place::new(new.name()), old, new };
        pair.compare(comparison, &scopes);
    }
}

fn report_operation(comparison: &mut Comparison<'_>, kind: DifferenceKind, operation: &Operation<'_>) {
    let user = comparison.findings.operation(&operation.name());
    let finding = Finding::new(kind, &Place::new(operation.name()), &operation.part.pointer);
    let removed = kind == DifferenceKind::OperationRemoved;
    let finding = match operation.id() {
        Some(id) if removed => finding.before(id),
        Some(id) => finding.after(id),
        None => finding,
    };
    comparison.findings.add(user, finding, removed);
}

/// The same operation in both documents.
struct Pair<'a> {
    user: User,
    place: Place,
    old: Operation<'a>,
    new: Operation<'a>,
}

impl<'a> Pair<'a> {
    fn compare(&self, comparison: &mut Comparison<'a>, scopes: &Scopes) {
        self.compare_names(comparison);
        api::compare_own_scopes(comparison, self.user, &self.place, (&self.old.part, &self.new.part), scopes);
        self.compare_parameters(comparison);
        self.compare_bodies(comparison);
        self.compare_responses(comparison);
    }

    fn at(&self, direction: Direction, part: &str) -> At {
        At { user: self.user, direction, place: self.place.part(part) }
    }

    fn compare_names(&self, comparison: &mut Comparison<'a>) {
        let (old, new) = (&self.old, &self.new);
        if old.id() != new.id() {
            let pointer = new.part.at("operationId").pointer;
            let finding = Finding::new(DifferenceKind::OperationRenamed, &self.place, &pointer);
            let finding = finding.before(old.id().unwrap_or("none")).after(new.id().unwrap_or("none"));
            comparison.findings.add(self.user, finding, true);
        }
        if new.part.says("deprecated") && !old.part.says("deprecated") {
            let finding = Finding::new(DifferenceKind::OperationDeprecated, &self.place, &new.part.pointer);
            comparison.findings.add(self.user, finding, false);
        }
    }

    fn compare_parameters(&self, comparison: &mut Comparison<'a>) {
        let (old, new) = (self.old.parameters(), self.new.parameters());
        for (key, parameter) in &old {
            match new.get(key) {
                Some(counterpart) => self.compare_parameter(comparison, parameter, counterpart),
                None => self.report_removed(comparison, parameter),
            }
        }
        for (_, parameter) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
            self.report_added(comparison, parameter);
        }
    }

    fn report_removed(&self, comparison: &mut Comparison<'a>, parameter: &Parameter<'a>) {
        let place = self.place.part(&parameter.title());
        let finding = Finding::new(DifferenceKind::ParameterRemoved, &place, &parameter.part.pointer);
        let text = comparison.describe_old(parameter.schema());
        comparison.findings.add(self.user, finding.before(&text), true);
    }

    fn report_added(&self, comparison: &mut Comparison<'a>, parameter: &Parameter<'a>) {
        let place = self.place.part(&parameter.title());
        let finding = Finding::new(DifferenceKind::ParameterAdded, &place, &parameter.part.pointer);
        let text = presence(&comparison.describe_new(parameter.schema()), parameter.is_required());
        comparison.findings.add(self.user, finding.after(&text), parameter.is_required());
    }

    fn compare_parameter(&self, comparison: &mut Comparison<'a>, old: &Parameter<'a>, new: &Parameter<'a>) {
        let at = self.at(Direction::Request, &new.title());
        let pointer = &new.part.pointer;
        if new.is_in_path() && old.name != new.name {
            let finding = Finding::new(DifferenceKind::ParameterRenamed, &at.place, pointer);
            comparison.findings.add(self.user, finding.before(old.name).after(new.name), true);
        }
        if old.is_required() != new.is_required() {
            let finding = requiredness(&at.place, pointer, old.is_required());
            comparison.findings.add(self.user, finding, new.is_required());
        }
        let has_parts = comparison.has_parts(old.schema(), new.schema());
        let (before, after) = (old.style(has_parts), new.style(has_parts));
        if before != after {
            let finding = Finding::new(DifferenceKind::StyleChanged, &at.place, pointer);
            comparison.findings.add(self.user, finding.before(&before).after(&after), true);
        }
        comparison.wait_for_parameters(at, old.schema(), new.schema());
    }

    fn compare_bodies(&self, comparison: &mut Comparison<'a>) {
        let at = self.at(Direction::Request, "body");
        let (old, new) = (self.old.part.at("requestBody"), self.new.part.at("requestBody"));
        let (was_required, is_required) = (old.says("required"), new.says("required"));
        if compare_contents(comparison, &at, &old, &new, is_required) && was_required != is_required {
            comparison.findings.add(self.user, requiredness(&at.place, &new.pointer, was_required), is_required);
        }
    }

    fn compare_responses(&self, comparison: &mut Comparison<'a>) {
        let (old, new) = (self.old.responses(), self.new.responses());
        let mut met = BTreeSet::new();
        for status in old.keys().chain(new.keys()).copied().collect::<BTreeSet<_>>() {
            let (Some(before), Some(after)) = (counterpart(&old, status), counterpart(&new, status)) else { continue };
            let ((old_status, before), (new_status, after)) = (before, after);
            met.extend([old_status, new_status]);
            let at = self.at(Direction::Answer, &format!("response {status}"));
            compare_contents(comparison, &at, before, after, is_success(status));
        }
        self.report_responses(comparison, DifferenceKind::ResponseRemoved, (&old, &new), &met);
        self.report_responses(comparison, DifferenceKind::ResponseAdded, (&new, &old), &met);
    }

    /// Reports the responses that the other document does not have. `met` are those that a range covers there.
    fn report_responses(
        &self,
        comparison: &mut Comparison<'a>,
        kind: DifferenceKind,
        (responses, others): (&Responses<'a>, &Responses<'a>),
        met: &BTreeSet<&str>,
    ) {
        for (status, response) in responses.iter().filter(|(status, _)| !others.contains_key(*status)) {
            let place = self.place.part(&format!("response {status}"));
            let breaking = is_success(status) && !met.contains(status);
            comparison.findings.add(self.user, Finding::new(kind, &place, &response.pointer), breaking);
        }
    }
}

fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// Compares two bodies, and says whether both are there. `needed` tells whether one that is new breaks a program.
fn compare_contents<'a>(
    comparison: &mut Comparison<'a>,
    at: &At,
    old: &Part<'a>,
    new: &Part<'a>,
    needed: bool,
) -> bool {
    let (before, after) = (content(old), content(new));
    match (before.is_empty(), after.is_empty()) {
        (true, true) => {}
        (false, true) => {
            let finding = Finding::new(DifferenceKind::BodyRemoved, &at.place, &old.pointer);
            comparison.findings.add(at.user, finding.before(&names(&before)), true);
        }
        (true, false) => {
            let finding = Finding::new(DifferenceKind::BodyAdded, &at.place, &new.pointer);
            comparison.findings.add(at.user, finding.after(&names(&after)), needed);
        }
        (false, false) => compare_media(comparison, at, &before, &after),
    }
    !before.is_empty() && !after.is_empty()
}

fn compare_media<'a>(comparison: &mut Comparison<'a>, at: &At, old: &Content<'a>, new: &Content<'a>) {
    let several = old.len() > 1 || new.len() > 1;
    for (media, schema) in old {
        if let Some(counterpart) = new.get(media) {
            let place = if several { at.place.part(media) } else { at.place.clone() };
            comparison.wait_for_schemas(At { place, ..at.clone() }, schema.clone(), counterpart.clone());
        } else {
            let finding = Finding::new(DifferenceKind::MediaTypeRemoved, &at.place, &schema.pointer);
            comparison.findings.add(at.user, finding.before(media), true);
        }
    }
    for (media, schema) in new.iter().filter(|(media, _)| !old.contains_key(*media)) {
        let finding = Finding::new(DifferenceKind::MediaTypeAdded, &at.place, &schema.pointer);
        comparison.findings.add(at.user, finding.after(media), false);
    }
}

fn names(content: &Content<'_>) -> String {
    content.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}
