//! *When* to fetch a token. Knows nothing of HTTP: it is given a way to fetch.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;

use super::token::{Grant, Token};
use crate::error::Error;

/// After a failed renewal the token in hand serves for a while before the next attempt.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// A flight is lost when its runtime ends, or when it panics. The second cause does not mend itself.
const MAX_LOST_FLIGHTS: u32 = 3;

type Fetch = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Grant, Error>> + Send>> + Send + Sync;
type Outcome = Result<HeaderValue, Error>;

/// One token for all who hold a clone, and at most one flight that fetches the next.
#[derive(Clone)]
pub(super) struct Cache {
    shared: Arc<Shared>,
}

struct Shared {
    fetch: Box<Fetch>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    flight: Option<Flight>,
    not_before: Option<Instant>,
}

/// A token request under way: a task of its own, so that no waiter's cancellation matters. It lands with one outcome for all.
type Flight = watch::Receiver<Option<Outcome>>;

impl Cache {
    pub(super) fn new<F>(fetch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Grant, Error>> + Send + 'static,
    {
        let fetch = Box::new(move || Box::pin(fetch()) as Pin<Box<_>>);
        Self { shared: Arc::new(Shared { fetch, state: Mutex::default() }) }
    }

    pub(super) async fn header(&self) -> Outcome {
        for _ in 0..MAX_LOST_FLIGHTS {
            let mut flight = match self.look()? {
                Look::Ready(header) => return Ok(header),
                Look::Wait(flight) => flight,
            };
            // A lost flight drops its sender without an outcome: the next one starts on this caller's runtime.
            if let Ok(landed) = flight.wait_for(Option::is_some).await
                && let Some(outcome) = landed.clone()
            {
                return outcome;
            }
        }
        Err(Error::token_request_lost())
    }

    /// Serves a valid token, renewing it beside the calls when due; otherwise tells which flight to wait for.
    fn look(&self) -> Result<Look, Error> {
        let mut state = self.shared.state();
        let now = Instant::now();
        match &state.token {
            Some(token) if token.is_valid(now) => {
                let header = token.header().clone();
                if token.is_due(now) && state.not_before.is_none_or(|instant| instant <= now) {
                    self.flight(&mut state)?;
                }
                Ok(Look::Ready(header))
            }
            _ => self.flight(&mut state).map(Look::Wait),
        }
    }

    /// Joins the flight under way, or starts one.
    fn flight(&self, state: &mut State) -> Result<Flight, Error> {
        if let Some(flight) = &state.flight
            && flight.has_changed().is_ok()
        {
            return Ok(flight.clone());
        }
        let runtime = Handle::try_current().map_err(|_| Error::no_runtime())?;
        let (sender, flight) = watch::channel(None);
        let shared = Arc::clone(&self.shared);
        runtime.spawn(async move {
            let outcome = shared.fetch().await;
            sender.send_replace(Some(outcome));
        });
        state.flight = Some(flight.clone());
        Ok(flight)
    }
}

/// What a caller finds.
enum Look {
    Ready(HeaderValue),
    Wait(Flight),
}

impl Shared {
    async fn fetch(&self) -> Outcome {
        let asked = Instant::now();
        let fetched = (self.fetch)().await;
        let mut state = self.state();
        state.flight = None;
        match fetched {
            Ok(grant) => {
                let header = grant.header().clone();
                state.not_before = None;
                state.token = Some(Token::new(grant, asked));
                Ok(header)
            }
            Err(error) => {
                state.not_before = Some(Instant::now() + PAUSE_AFTER_FAILURE);
                Err(error)
            }
        }
    }

    /// A panic elsewhere leaves the state whole: each change to it is one assignment.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::{advance, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LATENCY: Duration = Duration::from_millis(200);

    /// A token endpoint in memory: counts, takes [`LATENCY`], and grants tokens of one lifetime while it is up.
    struct FakeEndpoint {
        lifetime: Duration,
        fetches: AtomicU32,
        down: AtomicU32,
    }

    impl FakeEndpoint {
        fn granting(lifetime: Duration) -> Arc<Self> {
            Arc::new(Self { lifetime, fetches: AtomicU32::new(0), down: AtomicU32::new(0) })
        }

        fn cache(self: &Arc<Self>) -> Cache {
            let endpoint = Arc::clone(self);
            Cache::new(move || {
                let endpoint = Arc::clone(&endpoint);
                async move {
                    let number = endpoint.fetches.fetch_add(1, Ordering::Relaxed) + 1;
                    tokio::time::sleep(LATENCY).await;
                    if endpoint.down.load(Ordering::Relaxed) == 1 {
                        return Err(Error::refused_by_token_endpoint(
                            "invalid_client",
                            reqwest::StatusCode::BAD_REQUEST,
                        ));
                    }
                    Grant::new(&format!("token{number}"), Some(endpoint.lifetime))
                }
            })
        }

        fn set_down(&self, down: bool) {
            self.down.store(u32::from(down), Ordering::Relaxed);
        }

        fn fetches(&self) -> u32 {
            self.fetches.load(Ordering::Relaxed)
        }
    }

