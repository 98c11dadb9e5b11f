//! One call on the API: the header goes on, the request goes out, the status is judged, and what may pass is tried again.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use reqwest::{Method, Request, Response, Url};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::auth::{Authenticator, Bearer};
use crate::body::read_beginning;
use crate::challenge::refuses_token;
use crate::error::{Error, Peer};
use crate::failure::{Answered, Asked};
use crate::operation::{HEALTHCHECK, Operation};
use crate::retry::{Repeatable, Retries, RetryPolicy};

/// What the nodes of the gateway take to agree on a new token.
const CATCHING_UP: Duration = Duration::from_secs(1);
/// What the body of a failure is waited for: it says why, at best, and the status says most.
const PATIENCE: Duration = Duration::from_secs(5);

/// The rim through which every request to the API passes, generated or not.
#[derive(Clone)]
pub struct Transport {
    http: reqwest::Client,
    base_url: Url,
    /// The same without a slash at its end: paths begin with one.
    base: String,
    authenticator: Authenticator,
    headers: HeaderMap,
    retries: Retries,
    limits: Limits,
}

/// How long things may take.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// One exchange, its body included.
    pub(crate) request: Duration,
    /// A whole call: the token, each try and the pauses between.
    pub(crate) call: Duration,
}

/// How many tries an answer took, where it was not one.
#[derive(Clone, Copy)]
struct Tries(u32);

/// A call under way.
struct Call {
    operation: Option<&'static Operation>,
    is_healthcheck: bool,
    deadline: Instant,
    /// How often a request went out.
    sent: AtomicU32,
}

impl Transport {
    pub(crate) fn new(
        http: reqwest::Client,
        base_url: Url,
        authenticator: Authenticator,
        policy: RetryPolicy,
        limits: Limits,
    ) -> Self {
        let base = base_url.as_str().trim_end_matches('/').to_owned();
        let (headers, retries) = (HeaderMap::new(), Retries::new(policy));
        Self { http, base_url, base, authenticator, headers, retries, limits }
    }

    /// Returns the API's server address, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Reads an address that begins with [`base`](Self::base). What the base URL says has been read already.
    pub(crate) fn url(&self, text: &str) -> Url {
        let path_start = self.base.len() - self.base_url.path().trim_end_matches('/').len();
        let path_and_query = text.get(path_start..).unwrap_or_default();
        let (path, query) =
            path_and_query.split_once('?').map_or((path_and_query, None), |(path, query)| (path, Some(query)));
        let mut url = self.base_url.clone();
        url.set_path(path);
        if query.is_some() {
            url.set_query(query);
        }
        url
    }

    /// Adds headers to those that each call gets. A name that was there takes the new values.
    pub(crate) fn with_headers(&self, mut headers: HeaderMap) -> Self {
        add_missing(&mut headers, &self.headers);
        Self { headers, ..self.clone() }
    }

    /// Tries calls again by another policy.
    pub(crate) fn with_policy(&self, policy: RetryPolicy) -> Self {
        Self { retries: self.retries.with_policy(policy), ..self.clone() }
    }

    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// Sends a request and returns its answer if that is a success.
    pub(crate) async fn call(
        &self,
        request: impl Into<Box<Request>>,
        operation: Option<&'static Operation>,
    ) -> Result<Response, Error> {
        let mut request = request.into();
        let id = operation.map(|operation| operation.id);
        self.check_origin(request.url()).map_err(|error| error.with_operation(id))?;
        add_missing(request.headers_mut(), &self.headers);
        // What is rare is in a box, so that the usual call stays small. A body that is a stream can be sent once only.
        let copy = copy_of(&request);
        let call = Call::new(&request, operation, self.limits.call);
        let is_idempotent = request.method().is_idempotent();
        self.retries.note_call();
        let error = match self.exchange(request, copy.as_deref(), &call).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let outcome = match copy {
            Some(copy) => Box::pin(self.try_again(error, &copy, &call, is_idempotent)).await,
            None => Err(error.with_tries(1)),
        };
        outcome.map_err(|error| error.with_operation(id))
    }

    async fn try_again(
        &self,
        error: Error,
        copy: &Request,
        call: &Call,
        is_idempotent: bool,
    ) -> Result<Response, Error> {
        let repeatable = Repeatable { is_idempotent, deadline: call.deadline };
        let mut tries = 1;
        let again = || {
            tries += 1;
            async move {
                match copy.try_clone() {
                    Some(request) => self.exchange(Box::new(request), Some(copy), call).await,
                    // What was copied once can be copied again.
                    None => Err(Error::invalid_request("the request cannot be sent again")),
                }
            }
        };
        let mut answer = self.retries.go_on(repeatable, error, again).await?;
        answer.extensions_mut().insert(Tries(tries));
        Ok(answer)
    }

