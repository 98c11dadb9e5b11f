//! What each answer and each broken exchange means.

use std::borrow::Cow;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::error::Category;

use crate::body::{LIMIT, is_page, without_mark};
use crate::cause::Cause;
use crate::challenge::{Challenge, refuses_token};
use crate::error::{Error, Peer};
use crate::kind::ErrorKind;
use crate::network::Fault;
use crate::operation::Operation;
use crate::retry_after::retry_after;

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
/// What Axway's gateway writes into its 403 or 404 to a path that no API has.
const NO_SUCH_PATH: &[u8] = b"No match found for request";

/// An answer that is no success.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Its beginning.
    pub(crate) body: Vec<u8>,
    /// Nothing broke off while it was read.
    pub(crate) is_whole: bool,
}

/// What is known of the call that an answer is to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// GET /healthcheck, of which the guide says what its answers mean.
    pub(crate) is_healthcheck: bool,
    /// The document declares the answer 404 for it.
    pub(crate) may_be_missing: bool,
    /// The token lacks a scope that was asked for.
    pub(crate) lacks_scope: bool,
}

impl Asked {
    /// What the document says of an operation.
    pub(crate) fn of(operation: Option<&Operation>) -> Self {
        let declared = |operation: &Operation| operation.failures.iter().any(|status| matches!(*status, "404" | "4XX"));
        let may_be_missing = operation.is_some_and(declared);
        Self { may_be_missing, ..Self::default() }
    }
}

impl Error {
    pub(crate) fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// A client id or a secret that is missing or cannot be one.
    pub(crate) fn credentials(message: impl Into<Cow<'static, str>>) -> Self {
        Self::configuration(message).because(&[Cause::Credentials])
    }

    pub(crate) fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message).unsent(true)
    }

    pub(crate) fn no_runtime() -> Self {
        Self::configuration("there is no tokio runtime here: call from within one").because(&[Cause::Runtime])
    }

    /// A failure of the connection or of the exchange.
    pub(crate) fn transport(error: reqwest::Error, peer: Peer) -> Self {
        let fault = Fault::of(&error);
        let (what, outcome) = match fault.kind {
            ErrorKind::Timeout if fault.is_unsent => ("connecting to", "took too long"),
            ErrorKind::Timeout => ("waiting for", "took too long"),
            ErrorKind::InvalidRequest => ("making the request to", "failed"),
            _ if fault.is_unsent => ("connecting to", "failed"),
            _ => ("the exchange with", "failed"),
        };
        let host =
            error.url().and_then(|url| Some(format!(" at {}:{}", url.host_str()?, url.port_or_known_default()?)));
        let detail = if fault.what.is_empty() { String::new() } else { format!(": {}", fault.what) };
        let message = format!("{what} {peer}{} {outcome}{detail}", host.unwrap_or_default());
        // The rest of the address has path arguments and query values in it.
        let error = Self::new(fault.kind, message).at(peer).with_source(error.without_url());
        error.because(fault.causes).unsent(fault.is_unsent)
    }
}

/// Of the token endpoint.
impl Error {
    /// A 2xx that is no token. `what` says what is wrong with it, not what it holds.
    pub(crate) fn invalid_token_answer(what: &'static str) -> Self {
        let message = format!("{} answered with success but {what}", Peer::TokenEndpoint);
        Self::new(ErrorKind::InvalidTokenAnswer, message).at(Peer::TokenEndpoint)
    }

    /// A refusal by RFC 6749, 5.2. `code` is the server's word, and could be an echo of the secret: it is repeated only if it is
    /// a code that somebody has registered.
    pub(crate) fn refused_by_token_endpoint(code: &str, status: StatusCode, retry_after: Option<Duration>) -> Self {
        let code = registered(code);
        let (kind, refused) = judge_refusal(code, status);
        let shown = code.unwrap_or("its code is none that is registered");
        let error = Self::new(kind, format!("{} refused {refused}: {shown}", Peer::TokenEndpoint));
        let error = match code {
            Some("unauthorized_client" | "access_denied") if kind == ErrorKind::CredentialsRefused => {
                error.because(&[Cause::ClientNotAllowed])
            }
            _ => error,
        };
        error.at(Peer::TokenEndpoint).with_status(status).with_oauth2_error(code).with_retry_after(retry_after)
    }

