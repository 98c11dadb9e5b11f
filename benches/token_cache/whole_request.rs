//! A whole call over loopback beside reqwest with a fixed bearer.
//!
//! Both send the same request: the same User-Agent, `Accept` and a bearer as long as ours; the same timeouts; the address put
//! together from the base for each call; the status checked and the answer read into the same type. reqwest's bearer is a
//! header made beforehand, which is the cheapest that it knows.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use menage_b2b::types::HealthcheckResponse;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use tokio::runtime::Builder;

use crate::endpoint::{Behaviour, Endpoint, listen};

/// Calls in one turn. The two take turns each millisecond or two, since the speed of a shared machine changes all the time.
const CALLS: u32 = 40;
const TURNS: usize = 2_400;

/// Whose time on a processor is read.
#[derive(Clone, Copy)]
enum Clock {
    Thread,
    Process,
}

pub(crate) fn measure() {
    let Some(api) = Child::start() else {
        return println!(
            "whole request against reqwest with a fixed bearer: not measured, this system has no such clocks"
        );
    };
    println!("whole request, CPU against reqwest with a fixed bearer");
    println!("  client's thread alone, the server elsewhere   | {}", compare(&api.url, Clock::Thread));
    println!("  whole process, the server on a thread of it   | {}", compare(&listen(answer), Clock::Process));
}

fn answer() -> (&'static str, String) {
    ("200 OK", r#"{"status":"UP"}"#.to_owned())
}

/// Serves an API until standard input ends: with the process that started this one.
pub(crate) fn serve() {
    println!("{}", listen(answer));
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// An API in a process of its own, so that its work does not count as ours.
struct Child {
    url: String,
    process: std::process::Child,
}

impl Child {
    fn start() -> Option<Self> {
        spent(Clock::Thread)?;
        let mut process = Command::new(std::env::current_exe().ok()?)
            .arg("--serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut url = String::new();
        BufReader::new(process.stdout.take()?).read_line(&mut url).ok()?;
        Some(Self { url: url.trim().to_owned(), process })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Has both call the API in turns. The ratio is of each two turns that follow one another, and the median of those.
fn compare(base: &str, clock: Clock) -> String {
    let tokens = Endpoint::start(Behaviour { latency: Duration::ZERO, lifetime: 3_600, up: true });
    let credentials = menage_b2b::Credentials::new("id", "secret");
    let client = menage_b2b::Client::builder(menage_b2b::Environment::Sandbox, credentials)
        .token_url(&tokens.url)
        .base_url(base)
        .http(|http| http.no_proxy())
        .build()
        .unwrap();
    let ours = || async {
        let health = client.healthcheck().send().await.unwrap();
        black_box(health.len());
    };
    let plain = reqwest::Client::builder()
        .no_proxy()
        .user_agent("menage-b2b/0.1.0")
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let bearer = runtime.block_on(client.authenticator().header()).unwrap();
    let theirs = || async {
        let url = format!("{base}/healthcheck");
        let request = plain.get(url).header(ACCEPT, "application/json").header(AUTHORIZATION, bearer.clone());
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        black_box(answer.json::<HealthcheckResponse>().await.unwrap().len());
    };
    let (ours, theirs): (Vec<_>, Vec<_>) = runtime.block_on(async {
        let mut turns = Vec::new();
        for turn in 0..TURNS {
            // Whoever comes second might find the caches warm: they change places.
            turns.push(if turn % 2 == 0 {
                let ours = time(clock, &ours).await;
                (ours, time(clock, &theirs).await)
            } else {
                let theirs = time(clock, &theirs).await;
                (time(clock, &ours).await, theirs)
            });
        }
        // The first turns open the connections and warm up.
        turns.into_iter().skip(TURNS / 10).unzip()
    });
    let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
    format!("{:.1} us to {:.1} us: {:.3}", median(ours), median(theirs), median(ratios))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The time on a processor that a call takes, in microseconds.
async fn time<F: Future<Output = ()>>(clock: Clock, call: &impl Fn() -> F) -> f64 {
    let start = spent(clock).unwrap();
    for _ in 0..CALLS {
        call().await;
    }
    (spent(clock).unwrap() - start).as_secs_f64() * 1e6 / f64::from(CALLS)
}

#[cfg(target_os = "linux")]
fn spent(clock: Clock) -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(match clock {
        Clock::Thread => ClockId::ThreadCPUTime,
        Clock::Process => ClockId::ProcessCPUTime,
    });
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(not(target_os = "linux"))]
fn spent(_: Clock) -> Option<Duration> {
    None
}
