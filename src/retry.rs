//! Which calls are tried again, when, and how often.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::chance::chance;
use crate::error::Error;
use crate::kind::ErrorKind;

const RETRIES: u32 = 2;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Doubled with each try, a pause grows no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A quota of a second or of a moment is waited for; one of a day is not.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(10);
/// Over [`BUDGET_WINDOW`], all clones of a client together make one retry for each five calls, and these besides.
const BUDGET_SHARE: f32 = 0.2;
const BUDGET_PER_SECOND: u32 = 1;
const BUDGET_WINDOW: Duration = Duration::from_secs(10);

/// Says which failed calls are tried again.
///
/// By default a call is tried three times in all, with a pause of about 0.2 seconds and then 0.4 between the tries, if
///
/// - the request did not reach the server (name resolution, connection), whatever its method; or
/// - its method is idempotent ([RFC 9110, 9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2)) and the answer was
///   429, 500, 502, 503, 504 or PISTE's empty 400 without a challenge, or the connection broke before there was one.
///
/// A pause is never shorter than the server asks for (`Retry-After`). Where it asks for more than 10 seconds, or for more than is left of the
/// [time allowed for the call](crate::ClientBuilder::call_timeout), the call fails at once, and
/// [`Error::retry_after`] says how long to wait. Besides, all clones of a client share a budget: one retry for each five calls, and
/// ten, in ten seconds; so an outage is not made worse. A body that is a stream is sent once only.
///
/// Not tried again: a POST or PATCH that may have arrived, an answer that came too late, what TLS or a proxy refused, an
/// answer that breaks off or cannot be read, and failures of the token endpoint, which the [`Authenticator`](crate::Authenticator) tries
/// again by rules of its own. A request that is refused for its token (401, or PISTE's 400 with a Bearer challenge) was not carried out
/// ([RFC 9110, 15.5.2](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2)): it is sent again with another token, whatever
/// this policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    retries: u32,
    first_pause: Duration,
    longest_retry_after: Duration,
    any_method: bool,
}

impl RetryPolicy {
    /// Returns the usual policy.
    pub const fn new() -> Self {
        Self { retries: RETRIES, first_pause: FIRST_PAUSE, longest_retry_after: LONGEST_RETRY_AFTER, any_method: false }
    }

    /// Returns the policy that tries nothing again.
    pub const fn never() -> Self {
        Self { retries: 0, ..Self::new() }
    }

    /// Sets how often a call is tried again at the most.
    pub const fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets the first pause; each further one is twice as long, up to 5 seconds. Chance makes it a quarter longer or shorter.
    pub const fn first_pause(mut self, pause: Duration) -> Self {
        self.first_pause = pause;
        self
    }

    /// Sets how long a pause may be that the server asks for (`Retry-After`). Where it asks for more, the call fails at once.
    pub const fn longest_retry_after(mut self, pause: Duration) -> Self {
        self.longest_retry_after = pause;
        self
    }

