//! A list of items, each of which costs a call: several at once, and none twice.

mod results;

use std::collections::HashSet;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use indicatif::ProgressBar;
use menage_b2b::types::Exemple;
use menage_b2b::{Client, Error, ErrorKind};
use tokio_util::sync::CancellationToken;

use self::results::{Outcome, Results};

/// So many calls are under way at once. PISTE's quotas are per second, too: see yours in the portal.
const CALLS_AT_ONCE: usize = 4;
/// Where a quota is spent for longer than this, the run ends. The client has waited for what is short.
const LONG_PAUSE: Duration = Duration::from_secs(10);
/// After so many transient failures in a row it is not the items.
const OUTAGE: usize = 3 * CALLS_AT_ONCE;

/// What became of a list.
#[derive(Debug, Default)]
pub struct Summary {
    /// Items done in this run.
    pub done: usize,
    /// Items of which an earlier run has written what became of them.
    pub skipped: usize,
    /// Items that failed for good, in this run and in earlier ones.
    pub failed: usize,
    /// Items that are left for the next run.
    pub left: usize,
    /// The last failure for which items are left.
    pub reason: Option<Error>,
}

/// Does the items of which `output` does not say yet what became of them, until all are done or `end` is cancelled.
///
/// # Errors
///
/// Fails if `output` is no file of results, or cannot be written.
pub async fn run(
    client: &Client,
    items: &[String],
    output: &Path,
    bar: &ProgressBar,
    end: &CancellationToken,
) -> anyhow::Result<Summary> {
    let (mut results, earlier) = Results::open(output)?;
    let mut seen = HashSet::new();
    let items = items.iter().filter(|item| seen.insert(*item));
    let (known, open): (Vec<_>, Vec<_>) = items.partition(|item| earlier.contains_key(*item));
    let mut summary = Summary { skipped: known.len(), left: open.len(), ..Summary::default() };
    summary.failed = known.iter().filter(|item| earlier.get(**item) == Some(&true)).count();
    bar.set_length(open.len() as u64);

    // No call begins after the end; those under way are waited for. A quota that is spent ends this run only.
    let end = end.child_token();
    let calls = stream::iter(open).take_until(end.cancelled());
    let calls = calls.map(|id| async move { (id, call(client, id).await) }).buffer_unordered(CALLS_AT_ONCE);
    let mut calls = pin!(calls);
    let mut failures_in_a_row = 0;
    while let Some((id, outcome)) = calls.next().await {
        bar.inc(1);
        match outcome {
            Ok(exemple) => {
                results.write(id, &Outcome::Ok(exemple))?;
                summary.done += 1;
            }
            Err(error) if is_of_the_item(&error) => {
                results.write(id, &Outcome::of(&error))?;
                summary.failed += 1;
            }
            Err(error) => {
                failures_in_a_row += 1;
                if is_of_all(&error) || failures_in_a_row >= OUTAGE {
                    end.cancel();
                }
                // That for which the run ends is told, and not what failed after it.
                if !summary.reason.as_ref().is_some_and(is_of_all) {
                    summary.reason = Some(error);
                }
                continue;
            }
        }
        failures_in_a_row = 0;
        summary.left -= 1;
    }
    Ok(summary)
}

/// What an item costs. Your operation goes here. A run that is killed between an answer and its line does the item again: an operation
/// that changes something has to bear that.
async fn call(client: &Client, id: &str) -> Result<Exemple, Error> {
    Ok(client.lire_exemple().id(id).send().await?.into_inner())
}

/// Tells whether the item is to blame, so that it fails tomorrow as well.
fn is_of_the_item(error: &Error) -> bool {
    let kinds = [ErrorKind::InvalidRequest, ErrorKind::NotFound, ErrorKind::Status, ErrorKind::InvalidAnswer];
    kinds.contains(&error.kind()) && !error.is_transient()
}

/// Tells whether every other item would fail alike: a quota that is spent for long, an access that is refused, a setting, TLS.
fn is_of_all(error: &Error) -> bool {
    error.retry_after().is_some_and(|pause| pause > LONG_PAUSE) || !(error.is_transient() || is_of_the_item(error))
}
