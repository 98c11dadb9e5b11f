//! A soak: 64 callers, one client, tokens that live for seconds, and a server that breaks every rule by chance.
//!
//! ```sh
//! cargo bench --bench soak                # five minutes
//! cargo bench --bench soak -- 600 7       # ten, by another seed
//! ```
//!
//! The server is this program again, in a process of its own: its memory does not count. What has to hold is said at the
//! end, line by line; the exit status is 1 if one of them does not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement that fails should stop")]

mod acts;
mod callers;
mod chance;
mod gauges;
mod report;
mod server;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use menage_b2b::{Client, Credentials, Environment};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout_at};

use callers::{Caller, Tally};
use chance::Chance;
use gauges::Sample;
use report::Report;

const CALLERS: u64 = 64;
const SECONDS: u64 = 300;
/// Quarters of less say nothing.
const LEAST_SECONDS: u64 = 8;
const CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// How late a verdict may be on a machine that is busy.
const MARGIN: Duration = Duration::from_secs(2);
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse().ok());
    if arguments.iter().any(|argument| argument == server::SERVE) {
        server::serve(numbers.next().unwrap()).unwrap();
        return ExitCode::SUCCESS;
    }
    let length = Duration::from_secs(numbers.next().unwrap_or(SECONDS).max(LEAST_SECONDS));
    let seed = numbers.next().unwrap_or(1);
    let server = server::Child::start(seed).unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let soaked = runtime.block_on(soak(&server.url, length, seed));
    let report = Report { length, seed, soaked, served: server.end().unwrap() };
    if report.print() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the client's side of a soak has shown.
pub(crate) struct Soaked {
    pub(crate) tally: Arc<Tally>,
    pub(crate) samples: Vec<Sample>,
    /// Tasks that were left when callers and client were gone.
    pub(crate) tasks_left: u64,
}

async fn soak(url: &str, length: Duration, seed: u64) -> Soaked {
    let client = client(url);
    let tally = Arc::new(Tally::new(CALL_TIMEOUT + MARGIN));
    let end = Instant::now() + length;
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (client, tally) = (client.clone(), Arc::clone(&tally));
        callers.spawn(Caller { client, tally, chance: Chance::new(!seed, number) }.run(end));
    }
    let samples = watch(end).await;
    // Whoever is not back by then has no verdict, and the counts do not add up.
    let last_verdict = end + CALL_TIMEOUT + MARGIN * 2;
    while let Ok(Some(caller)) = timeout_at(last_verdict, callers.join_next()).await {
        caller.unwrap();
    }
    callers.shutdown().await;
    drop(client);
    Soaked { tally, samples, tasks_left: tasks_left().await }
}

fn client(url: &str) -> Client {
    Client::builder(Environment::Sandbox, Credentials::new("id", "secret"))
        .token_url(format!("{url}/token"))
        .base_url(url)
        .timeout(Duration::from_millis(500))
        .read_timeout(Duration::from_millis(300))
        .call_timeout(CALL_TIMEOUT)
        .answer_limit(32 * 1024)
        .build()
        .unwrap()
}

async fn watch(end: Instant) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut ticks = interval(SAMPLE_INTERVAL);
    while Instant::now() < end {
        ticks.tick().await;
        samples.push(Sample::take());
    }
    samples
}

/// Connections notice that nobody wants them when their tasks run next.
async fn tasks_left() -> u64 {
    for _ in 0..50 {
        if gauges::tasks() == 0 {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    gauges::tasks()
}
