//! What can go wrong, as one type that is safe to log.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::challenge::refuses_token;
use crate::retry_after::retry_after;

/// Tells why a call, a token request or a configuration failed.
///
/// [`kind`](Self::kind) is what to match on; the predicates answer the questions that callers ask. Neither `Display` nor
/// `Debug`, nor any [`source`](StdError::source), holds a secret, a token, a request, an answer's body or an answer's
/// headers: gateways echo what was sent. Whoever wants an answer's [`body`](Self::body) asks for it by name.
///
/// A clone is cheap enough to hand one failure to everyone who waited for the same token.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    peer: Option<Peer>,
    status: Option<StatusCode>,
    retry_after: Option<Duration>,
    oauth2_error: Option<&'static str>,
    headers: Option<HeaderMap>,
    body: Option<Vec<u8>>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The server at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    TokenEndpoint,
    Api,
}

/// Classes of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What the client was given cannot work: an address, a variable, a file. Nothing was sent with it.
    Configuration,
    /// The request cannot be sent as it is: an argument does not convert, or its address is not the API's. Nothing was sent.
    InvalidRequest,
    /// The token endpoint refused the client ([RFC 6749, 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)): wrong
    /// identifier or secret, those of the other environment, or a client that may not do this.
    /// [`oauth2_error`](Error::oauth2_error) has the code.
    CredentialsRefused,
    /// The token endpoint refused the scopes that were asked for (`invalid_scope`).
    ScopeRefused,
    /// The token endpoint refused the request for another reason; [`oauth2_error`](Error::oauth2_error) has its code, if it
    /// is one of RFC 6749.
    TokenRequestRefused,
    /// The token endpoint gave neither a token nor a reason that RFC 6749 knows; PISTE throttles with a bare 400.
    TokenEndpoint,
    /// The token endpoint answered with success, but not with a token that can be used.
    InvalidTokenAnswer,
    /// The gateway did not accept the token: 401, or PISTE's 400 with a Bearer challenge
    /// ([RFC 6750, 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
    TokenRejected,
    /// The answer 403. PISTE does not say why: the application is not subscribed to the API, its CGU are not accepted, the scope was
    /// not granted, or the address is wrong.
    Forbidden,
    /// The answer 404.
    NotFound,
    /// The answer 429: too many requests, or a quota of the application is spent.
    RateLimited,
    /// The answer 500, 502, 503 or 504: the API does not work, or the gateway cannot reach it.
    Unavailable,
    /// Any other status that is not the success the document declares; redirects, which are not followed, among them.
    Status,
    /// The answer's body is not what the document declares.
    InvalidAnswer,
    /// The time allowed ran out.
    Timeout,
    /// No connection: name resolution, TCP, TLS or the proxy.
    Connect,
    /// The exchange broke after the connection was made.
    Transport,
}

/// The codes of RFC 6749 (4.1.2.1 and 5.2), RFC 8628 and RFC 8707.
const OAUTH2_ERRORS: [&str; 11] = [
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
];

impl Error {
    /// Returns the class of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
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
        let body = self.body().unwrap_or_default();
        serde_json::from_slice(body).map_err(|fault| Self::invalid_answer(body, body.len(), &fault))
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
            | ErrorKind::Unavailable
            | ErrorKind::Timeout
            | ErrorKind::Connect
            | ErrorKind::Transport => true,
            // PISTE throttles with a bare 400.
            ErrorKind::TokenEndpoint => {
                self.0.status.is_some_and(|status| is_overload(status) || status == StatusCode::BAD_REQUEST)
            }
            _ => false,
        }
    }
}

impl Error {
    pub(crate) fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    pub(crate) fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// A 2xx of the token endpoint that is no token. `what` says what is wrong with it, not what it holds.
    pub(crate) fn invalid_token_answer(what: &'static str) -> Self {
        let message = format!("{} answered with success but {what}", Peer::TokenEndpoint);
        Self::new(ErrorKind::InvalidTokenAnswer, message).at(Peer::TokenEndpoint)
    }

    /// A refusal by RFC 6749, 5.2. `code` is the server's word, and could be an echo of the secret: it is repeated only if it is
    /// a code that somebody has registered.
    pub(crate) fn refused_by_token_endpoint(code: &str, status: StatusCode, retry_after: Option<Duration>) -> Self {
        let (kind, refused) = match code {
            // Whatever the code: an endpoint that is overloaded or broken has judged nothing.
            _ if is_overload(status) => (ErrorKind::TokenEndpoint, "the request for now"),
            "invalid_client" | "invalid_grant" => (ErrorKind::CredentialsRefused, "the credentials"),
            "unauthorized_client" | "access_denied" => (ErrorKind::CredentialsRefused, "the client"),
            "invalid_scope" => (ErrorKind::ScopeRefused, "the scopes"),
            "server_error" | "slow_down" | "temporarily_unavailable" => {
                (ErrorKind::TokenEndpoint, "the request for now")
            }
            _ => (ErrorKind::TokenRequestRefused, "the request"),
        };
        let code = OAUTH2_ERRORS.into_iter().find(|known| *known == code);
        let shown = code.unwrap_or("its code is none that is registered");
        let mut error = Self::new(kind, format!("{} refused {refused}: {shown}", Peer::TokenEndpoint));
        error.0.oauth2_error = code;
        error.0.retry_after = retry_after;
        error.at(Peer::TokenEndpoint).with_status(status)
    }

