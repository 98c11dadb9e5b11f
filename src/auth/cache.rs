//! *When* to fetch a token. How, it is not told: it is given a way to fetch.

use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tracing::Instrument;

use super::clock::{Clock, Now};
use super::flight::{Flight, Outcome};
use super::store::{History, Store, Verdict};
use super::token::{Bearer, Grant, Issue, Token};
use crate::chance::chance;
use crate::error::Error;
use crate::kind::ErrorKind;

/// A flight is lost when its runtime ends, or when it panics. The second cause does not mend itself.
const MAX_LOST_FLIGHTS: u32 = 3;
/// PISTE refuses good credentials for a moment, about one time in ten on some days: how often and how far apart a
/// refusal is tried again where the credentials have worked before.
const REFUSAL_RETRIES: u32 = 2;
const REFUSAL_RETRY_INTERVAL: Duration = Duration::from_secs(1);
const MOST_REFUSAL_RETRIES: u32 = 5;

type Fetch = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Grant, Error>> + Send>> + Send + Sync;

/// One token for all who hold a clone, and at most one flight that fetches the next.
#[derive(Clone)]
pub(super) struct Cache {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    fetcher: Arc<Fetcher>,
}

/// What a flight needs beside the store, which it holds weakly.
struct Fetcher {
    fetch: Box<Fetch>,
    rules: Rules,
}

/// What a cache is told when it is made.
pub(super) struct Rules {
    /// The time allowed for one fetch.
    pub(super) limit: Duration,
    /// How often a refusal is tried again, if not as usual.
    pub(super) refusal_retries: Option<u32>,
    pub(super) clock: Clock,
}

impl Cache {
    pub(super) fn new<F>(rules: Rules, fetch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Grant, Error>> + Send + 'static,
    {
        let fetch = Box::new(move || Box::pin(fetch()) as Pin<Box<_>>);
        let fetcher = Arc::new(Fetcher { fetch, rules });
        Self { shared: Arc::new(Shared { store: Store::new(), fetcher }) }
    }

    /// Returns the header of a token, fetching it where there is none.
    ///
    /// Polled by hand: in an async function a header that is there at once would be moved once more, which is an eighth of
    /// its cost.
    pub(super) fn header(&self) -> impl Future<Output = Result<HeaderValue, Error>> + Send {
        let mut wait = None;
        poll_fn(move |context| {
            let header = self.shared.store.fresh(self.shared.now(), |token| Ok(token.header()));
            if header.is_ready() {
                return header;
            }
            let wait = wait.get_or_insert_with(|| Box::pin(async { Ok(self.bearer_or_wait().await?.header) }));
            wait.as_mut().poll(context)
        })
    }

    /// Returns the token if it is fresh.
    pub(super) fn fresh_bearer(&self) -> Poll<Bearer> {
        self.shared.store.fresh(self.shared.now(), Token::bearer)
    }

    /// Returns the token, fetching it where there is none.
    pub(super) async fn bearer(&self) -> Outcome {
        match self.fresh_bearer() {
            Poll::Ready(bearer) => Ok(bearer),
            // In a box, so that the usual way stays small.
            Poll::Pending => Box::pin(self.bearer_or_wait()).await,
        }
    }

    /// Withdraws a token that was rejected, if it is the one in hand.
    pub(super) fn reject(&self, issue: Issue) {
        if self.shared.store.reject(issue.generation, self.shared.now()) {
            tracing::warn!(generation = issue.generation, "a token was rejected before its end: it is renewed");
        }
    }

    pub(super) fn is_young(&self, issue: Issue) -> bool {
        issue.is_young(self.shared.now())
    }

    /// Returns the token in hand if it is valid, and the last failure.
    pub(super) fn look(&self) -> (Option<Arc<Token>>, Option<Error>) {
        let (token, failure) = self.shared.store.look();
        let now = self.shared.now();
        (token.filter(|token| token.is_valid(now)), failure)
    }

    async fn bearer_or_wait(&self) -> Outcome {
        let mut lost = 0;
        loop {
            let (flight, patience) = match self.shared.store.decide(self.shared.now(), |history| self.start(history))? {
                Verdict::Serve(bearer) => return Ok(bearer),
                Verdict::Fail(error) => return Err(error),
                Verdict::Pause(pause) => {
                    sleep(pause).await;
                    continue;
                }
                Verdict::Wait(flight, patience) => (flight, patience),
            };
            match flight.landed(patience).await {
                Some(Ok(bearer)) => return Ok(bearer),
                // A renewal that fails or takes its time takes nothing from a token that has not ended.
                Some(Err(error)) => return self.shared.store.valid(self.shared.now()).ok_or(error),
                None => match self.shared.store.valid(self.shared.now()) {
                    Some(bearer) => return Ok(bearer),
                    None => lost += 1,
                },
            }
            if lost == MAX_LOST_FLIGHTS {
                return Err(Error::token_request_lost());
            }
        }
    }

    /// Starts a flight on the caller's runtime. It holds the store weakly: without clients there is nobody to fly for.
    fn start(&self, history: History) -> Result<Flight, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::no_runtime())?;
        let fetcher = Arc::clone(&self.shared.fetcher);
        let shared = Arc::downgrade(&self.shared);
        let deadline = self.shared.now().monotonic.saturating_add(fetcher.longest_flight(history));
        let work = async move {
            // Of no caller's span: it serves them all.
            let span = tracing::debug_span!(parent: None, "token_request", first = !history.has_worked);
            land(&shared, fetcher.fetch(history).instrument(span).await)
        };
        Ok(Flight::start(&runtime, deadline, work))
    }
}