    /// Sends a request with a token. If the gateway refuses the token, the request did not arrive: it is sent again with
    /// another, whatever its method.
    async fn exchange(
        &self,
        mut request: Box<Request>,
        copy: Option<&Request>,
        call: &Call,
    ) -> Result<Response, Error> {
        let bearer = self.bearer(call.deadline).await?;
        self.limit(&mut request, call);
        let answer = self.send(request, &bearer, call).await?;
        let answer = if refuses(&answer) { Box::pin(self.replay(copy, &bearer, answer, call)).await? } else { answer };
        if answer.status().is_success() { Ok(answer) } else { Err(Box::pin(self.failure(answer, call)).await) }
    }

    /// Renews a token that was refused and sends the request again: once, and once more after a pause if the new token may
    /// not have reached every node of the gateway.
    async fn replay(
        &self,
        copy: Option<&Request>,
        refused: &Bearer,
        mut answer: Response,
        call: &Call,
    ) -> Result<Response, Error> {
        self.authenticator.reject_bearer(refused);
        let again = || {
            let mut again = copy?.try_clone().map(Box::new)?;
            self.limit(&mut again, call);
            Some(again)
        };
        let Some(request) = again() else { return Ok(answer) };
        let bearer = self.bearer(call.deadline).await?;
        if bearer.generation != refused.generation {
            answer = self.send(request, &bearer, call).await?;
        }
        let has_time = Instant::now() + CATCHING_UP < call.deadline;
        if refuses(&answer) && has_time && self.authenticator.is_young(&bearer) {
            tracing::debug!("the gateway refuses a new token: trying once more after a pause");
            sleep(CATCHING_UP).await;
            let bearer = self.bearer(call.deadline).await?;
            if let Some(request) = again() {
                answer = self.send(request, &bearer, call).await?;
            }
        }
        Ok(answer)
    }

    /// Has a token, within the time of a call.
    pub(crate) async fn token(&self) -> Result<(), Error> {
        self.bearer(deadline_in(self.limits.call)).await.map(|_| ())
    }

    /// Returns a token, if there is one before the call's time is over.
    async fn bearer(&self, deadline: Instant) -> Result<Bearer, Error> {
        if let Some(bearer) = self.authenticator.fresh_bearer() {
            return Ok(bearer);
        }
        Box::pin(async {
            // tokio's timer panics where there is no runtime.
            Handle::try_current().map_err(|_| Error::no_runtime())?;
            let bearer = timeout_at(deadline, self.authenticator.bearer()).await;
            bearer.unwrap_or_else(|_| Err(Error::call_timeout()))
        })
        .await
    }

    /// Lets a request take no longer than what is left of the call's time.
    fn limit(&self, request: &mut Request, call: &Call) {
        let left = call.deadline.saturating_duration_since(Instant::now());
        if left < request.timeout().copied().unwrap_or(self.limits.request) {
            *request.timeout_mut() = Some(left);
        }
    }

    /// Sends a request with this bearer. No future of ours holds the request: moved from one to the next, it would be copied.
    fn send(
        &self,
        mut request: Box<Request>,
        bearer: &Bearer,
        call: &Call,
    ) -> impl Future<Output = Result<Response, Error>> + use<> {
        let span = call.span(&request);
        request.headers_mut().insert(AUTHORIZATION, bearer.header.clone());
        let answer = self.http.execute(*request).instrument(span.clone());
        async move {
            let answer = answer.await.map_err(|error| Error::transport(error, Peer::Api));
            match &answer {
                Ok(answer) => span.record("http.response.status_code", answer.status().as_u16()),
                Err(error) => span.record("error.type", error.kind().name()),
            };
            answer
        }
    }

    /// The bearer opens every API of the application: it goes to the base URL's origin and nowhere else.
    fn check_origin(&self, url: &Url) -> Result<(), Error> {
        // RFC 6454, 5, without the texts that `Url::origin` makes.
        let base = &self.base_url;
        let is_same_host = url.host() == base.host() && url.port_or_known_default() == base.port_or_known_default();
        if is_same_host && url.scheme() == base.scheme() {
            return Ok(());
        }
        Err(Error::invalid_request(
            "the request's address has not the base URL's origin (scheme, host, port): it would carry the token elsewhere",
        ))
    }

