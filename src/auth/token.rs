//! A token as its users need it: a finished header, and an age.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::header::HeaderValue;

use super::clock::Now;
use crate::error::Error;

/// What is assumed of a token whose life is not stated. RFC 6749, 5.1 leaves it open; "for ever" would be the wrong guess.
const ASSUMED_LIFETIME: Duration = Duration::from_secs(60);
/// No longer is believed: whatever a server states, a token is renewed once a day.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Renewal begins this long before the end at the most, or half-way for a token that lives shorter.
const LONGEST_RENEWAL_WINDOW: Duration = Duration::from_secs(5 * 60);
/// In its last moments a token might end on the way, so its successor is waited for. Shorter lives have shorter ones.
const LONGEST_SKEW: Duration = Duration::from_secs(10);
/// Until all nodes of the gateway know a token, some refuse it: PISTE does so for a moment right after issue.
const YOUTH: Duration = Duration::from_secs(2);
/// A `HeaderValue` counts its clones; a count that all threads share is what makes a second core slow.
const COPIES: usize = 16;

/// What the token endpoint granted.
#[derive(Debug)]
pub(super) struct Grant {
    headers: Vec<HeaderValue>,
    lifetime: Duration,
    scopes: Option<Vec<String>>,
}

impl Grant {
    /// Takes the fields of an answer by RFC 6749, 5.1. A lifetime of zero serves those who waited for the token and nobody else.
    pub(super) fn new(
        access_token: &str,
        expires_in: Option<Duration>,
        scopes: Option<Vec<String>>,
    ) -> Result<Self, Error> {
        if access_token.is_empty() {
            return Err(Error::invalid_token_answer("its access token is empty"));
        }
        let headers = (0..COPIES).map(|_| bearer_header(access_token)).collect::<Result<_, _>>()?;
        let lifetime = expires_in.unwrap_or(ASSUMED_LIFETIME).min(LONGEST_LIFETIME);
        Ok(Self { headers, lifetime, scopes })
    }

    pub(super) fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

/// RFC 6749, A.12 and RFC 6750, 2.1: printable ASCII, and no blank in a header.
fn bearer_header(access_token: &str) -> Result<HeaderValue, Error> {
    let value = Some(access_token).filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic()));
    let value = value.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
    let mut header =
        value.ok_or_else(|| Error::invalid_token_answer("its access token has characters that no header may hold"))?;
    header.set_sensitive(true);
    // The first clone allocates the count of clones: here, and not in a call.
    drop(header.clone());
    Ok(header)
}

/// A grant, and the ages at which it changes. Age counts from before the request was sent: that the answer took long makes
/// the token no younger.
#[derive(Debug)]
pub(super) struct Token {
    grant: Grant,
    generation: u64,
    asked: Now,
    landed: Now,
    due: Duration,
    skew: Duration,
}

/// What a token is good for at its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Fresh,
    /// To be renewed, beside the calls.
    Due,
    /// To be used only if no other can be had.
    Ending,
    Ended,
}

/// A header to send, and which token it is of.
#[derive(Clone, Debug)]
pub(crate) struct Bearer {
    pub(crate) header: HeaderValue,
    pub(crate) issue: Issue,
}

/// Which token of a client's one is, and since when there is that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issue {
    pub(crate) generation: u64,
    landed: Now,
}

impl Token {
    /// Makes a token of a grant. `chance`, from 0 to 1, spreads the renewals of a fleet over a quarter of the window.
    pub(super) fn new(grant: Grant, generation: u64, asked: Now, landed: Now, chance: f64) -> Self {
        let window = LONGEST_RENEWAL_WINDOW.min(grant.lifetime / 2);
        let due = grant.lifetime - window + (window / 4).mul_f64(chance);
        let skew = LONGEST_SKEW.min(grant.lifetime / 16);
        Self { grant, generation, asked, landed, due, skew }
    }

    pub(super) fn stage(&self, now: Now) -> Stage {
        let age = now.since(self.asked);
        if age < self.due {
            Stage::Fresh
        } else if age + self.skew < self.grant.lifetime {
            Stage::Due
        } else if age < self.grant.lifetime {
            Stage::Ending
        } else {
            Stage::Ended
        }
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.grant.headers[copy()].clone()
    }

    pub(super) fn bearer(&self) -> Bearer {
        let issue = Issue { generation: self.generation, landed: self.landed };
        Bearer { header: self.header(), issue }
    }

    pub(super) fn is_valid(&self, now: Now) -> bool {
        self.stage(now) != Stage::Ended
    }

