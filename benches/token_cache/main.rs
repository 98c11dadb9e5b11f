//! What a token costs, and what callers notice of its endpoint: this crate beside four caches as one writes them by hand.
//!
//! ```sh
//! cargo bench --bench token_cache
//! ```
//!
//! Everything runs in one process, over loopback, against one endpoint that takes 100 ms; read the figures of one run beside
//! each other. Only the whole requests need a second process, which is this program again.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement that fails should stop")]

mod endpoint;
mod peers;
mod whole_request;

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use endpoint::{Behaviour, Endpoint};
use peers::{ArcSwapAndMutex, Cache, MutexAndString, MutexHeld, Ours, RwLockAndMutex};

const LATENCY: Duration = Duration::from_millis(100);

/// Prints one row: a figure for each cache.
macro_rules! row {
    ($title:expr, $measure:ident) => {{
        print!("{:<46}", $title);
        for figure in [
            $measure::<Ours>(),
            $measure::<ArcSwapAndMutex>(),
            $measure::<RwLockAndMutex>(),
            $measure::<MutexHeld>(),
            $measure::<MutexAndString>(),
        ] {
            print!(" | {figure:<20}");
        }
        println!();
    }};
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    if arguments.iter().any(|argument| argument == "--serve") {
        return whole_request::serve();
    }
    if arguments.iter().any(|argument| argument == "whole_request") {
        return whole_request::measure();
    }
    print!("{:<46}", "");
    for name in ["menage-b2b", "ArcSwap + Mutex", "RwLock + Mutex", "Mutex held", "Mutex + String"] {
        print!(" | {name:<20}");
    }
    println!();
    row!("cached header, 1 thread: ns, allocations", cached_one_thread);
    row!("cached header, 2 threads: million a second", cached_two_threads);
    row!("10,000 cold callers: requests, last / latency", cold_callers);
    row!("renewals under 16 callers: blocked, requests", renewals);
    row!("outage: errors before, after; requests in 10 s", outage);
    row!("1,000 rejections: renewals, dead handed out", rejections);
    row!("first caller cancelled: requests, second / ideal", cancelled);
    row!("20 impatient tries: served at, requests", impatient);
    row!("runtime gone: works in the next", runtime_gone);
    row!("endpoint down, 100 callers: requests, last / one", endpoint_down);
    whole_request::measure();
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// An endpoint that runs by itself, a runtime, and a cache that has a token already if `warm`.
fn set_up<C: Cache>(behaviour: Behaviour, warm: bool) -> (Endpoint, Runtime, C) {
    let endpoint = Endpoint::start(behaviour);
    let runtime = runtime();
    let cache = C::new(&endpoint.url);
    if warm {
        runtime.block_on(cache.header()).unwrap();
    }
    (endpoint, runtime, cache)
}

fn steady() -> Behaviour {
    Behaviour { latency: LATENCY, lifetime: 3_600, up: true }
}

/// Polls once: a cached header is there at once.
fn take<C: Cache>(cache: &C) -> HeaderValue {
    let future = pin!(cache.header());
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(header) => header.ok().unwrap(),
        Poll::Pending => panic!("a cached header waits"),
    }
}

const CACHED: u32 = 400_000;

/// The best of nine rounds: the machine is shared.
fn best(rounds: impl FnMut() -> Duration) -> Duration {
    std::iter::repeat_with(rounds).take(9).min().unwrap()
}

fn cached_one_thread<C: Cache>() -> String {
    let (_endpoint, runtime, cache) = set_up::<C>(steady(), true);
    let _in_runtime = runtime.enter();
    take(&cache);
    let allocations = allocation_counter::measure(|| drop(take(&cache))).count_total;
    let time = best(|| {
        let start = Instant::now();
        for _ in 0..CACHED {
            black_box(take(&cache));
        }
        start.elapsed()
    });
    format!("{:.0} ns, {allocations}", time.as_secs_f64() * 1e9 / f64::from(CACHED))
}

fn cached_two_threads<C: Cache>() -> String {
    let (_endpoint, runtime, cache) = set_up::<C>(steady(), true);
    let time = best(|| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let _in_runtime = runtime.enter();
                    for _ in 0..CACHED {
                        // With a lock of tokio's, another thread may be in the way.
                        while pin!(cache.header()).poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
                    }
                });
            }
        });
        start.elapsed()
    });
    format!("{:.1}", 2.0 * f64::from(CACHED) / time.as_secs_f64() / 1e6)
}

fn cold_callers<C: Cache>() -> String {
    let (endpoint, runtime, cache) = set_up::<C>(steady(), false);
    let last = runtime.block_on(async {
        let start = Instant::now();
        let callers: Vec<_> = (0..10_000).map(|_| spawn_header(&cache)).collect();
        for caller in callers {
            assert!(caller.await.unwrap());
        }
        start.elapsed()
    });
    format!("{}, {:.2}", endpoint.requests(), ratio(last, LATENCY))
}

