//! How long a server asks to be left alone ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

/// Reads `Retry-After` in both its forms; of several the longest, since it was asked for too. A date is read by the server's own
/// clock, which the header `Date` tells.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let now = headers.get(DATE).and_then(text);
    headers.get_all(RETRY_AFTER).iter().filter_map(|wanted| read(text(wanted)?, now)).max()
}

fn read(wanted: &str, now: Option<&str>) -> Option<Duration> {
    if let Ok(seconds) = wanted.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| DateTime::parse_from_rfc2822(text).ok();
    date(wanted)?.signed_duration_since(date(now?)?).to_std().ok()
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "Wed, 21 Oct 2026 12:00:00 GMT";

    fn seconds(wanted: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, wanted.parse().unwrap());
        date.map(|date| headers.insert(DATE, date.parse().unwrap()));
        retry_after(&headers).map(|wanted| wanted.as_secs())
    }

    #[test]
    fn both_forms_are_read() {
        assert_eq!(seconds("120", None), Some(120));
        assert_eq!(seconds(" 7200 ", Some(NOON)), Some(7200));
        assert_eq!(seconds("Wed, 21 Oct 2026 12:01:30 GMT", Some(NOON)), Some(90));
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        for (wanted, date) in [
            ("Wed, 21 Oct 2026 12:01:30 GMT", None),
            ("Wed, 21 Oct 2026 11:00:00 GMT", Some(NOON)),
            ("Wed, 21 Oct 2026 12:01:30 GMT", Some("yesterday")),
            ("-1", Some(NOON)),
            ("soon", Some(NOON)),
            ("", Some(NOON)),
        ] {
            assert_eq!(seconds(wanted, date), None, "{wanted}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn of_several_the_longest_counts() {
        let headers = ["soon", "7", "3600", "0"].map(|wanted| (RETRY_AFTER, wanted.parse().unwrap()));
        let mut all = HeaderMap::new();
        headers.into_iter().for_each(|(name, value)| _ = all.append(name, value));
        assert_eq!(retry_after(&all), Some(Duration::from_secs(3600)));
    }
}
