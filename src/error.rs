//! What can go wrong, as one type that is safe to log.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

use crate::advice::Advice;
use crate::cause::Cause;
use crate::challenge::Challenge;
use crate::kind::ErrorKind;

/// Tells why a call, a token request or a configuration failed.
///
/// [`kind`](Self::kind) is what to match on; the predicates answer the questions that callers ask; [`advice`](Self::advice)
/// tells a person what it means and which step of the partner's guide mends it. Neither `Display` nor
/// `Debug`, nor any [`source`](StdError::source), holds a secret, a token, a request, an answer's body or an answer's
/// headers: gateways echo what was sent. Whoever wants an answer's [`body`](Self::body) asks for it by name.
///
/// A clone is cheap enough to hand one failure to everyone who waited for the same token.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    causes: &'static [Cause],
    message: Cow<'static, str>,
    peer: Option<Peer>,
    operation: Option<&'static str>,
    tries: u32,
    is_unsent: bool,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    oauth2_error: Option<&'static str>,
    challenge: Option<Challenge>,
    correlation_ids: Vec<(&'static str, HeaderValue)>,
    headers: Option<HeaderMap>,
    body: Option<Vec<u8>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// By these names servers and gateways hand out the id of a request.
const CORRELATION_HEADERS: [&str; 6] =
    ["x-correlation-id", "x-correlationid", "x-request-id", "request-id", "x-trace-id", "traceparent"];

/// The server at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    TokenEndpoint,
    Api,
}

impl Error {
    /// Returns the class of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what it can come from, the likeliest first: several where the server does not say which it is. Never empty.
    #[must_use]
    pub fn causes(&self) -> &'static [Cause] {
        self.0.causes
    }

    /// Returns what it means here and what to do, for a person; in English unless
    /// [another language](Advice::in_language) is asked for.
    #[must_use]
    pub fn advice(&self) -> Advice {
        Advice::new(self.0.causes)
    }

    /// Returns the id of the operation that was called, as the document writes it.
    #[must_use]
    pub fn operation_id(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// Returns how many times the call was tried, if it is a call of the API that failed. A token that was renewed within a
    /// try does not count.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.0.tries
    }

    /// Returns the HTTP status of the answer that failed, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// Returns the code by which the token endpoint refused, such as `invalid_client`
    /// ([RFC 6749, 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    #[must_use]
    pub fn oauth2_error(&self) -> Option<&str> {
        self.0.oauth2_error
    }

    /// Returns how long the server asked to be left alone (`Retry-After`,
    /// [RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)). It may be hours, when a daily quota is spent.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the challenge by which the gateway refused the token
    /// ([RFC 6750, 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
    #[must_use]
    pub fn challenge(&self) -> Option<&Challenge> {
        self.0.challenge.as_ref()
    }

    /// Returns the headers by which the servers know the call, to be named to their support: name and value. Which they are
    /// at PISTE is not known: these are the usual ones. The values are the servers' words.
    pub fn correlation_ids(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.correlation_ids.iter().filter_map(|(name, value)| Some((*name, value.to_str().ok()?)))
    }

    /// Returns the headers of the API's answer. They may hold personal data: mind where they go.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.headers.as_ref()
    }

    /// Returns the body of the API's answer, at most its first 64 KiB. It may hold personal data, even the request's own,
    /// which the gateway echoes: mind where it goes. The token endpoint's answers are never kept.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// Reads the [`body`](Self::body) of the API's answer as JSON: the document may declare a type for it, which the operation's
    /// documentation names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAnswer`] if there is no body, or none of this type. The body is not quoted.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Self> {
        let fault = |what| Self::new(ErrorKind::InvalidAnswer, what).with_operation(self.0.operation);
        let body = self.body().ok_or_else(|| fault("there is no body of an answer that could be read as JSON"))?;
        // The reason could quote a value.
        serde_json::from_slice(body).map_err(|_| fault("the body of the failure is not JSON of this type"))
    }

    /// Tells whether it was the token endpoint that failed, and not the API. The API may have been called before, and have
    /// refused the token.
    #[must_use]
    pub fn is_token_endpoint(&self) -> bool {
        self.0.peer == Some(Peer::TokenEndpoint)
    }

    /// Tells whether the time allowed ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Tells whether the same call may succeed later without any change.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self.0.kind {
            ErrorKind::RateLimited
            | ErrorKind::TokenRequestThrottled
            | ErrorKind::Unavailable
            | ErrorKind::Timeout
            | ErrorKind::Connect => true,
            // A body of the caller's that cannot be read, a runtime that is gone and a server that speaks no HTTP stay so.
            ErrorKind::Transport => {
                !matches!(self.0.causes, [Cause::Arguments | Cause::Runtime | Cause::NotTheApi, ..])
            }
            ErrorKind::TokenEndpoint | ErrorKind::Status => self
                .0
                .causes
                .first()
                .is_some_and(|cause| matches!(cause, Cause::TokenEndpointUnavailable | Cause::EmptyBadRequest)),
            _ => false,
        }
    }

    /// Tells whether it is a matter of rights, which somebody has to mend in the portal: credentials, access, scope.
    #[must_use]
    pub fn is_access(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::CredentialsRefused
                | ErrorKind::ScopeRefused
                | ErrorKind::TokenRequestRefused
                | ErrorKind::TokenRejected
                | ErrorKind::InsufficientScope
                | ErrorKind::Forbidden
        )
    }
}

