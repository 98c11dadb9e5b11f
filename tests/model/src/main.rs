//! Callers, flights and rejections of one token store, in many orders.
//!
//! ```sh
//! cargo run --manifest-path tests/model/Cargo.toml
//! ```
//!
//! Each scenario runs under a random scheduler and under PCT (which finds bugs of few preemptions with a known
//! probability), with seeds that are printed when a check fails. Checked in every schedule: there is never more than one
//! flight; a caller is never handed a token that is older than one it had, nor one that it has rejected; no flight is for
//! nothing; nobody waits for ever (the checker reports a deadlock).

#![allow(dead_code, reason = "the modules are the library's, and the scenarios need not all of them")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a check that fails should stop")]

#[path = "../../../src/advice.rs"]
mod advice;
#[path = "../../../src/auth/backoff.rs"]
mod backoff;
#[path = "../../../src/body.rs"]
mod body;
#[path = "../../../src/cause.rs"]
mod cause;
#[path = "../../../src/challenge.rs"]
mod challenge;
#[path = "../../../src/auth/clock.rs"]
mod clock;
#[path = "../../../src/error.rs"]
mod error;
#[path = "../../../src/failure.rs"]
mod failure;
mod flight;
#[path = "../../../src/kind.rs"]
mod kind;
#[path = "../../../src/language.rs"]
mod language;
#[path = "../../../src/network.rs"]
mod network;
#[path = "../../../src/operation.rs"]
mod operation;
#[path = "../../../src/retry_after.rs"]
mod retry_after;
#[path = "../../../src/auth/store.rs"]
mod store;
mod sync;
#[path = "../../../src/auth/token.rs"]
mod token;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use reqwest::StatusCode;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use shuttle::thread;

use clock::Now;
use error::Error;
use flight::Flight;
use store::{Store, Verdict};
use token::{Bearer, Grant};

const LIFETIME: Duration = Duration::from_secs(100);
const CALLERS: usize = 3;
const SCHEDULES: usize = 20_000;
const PREEMPTIONS: usize = 3;

/// The store, and a world in which time passes only when a scenario says so.
struct World {
    store: Store,
    seconds: AtomicU64,
    under_way: AtomicUsize,
    flights: AtomicUsize,
    pauses: AtomicUsize,
    /// The generations that were withdrawn.
    rejected: Mutex<BTreeSet<u64>>,
    /// What the next flights come to; granted when it is empty.
    fates: Mutex<Vec<Fate>>,
}

#[derive(Clone, Copy)]
enum Fate {
    Failed,
    Lost,
}

impl World {
    fn new(fates: &[Fate]) -> Arc<Self> {
        Arc::new(Self {
            store: Store::new(),
            seconds: AtomicU64::new(1_000),
            under_way: AtomicUsize::new(0),
            flights: AtomicUsize::new(0),
            pauses: AtomicUsize::new(0),
            rejected: Mutex::default(),
            fates: Mutex::new(fates.to_vec()),
        })
    }

    fn now(&self) -> Now {
        let now = Duration::from_secs(self.seconds.load(Ordering::SeqCst));
        Now { monotonic: now, wall: now }
    }

    fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Starts a flight, as the cache does under the store's lock.
    fn start(self: &Arc<Self>) -> Flight {
        assert_eq!(self.under_way.fetch_add(1, Ordering::SeqCst), 0, "two flights at once");
        self.flights.fetch_add(1, Ordering::SeqCst);
        let flight = Flight::default();
        let (world, landing) = (Arc::clone(self), flight.clone());
        thread::spawn(move || world.fly(&landing));
        flight
    }

    fn fly(&self, flight: &Flight) {
        let asked = self.now();
        thread::yield_now();
        let fate = self.fates.lock().unwrap().pop();
        // From here on another flight may start: the store forgets this one as it lands.
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let outcome = match fate {
            None => Ok((asked, Grant::new("abc", Some(LIFETIME), None).unwrap())),
            Some(Fate::Failed) => Err(Error::token_endpoint_status(StatusCode::SERVICE_UNAVAILABLE, None)),
            Some(Fate::Lost) => return flight.lose(),
        };
        flight.land(self.store.land(outcome, self.now(), 0.5));
    }

