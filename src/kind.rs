//! The classes of failure.

use crate::cause::Cause;

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
    /// [`oauth2_error`](crate::Error::oauth2_error) has the code.
    CredentialsRefused,
    /// The token endpoint refused the scopes that were asked for (`invalid_scope`).
    ScopeRefused,
    /// The token endpoint refused the request for another reason; [`oauth2_error`](crate::Error::oauth2_error) has its
    /// code, if it is one of RFC 6749.
    TokenRequestRefused,
    /// The token endpoint asked for fewer token requests: 429, `slow_down`, or PISTE's bare 400.
    TokenRequestThrottled,
    /// The token endpoint gave neither a token nor a reason that RFC 6749 knows.
    TokenEndpoint,
    /// The token endpoint answered with success, but not with a token that can be used.
    InvalidTokenAnswer,
    /// The gateway did not accept the token: 401, or PISTE's 400 with a Bearer challenge
    /// ([RFC 6750, 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
    TokenRejected,
    /// The gateway says that the token lacks a scope: 403 with the challenge `insufficient_scope`
    /// ([RFC 6750, 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    InsufficientScope,
    /// The answer 403. PISTE does not say why: the application is not subscribed to the API, its CGU are not accepted, the scope was
    /// not granted, or the address is wrong. [`causes`](crate::Error::causes) lists what it can be.
    Forbidden,
    /// The answer 404, other than to the health check.
    NotFound,
    /// The answer 429: too many requests, or a quota of the application is spent.
    RateLimited,
    /// The answer 500, 502, 503 or 504, or 404 to the health check: the API does not work, or the gateway cannot reach it.
    Unavailable,
    /// Any other status that is not the success the document declares; redirects, which are not followed, among them.
    Status,
    /// The answer's body is not what the document declares.
    InvalidAnswer,
    /// The answer's body is larger than [allowed](crate::ClientBuilder::answer_limit).
    AnswerTooLarge,
    /// The time allowed ran out.
    Timeout,
    /// No connection: name resolution or TCP.
    Connect,
    /// No secure connection: the server's certificate, or the negotiation of TLS.
    Tls,
    /// The proxy did not let the connection through, or wants a name and a password (407).
    Proxy,
    /// The exchange broke after the connection was made.
    Transport,
}

impl ErrorKind {
    /// Returns the name for machines. It stays as it is from release to release.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::InvalidRequest => "invalid_request",
            Self::CredentialsRefused => "credentials_refused",
            Self::ScopeRefused => "scope_refused",
            Self::TokenRequestRefused => "token_request_refused",
            Self::TokenRequestThrottled => "token_request_throttled",
            Self::TokenEndpoint => "token_endpoint",
            Self::InvalidTokenAnswer => "invalid_token_answer",
            Self::TokenRejected => "token_rejected",
            Self::InsufficientScope => "insufficient_scope",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Status => "status",
            Self::InvalidAnswer => "invalid_answer",
            Self::AnswerTooLarge => "answer_too_large",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Transport => "transport",
        }
    }

    /// What a failure of this class can come from, the likeliest first, where the answer does not tell more.
    pub(crate) const fn causes(self) -> &'static [Cause] {
        match self {
            Self::Configuration => &[Cause::Setting],
            Self::InvalidRequest => &[Cause::Arguments],
            Self::CredentialsRefused => {
                &[Cause::WrongCredentials, Cause::ApiKeys, Cause::OtherEnvironment, Cause::FalseRefusal]
            }
            Self::ScopeRefused => &[Cause::ScopeUnknown],
            Self::TokenRequestRefused => &[Cause::TokenRequestRefused],
            Self::TokenRequestThrottled => &[Cause::TokenRequestsThrottled],
            Self::TokenEndpoint => &[Cause::TokenEndpointUnavailable],
            Self::InvalidTokenAnswer => &[Cause::TokenAnswer, Cause::TokenUrl],
            Self::TokenRejected => &[Cause::TokenRejected, Cause::ApplicationDisabled, Cause::OtherEnvironment],
            Self::InsufficientScope => &[Cause::ScopeNotGranted],
            Self::Forbidden => &[
                Cause::NotSubscribed,
                Cause::TermsNotAccepted,
                Cause::ScopeNotGranted,
                Cause::BasePath,
                Cause::OtherApplication,
                Cause::OtherEnvironment,
            ],
            Self::NotFound => &[Cause::ResourceNotFound, Cause::BasePath],
            Self::RateLimited => &[Cause::Quota],
            Self::Unavailable => &[Cause::ApiUnavailable],
            Self::Status => &[Cause::RefusedByApi],
            Self::InvalidAnswer => &[Cause::Document],
            Self::AnswerTooLarge => &[Cause::AnswerTooLarge],
            Self::Timeout => &[Cause::Slow],
            Self::Connect => &[Cause::Unreachable],
            Self::Tls => &[Cause::TlsHandshake],
            Self::Proxy => &[Cause::Proxy],
            Self::Transport => &[Cause::ConnectionLost],
        }
    }
}
