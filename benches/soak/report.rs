//! The table, and what has to hold.

use std::time::Duration;

use crate::Soaked;
use crate::acts::{API, FORBIDDEN, TOKEN};
use crate::callers::OK;
use crate::gauges::Trend;
use crate::server::{Counts, total};
use crate::{CALL_TIMEOUT, CALLERS, MARGIN};

/// So much of growth is chance: the allocator's, and the pool's.
const GROWTH: f64 = 1.10;
/// In less, memory that gets warm cannot be told from memory that grows.
const WARM: Duration = Duration::from_secs(240);
/// Connections come and go with the faults.
const FILES_OR_TASKS: u64 = 8;
/// The shortest life of a token. It is renewed half-way, and failures are tried again.
const LIFETIME: f64 = 2.0;
const REQUESTS_A_LIFETIME: f64 = 4.0;
/// The client's budget of retries: one for each five calls, one each second, and ten seconds' worth at once.
const RETRIES_A_CALL: f64 = 0.2;
const RETRIES_AT_ONCE: f64 = 10.0;

/// A soak that is over, from both its sides.
pub(crate) struct Report {
    pub(crate) length: Duration,
    pub(crate) seed: u64,
    pub(crate) soaked: Soaked,
    pub(crate) served: Counts,
}

impl Report {
    /// Prints it, and tells whether all holds that has to.
    pub(crate) fn print(&self) -> bool {
        println!("soak: {} s, {CALLERS} callers, seed {}", self.length.as_secs(), self.seed);
        self.print_verdicts();
        self.print_acts();
        self.print_gauges();
        let checks = self.checks();
        for check in &checks {
            println!("{} | {}", check.outcome.word(), check.what);
        }
        let failed = checks.iter().filter(|check| check.outcome == Outcome::Fails).count();
        match failed {
            0 => println!("the soak passed: nothing fails of {} checks", checks.len()),
            _ => println!("the soak failed: by {failed} of {} checks", checks.len()),
        }
        failed == 0
    }

    fn print_verdicts(&self) {
        let started = self.soaked.tally.started();
        println!("{:<50} | {:>9} | {:>8} | {:>9}", "how calls ended", "count", "share", "longest");
        for ((peer, name), row) in self.soaked.tally.rows() {
            let (name, longest) = (format!("{peer}{name}"), row.longest.as_secs_f64());
            println!("{name:<50} | {:>9} | {:>7.2}% | {longest:>7.2} s", row.count, percent(row.count, started));
        }
        println!("{:<50} | {started:>9} |", "calls");
    }

    fn print_acts(&self) {
        println!("{:<50} | {:>9} | {:>8} |", "what the server did", "count", "share");
        for (acts, all) in [(API, total::REQUESTS), (TOKEN, total::TOKENS)] {
            for name in acts.iter().map(|act| act.name) {
                let count = self.served.of(name);
                println!("{name:<50} | {count:>9} | {:>7.2}% |", percent(count, self.served.of(all)));
            }
        }
        for name in total::ALL {
            println!("{name:<50} | {:>9} |", self.served.of(name));
        }
    }

    fn print_gauges(&self) {
        println!(
            "{:<50} | {:>9} | {:>8} | {:>9} | {:>9} | highest",
            "medians of each quarter", "1st", "2nd", "3rd", "4th"
        );
        for (name, trend) in self.trends() {
            match trend {
                Some(Trend { quarters: [first, second, third, last], highest }) => {
                    println!("{name:<50} | {first:>9} | {second:>8} | {third:>9} | {last:>9} | {highest}");
                }
                None => println!("{name:<50} | not told by this system"),
            }
        }
    }

