//! The promises of the cache, on a paused clock, over an endpoint in memory.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use reqwest::StatusCode;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, advance};

use super::super::clock::tests::{paused, set_wall};
use super::*;

const SECOND: Duration = Duration::from_secs(1);
const LATENCY: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

/// What the endpoint does with a request.
#[derive(Clone, Copy)]
enum Answer {
    Grant(Duration),
    Refuse,
    BareBadRequest,
    Unavailable(Option<Duration>),
    /// At the last moment that is allowed.
    Late(&'static Self),
    Hang,
    Panic,
}

/// A token endpoint in memory: each request takes [`LATENCY`]. It answers as it is told, from then on or for the next times.
struct Endpoint {
    usual: Mutex<Answer>,
    next: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Instant>>,
}

impl Endpoint {
    fn new(usual: Answer) -> Arc<Self> {
        Arc::new(Self { usual: Mutex::new(usual), next: Mutex::default(), requests: Mutex::default() })
    }

    fn granting(lifetime: Duration) -> Arc<Self> {
        Self::new(Answer::Grant(lifetime))
    }

    fn cache(self: &Arc<Self>) -> Cache {
        self.cache_with(None)
    }

    fn cache_with(self: &Arc<Self>, refusal_retries: Option<u32>) -> Cache {
        let endpoint = Arc::clone(self);
        let rules = Rules { limit: LIMIT, refusal_retries, clock: paused };
        Cache::new(rules, move || Arc::clone(&endpoint).answer())
    }

    async fn answer(self: Arc<Self>) -> Result<Grant, Error> {
        let number = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(Instant::now());
            requests.len()
        };
        sleep(LATENCY).await;
        let next = self.next.lock().unwrap().pop_front();
        let usual = *self.usual.lock().unwrap();
        let answer = match next.unwrap_or(usual) {
            Answer::Late(answer) => {
                sleep(LIMIT - LATENCY - Duration::from_millis(1)).await;
                *answer
            }
            answer => answer,
        };
        match answer {
            Answer::Grant(lifetime) => Grant::new(&format!("token{number}"), Some(lifetime), None),
            Answer::Refuse => Err(Error::refused_by_token_endpoint("invalid_client", StatusCode::BAD_REQUEST, None)),
            Answer::BareBadRequest => Err(Error::token_endpoint_status(StatusCode::BAD_REQUEST, None)),
            Answer::Unavailable(wait) => Err(Error::token_endpoint_status(StatusCode::SERVICE_UNAVAILABLE, wait)),
            Answer::Hang | Answer::Late(_) => std::future::pending().await,
            Answer::Panic => panic!("as the test wants it"),
        }
    }

    fn set_answer(&self, answer: Answer) {
        *self.usual.lock().unwrap() = answer;
    }

    fn next(&self, answers: &[Answer]) {
        self.next.lock().unwrap().extend(answers);
    }

    fn requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    fn requests_since(&self, start: Instant) -> usize {
        self.requests.lock().unwrap().iter().filter(|request| **request >= start).count()
    }
}