/// Six seconds of calls from 16 tasks on tokens that live two seconds.
fn renewals<C: Cache>() -> String {
    let (endpoint, runtime, cache) = set_up::<C>(Behaviour { lifetime: 2, ..steady() }, true);
    let blocked = runtime.block_on(async {
        let callers: Vec<_> = (0..16)
            .map(|_| cache.clone())
            .map(|cache| {
                tokio::spawn(async move {
                    let (start, mut longest) = (Instant::now(), Duration::ZERO);
                    while start.elapsed() < Duration::from_secs(6) {
                        let call = Instant::now();
                        cache.header().await.ok().unwrap();
                        longest = longest.max(call.elapsed());
                        sleep(Duration::from_millis(5)).await;
                    }
                    longest
                })
            })
            .collect();
        let mut blocked = 0;
        for caller in callers {
            // Half the latency: the machine may be busy for some milliseconds, a renewal takes all of it.
            blocked += u32::from(caller.await.unwrap() > LATENCY / 2);
        }
        blocked
    });
    format!("{blocked} of 16, {}", endpoint.requests())
}

/// The endpoint goes down while a token of four seconds is half-way.
fn outage<C: Cache>() -> String {
    let (endpoint, runtime, cache) = set_up::<C>(Behaviour { lifetime: 4, ..steady() }, true);
    let (before, after, requests) = runtime.block_on(async {
        let start = Instant::now();
        sleep(Duration::from_secs(1)).await;
        endpoint.set(Behaviour { up: false, ..steady() });
        let (mut before, mut after, mut ended) = (0, 0, None);
        while start.elapsed() < Duration::from_secs(14) {
            let failed = cache.header().await.is_err();
            if start.elapsed() < Duration::from_millis(3_800) {
                before += u32::from(failed);
            } else {
                ended.get_or_insert(endpoint.requests());
                after += u32::from(failed);
            }
            sleep(Duration::from_millis(50)).await;
        }
        (before, after, endpoint.requests() - ended.unwrap_or_default())
    });
    format!("{before}, {after}; {requests}")
}

fn rejections<C: Cache>() -> String {
    let (endpoint, runtime, cache) = set_up::<C>(steady(), true);
    let dead = runtime.block_on(async {
        let dead = cache.header().await.ok().unwrap();
        let callers: Vec<_> = (0..1_000)
            .map(|_| (cache.clone(), dead.clone()))
            .map(|(cache, dead)| {
                tokio::spawn(async move {
                    cache.reject(&dead);
                    cache.header().await.ok().unwrap() == dead
                })
            })
            .collect();
        let mut handed_out = 0;
        for caller in callers {
            handed_out += u32::from(caller.await.unwrap());
        }
        handed_out
    });
    format!("{}, {dead}", endpoint.requests() - 1)
}

fn cancelled<C: Cache>() -> String {
    let (endpoint, runtime, cache) = set_up::<C>(steady(), false);
    let served = runtime.block_on(async {
        let start = Instant::now();
        let second = {
            let cache = cache.clone();
            async move {
                sleep(LATENCY / 5).await;
                cache.header().await.ok().unwrap();
                start.elapsed()
            }
        };
        let second = tokio::spawn(second);
        let _ = timeout(LATENCY * 3 / 5, cache.header()).await;
        second.await.unwrap()
    });
    format!("{}, {:.2}", endpoint.requests(), ratio(served, LATENCY))
}

fn impatient<C: Cache>() -> String {
    let (endpoint, runtime, cache) = set_up::<C>(steady(), false);
    let served = runtime.block_on(async {
        for attempt in 1..=20 {
            if timeout(LATENCY * 3 / 4, cache.header()).await.is_ok() {
                return Some(attempt);
            }
        }
        None
    });
    format!("{}, {}", served.map_or("never".to_owned(), |attempt: u32| format!("{attempt}.")), endpoint.requests())
}

fn runtime_gone<C: Cache>() -> String {
    let (_endpoint, first, cache) = set_up::<C>(Behaviour { lifetime: 1, ..steady() }, true);
    first.shutdown_timeout(Duration::from_secs(1));
    let works = runtime().block_on(async {
        sleep(Duration::from_millis(1_100)).await;
        timeout(Duration::from_secs(5), cache.header()).await.is_ok_and(|header| header.is_ok())
    });
    if works { "yes".to_owned() } else { "no".to_owned() }
}

fn endpoint_down<C: Cache>() -> String {
    let (endpoint, runtime, cache) = set_up::<C>(Behaviour { up: false, ..steady() }, false);
    let last = runtime.block_on(async {
        let start = Instant::now();
        let callers: Vec<_> = (0..100).map(|_| spawn_header(&cache)).collect();
        for caller in callers {
            assert!(!caller.await.unwrap());
        }
        start.elapsed()
    });
    format!("{}, {:.2}", endpoint.requests(), ratio(last, LATENCY))
}

/// Asks for a header in a task, and tells whether there was one.
fn spawn_header<C: Cache>(cache: &C) -> tokio::task::JoinHandle<bool> {
    let cache = cache.clone();
    tokio::spawn(async move { cache.header().await.is_ok() })
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
