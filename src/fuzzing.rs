//! What the fuzz targets call: the code that reads what others wrote, and what holds of it whatever they wrote. A panic is a
//! finding.
//!
//! An error of ours has nothing in it of what was read. So it is one of those that a few samples bring, all of which are
//! listed here: any other is a finding, or a fault that the samples lack.

use std::collections::HashSet;
use std::env::VarError;
use std::error::Error as StdError;
use std::ffi::OsString;
use std::iter;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use crate::address::{PlainHttp, Setting};
use crate::auth::{Authenticator, Credentials, read_token_answer};
use crate::challenge::{Challenge, refuses_token};
use crate::clock_skew::clock_skew;
use crate::config::Config;
use crate::error::Error;
use crate::failure::{Answered, Asked};
use crate::quota::quotas;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const TOKEN_STATUSES: [StatusCode; 4] =
    [StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::SERVICE_UNAVAILABLE];

/// Bodies that bring every error of the token endpoint.
const TOKEN_ANSWERS: [&str; 19] = [
    "",
    "<",
    "{}",
    r#"{"access_token":"a","token_type":7}"#,
    r#"{"access_token":"a","token_type":"b"}"#,
    r#"{"access_token":""}"#,
    r#"{"access_token":" "}"#,
    r#"{"error":"?"}"#,
    r#"{"error":"access_denied"}"#,
    r#"{"error":"invalid_client"}"#,
    r#"{"error":"invalid_grant"}"#,
    r#"{"error":"invalid_request"}"#,
    r#"{"error":"invalid_scope"}"#,
    r#"{"error":"invalid_target"}"#,
    r#"{"error":"server_error"}"#,
    r#"{"error":"slow_down"}"#,
    r#"{"error":"temporarily_unavailable"}"#,
    r#"{"error":"unauthorized_client"}"#,
    r#"{"error":"unsupported_grant_type"}"#,
];

/// Takes the bytes for an answer of the token endpoint.
pub fn token_answer(bytes: &[u8]) {
    static OURS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let bodies = TOKEN_ANSWERS.iter().map(|body| body.as_bytes());
        bodies.flat_map(token_errors).map(|error| shown(&error)).collect()
    });
    token_errors(bytes).for_each(|error| assert_ours(&error, &OURS));
    if let Ok((header, lifetime)) = read_token_answer(StatusCode::OK, bytes) {
        assert!(header.is_sensitive() && header.as_bytes().starts_with(b"Bearer ") && lifetime <= DAY);
    }
}

fn token_errors(body: &[u8]) -> impl Iterator<Item = Error> {
    TOKEN_STATUSES.into_iter().filter_map(move |status| read_token_answer(status, body).err())
}

/// Takes each line for a value of `WWW-Authenticate`.
pub fn challenge(bytes: &[u8]) {
    static OURS: LazyLock<HashSet<String>> = LazyLock::new(challenges_shown);
    // Three times each, they can be more than is read.
    for times in [1, 3] {
        let values = lines(bytes).filter_map(|line| HeaderValue::from_bytes(line).ok());
        let headers = values.flat_map(|value| iter::repeat_n((WWW_AUTHENTICATE, value), times)).collect();
        let challenge = Challenge::of(&headers);
        assert_eq!(refuses_token(StatusCode::BAD_REQUEST, &headers), challenge.is_some());
        refusals(&headers).for_each(|error| assert_ours(&error, &OURS));
        if let Some(challenge) = challenge {
            assert!(OURS.contains(&format!("{challenge:?}")), "{challenge:?}");
            let texts = [challenge.realm(), challenge.error(), challenge.error_description(), challenge.scope()];
            assert!(texts.into_iter().flatten().all(|text| text.len() <= 512));
            assert!(challenge.scopes().all(|scope| !scope.is_empty()));
        }
    }
}

/// The errors of a gateway that refuses a request in this way.
fn refusals(headers: &HeaderMap) -> impl Iterator<Item = Error> {
    let statuses = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
    statuses.into_iter().map(|status| refusal(status, headers.clone()))
}

fn refusal(status: StatusCode, headers: HeaderMap) -> Error {
    Error::answer(Answered { status, headers, body: Vec::new(), is_whole: true }, Asked::default())
}