    async fn failure(&self, answer: Response, call: &Call) -> Error {
        let asked = Asked {
            is_healthcheck: call.is_healthcheck,
            lacks_scope: !self.authenticator.state().missing_scopes().is_empty(),
            ..Asked::of(call.operation)
        };
        failure(answer, asked).await
    }
}

impl Call {
    fn new(request: &Request, operation: Option<&'static Operation>, limit: Duration) -> Self {
        let is_healthcheck = *request.method() == Method::GET && request.url().path().ends_with(HEALTHCHECK);
        Self { operation, is_healthcheck, deadline: deadline_in(limit), sent: AtomicU32::new(0) }
    }

    /// A span of one try, by the names that OpenTelemetry has for HTTP clients. It has no argument's value in it.
    fn span(&self, request: &Request) -> Span {
        let resends = self.sent.fetch_add(1, Ordering::Relaxed);
        let span = tracing::debug_span!(
            "http_request",
            otel.kind = "client",
            otel.name = Empty,
            http.request.method = %request.method(),
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            url.template = Empty,
            server.address = request.url().host_str(),
            server.port = request.url().port_or_known_default(),
            menage_b2b.operation_id = Empty,
            "error.type" = Empty,
        );
        if span.is_disabled() {
            return span;
        }
        let Some(operation) = self.operation else { return span };
        span.record("otel.name", format!("{} {}", operation.method, operation.path));
        span.record("url.template", operation.path);
        span.record("menage_b2b.operation_id", operation.id);
        if resends > 0 {
            span.record("http.request.resend_count", resends);
        }
        span
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Transport").field("headers", &headers).field("retries", &self.retries).finish_non_exhaustive()
    }
}

/// Copies a request, if its body is no stream. `try_clone` does the same, and allocates for a timeout even where none is set.
fn copy_of(request: &Request) -> Option<Box<Request>> {
    if request.body().is_some() || request.timeout().is_some() {
        return request.try_clone().map(Box::new);
    }
    let mut copy = Box::new(Request::new(request.method().clone(), request.url().clone()));
    *copy.headers_mut() = request.headers().clone();
    *copy.version_mut() = request.version();
    Some(copy)
}

/// Tells how many tries an answer took.
pub(crate) fn tries_of(answer: &Response) -> u32 {
    answer.extensions().get().map_or(1, |Tries(tries)| *tries)
}

fn deadline_in(limit: Duration) -> Instant {
    let now = Instant::now();
    // Whoever allows more than a clock can tell allows for ever.
    now.checked_add(limit).unwrap_or(now + Duration::from_secs(u32::MAX.into()))
}

fn refuses(answer: &Response) -> bool {
    refuses_token(answer.status(), answer.headers())
}

/// Reads an answer that is not the success the document declares.
pub(crate) async fn failure(response: Response, asked: Asked) -> Error {
    let (status, headers, mut body) = (response.status(), response.headers().clone(), Vec::new());
    let outcome = timeout(PATIENCE, read_beginning(response, &mut body)).await;
    let is_whole = matches!(outcome, Ok(Ok(())));
    Error::answer(Answered { status, headers, body, is_whole }, asked)
}

/// What a call says itself is more particular than what is said for all calls.
fn add_missing(headers: &mut HeaderMap, more: &HeaderMap) {
    for name in more.keys().filter(|name| *name != AUTHORIZATION) {
        if !headers.contains_key(name) {
            for value in more.get_all(name) {
                headers.append(name, value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Credentials;

    fn transport(base: &str) -> Transport {
        let authenticator = Authenticator::builder("https://id.test", Credentials::new("id", "secret"));
        let limits = Limits { request: Duration::ZERO, call: Duration::ZERO };
        let base_url = Url::parse(base).unwrap();
        let built = authenticator.build_with_http(Some(&base_url)).unwrap();
        Transport::new(built.http, base_url, built.authenticator, RetryPolicy::never(), limits)
    }

    #[test]
    fn an_address_is_read_as_a_parser_reads_the_whole_of_it() {
        for base in ["https://host", "https://host/", "https://host:8443/a%20b/c/", "http://[::1]:8080/é//"] {
            let transport = transport(base);
            for rest in [
                "",
                "/",
                "/things",
                "/a/../b",
                "/../../up",
                "/./x",
                "/%2e%2e/x",
                "/a%2Fb",
                "/é",
                "//x",
                "/@other/x",
                "/x?a=b&c=%20",
                "/x?",
                "/?a=/../b?c",
                "/a;b=c,d",
                "/x?é=ü",
                "/:8080/x",
            ] {
                let text = format!("{}{rest}", transport.base());
                assert_eq!(transport.url(&text), Url::parse(&text).unwrap(), "{text}");
            }
        }
    }
}