    /// Any other answer.
    pub(crate) fn token_endpoint_status(status: StatusCode, retry_after: Option<Duration>) -> Self {
        let (kind, causes, hint) = judge_token_endpoint(status);
        let error = Self::new(kind, format!("{} answered {status}{hint}", Peer::TokenEndpoint)).because(causes);
        error.at(Peer::TokenEndpoint).with_status(status).with_retry_after(retry_after)
    }

    /// No outcome within the time allowed for a token request and what comes before it.
    pub(crate) fn token_request_timeout() -> Self {
        Self::new(ErrorKind::Timeout, format!("waiting for {} took too long", Peer::TokenEndpoint))
            .at(Peer::TokenEndpoint)
    }

    /// The task that fetched the token is gone, again and again.
    pub(crate) fn token_request_lost() -> Self {
        let message = format!("the request to {} was lost: its runtime ended or it panicked", Peer::TokenEndpoint);
        Self::new(ErrorKind::Transport, message).at(Peer::TokenEndpoint).because(&[Cause::Runtime])
    }
}

/// Of the API and the gateway before it.
impl Error {
    /// An answer that is not the success the document declares.
    pub(crate) fn answer(answer: Answered, asked: Asked) -> Self {
        let challenge = Challenge::of(&answer.headers);
        let (kind, causes, hint) = judge(&answer, challenge.as_ref(), asked);
        let Answered { status, headers, body, .. } = answer;
        let error = Self::new(kind, format!("{} answered {status}{hint}", Peer::Api)).because(causes);
        let error = error.at(Peer::Api).with_status(status).with_retry_after(retry_after(&headers));
        error.with_challenge(challenge).with_answer(headers, body)
    }

    /// An answer that cannot be read. serde's own message quotes the value it stumbled over: only the place is
    /// kept, and what the body looks like.
    pub(crate) fn invalid_answer(
        status: StatusCode,
        headers: HeaderMap,
        body: &[u8],
        fault: &serde_json::Error,
    ) -> Self {
        let (what, causes): (_, &[_]) = match fault.classify() {
            _ if without_mark(body).trim_ascii().is_empty() => ("is empty", &[Cause::ApiUnavailable, Cause::Document]),
            _ if body.starts_with(b"\x1f\x8b") => {
                ("is compressed by gzip, which was not asked for", &[Cause::NotTheApi])
            }
            _ if is_page(body) => ("is HTML or XML, not JSON", &[Cause::NotTheApi, Cause::BasePath]),
            _ if str::from_utf8(body).is_err() => ("is not in UTF-8", &[Cause::Document]),
            _ if fault.to_string().starts_with("recursion limit") => ("is nested too deeply", &[Cause::Document]),
            Category::Data => ("does not have the shape that the document declares", &[Cause::Document]),
            Category::Eof => ("ends too early", &[Cause::ConnectionLost, Cause::Document]),
            Category::Io | Category::Syntax => ("is not JSON", &[Cause::Document, Cause::NotTheApi]),
        };
        let place = format!("line {}, column {}", fault.line(), fault.column());
        let message = format!("the body of the API's answer {what} ({place})");
        let kept = body.iter().copied().take(LIMIT).collect();
        let error = Self::new(ErrorKind::InvalidAnswer, message).because(causes);
        error.at(Peer::Api).with_status(status).with_answer(headers, kept)
    }

    /// An answer whose body is not read to its end.
    pub(crate) fn answer_too_large(status: StatusCode, headers: HeaderMap, limit: usize) -> Self {
        let message = format!("the body of the API's answer is larger than the {limit} bytes that are allowed");
        let error = Self::new(ErrorKind::AnswerTooLarge, message).at(Peer::Api).with_status(status);
        error.with_answer(headers, Vec::new())
    }