/// Shows challenges of every code and with every set of texts, and the errors that they make.
fn challenges_shown() -> HashSet<String> {
    let codes = ["", "error=a", "error=invalid_request", "error=invalid_token", "error=insufficient_scope"];
    let sets = (0..8).map(|set| {
        let texts = ["realm=a", "error_description=a", "scope=a"].into_iter().enumerate();
        texts.filter(|(place, _)| set >> place & 1 == 1).map(|(_, text)| text).collect::<Vec<_>>().join(",")
    });
    let values = sets.flat_map(|texts| codes.map(|code| format!("Bearer {code},{texts}")));
    let headers = values.chain([String::new()]).filter_map(|value| value.parse().ok());
    let headers = headers.map(|value| HeaderMap::from_iter([(WWW_AUTHENTICATE, value)]));
    headers
        .flat_map(|headers| {
            let challenge = Challenge::of(&headers).map(|challenge| format!("{challenge:?}"));
            refusals(&headers).map(|error| shown(&error)).chain(challenge).collect::<Vec<_>>()
        })
        .collect()
}

/// Takes the first line for `Retry-After`, the second for `Date`, and those that follow for what tells of quotas.
pub fn retry_after(bytes: &[u8]) {
    const NAMES: [&str; 7] = [
        "x-rate-limit",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ];
    let quota_names = NAMES.map(HeaderName::from_static).into_iter().cycle();
    let named = [RETRY_AFTER, DATE].into_iter().chain(quota_names).zip(lines(bytes));
    let headers = named.filter_map(|(name, value)| Some((name, HeaderValue::from_bytes(value).ok()?))).collect();
    check_retry_after(&headers);
    check_clock_skew(&headers);
    assert!(quotas(&headers).len() <= 8);
}

fn check_retry_after(headers: &HeaderMap) {
    let wanted = crate::retry_after::retry_after(headers);
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match (wanted, text.trim().parse()) {
        (wanted, Ok(seconds)) => assert_eq!(wanted, Some(Duration::from_secs(seconds))),
        // Between two dates there is no more than all the time that there is.
        (Some(wanted), Err(_)) => {
            assert!((DateTime::<Utc>::MAX_UTC - DateTime::<Utc>::MIN_UTC).to_std().is_ok_and(|all| wanted <= all));
        }
        (None, Err(_)) => {}
    }
    // The number is all that an error tells of the headers.
    let number = wanted.map(|wanted| (RETRY_AFTER, HeaderValue::from(wanted.as_secs())));
    let told = |headers| shown(&refusal(StatusCode::TOO_MANY_REQUESTS, headers));
    assert_eq!(told(headers.clone()), told(number.into_iter().collect()));
}

fn check_clock_skew(headers: &HeaderMap) {
    const HOUR: TimeDelta = TimeDelta::hours(1);
    // To chrono, a time of day within a leap second is a second nearer to some than to others.
    const LEAP: TimeDelta = TimeDelta::seconds(1);
    let skew = |before, after| clock_skew(headers, before, after);
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let (Some(first), Some(later)) = (skew(now, now), skew(now + HOUR, now + HOUR)) else { return };
    assert!(first <= later + LEAP && later - first <= HOUR + LEAP);
    // The longer the exchange took, the less is known.
    let both = skew(now, now + HOUR).unwrap_or_default().abs();
    assert!(both <= first.abs() + LEAP && both <= later.abs() + LEAP);
    let (earliest, latest) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    assert!(skew(earliest, latest).is_some() && skew(latest, earliest).is_some());
}

/// The variables of [`Config::read`].
const VARIABLES: [&str; 8] = [
    "PISTE_ENVIRONMENT",
    "PISTE_CLIENT_ID",
    "PISTE_CLIENT_SECRET",
    "PISTE_CLIENT_SECRET_FILE",
    "PISTE_TOKEN_URL",
    "PISTE_SCOPE",
    "MENAGE_B2B_BASE_URL",
    "MENAGE_B2B_ALLOW_HTTP",
];