async fn token(cache: &Cache) -> String {
    let header = cache.bearer().await.unwrap().header;
    header.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

async fn failure(cache: &Cache) -> Error {
    cache.bearer().await.map(|bearer| bearer.header).unwrap_err()
}

/// Asks, and tells how long the answer took.
async fn timed(cache: &Cache) -> (Outcome, Duration) {
    let start = Instant::now();
    (cache.bearer().await, start.elapsed())
}

async fn herd(cache: &Cache, size: usize) -> Vec<Outcome> {
    let callers: Vec<_> =
        (0..size).map(|_| cache.clone()).map(|cache| tokio::spawn(async move { cache.bearer().await })).collect();
    let mut outcomes = Vec::new();
    for caller in callers {
        outcomes.push(caller.await.unwrap());
    }
    outcomes
}

/// Lets what was started beside the calls land.
async fn settle() {
    sleep(LATENCY * 2).await;
}

// One flight.

#[tokio::test(start_paused = true)]
async fn a_herd_of_first_callers_makes_one_request_and_all_get_its_token() {
    let endpoint = Endpoint::granting(HOUR);
    let start = Instant::now();
    let outcomes = herd(&endpoint.cache(), 10_000).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_ok_and(|bearer| bearer.header == "Bearer token1")));
    assert_eq!(endpoint.requests(), 1);
    assert!(start.elapsed() < LATENCY * 13 / 10, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_herd_at_a_dead_endpoint_makes_one_request_and_all_get_its_failure() {
    let endpoint = Endpoint::new(Answer::Unavailable(None));
    let start = Instant::now();
    for outcome in herd(&endpoint.cache(), 100).await {
        assert_eq!(outcome.unwrap_err().status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    }
    assert_eq!(endpoint.requests(), 1);
    assert!(start.elapsed() < LATENCY * 13 / 10, "{:?}", start.elapsed());
}

// Nobody waits who need not.

#[tokio::test(start_paused = true)]
async fn renewal_is_beside_the_calls_and_happens_once() {
    let endpoint = Endpoint::granting(600 * SECOND);
    let cache = endpoint.cache();
    assert_eq!(token(&cache).await, "token1");
    advance(299 * SECOND).await;
    assert_eq!(token(&cache).await, "token1");
    settle().await;
    assert_eq!(endpoint.requests(), 1, "not due yet");

    advance(76 * SECOND).await;
    let start = Instant::now();
    for outcome in herd(&cache, 16).await {
        assert_eq!(outcome.unwrap().header, "Bearer token1");
    }
    assert_eq!(start.elapsed(), Duration::ZERO, "nobody waited");
    settle().await;
    assert_eq!(token(&cache).await, "token2");
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn in_its_last_moments_a_token_gives_way_to_its_successor() {
    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache();
    token(&cache).await;
    advance(76 * SECOND).await;
    assert_eq!(token(&cache).await, "token2");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_renewal_that_failed_before() {
    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache();
    token(&cache).await;
    endpoint.set_answer(Answer::Unavailable(None));
    advance(60 * SECOND).await;
    token(&cache).await;
    settle().await;
    advance(15 * SECOND).await;
    let (outcome, waited) = timed(&cache).await;
    assert_eq!((outcome.unwrap().header.to_str().unwrap(), waited), ("Bearer token1", Duration::ZERO));
    assert_eq!(endpoint.requests(), 2);
    settle().await;
    assert_eq!(endpoint.requests(), 3, "the renewal is tried again beside the call");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_in_the_last_moments_leaves_the_token_in_use() {
    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache();
    token(&cache).await;
    endpoint.set_answer(Answer::Unavailable(None));
    advance(75 * SECOND).await;
    assert_eq!(token(&cache).await, "token1");
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_late_renewal_until_the_token_has_ended() {
    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache();
    token(&cache).await;
    endpoint.set_answer(Answer::Hang);
    advance(76 * SECOND).await;
    let (outcome, waited) = timed(&cache).await;
    assert_eq!(outcome.unwrap().header, "Bearer token1");
    assert!(waited <= 2 * SECOND, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_day_costs_one_request_per_lifetime_and_nobody_ever_waits() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    token(&cache).await;
    for _ in 0..24 * 360 {
        advance(10 * SECOND).await;
        let (outcome, waited) = timed(&cache).await;
        assert!(outcome.is_ok() && waited.is_zero());
        tokio::task::yield_now().await;
    }
    // Each token serves 55 to 56.25 minutes.
    assert!((26..=27).contains(&endpoint.requests()), "{}", endpoint.requests());
}

// Cancellation is harmless.

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_takes_the_flight_from_nobody() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    assert!(timeout(LATENCY / 2, cache.bearer()).await.is_err());
    let (outcome, waited) = timed(&cache).await;
    assert_eq!((outcome.unwrap().header.to_str().unwrap(), waited), ("Bearer token1", LATENCY / 2));
    assert_eq!(endpoint.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn callers_less_patient_than_the_endpoint_are_served_at_the_second_try() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    let patience = LATENCY * 3 / 4;
    assert!(timeout(patience, cache.bearer()).await.is_err());
    assert!(timeout(patience, cache.bearer()).await.is_ok());
    assert_eq!(endpoint.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flight_that_all_have_left_still_lands() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    for _ in 0..10 {
        assert!(timeout(Duration::from_millis(1), cache.bearer()).await.is_err());
    }
    settle().await;
    let (outcome, waited) = timed(&cache).await;
    assert!(outcome.is_ok() && waited.is_zero());
    assert_eq!(endpoint.requests(), 1);
}

// An outage does not shorten a token's life.

#[tokio::test(start_paused = true)]
async fn an_outage_is_invisible_while_the_token_lives_and_typed_and_bounded_after() {
    let endpoint = Endpoint::granting(600 * SECOND);
    let cache = endpoint.cache();
    let asked = Instant::now();
    token(&cache).await;
    endpoint.set_answer(Answer::Unavailable(None));
    advance(200 * SECOND).await;
    while asked.elapsed() < 599 * SECOND {
        let (outcome, waited) = timed(&cache).await;
        assert!(outcome.is_ok() && waited.is_zero(), "{:?}", asked.elapsed());
        sleep(SECOND / 2).await;
    }
    // 225 to 300 seconds of outage were seen: a try each 22 to 37 seconds after the first few.
    assert!((8..=25).contains(&endpoint.requests()), "{}", endpoint.requests());

    sleep(2 * SECOND).await;
    let ended = Instant::now();
    while ended.elapsed() < 60 * SECOND {
        let (outcome, waited) = timed(&cache).await;
        assert_eq!(outcome.unwrap_err().status(), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert!(waited <= LATENCY);
        sleep(SECOND / 10).await;
    }
    assert!((1..=10).contains(&endpoint.requests_since(ended)), "{}", endpoint.requests_since(ended));

    endpoint.set_answer(Answer::Grant(HOUR));
    sleep(40 * SECOND).await;
    token(&cache).await;
}

#[tokio::test(start_paused = true)]
async fn a_cold_outage_is_bounded_too() {
    let endpoint = Endpoint::new(Answer::Unavailable(None));
    let cache = endpoint.cache();
    let start = Instant::now();
    while start.elapsed() < 60 * SECOND {
        failure(&cache).await;
        sleep(SECOND / 100).await;
    }
    assert!((4..=10).contains(&endpoint.requests()), "{}", endpoint.requests());
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_is_left_alone_for_as_long_as_it_asks() {
    let endpoint = Endpoint::new(Answer::Unavailable(Some(90 * SECOND)));
    let cache = endpoint.cache();
    failure(&cache).await;
    endpoint.set_answer(Answer::Grant(HOUR));
    sleep(89 * SECOND).await;
    assert_eq!(failure(&cache).await.retry_after(), Some(90 * SECOND));
    assert_eq!(endpoint.requests(), 1);
    // A quarter more at most, by chance.
    sleep(24 * SECOND).await;
    assert_eq!(token(&cache).await, "token2");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_never_answers_ends_in_a_timeout() {
    let endpoint = Endpoint::new(Answer::Hang);
    let (outcome, waited) = timed(&endpoint.cache()).await;
    let error = outcome.unwrap_err();
    assert!(error.is_timeout() && error.is_token_endpoint(), "{error:?}");
    assert_eq!(waited, LIMIT);
}

// Refused credentials are not hammered.

#[tokio::test(start_paused = true)]
async fn credentials_that_never_worked_fail_fast_and_the_refusal_is_remembered() {
    let endpoint = Endpoint::new(Answer::Refuse);
    let cache = endpoint.cache();
    let (outcome, waited) = timed(&cache).await;
    assert_eq!((outcome.unwrap_err().oauth2_error(), waited), (Some("invalid_client"), LATENCY));
    for _ in 0..30 {
        let (outcome, waited) = timed(&cache).await;
        assert_eq!((outcome.unwrap_err().oauth2_error(), waited), (Some("invalid_client"), Duration::ZERO));
        sleep(SECOND / 10).await;
    }
    assert_eq!(endpoint.requests(), 1);
    endpoint.set_answer(Answer::Grant(HOUR));
    sleep(4 * SECOND).await;
    assert_eq!(token(&cache).await, "token2", "mended");
}

#[tokio::test(start_paused = true)]
async fn a_false_refusal_of_credentials_that_worked_goes_unnoticed() {
    for false_answer in [Answer::Refuse, Answer::BareBadRequest] {
        let endpoint = Endpoint::granting(80 * SECOND);
        let cache = endpoint.cache();
        token(&cache).await;
        advance(80 * SECOND).await;
        endpoint.next(&[false_answer; 2]);
        let (outcome, waited) = timed(&cache).await;
        assert_eq!(outcome.unwrap().header, "Bearer token4");
        let spaced = waited - LATENCY * 3;
        assert!(spaced >= SECOND * 3 / 2 && spaced <= SECOND * 5 / 2, "{spaced:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flight_is_waited_for_however_slow_each_of_its_tries() {
    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache();
    token(&cache).await;
    advance(80 * SECOND).await;
    endpoint.next(&[Answer::Late(&Answer::Refuse), Answer::Late(&Answer::Refuse), Answer::Late(&Answer::Grant(HOUR))]);
    assert_eq!(token(&cache).await, "token4");
    assert_eq!(endpoint.requests(), 4, "no second flight");
}

#[tokio::test(start_paused = true)]
async fn a_true_refusal_of_credentials_that_worked_is_believed_after_three_tries() {
    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache();
    token(&cache).await;
    advance(80 * SECOND).await;
    endpoint.set_answer(Answer::Refuse);
    let start = Instant::now();
    while start.elapsed() < 60 * SECOND {
        assert_eq!(failure(&cache).await.oauth2_error(), Some("invalid_client"));
        sleep(SECOND / 10).await;
    }
    // Three tries, then one after each growing pause.
    assert!((5..=8).contains(&endpoint.requests_since(start)), "{}", endpoint.requests_since(start));
}

#[tokio::test(start_paused = true)]
async fn a_false_refusal_after_an_outage_goes_unnoticed_too() {
    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache();
    token(&cache).await;
    advance(80 * SECOND).await;
    endpoint.set_answer(Answer::Unavailable(None));
    for _ in 0..4 {
        failure(&cache).await;
        sleep(20 * SECOND).await;
    }
    endpoint.set_answer(Answer::Grant(HOUR));
    endpoint.next(&[Answer::Refuse]);
    assert_eq!(token(&cache).await, "token7");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_not_tried_again_within_a_flight() {
    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache();
    token(&cache).await;
    advance(80 * SECOND).await;
    endpoint.set_answer(Answer::Unavailable(None));
    assert_eq!(timed(&cache).await.1, LATENCY);
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn how_often_a_refusal_is_tried_again_is_for_the_user_to_say() {
    for (wanted, requests) in [(4, 5), (u32::MAX, 6)] {
        let endpoint = Endpoint::new(Answer::Refuse);
        let cache = endpoint.cache_with(Some(wanted));
        failure(&cache).await;
        assert_eq!(endpoint.requests(), requests);
        sleep(10 * SECOND).await;
        failure(&cache).await;
        assert_eq!(endpoint.requests(), requests + 1, "once believed, a refusal is tried once");
    }

    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache_with(Some(0));
    token(&cache).await;
    advance(80 * SECOND).await;
    endpoint.set_answer(Answer::Refuse);
    failure(&cache).await;
    assert_eq!(endpoint.requests(), 2);
}

// A rejected token is renewed once.

#[tokio::test(start_paused = true)]
async fn a_herd_of_rejections_causes_one_renewal_and_nobody_gets_the_dead_token() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    let dead = cache.bearer().await.unwrap();
    let callers: Vec<_> = (0..1_000)
        .map(|_| (cache.clone(), dead.clone()))
        .map(|(cache, dead)| {
            tokio::spawn(async move {
                cache.reject(dead.issue);
                cache.bearer().await
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap().header, "Bearer token2");
    }
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_rejection_of_an_older_token_does_nothing() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    let first = cache.bearer().await.unwrap();
    cache.reject(first.issue);
    sleep(SECOND).await;
    assert_eq!(token(&cache).await, "token2");
    cache.reject(first.issue);
    assert_eq!(token(&cache).await, "token2");
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_during_a_renewal_joins_it() {
    let endpoint = Endpoint::granting(600 * SECOND);
    let cache = endpoint.cache();
    let dead = cache.bearer().await.unwrap();
    advance(400 * SECOND).await;
    token(&cache).await;
    sleep(LATENCY / 2).await;
    cache.reject(dead.issue);
    let (outcome, waited) = timed(&cache).await;
    assert_eq!(outcome.unwrap().header, "Bearer token2");
    assert!(waited <= LATENCY / 2, "{waited:?}");
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_during_an_outage_gives_the_cause_and_not_the_dead_token() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    let dead = cache.bearer().await.unwrap();
    endpoint.set_answer(Answer::Unavailable(None));
    cache.reject(dead.issue);
    sleep(SECOND).await;
    for _ in 0..20 {
        assert_eq!(failure(&cache).await.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    }
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_api_that_rejects_every_token_causes_no_loop() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    let start = Instant::now();
    while start.elapsed() < 60 * SECOND {
        let bearer = cache.bearer().await.unwrap();
        cache.reject(bearer.issue);
        sleep(SECOND / 10).await;
    }
    assert!((6..=12).contains(&endpoint.requests()), "{}", endpoint.requests());
}

#[tokio::test(start_paused = true)]
async fn a_token_is_young_for_two_seconds() {
    let cache = Endpoint::granting(HOUR).cache();
    let bearer = cache.bearer().await.unwrap();
    assert!(cache.is_young(bearer.issue));
    advance(2 * SECOND).await;
    assert!(!cache.is_young(bearer.issue));
}

// Both clocks.

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_serves_no_dead_token() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    token(&cache).await;
    sleep(SECOND).await;
    set_wall(3600);
    assert_eq!(token(&cache).await, "token2");
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_set_back_keeps_no_dead_token() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    token(&cache).await;
    set_wall(-3600);
    assert_eq!(token(&cache).await, "token1");
    advance(HOUR).await;
    assert_eq!(token(&cache).await, "token2");
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_token_counts_from_before_the_request() {
    let endpoint = Endpoint::granting(LATENCY);
    let cache = endpoint.cache();
    assert_eq!(token(&cache).await, "token1");
    assert_eq!(token(&cache).await, "token2");
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_token_does_not_count_from_a_try_that_failed() {
    let endpoint = Endpoint::granting(2 * SECOND);
    let cache = endpoint.cache_with(Some(2));
    endpoint.next(&[Answer::Refuse; 2]);
    assert_eq!(token(&cache).await, "token3");
    assert_eq!(token(&cache).await, "token3");
}

#[tokio::test(start_paused = true)]
async fn a_token_without_life_serves_those_who_waited_and_causes_no_loop() {
    let endpoint = Endpoint::granting(Duration::ZERO);
    let cache = endpoint.cache();
    assert!(herd(&cache, 10).await.iter().all(Result::is_ok));
    assert_eq!(endpoint.requests(), 1);
    let start = Instant::now();
    for _ in 0..10 {
        token(&cache).await;
    }
    assert_eq!(endpoint.requests(), 11);
    assert!(start.elapsed() >= (LATENCY + SECOND / 10) * 10, "{:?}", start.elapsed());
}

// Runtimes come and go.

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

#[test]
fn a_token_outlives_the_runtime_that_fetched_it() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    assert_eq!(runtime().block_on(token(&cache)), "token1");
    assert_eq!(runtime().block_on(token(&cache)), "token1");
    assert_eq!(endpoint.requests(), 1);
}

#[test]
fn a_flight_lost_with_its_runtime_is_started_again_on_the_next() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    runtime().block_on(async { assert!(timeout(LATENCY / 10, cache.bearer()).await.is_err()) });
    assert_eq!(runtime().block_on(token(&cache)), "token2");
}

#[test]
fn a_flight_on_a_runtime_that_nobody_drives_holds_up_nobody() {
    let endpoint = Endpoint::granting(80 * SECOND);
    let cache = endpoint.cache();
    let idle = runtime();
    idle.block_on(async {
        token(&cache).await;
        advance(60 * SECOND).await;
        // The renewal starts, and stands still as soon as this block ends.
        token(&cache).await;
        tokio::task::yield_now().await;
    });
    runtime().block_on(async {
        advance(80 * SECOND).await;
        let (outcome, waited) = timed(&cache).await;
        assert_eq!(outcome.unwrap().header, "Bearer token3");
        // Three tries of 30 seconds, and what lies between them.
        assert!(waited <= 100 * SECOND, "{waited:?}");
    });
    drop(idle);
}

#[test]
fn a_waiter_whose_flight_dies_with_another_runtime_starts_one_on_its_own() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    let other = runtime();
    other.block_on(async { assert!(timeout(LATENCY / 10, cache.bearer()).await.is_err()) });
    runtime().block_on(async {
        let waiter = tokio::spawn({
            let cache = cache.clone();
            async move { token(&cache).await }
        });
        tokio::task::yield_now().await;
        other.shutdown_background();
        assert_eq!(waiter.await.unwrap(), "token2");
    });
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_panics_ends_in_an_error_and_the_next_may_succeed() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    endpoint.next(&[Answer::Panic; 3]);
    let error = failure(&cache).await;
    assert!(error.is_token_endpoint() && error.to_string().contains("lost"), "{error}");
    assert_eq!(endpoint.requests(), 3);
    assert_eq!(token(&cache).await, "token4");
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let cache = Endpoint::granting(HOUR).cache();
    let poll = |cache: &Cache| {
        let mut call = std::pin::pin!(cache.bearer());
        call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    };
    let Poll::Ready(Err(error)) = poll(&cache) else { panic!("no error") };
    assert!(error.to_string().contains("tokio runtime"), "{error}");

    runtime().block_on(token(&cache));
    let Poll::Ready(Ok(bearer)) = poll(&cache) else { panic!("a token in hand needs no runtime") };
    assert_eq!(bearer.header, "Bearer token1");
}

#[tokio::test(start_paused = true)]
async fn nothing_outlives_the_last_client_and_nothing_starts_before_the_first_call() {
    let endpoint = Endpoint::new(Answer::Hang);
    let cache = endpoint.cache();
    settle().await;
    assert_eq!(endpoint.requests(), 0);
    assert!(timeout(LATENCY * 2, cache.bearer()).await.is_err());
    // The test's, the cache's, the flight's.
    assert_eq!(Arc::strong_count(&endpoint), 3);
    drop(cache);
    settle().await;
    assert_eq!(Arc::strong_count(&endpoint), 1);
}

#[tokio::test(start_paused = true)]
async fn one_clone_suffices_to_keep_a_flight() {
    let endpoint = Endpoint::granting(HOUR);
    let cache = endpoint.cache();
    assert!(timeout(LATENCY / 2, cache.clone().bearer()).await.is_err());
    assert_eq!(token(&cache).await, "token1");
    assert_eq!(endpoint.requests(), 1);
}

// Seen.

#[tokio::test(start_paused = true)]
async fn a_look_shows_the_valid_token_and_the_last_failure() {
    let endpoint = Endpoint::new(Answer::Refuse);
    let cache = endpoint.cache();
    assert!(matches!(cache.look(), (None, None)));
    failure(&cache).await;
    assert!(matches!(cache.look(), (None, Some(error)) if error.oauth2_error() == Some("invalid_client")));
    endpoint.set_answer(Answer::Grant(HOUR));
    sleep(10 * SECOND).await;
    token(&cache).await;
    assert!(matches!(cache.look(), (Some(token), None) if token.generation() == 1));
    advance(HOUR).await;
    assert!(matches!(cache.look(), (None, None)));
}

#[test]
fn chance_is_between_zero_and_one_and_all_over_it() {
    let mut quarters = [0; 4];
    for _ in 0..1_000 {
        let chance = chance();
        assert!((0.0..=1.0).contains(&chance));
        quarters[((chance * 4.0) as usize).min(3)] += 1;
    }
    assert!(quarters.iter().all(|count| *count > 100), "{quarters:?}");
}