    /// Lets requests of every method be tried again, POST too. Only for operations that do no harm when they are done twice.
    pub const fn any_method(mut self) -> Self {
        self.any_method = true;
        self
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// The policy of a client, and the budget that its clones share.
#[derive(Clone)]
pub(crate) struct Retries {
    policy: RetryPolicy,
    budget: Arc<TpsBudget>,
}

impl Retries {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { policy, budget: Arc::new(TpsBudget::new(BUDGET_WINDOW, BUDGET_PER_SECOND, BUDGET_SHARE)) }
    }

    /// Takes another policy, and shares the budget.
    pub(crate) fn with_policy(&self, policy: RetryPolicy) -> Self {
        Self { policy, budget: Arc::clone(&self.budget) }
    }

    /// Notes that a call is made: calls pay for retries.
    pub(crate) fn note_call(&self) {
        if self.policy.retries > 0 {
            self.budget.deposit();
        }
    }

    /// Goes on after a first try that failed, until a try succeeds or none is due any more.
    pub(crate) async fn go_on<T, F>(
        &self,
        call: Repeatable,
        mut error: Error,
        mut again: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut tries = 1;
        loop {
            let Some(pause) = self.pause(call, tries, &error, Instant::now(), chance()) else {
                return Err(error.with_tries(tries));
            };
            tracing::debug!(%error, ?pause, tries, "the call failed and is tried again");
            sleep(pause).await;
            tries += 1;
            match again().await {
                Ok(answer) => return Ok(answer),
                Err(failure) => error = failure,
            }
        }
    }

    /// Returns the pause before the next try, if there is to be one. The budget is asked last: asked, it has paid.
    fn pause(&self, call: Repeatable, tries: u32, error: &Error, now: Instant, chance: f64) -> Option<Duration> {
        let policy = &self.policy;
        let may_be_sent_twice = error.is_unsent() || call.is_idempotent || policy.any_method;
        if tries > policy.retries || !may_be_sent_twice || !may_pass(error) {
            return None;
        }
        let wanted = error.retry_after().unwrap_or_default();
        if wanted > policy.longest_retry_after {
            return None;
        }
        // Doubled so often, any pause worth the name is past the longest.
        let doubled = policy.first_pause.saturating_mul(2_u32.pow((tries - 1).min(16))).min(LONGEST_PAUSE);
        // No sooner than the server asks, and a fleet not all at once.
        let pause = doubled.mul_f64(0.75 + chance / 2.0).max(wanted.saturating_add((wanted / 4).mul_f64(chance)));
        let is_in_time = now.checked_add(pause).is_some_and(|next| next < call.deadline);
        (is_in_time && self.budget.withdraw()).then_some(pause)
    }
}

/// Both parts show what is harmless.
impl fmt::Debug for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.policy.fmt(f)
    }
}

/// What a call is like that may be tried again.
#[derive(Clone, Copy)]
pub(crate) struct Repeatable {
    pub(crate) is_idempotent: bool,
    pub(crate) deadline: Instant,
}

