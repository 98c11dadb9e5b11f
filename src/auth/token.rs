//! A token as its users need it: a finished header, and an age.

use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::error::Error;

/// What is assumed of a token whose life is not stated. RFC 6749, 5.1 leaves it open; "for ever" would be the wrong guess.
const ASSUMED_LIFETIME: Duration = Duration::from_secs(60);
/// No longer is believed: a day holds for any token, and the sum with the clock cannot overflow.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Renewal begins this long before the end, or half-way for a token that lives shorter.
const LONGEST_RENEWAL_WINDOW: Duration = Duration::from_secs(5 * 60);
/// A token is not used in its last moments: it might end on the way. Shorter lives have shorter ones.
const LONGEST_SKEW: Duration = Duration::from_secs(10);

/// What the token endpoint granted.
pub(super) struct Grant {
    header: HeaderValue,
    lifetime: Duration,
}

impl Grant {
    pub(super) fn new(access_token: &str, expires_in: Option<Duration>) -> Result<Self, Error> {
        let refuse = |what| Error::invalid_token_answer(what);
        if access_token.is_empty() {
            return Err(refuse("its access token is empty"));
        }
        // RFC 6749, A.12 and RFC 6750, 2.1: printable ASCII, and no blank in a header.
        if !access_token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refuse("its access token has characters that no header may hold"));
        }
        let mut header = HeaderValue::try_from(format!("Bearer {access_token}"))
            .map_err(|_| refuse("its access token fits no header"))?;
        header.set_sensitive(true);
        Ok(Self { header, lifetime: expires_in.unwrap_or(ASSUMED_LIFETIME).min(LONGEST_LIFETIME) })
    }

    pub(super) fn header(&self) -> &HeaderValue {
        &self.header
    }
}

/// A grant and its deadlines.
pub(super) struct Token {
    header: HeaderValue,
    due: Instant,
    end: Instant,
}

impl Token {
    /// Counts the life of a grant from before it was asked for: that the answer took long makes the token no younger.
    pub(super) fn new(grant: Grant, asked: Instant) -> Self {
        let life = grant.lifetime;
        Self {
            header: grant.header,
            due: asked + life - LONGEST_RENEWAL_WINDOW.min(life / 2),
            end: asked + life - LONGEST_SKEW.min(life / 8),
        }
    }

    pub(super) fn header(&self) -> &HeaderValue {
        &self.header
    }

    pub(super) fn is_valid(&self, now: Instant) -> bool {
        now < self.end
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn token(life: Option<Duration>) -> (Token, Instant) {
        let asked = Instant::now();
        (Token::new(Grant::new("abc", life).unwrap(), asked), asked)
    }

    #[test]
    fn the_header_is_a_sensitive_bearer() {
        let grant = Grant::new("abc", None).unwrap();
        assert_eq!(grant.header(), "Bearer abc");
        assert!(grant.header().is_sensitive());
    }

    #[test]
    fn a_token_that_no_header_may_hold_is_refused_without_showing_it() {
        for token in ["", "hush\nhush", "hush\0", "hushé", "hush hush"] {
            let Err(error) = Grant::new(token, None) else { panic!("accepted") };
            assert!(!format!("{error} {error:?}").contains("hush"));
        }
    }

    #[test]
    fn deadlines_scale_with_the_life() {
        for (life, due, end) in [(3600, 3300, 3590), (600, 300, 590), (80, 40, 70), (8, 4, 7)] {
            let (token, asked) = token(Some(life * SECOND));
            assert!(!token.is_due(asked + due * SECOND - SECOND / 1000), "{life}");
            assert!(token.is_due(asked + due * SECOND), "{life}");
            assert!(token.is_valid(asked + end * SECOND - SECOND / 1000), "{life}");
            assert!(!token.is_valid(asked + end * SECOND), "{life}");
        }
    }

    #[test]
    fn an_unknown_life_is_short_a_zero_one_none_and_an_absurd_one_a_day() {
        for (life, valid, invalid) in [
            (None, Duration::from_secs(52), Duration::from_secs(53)),
            (Some(Duration::MAX), LONGEST_LIFETIME - 11 * SECOND, LONGEST_LIFETIME),
        ] {
            let (token, asked) = token(life);
            assert!(token.is_valid(asked + valid) && !token.is_valid(asked + invalid), "{life:?}");
        }
        let (token, asked) = token(Some(Duration::ZERO));
        assert!(!token.is_valid(asked));
    }
}