impl Error {
    /// Tells whether the token endpoint said no, in the words of RFC 6749.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.0.kind, ErrorKind::CredentialsRefused | ErrorKind::ScopeRefused | ErrorKind::TokenRequestRefused)
    }

    pub(crate) fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.with_cause(Box::new(source))
    }

    pub(crate) fn with_cause(mut self, cause: Box<dyn StdError + Send + Sync>) -> Self {
        self.0.source = Some(cause.into());
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_retry_after(mut self, wanted: Option<Duration>) -> Self {
        self.0.retry_after = wanted;
        self
    }

    /// The code by which the token endpoint refused. One of ours: the server's word could be an echo of the secret.
    pub(crate) fn with_oauth2_error(mut self, code: Option<&'static str>) -> Self {
        self.0.oauth2_error = code;
        self
    }

    pub(crate) fn with_challenge(mut self, challenge: Option<Challenge>) -> Self {
        self.0.challenge = challenge;
        self
    }

    pub(crate) fn with_answer(mut self, headers: HeaderMap, body: Vec<u8>) -> Self {
        self.0.correlation_ids = correlation_ids(&headers);
        self.0.headers = Some(headers);
        self.0.body = Some(body);
        self
    }

    pub(crate) fn with_correlation_ids(mut self, ids: Vec<(&'static str, HeaderValue)>) -> Self {
        self.0.correlation_ids = ids;
        self
    }

    pub(crate) fn with_operation(mut self, id: Option<&'static str>) -> Self {
        self.0.operation = id;
        self
    }

    pub(crate) fn with_tries(mut self, tries: u32) -> Self {
        self.0.tries = tries;
        self
    }

    /// Names what it comes from, where more is known than its class.
    pub(crate) fn because(mut self, causes: &'static [Cause]) -> Self {
        self.0.causes = causes;
        self
    }

    /// The request has not reached the server.
    pub(crate) fn unsent(mut self, is_unsent: bool) -> Self {
        self.0.is_unsent = is_unsent;
        self
    }

    pub(crate) fn is_unsent(&self) -> bool {
        self.0.is_unsent
    }

    pub(crate) fn at(mut self, peer: Peer) -> Self {
        self.0.peer = Some(peer);
        self
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            causes: kind.causes(),
            message: message.into(),
            peer: None,
            operation: None,
            tries: 0,
            is_unsent: false,
            status: None,
            retry_after: None,
            oauth2_error: None,
            challenge: None,
            correlation_ids: Vec::new(),
            headers: None,
            body: None,
            source: None,
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match self.0.retry_after {
            Some(pause) => write!(f, "; it asks to be left alone for {} s", pause.as_secs()),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("status", &self.0.status)
            .field("operation", &self.0.operation)
            .field("tries", &self.0.tries)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenEndpoint => "the token endpoint",
            Self::Api => "the API",
        })
    }
}

/// Finds the headers by which servers know a call.
pub(crate) fn correlation_ids(headers: &HeaderMap) -> Vec<(&'static str, HeaderValue)> {
    let found = CORRELATION_HEADERS.into_iter().map(|name| Some((name, headers.get(name)?.clone())));
    found.flatten().collect()
}
