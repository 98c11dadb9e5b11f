//! How one part of the sandbox answers: as usual, or as a test has told it to.

use std::collections::VecDeque;

use wiremock::{Request, ResponseTemplate};

use super::fault::Fault;

/// An answer of a test's own, or a fault.
#[derive(Clone)]
pub(super) enum Answer {
    Template(ResponseTemplate),
    Fault(Fault),
}

/// What is answered: first the script, then what stands.
#[derive(Default)]
pub(super) struct Behaviour {
    script: VecDeque<Answer>,
    standing: Option<Answer>,
}

impl Answer {
    pub(super) fn to(&self, request: &Request, usual: impl FnOnce() -> ResponseTemplate) -> ResponseTemplate {
        match self {
            Self::Template(template) => template.clone(),
            Self::Fault(fault) => fault.answer(request, usual),
        }
    }
}

impl Behaviour {
    /// Answers so from now on, when the script is over.
    pub(super) fn stand(&mut self, answer: Option<Answer>) {
        self.standing = answer;
    }

    /// Answers so next, in this order, after what was scripted before.
    pub(super) fn script(&mut self, answers: impl IntoIterator<Item = Answer>) {
        self.script.extend(answers);
    }

    /// Forgets what a test has said.
    pub(super) fn recover(&mut self) {
        *self = Self::default();
    }

    /// Returns what a test wants to be answered now, if anything.
    pub(super) fn next(&mut self) -> Option<Answer> {
        self.script.pop_front().or_else(|| self.standing.clone())
    }
}
