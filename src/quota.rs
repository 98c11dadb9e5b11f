//! What an answer's headers say of quotas.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// So much of the headers is read, in bytes.
const LONGEST_READ: usize = 8 * 1024;
/// So many quotas are told.
const MOST: usize = 8;

const AXWAY: &str = "X-Rate-Limit";
/// Quotas that have a header for each number: what the names begin with.
const NUMBERED: [&str; 2] = ["RateLimit", "X-RateLimit"];

/// Tells what is left of a quota, as an answer's headers say.
///
/// There are numbers only, and none that the server did not send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    /// What the header is called: `X-Rate-Limit`; `RateLimit` or `X-RateLimit` for the headers that begin so.
    pub(crate) header: &'static str,
    /// How many calls there are in all.
    pub(crate) limit: Option<u64>,
    /// How many calls are left.
    pub(crate) remaining: Option<u64>,
    /// The time that the quota is for, in a unit that is not known: `X-Rate-Limit` has this number and no unit.
    pub(crate) window: Option<u64>,
    /// How long it is until the quota begins anew. Only `RateLimit-Reset` says so in a unit that is known.
    pub(crate) reset: Option<Duration>,
}

/// Reads the quotas that an answer tells of. What cannot be read is as if it were not there.
pub(crate) fn quotas(headers: &HeaderMap) -> Vec<Quota> {
    let numbered = NUMBERED.into_iter().map(|header| numbered(headers, header));
    axway(headers).chain(numbered).filter(Quota::says_something).take(MOST).collect()
}

/// Reads `X-Rate-Limit: [{"window":…,"type":"throttle","remaining":…}]`.
fn axway(headers: &HeaderMap) -> impl Iterator<Item = Quota> {
    let mut read = 0;
    let values = headers.get_all(AXWAY).iter().take_while(move |value| {
        read += value.len();
        read <= LONGEST_READ
    });
    let entries = values.flat_map(|value| match serde_json::from_slice(value.as_bytes()) {
        Ok(Value::Array(entries)) => entries,
        Ok(entry) => vec![entry],
        Err(_) => Vec::new(),
    });
    entries.map(|entry| {
        let number = |name| entry.get(name).and_then(Value::as_u64);
        Quota { remaining: number("remaining"), window: number("window"), ..Quota::of(AXWAY) }
    })
}

/// Reads `RateLimit-Limit`, `-Remaining` and `-Reset`.
fn numbered(headers: &HeaderMap, header: &'static str) -> Quota {
    let number = |what| leading_number(headers.get(format!("{header}-{what}"))?.to_str().ok()?);
    // `X-RateLimit-Reset` is a pause with some servers and a date with others.
    let reset = (header == "RateLimit").then(|| number("Reset")).flatten();
    Quota {
        limit: number("Limit"),
        remaining: number("Remaining"),
        reset: reset.map(Duration::from_secs),
        ..Quota::of(header)
    }
}

/// Reads a number that parameters or further numbers may follow, as in `100, 100;w=60`.
fn leading_number(text: &str) -> Option<u64> {
    text.split([',', ';']).next()?.trim().parse().ok()
}

impl Quota {
    fn of(header: &'static str) -> Self {
        Self { header, limit: None, remaining: None, window: None, reset: None }
    }

