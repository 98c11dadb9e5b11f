//! How far this machine's clock is from the server's ([RFC 9110, 6.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1)).

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{AGE, DATE, HeaderMap};

/// `Date` has whole seconds, and a server may take them from a clock that it reads once a second.
const TOLERANCE: TimeDelta = TimeDelta::seconds(1);

/// Tells how far this machine's clock is ahead of the header `Date`, or behind it if negative.
///
/// Both times are this machine's: `before` the request was sent, and `after` its answer came. A date between them shows
/// no difference.
pub(crate) fn clock_skew(headers: &HeaderMap, before: DateTime<Utc>, after: DateTime<Utc>) -> Option<TimeDelta> {
    // A cache's answer has the date at which it was stored (RFC 9111, 5.1).
    if headers.contains_key(AGE) {
        return None;
    }
    let date = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?.trim()).ok()?;
    let ahead = before.signed_duration_since(date) - TOLERANCE;
    let behind = after.signed_duration_since(date) + TOLERANCE;
    // No `clamp`: it panics if the clock was set back in between.
    Some(TimeDelta::zero().min(behind).max(ahead))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "Wed, 21 Oct 2026 12:00:00 GMT";

    fn headers(date: &str) -> HeaderMap {
        [(DATE, date.parse().unwrap())].into_iter().collect()
    }

    /// In milliseconds, as are both times, which count from noon.
    fn skew(before: i64, after: i64) -> Option<i64> {
        let at = |millis| DateTime::parse_from_rfc2822(NOON).unwrap().to_utc() + TimeDelta::milliseconds(millis);
        clock_skew(&headers(NOON), at(before), at(after)).map(|skew| skew.num_milliseconds())
    }

    #[test]
    fn a_date_between_both_times_or_a_second_off_is_no_skew() {
        for (before, after) in [(0, 0), (-5_000, 5_000), (500, 900), (1_000, 3_000), (-3_000, -1_000), (-1_000, 1_000)]
        {
            assert_eq!(skew(before, after), Some(0), "{before} to {after}");
        }
    }

    #[test]
    fn a_clock_ahead_is_positive_and_one_behind_negative() {
        for (before, after, expected) in [
            (1_001, 5_000, 1),
            (61_000, 70_000, 60_000),
            (3_600_000, 3_600_001, 3_599_000),
            (-5_000, -1_001, -1),
            (-70_000, -61_000, -60_000),
            (-86_400_000, -86_400_000, -86_399_000),
        ] {
            assert_eq!(skew(before, after), Some(expected), "{before} to {after}");
        }
    }

    #[test]
    fn a_clock_set_in_between_does_no_harm() {
        assert_eq!(skew(10_000, -10_000), Some(9_000));
    }

    #[test]
    fn the_farthest_times_do_no_harm() {
        let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        assert_eq!(clock_skew(&headers(NOON), first, last), Some(TimeDelta::zero()));
        assert!(clock_skew(&headers(NOON), last, last).unwrap() > TimeDelta::days(90_000_000));
        assert!(clock_skew(&headers(NOON), first, first).unwrap() < TimeDelta::days(-90_000_000));
    }

    #[test]
    fn what_tells_no_time_of_now_is_none() {
        let now = DateTime::parse_from_rfc2822(NOON).unwrap().to_utc();
        for date in
            ["", "yesterday", "2026-10-21T12:00:00Z", "Thu, 21 Oct 2026 12:00:00 GMT", "Wed, 21 Oct 2026 25:00:00 GMT"]
        {
            assert_eq!(clock_skew(&headers(date), now, now), None, "{date}");
        }
        assert_eq!(clock_skew(&HeaderMap::new(), now, now), None);
        assert_eq!(clock_skew(&headers(" Wed, 21 Oct 2026 12:00:00 GMT "), now, now), Some(TimeDelta::zero()));

        let mut stored = headers(NOON);
        stored.insert(AGE, "60".parse().unwrap());
        assert_eq!(clock_skew(&stored, now, now), None);
    }
}
