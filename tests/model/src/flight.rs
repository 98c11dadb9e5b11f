//! In the place of `src/auth/flight.rs`: a flight is a thread of the checker.

use std::sync::Arc;
use std::time::Duration;

use shuttle::sync::{Condvar, Mutex};

use super::error::Error;
use super::token::Bearer;

pub(super) type Outcome = Result<Bearer, Error>;

#[derive(Clone, Default)]
pub(super) struct Flight(Arc<(Mutex<Ending>, Condvar)>);

#[derive(Clone, Default)]
enum Ending {
    #[default]
    UnderWay,
    Landed(Outcome),
    Lost,
}

impl Flight {
    pub(super) fn land(&self, outcome: Outcome) {
        self.end(Ending::Landed(outcome));
    }

    pub(super) fn lose(&self) {
        self.end(Ending::Lost);
    }

    pub(super) fn landed(&self) -> Option<Outcome> {
        let (ending, ended) = &*self.0;
        let mut ending = ending.lock().unwrap();
        loop {
            match &*ending {
                Ending::UnderWay => ending = ended.wait(ending).unwrap(),
                Ending::Landed(outcome) => return Some(outcome.clone()),
                Ending::Lost => return None,
            }
        }
    }

    pub(super) fn is_lost(&self, _: Duration) -> bool {
        matches!(*self.0.0.lock().unwrap(), Ending::Lost)
    }

    /// The model's flights end: there is no hurry.
    pub(super) fn remaining(&self, _: Duration) -> Duration {
        Duration::MAX
    }

    pub(super) fn abort(&self) {
        self.lose();
    }

    fn end(&self, how: Ending) {
        *self.0.0.lock().unwrap() = how;
        self.0.1.notify_all();
    }
}
