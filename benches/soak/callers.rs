//! The callers, and what becomes of their calls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use menage_b2b::{Client, Error};
use reqwest::{Method, Request};
use tokio::time::{Instant, sleep, timeout};

use crate::chance::Chance;
use crate::server::NUMBER;

/// One call in so many is a POST.
const POSTS: u64 = 8;
/// One call in so many is dropped by its caller before long.
const IMPATIENT: u64 = 25;
/// It has so many milliseconds at most.
const PATIENCE: u64 = 15;
pub(crate) const OK: &str = "ok";
/// An answer whose body is the caller's to read: its end is no error of the client's.
const BROKE_OFF: &str = "the body broke off as the caller read it";
const GIVEN_UP: &str = "given up by the caller";

/// Calls one after the other until the time is over.
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) tally: Arc<Tally>,
    pub(crate) chance: Chance,
}

impl Caller {
    pub(crate) async fn run(mut self, until: Instant) {
        while Instant::now() < until {
            self.call().await;
            // Uneven, so that they do not walk in step; and the two sides share a small machine's processors.
            sleep(Duration::from_millis(5 + self.chance.below(40))).await;
        }
    }

    async fn call(&mut self) {
        let is_post = self.chance.one_in(POSTS);
        let is_impatient = self.chance.one_in(IMPATIENT);
        let patience = if is_impatient { Duration::from_millis(self.chance.below(PATIENCE)) } else { Duration::MAX };
        let number = self.tally.start(is_post);
        let start = Instant::now();
        let outcome = timeout(patience, async { if is_post { self.post(number).await } else { self.get().await } });
        let verdict = outcome.await.unwrap_or(Verdict::of_caller(GIVEN_UP, false));
        self.tally.end(verdict, start.elapsed());
    }

    async fn get(&self) -> Verdict {
        match self.client.healthcheck().send().await {
            Ok(_) => Verdict::of_caller(OK, true),
            Err(error) => Verdict::of(&error),
        }
    }

    /// Sends a POST that says which one it is, and reads the answer piece by piece.
    async fn post(&self, number: u64) -> Verdict {
        let url = format!("{}/posts", self.client.base_url());
        let mut request = Request::new(Method::POST, url.parse().unwrap());
        request.headers_mut().insert(NUMBER, number.into());
        *request.body_mut() = Some(format!(r#"{{"number":{number}}}"#).into());
        let mut answer = match self.client.execute(request).await {
            Ok(answer) => answer,
            Err(error) => return Verdict::of(&error),
        };
        loop {
            match answer.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => return Verdict::of_caller(OK, true),
                Err(_) => return Verdict::of_caller(BROKE_OFF, true),
            }
        }
    }
}

/// How a call ended.
struct Verdict {
    row: RowName,
    /// The API has answered it, to the client's knowledge.
    is_answered: bool,
}

/// Says whether the token endpoint failed, and how the call ended.
pub(crate) type RowName = (&'static str, &'static str);

impl Verdict {
    const fn of_caller(name: &'static str, is_answered: bool) -> Self {
        Self { row: ("", name), is_answered }
    }

    fn of(error: &Error) -> Self {
        let (peer, is_api) = if error.is_token_endpoint() { ("token: ", false) } else { ("", true) };
        Self { row: (peer, error.kind().name()), is_answered: is_api && error.status().is_some() }
    }
}

/// What all callers count together. It does not grow with the calls.
pub(crate) struct Tally {
    /// A call may not take longer.
    limit: Duration,
    started: AtomicU64,
    posts: AtomicU64,
    answered: AtomicU64,
    overdue: AtomicU64,
    rows: Mutex<BTreeMap<RowName, Row>>,
}

/// How often calls ended in one way, and how long they took at the most.
#[derive(Clone, Copy, Default)]
pub(crate) struct Row {
    pub(crate) count: u64,
    pub(crate) longest: Duration,
}

impl Tally {
    pub(crate) fn new(limit: Duration) -> Self {
        let zero = || AtomicU64::new(0);
        Self { limit, started: zero(), posts: zero(), answered: zero(), overdue: zero(), rows: Mutex::default() }
    }

    /// Notes that a call begins, and returns its number.
    fn start(&self, is_post: bool) -> u64 {
        self.posts.fetch_add(is_post.into(), Ordering::Relaxed);
        self.started.fetch_add(1, Ordering::Relaxed)
    }

    fn end(&self, verdict: Verdict, took: Duration) {
        self.answered.fetch_add(verdict.is_answered.into(), Ordering::Relaxed);
        self.overdue.fetch_add((took > self.limit).into(), Ordering::Relaxed);
        let mut rows = self.rows.lock().unwrap();
        let row = rows.entry(verdict.row).or_default();
        row.count += 1;
        row.longest = row.longest.max(took);
    }

    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    pub(crate) fn posts(&self) -> u64 {
        self.posts.load(Ordering::Relaxed)
    }

    /// Returns how many calls ended in an answer of the API, good or bad.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    pub(crate) fn overdue(&self) -> u64 {
        self.overdue.load(Ordering::Relaxed)
    }

    /// Returns how many calls ended in one way, and not for want of a token.
    pub(crate) fn count(&self, name: &'static str) -> u64 {
        self.rows.lock().unwrap().get(&("", name)).map_or(0, |row| row.count)
    }

    pub(crate) fn rows(&self) -> BTreeMap<RowName, Row> {
        self.rows.lock().unwrap().clone()
    }
}