    /// The call has taken all its time, its tries and its waiting included.
    pub(crate) fn call_timeout() -> Self {
        Self::new(ErrorKind::Timeout, "the time allowed for the whole call ran out before there was a token")
            .at(Peer::TokenEndpoint)
            .unsent(true)
    }
}

fn registered(code: &str) -> Option<&'static str> {
    OAUTH2_ERRORS.into_iter().find(|known| *known == code)
}

/// Tells whether somebody has registered a code for refusals of the token endpoint.
pub(crate) fn is_registered(code: &str) -> bool {
    registered(code).is_some()
}

fn judge_refusal(code: Option<&str>, status: StatusCode) -> (ErrorKind, &'static str) {
    match code {
        Some("slow_down") => (ErrorKind::TokenRequestThrottled, "the request for now"),
        _ if status == StatusCode::TOO_MANY_REQUESTS => (ErrorKind::TokenRequestThrottled, "the request for now"),
        // Whatever the code: an endpoint that is overloaded or broken has judged nothing.
        _ if is_overload(status) => (ErrorKind::TokenEndpoint, "the request for now"),
        Some("server_error" | "temporarily_unavailable") => (ErrorKind::TokenEndpoint, "the request for now"),
        Some("invalid_client" | "invalid_grant") => (ErrorKind::CredentialsRefused, "the credentials"),
        Some("unauthorized_client" | "access_denied") => (ErrorKind::CredentialsRefused, "the client"),
        Some("invalid_scope") => (ErrorKind::ScopeRefused, "the scopes"),
        _ => (ErrorKind::TokenRequestRefused, "the request"),
    }
}

fn judge_token_endpoint(status: StatusCode) -> (ErrorKind, &'static [Cause], &'static str) {
    const UNAVAILABLE: &[Cause] = &[Cause::TokenEndpointUnavailable];
    const ELSEWHERE: &[Cause] = &[Cause::TokenUrl];
    match status.as_u16() {
        300..=399 => {
            let hint = "; redirects are not followed, they would carry the secret elsewhere";
            (ErrorKind::TokenEndpoint, &[Cause::TokenUrl, Cause::NotTheApi], hint)
        }
        400 => {
            let hint = " and no reason by RFC 6749; PISTE does so when it throttles token requests";
            (ErrorKind::TokenRequestThrottled, &[Cause::TokenRequestsThrottled, Cause::FalseRefusal], hint)
        }
        401 => (ErrorKind::TokenEndpoint, &[Cause::WrongCredentials, Cause::TokenUrl], ""),
        403 => (ErrorKind::TokenEndpoint, &[Cause::NotTheApi, Cause::TokenUrl], ""),
        404 => (ErrorKind::TokenEndpoint, ELSEWHERE, "; its address may be wrong"),
        511 => (ErrorKind::TokenEndpoint, &[Cause::NotTheApi], "; the network wants a log-in"),
        407 => (ErrorKind::Proxy, &[Cause::ProxyAuthentication], "; a proxy wants a name and a password"),
        429 => (ErrorKind::TokenRequestThrottled, ErrorKind::TokenRequestThrottled.causes(), ""),
        _ if is_overload(status) => (ErrorKind::TokenEndpoint, UNAVAILABLE, ""),
        _ => (ErrorKind::TokenEndpoint, ELSEWHERE, ""),
    }
}

