//! One call on the API: the header goes on, the request goes out, the status is judged, and what may pass is tried again.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Response, Url};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::auth::{Authenticator, Bearer, Issue};
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
    /// The body of an answer, in bytes.
    pub(crate) answer: usize,
}

/// How many tries an answer took, where it was not one.
#[derive(Clone, Copy)]
struct Tries(u32);

/// A call under way.
struct Call {
    accept: Option<&'static str>,
    operation: Option<&'static Operation>,
    deadline: Instant,
    /// How often a request went out.
    sent: AtomicU32,
    again: Again,
}

/// How the request of a call is made once more, should that be needed.
pub(crate) enum Again {
    /// From its method and its address: it has no more, as most have not. To copy it would cost each call more than all
    /// else here does.
    Bare(Method, String),
    /// From the request as it was given.
    Copy(Box<Request>),
    /// Not at all: its body is a stream.
    Never,
}

/// What is rare, in a box.
type BoxedAnswer<'a> = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + 'a>>;

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

    /// Returns how large an answer's body may be, in bytes.
    pub(crate) fn answer_limit(&self) -> usize {
        self.limits.answer
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
    ///
    /// The way of nearly all calls is here. What is rare is in boxes that other functions make: in this one, it would deepen
    /// the stack of every call.
    pub(crate) async fn call(
        &self,
        mut request: Box<Request>,
        again: Again,
        accept: Option<&'static str>,
        operation: Option<&'static Operation>,
    ) -> Result<Response, Error> {
        let now = Instant::now();
        let deadline = deadline_in(now, self.limits.call);
        let call = Box::new(Call { accept, operation, deadline, sent: AtomicU32::new(0), again });
        self.complete(&mut request, &call, now);
        self.retries.note_call();
        let Poll::Ready(Bearer { header, issue }) = self.authenticator.fresh_bearer() else {
            return self.without_token(request, call).await;
        };
        match self.send(request, header, &call).await {
            Ok(answer) if answer.status().is_success() => Ok(answer),
            outcome => self.rescue(outcome, issue, call).await,
        }
    }

    /// Sends a request that is of no operation, as [`call`](Self::call) sends others.
    pub(crate) async fn execute(&self, request: Request) -> Result<Response, Error> {
        self.check_origin(request.url())?;
        let again = Again::of(&request);
        self.call(Box::new(request), again, None, None).await
    }

    /// Makes a call for which there is no token in hand, or none that needs no renewal.
    #[cold]
    fn without_token(&self, request: Box<Request>, call: Box<Call>) -> BoxedAnswer<'_> {
        Box::pin(async move {
            let first = self.exchange(request, &call).await;
            self.finish(first, &call).await
        })
    }

    /// Goes on with a call whose first answer is not a success.
    #[cold]
    fn rescue(&self, outcome: Result<Response, Error>, issue: Issue, call: Box<Call>) -> BoxedAnswer<'_> {
        Box::pin(async move {
            let first = self.judge(outcome, issue, &call).await;
            self.finish(first, &call).await
        })
    }

    /// Ends a call after its first try.
    async fn finish(&self, first: Result<Response, Error>, call: &Call) -> Result<Response, Error> {
        let outcome = match (first, call.again.method()) {
            (Err(error), Some(method)) => self.try_again(error, method, call).await,
            (Err(error), None) => Err(error.with_tries(1)),
            (answer, _) => answer,
        };
        outcome.map_err(|error| error.with_operation(call.operation.map(|operation| operation.id)))
    }

    async fn try_again(&self, error: Error, method: &Method, call: &Call) -> Result<Response, Error> {
        let repeatable = Repeatable { is_idempotent: method.is_idempotent(), deadline: call.deadline };
        let mut tries = 1;
        let again = || {
            tries += 1;
            async move {
                match self.again(call) {
                    Some(request) => self.exchange(request, call).await,
                    // Only a request that can be made once more has come here.
                    None => Err(Error::invalid_request("the request cannot be sent again")),
                }
            }
        };
        let mut answer = self.retries.go_on(repeatable, error, again).await?;
        answer.extensions_mut().insert(Tries(tries));
        Ok(answer)
    }

    /// Makes the request once more, for what is left of the call's time.
    fn again(&self, call: &Call) -> Option<Box<Request>> {
        let mut request = Box::new(match &call.again {
            Again::Bare(method, address) => Request::new(method.clone(), self.url(address)),
            Again::Copy(request) => request.try_clone()?,
            Again::Never => return None,
        });
        self.complete(&mut request, call, Instant::now());
        Some(request)
    }

    /// Adds what every request gets.
    fn complete(&self, request: &mut Request, call: &Call, now: Instant) {
        if let Some(accept) = call.accept {
            request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static(accept));
        }
        add_missing(request.headers_mut(), &self.headers);
        self.limit(request, call, now);
    }

    /// Sends a request with a token.
    async fn exchange(&self, mut request: Box<Request>, call: &Call) -> Result<Response, Error> {
        let Bearer { header, issue } = self.bearer(call.deadline).await?;
        self.limit(&mut request, call, Instant::now());
        let outcome = self.send(request, header, call).await;
        self.judge(outcome, issue, call).await
    }

    /// Makes an error of an answer that is not a success. If the gateway refused the token, the request did not arrive: it is
    /// sent again with another, whatever its method.
    async fn judge(&self, outcome: Result<Response, Error>, issue: Issue, call: &Call) -> Result<Response, Error> {
        let answer = outcome?;
        let answer = if refuses(&answer) { self.replay(issue, answer, call).await? } else { answer };
        if answer.status().is_success() { Ok(answer) } else { Err(self.failure(answer, call).await) }
    }

    /// Renews a token that was refused and sends the request again: once, and once more after a pause if the new token may
    /// not have reached every node of the gateway.
    async fn replay(&self, refused: Issue, mut answer: Response, call: &Call) -> Result<Response, Error> {
        self.authenticator.reject_issue(refused);
        let Some(request) = self.again(call) else { return Ok(answer) };
        let Bearer { header, issue } = self.bearer(call.deadline).await?;
        if issue.generation != refused.generation {
            answer = self.send(request, header, call).await?;
        }
        let has_time = Instant::now() + CATCHING_UP < call.deadline;
        if refuses(&answer) && has_time && self.authenticator.is_young(issue) {
            tracing::debug!("the gateway refuses a new token: trying once more after a pause");
            sleep(CATCHING_UP).await;
            let Bearer { header, .. } = self.bearer(call.deadline).await?;
            if let Some(request) = self.again(call) {
                answer = self.send(request, header, call).await?;
            }
        }
        Ok(answer)
    }

    /// Has a token, within the time of a call.
    pub(crate) async fn token(&self) -> Result<(), Error> {
        self.bearer(deadline_in(Instant::now(), self.limits.call)).await.map(|_| ())
    }

    /// Returns a token, if there is one before the call's time is over.
    async fn bearer(&self, deadline: Instant) -> Result<Bearer, Error> {
        if let Poll::Ready(bearer) = self.authenticator.fresh_bearer() {
            return Ok(bearer);
        }
        // tokio's timer panics where there is no runtime.
        Handle::try_current().map_err(|_| Error::no_runtime())?;
        let bearer = timeout_at(deadline, self.authenticator.bearer()).await;
        bearer.unwrap_or_else(|_| Err(Error::call_timeout()))
    }

    /// Lets a request take no longer than what is left of the call's time.
    fn limit(&self, request: &mut Request, call: &Call, now: Instant) {
        let left = call.deadline.saturating_duration_since(now);
        if left < request.timeout().copied().unwrap_or(self.limits.request) {
            *request.timeout_mut() = Some(left);
        }
    }

    /// Sends a request with this bearer. No future of ours holds the request: moved from one to the next, it would be copied.
    fn send(
        &self,
        mut request: Box<Request>,
        bearer: HeaderValue,
        call: &Call,
    ) -> impl Future<Output = Result<Response, Error>> + use<> {
        let span = call.span(&request);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let mut sent = self.http.execute(*request).instrument(span);
        async move {
            let answer = (&mut sent).await.map_err(|error| Error::transport(error, Peer::Api));
            match &answer {
                Ok(answer) => sent.span().record("http.response.status_code", answer.status().as_u16()),
                Err(error) => sent.span().record("error.type", error.kind().name()),
            };
            answer
        }
    }

    /// The bearer opens every API of the application: it goes to the base URL's origin and nowhere else.
    fn check_origin(&self, url: &Url) -> Result<(), Error> {
        // RFC 6454, 5, without the texts that `Url::origin` makes.
        let base = &self.base_url;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::invalid_request("the request's address must not hold a user name or a password"));
        }
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
            is_healthcheck: call.again.method() == Some(&Method::GET) && answer.url().path().ends_with(HEALTHCHECK),
            lacks_scope: !self.authenticator.state().missing_scopes().is_empty(),
            ..Asked::of(call.operation)
        };
        failure(answer, asked).await
    }
}