    async fn herd(cache: &Cache, size: usize) -> Vec<Outcome> {
        let callers: Vec<_> =
            (0..size).map(|_| cache.clone()).map(|cache| tokio::spawn(async move { cache.header().await })).collect();
        let mut outcomes = Vec::new();
        for caller in callers {
            outcomes.push(caller.await.unwrap());
        }
        outcomes
    }

    /// Lets flights that were started beside the calls land.
    async fn settle() {
        tokio::time::sleep(LATENCY * 2).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_herd_of_first_callers_makes_one_request_and_shares_its_outcome() {
        let endpoint = FakeEndpoint::granting(3600 * SECOND);
        let outcomes = herd(&endpoint.cache(), 10_000).await;
        assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_ok_and(|header| header == "Bearer token1")));
        assert_eq!(endpoint.fetches(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_by_all_who_waited_and_the_next_caller_tries_again() {
        let endpoint = FakeEndpoint::granting(3600 * SECOND);
        let cache = endpoint.cache();
        endpoint.set_down(true);
        let outcomes = herd(&cache, 100).await;
        assert!(
            outcomes
                .iter()
                .all(|outcome| outcome.as_ref().is_err_and(|error| error.oauth2_error() == Some("invalid_client")))
        );
        assert_eq!(endpoint.fetches(), 1);
        endpoint.set_down(false);
        assert_eq!(cache.header().await.unwrap(), "Bearer token2");
    }

    #[tokio::test(start_paused = true)]
    async fn renewal_is_beside_the_calls_and_happens_once() {
        let endpoint = FakeEndpoint::granting(600 * SECOND);
        let cache = endpoint.cache();
        cache.header().await.unwrap();
        advance(299 * SECOND).await;
        assert_eq!(cache.header().await.unwrap(), "Bearer token1");
        settle().await;
        assert_eq!(endpoint.fetches(), 1, "not due yet");

        advance(SECOND).await;
        let asked = Instant::now();
        for outcome in herd(&cache, 16).await {
            assert_eq!(outcome.unwrap(), "Bearer token1");
        }
        assert_eq!(asked.elapsed(), Duration::ZERO, "nobody waited");
        settle().await;
        assert_eq!(cache.header().await.unwrap(), "Bearer token2");
        assert_eq!(endpoint.fetches(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_renewal_leaves_the_valid_token_in_use_and_is_tried_again_after_a_pause() {
        let endpoint = FakeEndpoint::granting(600 * SECOND);
        let cache = endpoint.cache();
        cache.header().await.unwrap();
        endpoint.set_down(true);
        advance(300 * SECOND).await;
        for _ in 0..20 {
            assert_eq!(cache.header().await.unwrap(), "Bearer token1");
            settle().await;
        }
        // 20 rounds of 400 ms: the first attempt, and one more after the pause of 5 s.
        assert_eq!(endpoint.fetches(), 3);
        endpoint.set_down(false);
        advance(PAUSE_AFTER_FAILURE).await;
        cache.header().await.unwrap();
        settle().await;
        assert_eq!(cache.header().await.unwrap(), "Bearer token4");
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_token_is_not_served() {
        let endpoint = FakeEndpoint::granting(80 * SECOND);
        let cache = endpoint.cache();
        cache.header().await.unwrap();
        advance(70 * SECOND).await;
        assert_eq!(cache.header().await.unwrap(), "Bearer token2");
    }

    #[tokio::test(start_paused = true)]
    async fn the_life_of_a_token_counts_from_before_the_request() {
        let endpoint = FakeEndpoint::granting(LATENCY);
        let cache = endpoint.cache();
        assert_eq!(cache.header().await.unwrap(), "Bearer token1");
        assert_eq!(cache.header().await.unwrap(), "Bearer token2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_takes_the_flight_from_nobody() {
        let endpoint = FakeEndpoint::granting(3600 * SECOND);
        let cache = endpoint.cache();
        assert!(timeout(LATENCY / 2, cache.header()).await.is_err());
        assert_eq!(cache.header().await.unwrap(), "Bearer token1");
        assert_eq!(endpoint.fetches(), 1);
    }

    #[test]
    fn a_flight_lost_with_its_runtime_is_started_again() {
        let endpoint = FakeEndpoint::granting(3600 * SECOND);
        let cache = endpoint.cache();
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime().block_on(async { assert!(timeout(LATENCY / 10, cache.header()).await.is_err()) });
        assert_eq!(runtime().block_on(cache.header()).unwrap(), "Bearer token2");
    }

    #[tokio::test]
    async fn a_fetch_that_panics_ends_in_an_error() {
        let cache = Cache::new(|| async { panic!("as a test") });
        assert!(cache.header().await.unwrap_err().is_token_endpoint());
    }

    #[test]
    fn without_a_runtime_there_is_an_error_and_no_panic() {
        let cache = FakeEndpoint::granting(SECOND).cache();
        let mut call = std::pin::pin!(cache.header());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else { panic!("no error") };
        assert!(error.to_string().contains("tokio runtime"), "{error}");
    }
}