/// Values that no variable of this name may have.
const FAULTS: [&str; 9] = [
    "PISTE_ENVIRONMENT=?",
    "MENAGE_B2B_ALLOW_HTTP=?",
    "PISTE_CLIENT_ID=",
    "PISTE_CLIENT_ID=\u{feff}",
    "PISTE_CLIENT_SECRET=",
    "PISTE_CLIENT_SECRET=\u{feff}",
    "PISTE_CLIENT_SECRET=a\ta",
    "PISTE_CLIENT_SECRET_FILE=a",
    "PISTE_SCOPE=\\",
];

/// Addresses that no setting may have.
const ADDRESSES: [&str; 12] = [
    "a",
    "a://a",
    "a://^",
    "http://a",
    "https://a@a",
    "https://a#",
    "https://a?",
    "https://",
    "https://^",
    "https://a:a",
    "https://[",
    "https://256.0.0.0",
];

/// Takes each line for `NAME=value`, an environment variable. Nothing of a value is in an error: the secret stands in the
/// wrong place at times.
pub fn configuration(bytes: &[u8]) {
    static OURS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let errors = faulty_configurations().filter_map(|lines| configured(&lines).err());
        errors.map(|error| shown(&error)).collect()
    });
    if let Err(error) = configured(bytes) {
        assert_ours(&error, &OURS);
    }
}

fn configured(bytes: &[u8]) -> Result<(), Error> {
    let lookup = |name: &'static str| {
        let value = lines(bytes).find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
        let value = value.ok_or(VarError::NotPresent)?;
        let text = String::from_utf8_lossy(value).into_owned();
        if text.as_bytes() == value { Ok(text) } else { Err(VarError::NotUnicode(OsString::from(text))) }
    };
    let config = Config::read(lookup)?;
    if let (Ok(id), Err(_)) = (lookup("PISTE_CLIENT_ID"), lookup("PISTE_CLIENT_SECRET_FILE")) {
        assert_eq!(format!("{:?}", config.credentials), format!("{:?}", Credentials::new(id, "another secret")));
    }
    if let Some(url) = &config.base_url {
        Setting::BaseUrl.parse(url, config.plain_http)?;
    }
    let token_url = config.token_url.unwrap_or_else(|| config.environment.token_url().to_owned());
    let authenticator = Authenticator::builder(token_url, config.credentials).scopes(config.scopes);
    match config.plain_http {
        PlainHttp::Loopback => authenticator.check(),
        PlainHttp::Anywhere => authenticator.allow_http().check(),
    }
    .map(drop)
}

/// Configurations that bring every error: of two lines for one variable, the first counts.
fn faulty_configurations() -> impl Iterator<Item = Vec<u8>> {
    const GOOD: &[u8] = b"\nPISTE_CLIENT_ID=a\nPISTE_CLIENT_SECRET=a";
    let no_text = VARIABLES.iter().map(|name| [name.as_bytes(), b"=\xff"].concat());
    let addresses = ["MENAGE_B2B_BASE_URL", "PISTE_TOKEN_URL"]
        .into_iter()
        .flat_map(|name| ADDRESSES.iter().map(move |address| format!("{name}={address}").into_bytes()));
    let faults = FAULTS.iter().map(|line| line.as_bytes().to_vec());
    no_text.chain(addresses).chain(faults).map(|line| [&line, GOOD].concat())
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n')
}

/// Shows all of an error that a log may have of it.
fn shown(error: &Error) -> String {
    let sources: Vec<_> =
        iter::successors(error.source(), |&source| source.source()).map(ToString::to_string).collect();
    format!("{error} {error:?} {sources:?}")
}

/// Asserts that an error is one of those that the samples bring.
fn assert_ours(error: &Error, ours: &HashSet<String>) {
    let shown = shown(error);
    assert!(ours.contains(&shown), "{shown}");
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(target: &str, entry: fn(&[u8])) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/").to_owned() + target;
        let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
        for bytes in files {
            (0..=bytes.len()).for_each(|length| entry(&bytes[..length]));
        }
    }

    #[test]
    fn what_must_hold_holds_of_each_sample_and_of_each_beginning_of_one() {
        check("token_answer", token_answer);
        check("challenge", challenge);
        check("retry_after", retry_after);
        check("configuration", configuration);
    }
}