    /// Any other answer of the token endpoint.
    pub(crate) fn token_endpoint_status(status: StatusCode, retry_after: Option<Duration>) -> Self {
        let hint = match status.as_u16() {
            300..=399 => "; redirects are not followed, they would carry the secret elsewhere",
            400 => " and no reason by RFC 6749; PISTE does so when it throttles token requests",
            404 => "; its address may be wrong",
            _ => "",
        };
        let mut error = Self::new(ErrorKind::TokenEndpoint, format!("{} answered {status}{hint}", Peer::TokenEndpoint));
        error.0.retry_after = retry_after;
        error.at(Peer::TokenEndpoint).with_status(status)
    }

    /// A request that cannot be put together.
    pub(crate) fn request(error: reqwest::Error) -> Self {
        Self::invalid_request("the request cannot be made of these arguments").with_source(error.without_url())
    }

    /// No outcome within the time allowed for a token request and what comes before it.
    pub(crate) fn token_request_timeout() -> Self {
        Self::new(ErrorKind::Timeout, format!("waiting for {} took too long", Peer::TokenEndpoint))
            .at(Peer::TokenEndpoint)
    }

    /// The task that fetched the token is gone, again and again.
    pub(crate) fn token_request_lost() -> Self {
        let message = format!("the request to {} was lost: its runtime ended or it panicked", Peer::TokenEndpoint);
        Self::new(ErrorKind::Transport, message).at(Peer::TokenEndpoint)
    }

    pub(crate) fn no_runtime() -> Self {
        Self::configuration("there is no tokio runtime here: call from within one")
    }

    /// An answer of the API that is not the success the document declares.
    pub(crate) fn answer(status: StatusCode, headers: HeaderMap, body: Vec<u8>) -> Self {
        let (kind, hint) = judge(status, &headers);
        let mut error =
            Self::new(kind, format!("{} answered {status}{hint}", Peer::Api)).at(Peer::Api).with_status(status);
        error.0.retry_after = retry_after(&headers);
        error.0.headers = Some(headers);
        error.0.body = Some(body);
        error
    }

    /// An answer of the API that cannot be read. serde's own message quotes the value it stumbled over: only the place is
    /// kept, and what the body looks like.
    pub(crate) fn invalid_answer(body: &[u8], limit: usize, fault: &serde_json::Error) -> Self {
        let what = match fault.classify() {
            _ if body.is_empty() => "is empty",
            _ if body.starts_with(b"\x1f\x8b") => "is compressed by gzip, which was not asked for",
            _ if body.trim_ascii_start().starts_with(b"<") => "is HTML or XML, not JSON",
            Category::Data => "does not have the shape that the document declares",
            Category::Eof => "ends too early",
            Category::Io | Category::Syntax => "is not JSON",
        };
        let place = format!("line {}, column {}", fault.line(), fault.column());
        let message = format!("the body of the API's answer {what} ({place})");
        let mut error = Self::new(ErrorKind::InvalidAnswer, message).at(Peer::Api);
        error.0.body = Some(body.iter().copied().take(limit).collect());
        error
    }

    /// A failure of the connection or of the exchange.
    pub(crate) fn transport(error: reqwest::Error, peer: Peer) -> Self {
        let (kind, what, outcome) = match (error.is_timeout(), error.is_connect(), error.is_builder()) {
            (true, true, _) => (ErrorKind::Timeout, "connecting to", "took too long"),
            (true, ..) => (ErrorKind::Timeout, "waiting for", "took too long"),
            (_, true, _) => (ErrorKind::Connect, "connecting to", "failed"),
            (.., true) => (ErrorKind::InvalidRequest, "making the request to", "failed"),
            _ => (ErrorKind::Transport, "the exchange with", "failed"),
        };
        let host =
            error.url().and_then(|url| Some(format!(" at {}:{}", url.host_str()?, url.port_or_known_default()?)));
        let message = format!("{what} {peer}{} {outcome}", host.unwrap_or_default());
        // The rest of the address has path arguments and query values in it.
        Self::new(kind, message).at(peer).with_source(error.without_url())
    }

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

    fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    fn at(mut self, peer: Peer) -> Self {
        self.0.peer = Some(peer);
        self
    }

    fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self(Box::new(Inner {
            kind,
            message,
            peer: None,
            status: None,
            retry_after: None,
            oauth2_error: None,
            headers: None,
            body: None,
            source: None,
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("status", &self.0.status)
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

fn judge(status: StatusCode, headers: &HeaderMap) -> (ErrorKind, &'static str) {
    match status.as_u16() {
        _ if refuses_token(status, headers) => (ErrorKind::TokenRejected, "; the token was not accepted"),
        403 => (
            ErrorKind::Forbidden,
            "; the application is not subscribed, its CGU are not accepted, the scope is missing or the address is wrong",
        ),
        404 => (ErrorKind::NotFound, ""),
        429 => (ErrorKind::RateLimited, "; too many requests, or a quota of the application is spent"),
        500 | 502..=504 => (ErrorKind::Unavailable, ""),
        200..=299 => (ErrorKind::Status, ", which the document does not declare"),
        301..=303 | 307 | 308 => (ErrorKind::Status, "; redirects are not followed"),
        _ => (ErrorKind::Status, ""),
    }
}

fn is_overload(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}
