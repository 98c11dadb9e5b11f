//! A token request under way, shared by all who wait for it.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::token::Bearer;
use crate::error::Error;

/// How a flight ends, for all alike.
pub(super) type Outcome = Result<Bearer, Error>;

/// A task of its own, so that no waiter's cancellation matters. It is lost if its runtime ends, if it panics, or if it has not
/// landed when it should have: a runtime that nobody drives keeps time for nobody.
#[derive(Clone)]
pub(super) struct Flight {
    outcome: watch::Receiver<Option<Outcome>>,
    task: AbortHandle,
    deadline: Duration,
}

impl Flight {
    /// Starts a flight that is to land by `deadline`, on the monotonic clock.
    pub(super) fn start(
        runtime: &Handle,
        deadline: Duration,
        work: impl Future<Output = Option<Outcome>> + Send + 'static,
    ) -> Self {
        let (sender, outcome) = watch::channel(None);
        let task = runtime.spawn(async move {
            let outcome = work.await;
            sender.send_replace(outcome);
        });
        Self { outcome, task: task.abort_handle(), deadline }
    }

    /// Waits for the outcome for so long at most; `None` if it does not come.
    pub(super) async fn landed(mut self, patience: Duration) -> Option<Outcome> {
        let outcome = timeout(patience, self.outcome.wait_for(Option::is_some)).await.ok()?;
        outcome.ok().and_then(|outcome| outcome.clone())
    }

    /// Tells how long it may take yet.
    pub(super) fn remaining(&self, now: Duration) -> Duration {
        self.deadline.saturating_sub(now)
    }

    /// Tells whether it will bring nothing any more.
    pub(super) fn is_lost(&self, now: Duration) -> bool {
        self.outcome.has_changed().is_err() || self.remaining(now).is_zero()
    }

    pub(super) fn abort(&self) {
        self.task.abort();
    }
}