    /// Asks for the token. The cache's own loop, which waits on tokio, is this one beside its limits of time.
    fn bearer(self: &Arc<Self>) -> Result<Bearer, Error> {
        if let Poll::Ready(bearer) = self.store.fresh(self.now(), token::Token::bearer) {
            return Ok(bearer);
        }
        loop {
            match self.store.decide(self.now(), |_| Ok(self.start()))? {
                Verdict::Serve(bearer) => return Ok(bearer),
                Verdict::Fail(error) => return Err(error),
                Verdict::Pause(_) => {
                    self.pauses.fetch_add(1, Ordering::SeqCst);
                    self.pass(1);
                }
                Verdict::Wait(flight, _) => match flight.landed() {
                    Some(Ok(bearer)) => return Ok(bearer),
                    Some(Err(error)) => return self.store.valid(self.now()).ok_or(error),
                    None => {}
                },
            }
        }
    }

    /// A caller that now and then finds its token rejected.
    fn call(self: &Arc<Self>, rejections: bool) {
        let mut last = 0;
        for _ in 0..3 {
            let Ok(bearer) = self.bearer() else { continue };
            assert!(bearer.issue.generation >= last, "an older token than before");
            last = bearer.issue.generation;
            if rejections && thread_rng().gen_bool(0.3) && self.store.reject(bearer.issue.generation, self.now()) {
                last = bearer.issue.generation + 1;
                let is_first = self.rejected.lock().unwrap().insert(bearer.issue.generation);
                assert!(is_first, "a token was withdrawn for the rejection of another");
            }
        }
    }
}

/// How many flights there were, and how many tokens were withdrawn.
fn count(world: &World) -> (usize, usize) {
    (world.flights.load(Ordering::SeqCst), world.rejected.lock().unwrap().len())
}

fn with_callers(world: &Arc<World>, rejections: bool, meanwhile: impl FnOnce()) {
    let callers: Vec<_> =
        (0..CALLERS).map(|_| Arc::clone(world)).map(|world| thread::spawn(move || world.call(rejections))).collect();
    meanwhile();
    for caller in callers {
        caller.join().unwrap();
    }
}

fn cold_herd() {
    let world = World::new(&[]);
    with_callers(&world, false, || ());
    assert_eq!(count(&world), (1, 0));
    assert_eq!(world.pauses.load(Ordering::SeqCst), 0, "a pause with a token in hand");
}

fn rejections() {
    let world = World::new(&[]);
    with_callers(&world, true, || ());
    let (flights, rejections) = count(&world);
    assert!(flights <= 1 + rejections, "{flights} flights for {rejections} rejections");
}

fn renewal() {
    let world = World::new(&[]);
    world.bearer().unwrap();
    with_callers(&world, false, || {
        // Due, then ending, then ended.
        for seconds in [60, 30, 15] {
            world.pass(seconds);
            thread::yield_now();
        }
    });
    let (flights, _) = count(&world);
    assert!((1..=3).contains(&flights), "{flights} flights");
}

fn renewal_and_rejections() {
    let world = World::new(&[]);
    world.bearer().unwrap();
    world.pass(60);
    with_callers(&world, true, || ());
    let (flights, rejections) = count(&world);
    assert!(flights <= 2 + rejections, "{flights} flights for {rejections} rejections");
}

fn failures() {
    let world = World::new(&[Fate::Failed, Fate::Failed]);
    with_callers(&world, true, || world.pass(2));
}

fn lost_flights() {
    let world = World::new(&[Fate::Lost, Fate::Lost]);
    with_callers(&world, false, || ());
    assert_eq!(count(&world), (3, 0));
}

fn main() {
    let scenarios: [(&str, fn()); 6] = [
        ("cold herd", cold_herd),
        ("rejections", rejections),
        ("renewal", renewal),
        ("renewal and rejections", renewal_and_rejections),
        ("failures", failures),
        ("lost flights", lost_flights),
    ];
    for (name, scenario) in scenarios {
        shuttle::check_random(scenario, SCHEDULES);
        shuttle::check_pct(scenario, SCHEDULES, PREEMPTIONS);
        println!("{name}: {SCHEDULES} random schedules and {SCHEDULES} with {PREEMPTIONS} preemptions hold");
    }
}