    /// Tells how long it is until its end.
    pub(super) fn remaining(&self, now: Now) -> Duration {
        self.grant.lifetime.saturating_sub(now.since(self.asked))
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the end of its life by the wall clock, since the Unix epoch.
    pub(super) fn expires_at(&self) -> Duration {
        self.asked.wall + self.grant.lifetime
    }

    /// Returns the scopes that the answer named, if it named any.
    pub(super) fn scopes(&self) -> Option<&[String]> {
        self.grant.scopes.as_deref()
    }
}

impl Issue {
    pub(super) fn is_young(&self, now: Now) -> bool {
        now.since(self.landed) < YOUTH
    }
}

/// Returns this thread's copy, handed out in turn.
fn copy() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static COPY: Cell<Option<usize>> = const { Cell::new(None) };
    }
    COPY.get().unwrap_or_else(|| {
        let copy = NEXT.fetch_add(1, Ordering::Relaxed) % COPIES;
        COPY.set(Some(copy));
        copy
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn at(age: Duration) -> Now {
        Now { monotonic: age, wall: age }
    }

    fn token(lifetime: Option<Duration>, chance: f64) -> Token {
        Token::new(Grant::new("abc", lifetime, None).unwrap(), 1, Now::default(), Now::default(), chance)
    }

    #[test]
    fn the_header_is_a_sensitive_bearer_in_every_copy() {
        let grant = Grant::new("abc", None, None).unwrap();
        assert_eq!(grant.headers.len(), COPIES);
        assert!(grant.headers.iter().all(|header| header == "Bearer abc" && header.is_sensitive()));
    }

    #[test]
    fn threads_hold_copies_of_their_own() {
        let here = copy();
        assert_eq!(copy(), here);
        // Other tests take copies too: one of two is another than ours.
        let others = [(); 2].map(|()| std::thread::spawn(copy).join().unwrap());
        assert!(others.iter().any(|other| *other != here), "{others:?}");
    }

    #[test]
    fn a_token_that_no_header_may_hold_is_refused_without_showing_it() {
        for token in ["", "hush\nhush", "hush\0", "hushé", "hush hush"] {
            let error = Grant::new(token, None, None).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
    }

    #[test]
    fn stages_scale_with_the_life() {
        for (life, due, ending) in [(3600, 3300, 3590), (600, 300, 590), (80, 40, 75), (16, 8, 15)] {
            let [life, due, ending] = [life, due, ending].map(Duration::from_secs);
            let token = token(Some(life), 0.0);
            for (age, stage) in [
                (Duration::ZERO, Stage::Fresh),
                (due - MOMENT, Stage::Fresh),
                (due, Stage::Due),
                (ending - MOMENT, Stage::Due),
                (ending, Stage::Ending),
                (life - MOMENT, Stage::Ending),
                (life, Stage::Ended),
            ] {
                assert_eq!(token.stage(at(age)), stage, "{life:?} {age:?}");
            }
        }
    }

    #[test]
    fn chance_spreads_renewal_over_a_quarter_of_the_window() {
        let life = Duration::from_secs(3600);
        let due = |chance| token(Some(life), chance).due.as_secs();
        assert_eq!((due(0.0), due(0.5), due(1.0)), (3300, 3337, 3375));
    }

    #[test]
    fn an_unknown_life_is_a_minute_a_zero_one_none_and_an_absurd_one_a_day() {
        for (stated, life) in [
            (None, Duration::from_secs(60)),
            (Some(Duration::from_secs(10 * 365 * 86_400)), Duration::from_secs(86_400)),
            (Some(Duration::MAX), Duration::from_secs(86_400)),
        ] {
            let token = token(stated, 0.0);
            assert_eq!(token.stage(at(life - MOMENT)), Stage::Ending, "{stated:?}");
            assert_eq!(token.stage(at(life)), Stage::Ended, "{stated:?}");
        }
        assert_eq!(token(Some(Duration::ZERO), 0.0).stage(at(Duration::ZERO)), Stage::Ended);
    }

    #[test]
    fn either_clock_ends_it() {
        let token = token(Some(Duration::from_secs(100)), 0.0);
        let seconds = Duration::from_secs;
        assert_eq!(token.stage(Now { monotonic: seconds(100), wall: seconds(0) }), Stage::Ended);
        assert_eq!(token.stage(Now { monotonic: seconds(0), wall: seconds(100) }), Stage::Ended);
    }

    #[test]
    fn youth_ends_two_seconds_after_the_token_came_however_long_that_took() {
        let slow = at(Duration::from_secs(20));
        let token = Token::new(Grant::new("abc", None, None).unwrap(), 1, Now::default(), slow, 0.0);
        let is_young = |age| token.bearer().issue.is_young(at(slow.wall + age));
        assert!(is_young(YOUTH - MOMENT) && !is_young(YOUTH));
    }
}
