//! A token request under way, shared by all who wait for it.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::token::Bearer;
use crate::error::Error;

/// How a flight ends, for all alike.
pub(super) type Outcome = Result<Bearer, Error>;

/// A task of its own, so that no waiter's cancellation matters. It is lost if its runtime ends or if it panics.
#[derive(Clone)]
pub(super) struct Flight {
    outcome: watch::Receiver<Option<Outcome>>,
    task: AbortHandle,
}

impl Flight {
    pub(super) fn start(runtime: &Handle, work: impl Future<Output = Option<Outcome>> + Send + 'static) -> Self {
        let (sender, outcome) = watch::channel(None);
        let task = runtime.spawn(async move {
            let outcome = work.await;
            sender.send_replace(outcome);
        });
        Self { outcome, task: task.abort_handle() }
    }

    /// Waits for the outcome; `None` if the flight is lost.
    pub(super) async fn landed(mut self) -> Option<Outcome> {
        self.outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }

    /// Tells whether it will bring nothing any more.
    pub(super) fn is_lost(&self) -> bool {
        self.outcome.has_changed().is_err()
    }

    pub(super) fn abort(&self) {
        self.task.abort();
    }
}