impl Shared {
    fn now(&self) -> Now {
        (self.fetcher.rules.clock)()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.store.abandon_flight();
    }
}

fn land(shared: &Weak<Shared>, outcome: Result<(Now, Grant), Error>) -> Option<Outcome> {
    let shared = shared.upgrade()?;
    Some(shared.store.land(outcome, shared.now(), chance()))
}

impl Fetcher {
    /// Fetches a grant and tells when it was asked for.
    async fn fetch(&self, history: History) -> Result<(Now, Grant), Error> {
        let mut retries = self.refusal_retries(history);
        loop {
            let asked = (self.rules.clock)();
            let outcome = timeout(self.rules.limit, (self.fetch)()).await;
            let outcome = outcome.unwrap_or_else(|_| Err(Error::token_request_timeout()));
            let took = (self.rules.clock)().since(asked);
            match outcome {
                Ok(grant) => {
                    tracing::debug!(?took, lifetime = ?grant.lifetime(), "a token was granted");
                    return Ok((asked, grant));
                }
                Err(error) if retries > 0 && may_be_false(&error) => {
                    tracing::debug!(?took, %error, "a refusal may be false: trying again");
                    retries -= 1;
                    sleep(REFUSAL_RETRY_INTERVAL.mul_f64(0.75 + chance() / 2.0)).await;
                }
                Err(error) => {
                    tracing::warn!(?took, %error, cause = error.source(), "no token was granted");
                    return Err(error);
                }
            }
        }
    }

    /// A refusal that was believed is not doubted again at every try.
    fn refusal_retries(&self, history: History) -> u32 {
        let usual = if history.has_worked { REFUSAL_RETRIES } else { 0 };
        let retries = self.rules.refusal_retries.unwrap_or(usual).min(MOST_REFUSAL_RETRIES);
        if history.was_refused { 0 } else { retries }
    }

    /// The time after which a flight is not waited for: no flight of a runtime that is driven takes it.
    fn longest_flight(&self, history: History) -> Duration {
        self.rules.limit.saturating_add(REFUSAL_RETRY_INTERVAL * 2).saturating_mul(self.refusal_retries(history) + 1)
    }
}

/// What PISTE is known to answer wrongly: `invalid_client`, and a 400 that gives no reason.
fn may_be_false(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::CredentialsRefused => true,
        ErrorKind::TokenRequestThrottled => error.status() == Some(reqwest::StatusCode::BAD_REQUEST),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
