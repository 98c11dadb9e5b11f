//! The state of a token, for a health page.

use std::fmt;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use super::endpoint::missing_scopes;
use super::token::Token;
use crate::error::Error;

/// Tells how an [`Authenticator`](crate::Authenticator) stands at one moment. Holds no secret.
#[derive(Clone)]
pub struct TokenState {
    expires_at: Option<DateTime<Utc>>,
    granted_scopes: Option<Vec<String>>,
    missing_scopes: Vec<String>,
    last_failure: Option<Error>,
}

impl TokenState {
    pub(super) fn new(token: Option<&Token>, asked_scopes: &[String], last_failure: Option<Error>) -> Self {
        let granted = token.and_then(Token::scopes);
        Self {
            expires_at: token.map(|token| date_of(token.expires_at())),
            missing_scopes: missing_scopes(asked_scopes, granted),
            granted_scopes: granted.map(<[_]>::to_vec),
            last_failure,
        }
    }

    /// Returns when the token in hand ends; `None` if there is no valid one. That is no fault in itself: a token is asked for
    /// when a call needs one.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// Returns the scopes that the token endpoint says it granted. `None` if there is no valid token, or if it says nothing:
    /// then they are those that were asked for ([RFC 6749, 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
    #[must_use]
    pub fn granted_scopes(&self) -> Option<&[String]> {
        self.granted_scopes.as_deref()
    }

    /// Returns the scopes that were asked for and not granted. PISTE was seen to leave them out without a
    /// word; calls that need them are answered 403.
    #[must_use]
    pub fn missing_scopes(&self) -> &[String] {
        &self.missing_scopes
    }

    /// Returns why the last token request failed; `None` if it succeeded, or if there was none.
    #[must_use]
    pub fn last_failure(&self) -> Option<&Error> {
        self.last_failure.as_ref()
    }
}

/// The scopes that were granted are the server's words: they are counted only.
impl fmt::Debug for TokenState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenState")
            .field("expires_at", &self.expires_at)
            .field("granted_scopes", &self.granted_scopes.as_ref().map(Vec::len))
            .field("missing_scopes", &self.missing_scopes)
            .field("last_failure", &self.last_failure)
            .finish()
    }
}

fn date_of(since_epoch: Duration) -> DateTime<Utc> {
    DateTime::from(SystemTime::UNIX_EPOCH + since_epoch)
}