    fn trends(&self) -> [(&'static str, Option<Trend>); 3] {
        let samples = &self.soaked.samples;
        [
            ("resident memory, KiB", Trend::resident(samples)),
            ("open files", Trend::files(samples)),
            ("tasks alive", Trend::tasks(samples)),
        ]
    }

    fn checks(&self) -> Vec<Check> {
        let mut checks = self.checks_of_calls();
        checks.extend(self.checks_of_requests());
        checks.extend(self.checks_of_growth());
        checks
    }
}

/// What has to hold.
impl Report {
    fn checks_of_calls(&self) -> Vec<Check> {
        let tally = &self.soaked.tally;
        let ended: u64 = tally.rows().values().map(|row| row.count).sum();
        let limit = (CALL_TIMEOUT + MARGIN).as_secs();
        vec![
            Check::of(
                tally.started() > 0 && ended == tally.started(),
                format!("calls with a verdict, of those that began: {ended} of {}", tally.started()),
            ),
            Check::of(tally.overdue() == 0, format!("calls that took more than {limit} s: {}", tally.overdue())),
            self.no_more("calls answered, of the requests that the server saw", tally.answered(), total::REQUESTS),
            self.no_more("calls that are ok, of the answers that began with 200", tally.count(OK), total::SUCCESSES),
            self.no_more("calls that are forbidden, of the answers 403", tally.count("forbidden"), FORBIDDEN),
        ]
    }

    fn checks_of_requests(&self) -> Vec<Check> {
        let calls = self.soaked.tally.started();
        let served = |name| self.served.of(name);
        let retries = RETRIES_A_CALL * calls as f64 + self.length.as_secs_f64() + RETRIES_AT_ONCE;
        let most = calls + served(total::REFUSALS) + retries as u64;
        let lifetimes = self.length.as_secs_f64() / LIFETIME;
        let tokens = served(total::TOKENS) as f64 / lifetimes;
        let requests = served(total::REQUESTS);
        let posts = served(total::POSTS);
        vec![
            Check::of(
                requests <= most,
                format!("requests, of calls, refusals of a token and the budget of retries: {requests} of {most}"),
            ),
            Check::of(
                tokens <= REQUESTS_A_LIFETIME,
                format!(
                    "token requests in {LIFETIME} s, the shortest life of a token: {tokens:.2} of {REQUESTS_A_LIFETIME}"
                ),
            ),
            Check::of(
                posts <= self.soaked.tally.posts(),
                format!("POSTs that arrived, of those that were made: {posts} of {}", self.soaked.tally.posts()),
            ),
            self.none(total::POSTS_REPEATED),
            self.none(total::REDIRECTED),
            self.none(total::UNKNOWN_TOKEN),
            self.none(total::ENDED_TOKEN),
        ]
    }

    fn checks_of_growth(&self) -> Vec<Check> {
        let [resident, files, tasks] = self.trends();
        let left = self.soaked.tasks_left;
        vec![
            if self.length < WARM {
                Check::skipped(format!("resident memory: less than {} s do not tell", WARM.as_secs()))
            } else {
                Check::growth(resident, 0)
            },
            Check::growth(files, FILES_OR_TASKS),
            Check::growth(tasks, FILES_OR_TASKS),
            Check::of(left == 0, format!("tasks alive after the callers and the client: {left}")),
        ]
    }

    fn no_more(&self, what: &str, count: u64, all: &str) -> Check {
        let all = self.served.of(all);
        Check::of(count <= all, format!("{what}: {count} of {all}"))
    }

    fn none(&self, name: &str) -> Check {
        let count = self.served.of(name);
        Check::of(count == 0, format!("{name}: {count}"))
    }
}

/// One thing that has to hold, and the figures that say whether it does.
struct Check {
    outcome: Outcome,
    what: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Holds,
    Fails,
    Skipped,
}

impl Check {
    fn of(holds: bool, what: String) -> Self {
        Self { outcome: if holds { Outcome::Holds } else { Outcome::Fails }, what }
    }

    /// Compares the last quarter with the second; growth by `few` is none.
    fn growth((name, trend): (&str, Option<Trend>), few: u64) -> Self {
        let Some(trend) = trend else {
            return Self::skipped(format!("{name}: this system does not tell"));
        };
        let (ratio, more) = (trend.ratio(), trend.growth());
        let or = if few > 0 { format!(", or {more} more of {few}") } else { String::new() };
        let what = format!("{name}, the last quarter to the second: {ratio:.3} of {GROWTH}{or}");
        Self::of(ratio <= GROWTH || more <= few, what)
    }

    fn skipped(what: String) -> Self {
        Self { outcome: Outcome::Skipped, what }
    }
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds  ",
            Self::Fails => "FAILS  ",
            Self::Skipped => "skipped",
        }
    }
}

fn percent(count: u64, all: u64) -> f64 {
    100.0 * count as f64 / all.max(1) as f64
}