/// Tells whether the failure may be gone in a moment.
fn may_pass(error: &Error) -> bool {
    // Those have been tried again already, as far as it is wise.
    if error.is_token_endpoint() {
        return false;
    }
    match error.kind() {
        ErrorKind::RateLimited | ErrorKind::Connect => true,
        // A whole request's time is over; trying again would take another.
        ErrorKind::Timeout => error.is_unsent(),
        ErrorKind::Unavailable => error.status() != Some(reqwest::StatusCode::NOT_FOUND),
        // Of these only the empty 400, and what broke the connection.
        ErrorKind::Status | ErrorKind::Transport => error.is_transient(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use reqwest::StatusCode;
    use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
    use tokio::time::advance;

    use super::*;
    use crate::cause::Cause;
    use crate::error::Peer;
    use crate::failure::{Answered, Asked};

    const SECOND: Duration = Duration::from_secs(1);
    const MILLI: Duration = Duration::from_millis(1);
    const NOON: &str = "Wed, 21 Oct 2026 12:00:00 GMT";

    /// A server in memory: each request takes [`LATENCY`] and fails as the script says, or succeeds when that is over.
    struct Server {
        script: RefCell<VecDeque<Error>>,
        requests: RefCell<Vec<Instant>>,
    }

    const LATENCY: Duration = Duration::from_millis(50);

    impl Server {
        fn new(script: impl IntoIterator<Item = Error>) -> Self {
            Self { script: RefCell::new(script.into_iter().collect()), requests: RefCell::default() }
        }

        async fn answer(&self) -> Result<&'static str, Error> {
            self.requests.borrow_mut().push(Instant::now());
            sleep(LATENCY).await;
            self.script.borrow_mut().pop_front().map_or(Ok("answer"), Err)
        }

        /// Makes a call as the transport does.
        async fn call(&self, retries: &Retries, is_idempotent: bool, limit: Duration) -> Result<&'static str, Error> {
            let call = Repeatable { is_idempotent, deadline: Instant::now() + limit };
            retries.note_call();
            match self.answer().await {
                Ok(answer) => Ok(answer),
                Err(error) => retries.go_on(call, error, || self.answer()).await,
            }
        }

        async fn get(&self, policy: RetryPolicy) -> Result<&'static str, Error> {
            self.call(&Retries::new(policy), true, 60 * SECOND).await
        }

        async fn post(&self, policy: RetryPolicy) -> Result<&'static str, Error> {
            self.call(&Retries::new(policy), false, 60 * SECOND).await
        }

        fn requests(&self) -> usize {
            self.requests.borrow().len()
        }

        /// The pauses between an answer and the next request.
        fn pauses(&self) -> Vec<Duration> {
            self.requests.borrow().windows(2).map(|pair| pair[1] - pair[0] - LATENCY).collect()
        }
    }

    fn answer(status: u16, headers: HeaderMap, body: &[u8], asked: Asked) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        Error::answer(Answered { status, headers, body: body.to_vec(), is_whole: true }, asked)
    }

    fn status(status: u16) -> Error {
        with_headers(status, &[])
    }

    fn with_headers(status: u16, headers: &[(reqwest::header::HeaderName, &str)]) -> Error {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let headers = HeaderMap::from_iter(headers);
        answer(status, headers, b"", Asked::default())
    }

    fn retry_after(wanted: &str) -> Error {
        with_headers(503, &[(RETRY_AFTER, wanted), (DATE, NOON)])
    }

    fn broken() -> Error {
        Error::new(ErrorKind::Transport, "reset").at(Peer::Api)
    }

    fn refused_connection() -> Error {
        Error::new(ErrorKind::Connect, "refused").at(Peer::Api).unsent(true)
    }

    fn within(pause: Duration, least: Duration, most: Duration) -> bool {
        // tokio's timer rounds up to the next millisecond.
        least <= pause && pause <= most + MILLI
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_three_times_with_pauses_that_grow() {
        let passing = || [429, 500, 502, 503, 504, 400].map(status).into_iter().chain([broken(), refused_connection()]);
        for error in passing() {
            let server = Server::new([error.clone(), error.clone()]);
            assert_eq!(server.get(RetryPolicy::new()).await.unwrap(), "answer", "{error}");
            let [first, second] = server.pauses()[..] else { panic!("three requests, not {}", server.requests()) };
            assert!(within(first, 150 * MILLI, 250 * MILLI), "{first:?}");
            assert!(within(second, 300 * MILLI, 500 * MILLI), "{second:?}");

            let server = Server::new(std::iter::repeat_n(error, 9));
            let failure = server.get(RetryPolicy::new()).await.unwrap_err();
            assert_eq!((failure.tries(), server.requests()), (3, 3), "{failure}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_pass_is_not_tried_again() {
        let timeout = |error: Error| error.at(Peer::Api);
        let unwanted = [401, 403, 404, 405, 409, 422, 501, 301, 201].map(status).into_iter().chain([
            timeout(Error::new(ErrorKind::Timeout, "late")),
            Error::new(ErrorKind::Tls, "expired").unsent(true),
            Error::new(ErrorKind::Proxy, "407").unsent(true),
            Error::new(ErrorKind::InvalidAnswer, "html"),
            Error::invalid_request("no"),
            Error::token_endpoint_status(StatusCode::SERVICE_UNAVAILABLE, None),
            Error::token_request_timeout(),
            Error::call_timeout(),
            Error::refused_by_token_endpoint("invalid_client", StatusCode::BAD_REQUEST, None),
        ]);
        for error in unwanted {
            let server = Server::new([error.clone()]);
            let failure = server.get(RetryPolicy::new()).await.unwrap_err();
            assert_eq!((failure.tries(), server.requests()), (1, 1), "{failure:?}");
        }
        let not_there = Asked { is_healthcheck: true, ..Asked::default() };
        let not_there = answer(404, HeaderMap::new(), b"", not_there);
        let spoken = answer(400, HeaderMap::new(), b"no", Asked::default());
        let own_body = broken().because(&[Cause::Arguments]);
        for error in [not_there, spoken, own_body] {
            let server = Server::new([error]);
            server.get(RetryPolicy::new()).await.unwrap_err();
            assert_eq!(server.requests(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_post_is_repeated_only_if_it_did_not_arrive_or_the_caller_says_so() {
        for error in [429, 500, 502, 503, 504, 400].map(status).into_iter().chain([broken()]) {
            let server = Server::new([error.clone()]);
            server.post(RetryPolicy::new()).await.unwrap_err();
            assert_eq!(server.requests(), 1, "{error}");
            let server = Server::new([error.clone()]);
            server.post(RetryPolicy::new().any_method()).await.unwrap();
            assert_eq!(server.requests(), 2, "{error}");
        }
        let late_connection = Error::new(ErrorKind::Timeout, "connecting").at(Peer::Api).unsent(true);
        for error in [refused_connection(), late_connection] {
            let server = Server::new([error]);
            server.post(RetryPolicy::new()).await.unwrap();
            assert_eq!(server.requests(), 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn never_means_once() {
        let server = Server::new([refused_connection()]);
        let failure = server.get(RetryPolicy::never()).await.unwrap_err();
        assert_eq!((failure.tries(), server.requests()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_is_obeyed_as_seconds_and_as_a_date() {
        for wanted in ["7", " 7 ", "Wed, 21 Oct 2026 12:00:07 GMT"] {
            let server = Server::new([retry_after(wanted)]);
            server.get(RetryPolicy::new()).await.unwrap();
            let pause = server.pauses()[0];
            assert!(within(pause, 7 * SECOND, 8_750 * MILLI), "{wanted}: {pause:?}");
        }
        let server = Server::new([with_headers(429, &[(RETRY_AFTER, "10")])]);
        server.get(RetryPolicy::new()).await.unwrap();
        assert!(within(server.pauses()[0], 10 * SECOND, 12_500 * MILLI));
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_after_beyond_the_cap_comes_back_at_once() {
        let endless = u64::MAX.to_string();
        for (wanted, seconds) in [
            ("11", 11),
            ("86400", 86_400),
            (endless.as_str(), u64::MAX),
            ("Thu, 22 Oct 2026 12:00:00 GMT", 86_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 251_609_716_799),
        ] {
            let server = Server::new([retry_after(wanted)]);
            let start = Instant::now();
            let failure = server.get(RetryPolicy::new()).await.unwrap_err();
            assert_eq!(start.elapsed(), LATENCY, "{wanted}");
            assert_eq!((failure.retry_after(), failure.tries()), (Some(Duration::from_secs(seconds)), 1));
        }
        let server = Server::new([retry_after(&endless)]);
        let patient = RetryPolicy::new().longest_retry_after(Duration::MAX);
        assert_eq!(server.get(patient).await.unwrap_err().tries(), 1, "there is a deadline too");
    }

    #[tokio::test(start_paused = true)]
    async fn a_retry_after_that_is_absurd_or_shorter_than_our_pause_leaves_our_pause() {
        for wanted in ["0", "-5", "soon", "", "1.5", "Wed, 21 Oct 2026 11:00:00 GMT", "99999999999999999999"] {
            let server = Server::new([retry_after(wanted)]);
            server.get(RetryPolicy::new()).await.unwrap();
            assert!(within(server.pauses()[0], 150 * MILLI, 250 * MILLI), "{wanted}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_pause_goes_past_the_deadline() {
        let retries = Retries::new(RetryPolicy::new());
        let server = Server::new([retry_after("5")]);
        let start = Instant::now();
        let failure = server.call(&retries, true, 5 * SECOND).await.unwrap_err();
        assert_eq!((server.requests(), start.elapsed()), (1, LATENCY), "{failure}");
        assert_eq!(failure.retry_after(), Some(5 * SECOND));

        let server = Server::new([retry_after("5")]);
        server.call(&retries, true, 6_500 * MILLI).await.unwrap();
        assert_eq!(server.requests(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_tries_and_the_first_pause_can_be_set_and_pauses_stop_growing() {
        let server = Server::new(std::iter::repeat_n(status(502), 7));
        let policy = RetryPolicy::new().retries(7).first_pause(SECOND);
        server.get(policy).await.unwrap();
        for (pause, middle) in server.pauses().into_iter().zip([1, 2, 4, 5, 5, 5, 5]) {
            let middle = middle * SECOND;
            assert!(within(pause, middle.mul_f64(0.75), middle.mul_f64(1.25)), "{middle:?}: {pause:?}");
        }
        let server = Server::new(std::iter::repeat_n(status(502), 5));
        server.get(RetryPolicy::new().retries(40).first_pause(Duration::MAX)).await.unwrap();
        assert_eq!(server.requests(), 6);
    }

    #[test]
    fn chance_spreads_a_pause_and_never_shortens_what_the_server_wants() {
        let now = Instant::now();
        let call = Repeatable { is_idempotent: true, deadline: now + 60 * SECOND };
        let pause = |error: &Error, chance| Retries::new(RetryPolicy::new()).pause(call, 1, error, now, chance);
        let (short, long) = (status(503), retry_after("8"));
        assert_eq!([0.0, 0.5, 1.0].map(|chance| pause(&short, chance)), [150, 200, 250].map(|ms| Some(ms * MILLI)));
        assert_eq!([0.0, 0.5, 1.0].map(|chance| pause(&long, chance)), [8, 9, 10].map(|s| Some(s * SECOND)));
        let tight = Repeatable { deadline: now + 150 * MILLI, ..call };
        let retries = Retries::new(RetryPolicy::new());
        assert_eq!(retries.pause(tight, 1, &short, now, 0.0), None);
        let enough = Repeatable { deadline: now + 151 * MILLI, ..call };
        assert_eq!(retries.pause(enough, 1, &short, now, 0.0), Some(150 * MILLI));
    }

    /// Makes so many calls that all fail, and returns how many requests there were beside the first tries.
    async fn extra_requests(retries: &Retries, calls: usize) -> usize {
        let server = Server::new(std::iter::repeat_n(status(503), calls * 3));
        for _ in 0..calls {
            server.call(retries, true, 60 * SECOND).await.unwrap_err();
        }
        server.requests() - calls
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_not_made_worse_than_by_the_budget() {
        let retries = Retries::new(RetryPolicy::new().first_pause(Duration::ZERO));
        // A clone by another policy pays into the same purse.
        let clone = retries.with_policy(RetryPolicy::new().first_pause(Duration::ZERO));
        // Ten besides, and one for each five calls. All within a window: a call takes 50 to 150 ms.
        let extra = extra_requests(&retries, 20).await + extra_requests(&clone, 20).await;
        assert_eq!(extra, 10 + 40 / 5);
        advance(2 * BUDGET_WINDOW).await;
        assert_eq!(extra_requests(&retries, 1).await, 2, "the purse fills again");
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_are_never_tried_again_pay_for_no_others() {
        let retries = Retries::new(RetryPolicy::new().first_pause(Duration::ZERO));
        let never = retries.with_policy(RetryPolicy::never());
        assert_eq!(extra_requests(&never, 50).await, 0);
        assert_eq!(extra_requests(&retries, 10).await, 10 + 10 / 5);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_refused_by_the_policy_does_not_pay() {
        let retries = Retries::new(RetryPolicy::new().first_pause(Duration::ZERO));
        for error in [status(403), retry_after("11")] {
            let server = Server::new(std::iter::repeat_n(error, 100));
            for _ in 0..100 {
                server.call(&retries, true, 60 * SECOND).await.unwrap_err();
            }
        }
        let server = Server::new([status(503), status(503)]);
        server.call(&retries, true, 60 * SECOND).await.unwrap();
        assert_eq!(server.requests(), 3);
    }
}