    fn says_something(&self) -> bool {
        *self != Self::of(self.header)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn read(headers: &[(&'static str, &str)]) -> Vec<Quota> {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        quotas(&headers.iter().map(header).collect())
    }

    fn axway(window: Option<u64>, remaining: Option<u64>) -> Quota {
        Quota { window, remaining, ..Quota::of("X-Rate-Limit") }
    }

    #[test]
    fn the_gateways_quotas_are_read() {
        for (value, expected) in [
            (r#"[{"window":60,"type":"throttle","remaining":12}]"#, vec![axway(Some(60), Some(12))]),
            (r#" [ { "remaining" : 0 } ] "#, vec![axway(None, Some(0))]),
            (r#"{"window":1,"remaining":2}"#, vec![axway(Some(1), Some(2))]),
            (r#"[{"window":1},{"remaining":2}]"#, vec![axway(Some(1), None), axway(None, Some(2))]),
            // A window in words, and numbers that count nothing.
            (r#"[{"window":"1 day","type":"throttle","remaining":3}]"#, vec![axway(None, Some(3))]),
            (r#"[{"window":"60","remaining":"3"}]"#, vec![]),
            (r#"[{"window":1.5,"remaining":-3},{"remaining":18446744073709551616}]"#, vec![]),
            (r#"[{"remaining":18446744073709551615}]"#, vec![axway(None, Some(u64::MAX))]),
            (r#"[1,"a",null,[],{},{"type":"throttle","limit":5},{"remaining":4}]"#, vec![axway(None, Some(4))]),
        ] {
            assert_eq!(read(&[("x-rate-limit", value)]), expected, "{value}");
        }
    }

    #[test]
    fn quotas_with_a_header_for_each_number_are_read() {
        let quota = |header, limit, remaining, reset: Option<u64>| Quota {
            limit,
            remaining,
            reset: reset.map(Duration::from_secs),
            ..Quota::of(header)
        };
        assert_eq!(
            read(&[("ratelimit-limit", "100, 100;w=60"), ("ratelimit-remaining", " 7 "), ("ratelimit-reset", "30")]),
            [quota("RateLimit", Some(100), Some(7), Some(30))]
        );
        assert_eq!(
            read(&[
                ("x-ratelimit-limit", "100;w=60"),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1800000000")
            ]),
            [quota("X-RateLimit", Some(100), Some(0), None)]
        );
        assert_eq!(
            read(&[("x-ratelimit-remaining", "1"), ("ratelimit-reset", "2"), ("x-rate-limit", "[{\"remaining\":3}]")]),
            [axway(None, Some(3)), quota("RateLimit", None, None, Some(2)), quota("X-RateLimit", None, Some(1), None)]
        );
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        let deep = "[".repeat(4_000);
        for value in [
            "",
            "hush-hush",
            "[",
            "[{\"remaining\":1}",
            "{}",
            "[]",
            "-1",
            "1.5",
            "99999999999999999999",
            "\u{e9}",
            &deep,
        ] {
            let names =
                ["x-rate-limit", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-limit"];
            assert_eq!(read(&names.map(|name| (name, value))), [], "{value}");
        }
        assert_eq!(read(&[]), []);
        assert_eq!(read(&[("ratelimit-limit", "many"), ("ratelimit-remaining", "7")])[0].limit, None);
        assert_eq!(read(&[("x-rate-limit", "["), ("x-rate-limit", "{\"remaining\":1}")]), [axway(None, Some(1))]);
    }

    #[test]
    fn no_text_of_the_server_is_kept() {
        let value = r#"[{"window":"hush-hush","type":"hush-hush","remaining":5,"hush-hush":6}]"#;
        let shown = format!("{:?}", read(&[("x-rate-limit", value)]));
        assert!(shown.contains("remaining: Some(5)") && !shown.contains("hush-hush"), "{shown}");
    }

    #[test]
    fn eight_quotas_and_eight_kilobytes_are_read_at_most() {
        let many = format!("[{}]", ["{\"remaining\":1}"; 20].join(","));
        assert_eq!(read(&[("x-rate-limit", &many), ("ratelimit-limit", "1")]), vec![axway(None, Some(1)); 8]);

        let sized = |length: usize| format!("{{\"remaining\":1{}}}", " ".repeat(length - "{\"remaining\":1}".len()));
        for (lengths, expected) in [([8_192, 15], 1), ([8_193, 15], 0), ([8_177, 15], 2), ([8_178, 15], 1)] {
            let values = lengths.map(sized);
            let found = read(&[("x-rate-limit", &values[0]), ("x-rate-limit", &values[1]), ("x-ratelimit-limit", "")]);
            assert_eq!(found.len(), expected, "{lengths:?}");
        }
    }

    #[test]
    fn every_beginning_and_random_values_are_read_without_harm() {
        let full = r#"[{"window":60,"type":"throttle","remaining":12}]"#;
        for length in 0..full.len() {
            assert_eq!(
                read(&[("x-rate-limit", &full[..length]), ("ratelimit-reset", &full[..length])]),
                [],
                "{length}"
            );
        }
        let mut state = 1_u64;
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let mut bytes = full.as_bytes().to_vec();
            let place = usize::try_from(state >> 33).unwrap() % bytes.len();
            bytes[place] = b' ' + u8::try_from((state >> 20) % 95).unwrap();
            let values = ["x-rate-limit", "ratelimit-limit"]
                .map(|name| (HeaderName::from_static(name), HeaderValue::from_bytes(&bytes).unwrap()));
            assert!(quotas(&values.into_iter().collect()).len() <= 1);
        }
    }
}