impl Again {
    /// Of a request that was made with no more than a method and an address, and may have got more since.
    pub(crate) fn at(address: String, request: &Request) -> Self {
        let is_bare = request.headers().is_empty() && request.body().is_none();
        if is_bare { Self::Bare(request.method().clone(), address) } else { Self::of(request) }
    }

    fn of(request: &Request) -> Self {
        request.try_clone().map_or(Self::Never, |copy| Self::Copy(Box::new(copy)))
    }

    fn method(&self) -> Option<&Method> {
        match self {
            Self::Bare(method, _) => Some(method),
            Self::Copy(request) => Some(request.method()),
            Self::Never => None,
        }
    }
}

impl Call {
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
        if resends > 0 {
            span.record("http.request.resend_count", resends);
        }
        if let Some(operation) = self.operation {
            span.record("otel.name", format!("{} {}", operation.method, operation.path));
            span.record("url.template", operation.path);
            span.record("menage_b2b.operation_id", operation.id);
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

/// Tells how many tries an answer took.
pub(crate) fn tries_of(answer: &Response) -> u32 {
    answer.extensions().get().map_or(1, |Tries(tries)| *tries)
}

fn deadline_in(now: Instant, limit: Duration) -> Instant {
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
        let limits = Limits { request: Duration::ZERO, call: Duration::ZERO, answer: 0 };
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

    #[test]
    fn any_address_is_read_as_a_parser_reads_the_whole_of_it() {
        // What `runtime::Url` writes, and more: all but blanks, control characters, backslashes and fragments.
        let pieces = "/ / . . .. %2e %2E % %00 %2f ? & = ; : , @ ! $ ' \" ( ) * + [ ] ^ ` { | } < > ~ - _ 8 a C: é 𝛼";
        let pieces: Vec<_> = pieces.split(' ').collect();
        let mut state = 1_u64;
        let mut below = |end| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap() % end
        };
        for base in ["https://host", "https://host:8443/a%20b/c/", "http://[::1]:8080/é//", "https://host/a/%2e./b:/"]
        {
            let transport = transport(base);
            for _ in 0..1_000 {
                let rest: String = (0..below(10)).map(|_| pieces[below(pieces.len())]).collect();
                let text = format!("{}/{rest}", transport.base());
                assert_eq!(transport.url(&text), Url::parse(&text).unwrap(), "{text}");
            }
        }
    }
}
