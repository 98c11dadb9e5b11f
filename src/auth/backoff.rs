//! When a token may be asked for again: after failures, after a success, after rejections.

use std::time::Duration;

use crate::error::Error;

/// The first pause after a failure that may pass by itself, and the longest.
const TRANSIENT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// The same after a refusal, which passes only if somebody mends it.
const REFUSED: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));
/// A server may ask for more (`Retry-After`), but not for so much that a slip of its own stops us for hours.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5 * 60);
/// An issuer that returns the same nearly dead token again and again causes no loop.
const AFTER_SUCCESS: Duration = Duration::from_millis(100);
/// Rejections cause this many renewals in a row, and after that one each [`REJECTION_INTERVAL`].
const REJECTION_BURST: u32 = 5;
const REJECTION_INTERVAL: Duration = Duration::from_secs(10);

/// Decides by the monotonic clock, which is an argument everywhere.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// In a row, and of one class.
    failures: u32,
    last_failure: Option<Error>,
    not_before: Duration,
    rejections_paid: Duration,
}

impl Backoff {
    /// Notes a success.
    pub(super) fn succeed(&mut self, now: Duration) {
        self.failures = 0;
        self.last_failure = None;
        self.not_before = now + AFTER_SUCCESS;
    }

    /// Notes a failure, and returns the pause that follows it. `chance`, from 0 to 1, spreads the next tries of a fleet.
    pub(super) fn fail(&mut self, error: &Error, now: Duration, chance: f64) -> Duration {
        let (first, longest) = if error.is_refusal() { REFUSED } else { TRANSIENT };
        if self.last_failure.as_ref().is_some_and(|last| last.is_refusal() != error.is_refusal()) {
            self.failures = 0;
        }
        // Doubled so often, the first pause is past the longest.
        let doublings = self.failures.min(8);
        let wanted = error.retry_after().unwrap_or_default().min(LONGEST_RETRY_AFTER);
        let pause = (first * 2_u32.pow(doublings)).min(longest).mul_f64(0.75 + chance / 2.0);
        // No sooner than the server asks, and a fleet not all at once.
        let pause = pause.max(wanted.mul_f64(1.0 + chance / 4.0));
        self.failures += 1;
        self.last_failure = Some(error.clone());
        self.not_before = now + pause;
        pause
    }

    /// Tells how long it is until a token may be asked for.
    pub(super) fn pause(&self, now: Duration) -> Option<Duration> {
        self.not_before.checked_sub(now).filter(|pause| !pause.is_zero())
    }

    /// Returns the failure that the last request ended in.
    pub(super) fn last_failure(&self) -> Option<&Error> {
        self.last_failure.as_ref()
    }

    /// Tells whether a rejection may cause a renewal. An API that rejects every token would otherwise cause one with each call.
    pub(super) fn allow_rejection(&mut self, now: Duration) -> bool {
        let paid = self.rejections_paid.max(now) + REJECTION_INTERVAL;
        let allowed = paid <= now + REJECTION_INTERVAL * REJECTION_BURST;
        if allowed {
            self.rejections_paid = paid;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    const START: Duration = Duration::from_secs(1_000);

    fn pauses(error: &Error, chance: f64) -> Vec<Duration> {
        let mut backoff = Backoff::default();
        (0..40).map(|_| backoff.fail(error, START, chance)).collect()
    }

    fn transient() -> Error {
        Error::token_endpoint_status(StatusCode::SERVICE_UNAVAILABLE, None)
    }

    fn refused() -> Error {
        Error::refused_by_token_endpoint("invalid_client", StatusCode::BAD_REQUEST, None)
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let millis = |error: &Error| pauses(error, 0.5).iter().map(Duration::as_millis).take(8).collect::<Vec<_>>();
        assert_eq!(millis(&transient()), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert_eq!(millis(&refused()), [5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000]);
        assert_eq!(pauses(&transient(), 0.5)[39], TRANSIENT.1);
    }

    #[test]
    fn chance_spreads_a_pause_by_a_quarter_to_both_sides() {
        let first = |chance| pauses(&refused(), chance)[0].as_millis();
        assert_eq!((first(0.0), first(0.5), first(1.0)), (3_750, 5_000, 6_250));
    }

    #[test]
    fn at_most_ten_tries_fit_into_a_minute_of_outage_even_by_the_unluckiest_chance() {
        let hasty = Error::token_endpoint_status(StatusCode::SERVICE_UNAVAILABLE, Some(Duration::ZERO));
        for error in [transient(), refused(), hasty] {
            let mut time = Duration::ZERO;
            let tries = pauses(&error, 0.0).into_iter().take_while(|pause| {
                time += *pause;
                time < Duration::from_secs(60)
            });
            let tries = tries.count() + 1;
            assert!(tries <= 10, "{tries}");
        }
    }

    #[test]
    fn what_the_server_asks_for_wins_within_reason() {
        for (wanted, chance, pause) in
            [(7, 0.0, 7_000), (7, 1.0, 8_750), (0, 0.0, 375), (86_400, 0.0, 300_000), (86_400, 1.0, 375_000)]
        {
            let error = Error::token_endpoint_status(StatusCode::TOO_MANY_REQUESTS, Some(Duration::from_secs(wanted)));
            assert_eq!(Backoff::default().fail(&error, START, chance).as_millis(), pause);
        }
    }

    #[test]
    fn an_outage_makes_no_later_refusal_longer() {
        let mut backoff = Backoff::default();
        for _ in 0..6 {
            backoff.fail(&transient(), START, 0.5);
        }
        assert_eq!(backoff.fail(&refused(), START, 0.5), REFUSED.0);
    }

    #[test]
    fn a_pause_ends_and_a_success_forgets_the_failures() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.pause(START), None);
        let pause = backoff.fail(&refused(), START, 0.5);
        assert_eq!(backoff.pause(START + Duration::from_secs(1)), Some(pause - Duration::from_secs(1)));
        assert_eq!(backoff.pause(START + pause), None);
        assert_eq!(backoff.last_failure().unwrap().oauth2_error(), Some("invalid_client"));

        backoff.succeed(START + pause);
        assert_eq!(backoff.pause(START + pause), Some(AFTER_SUCCESS));
        assert!(backoff.last_failure().is_none());
        assert_eq!(backoff.fail(&refused(), START, 0.5), pause);
    }

    #[test]
    fn rejections_are_allowed_in_a_burst_and_then_one_by_one() {
        let mut backoff = Backoff::default();
        let mut allowed = |at| (0..20).filter(|_| backoff.allow_rejection(START + at)).count();
        assert_eq!(allowed(Duration::ZERO), 5);
        assert_eq!(allowed(REJECTION_INTERVAL - Duration::from_millis(1)), 0);
        assert_eq!(allowed(REJECTION_INTERVAL), 1);
        assert_eq!(allowed(REJECTION_INTERVAL * 3), 2);
        assert_eq!(allowed(REJECTION_INTERVAL * 100), 5);
    }
}