fn is_overload(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

type Judgement = (ErrorKind, &'static [Cause], &'static str);

fn judge(answer: &Answered, challenge: Option<&Challenge>, asked: Asked) -> Judgement {
    let of = |kind: ErrorKind, hint| (kind, kind.causes(), hint);
    let (status, headers) = (answer.status, &answer.headers);
    match status.as_u16() {
        _ if refuses_token(status, headers) => judge_rejection(challenge),
        400 if answer.body.is_empty() && answer.is_whole => {
            let hint = " without a reason, as PISTE does for a moment at times";
            (ErrorKind::Status, &[Cause::EmptyBadRequest, Cause::RefusedByApi], hint)
        }
        400 if is_page(&answer.body) => (ErrorKind::Status, &[Cause::NotTheApi, Cause::RefusedByApi], ""),
        403 => judge_forbidden(answer, challenge, asked),
        404 if asked.is_healthcheck && is_no_such_path(&answer.body) => (
            ErrorKind::Unavailable,
            &[Cause::BasePath, Cause::ApiUnavailable],
            "; the gateway knows no API at this address",
        ),
        404 if asked.is_healthcheck => {
            let hint = "; to the health check that means that the API is not available, or not at this address";
            (ErrorKind::Unavailable, &[Cause::ApiUnavailable, Cause::BasePath], hint)
        }
        404 if asked.may_be_missing => (ErrorKind::NotFound, &[Cause::ResourceNotFound], ""),
        404 if is_no_such_path(&answer.body) => (ErrorKind::NotFound, &[Cause::BasePath, Cause::ResourceNotFound], ""),
        404 => of(ErrorKind::NotFound, ""),
        407 => (ErrorKind::Proxy, &[Cause::ProxyAuthentication], "; the proxy wants a name and a password"),
        // Nothing was asked for that would be answered so.
        100..=199 => (ErrorKind::Status, &[Cause::NotTheApi], ""),
        511 => (ErrorKind::Status, &[Cause::NotTheApi], "; the network wants a log-in"),
        429 => of(ErrorKind::RateLimited, "; too many requests, or a quota of the application is spent"),
        500 | 502..=504 => of(ErrorKind::Unavailable, ""),
        200..=299 => (ErrorKind::Status, &[Cause::Document], ", which the document does not declare"),
        301..=303 | 307 | 308 => {
            (ErrorKind::Status, &[Cause::BasePath, Cause::NotTheApi], "; redirects are not followed")
        }
        _ => of(ErrorKind::Status, ""),
    }
}

fn judge_rejection(challenge: Option<&Challenge>) -> Judgement {
    let causes: &[_] = match challenge {
        Some(challenge) if challenge.says_disabled() => &[Cause::ApplicationDisabled, Cause::TokenRejected],
        Some(_) => ErrorKind::TokenRejected.causes(),
        // It comes from the API behind the gateway, then.
        None => &[Cause::RefusedByApi, Cause::TokenRejected],
    };
    (ErrorKind::TokenRejected, causes, "; the token was not accepted")
}

fn judge_forbidden(answer: &Answered, challenge: Option<&Challenge>, asked: Asked) -> Judgement {
    const SCOPE_FIRST: &[Cause] =
        &[Cause::ScopeNotGranted, Cause::NotSubscribed, Cause::TermsNotAccepted, Cause::BasePath];
    const PATH_FIRST: &[Cause] = &[Cause::BasePath, Cause::OtherEnvironment];
    const API_FIRST: &[Cause] =
        &[Cause::RefusedByApi, Cause::NotSubscribed, Cause::TermsNotAccepted, Cause::ScopeNotGranted];
    const PAGE_FIRST: &[Cause] =
        &[Cause::NotTheApi, Cause::NotSubscribed, Cause::TermsNotAccepted, Cause::ScopeNotGranted, Cause::BasePath];
    if challenge.is_some_and(Challenge::is_insufficient_scope) {
        let hint = "; the token lacks a scope that the API asks for";
        return (ErrorKind::InsufficientScope, ErrorKind::InsufficientScope.causes(), hint);
    }
    let hint =
        "; the application is not subscribed, its CGU are not accepted, the scope is missing or the address is wrong";
    let causes = match () {
        () if is_no_such_path(&answer.body) => PATH_FIRST,
        // The gateway's own refusal is empty.
        () if is_page(&answer.body) => PAGE_FIRST,
        () if asked.lacks_scope => SCOPE_FIRST,
        () if is_json(&answer.headers) && !answer.body.is_empty() => API_FIRST,
        () => ErrorKind::Forbidden.causes(),
    };
    (ErrorKind::Forbidden, causes, hint)
}

fn is_no_such_path(body: &[u8]) -> bool {
    body.windows(NO_SUCH_PATH.len()).any(|part| part.eq_ignore_ascii_case(NO_SUCH_PATH))
}

/// Tells whether an answer says that it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().to_ascii_lowercase().windows(4).any(|part| part == b"json"))
}
