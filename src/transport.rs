//! One call on the API: the header goes on, the request goes out, the status is judged.

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use reqwest::{Request, Response, Url};

use tokio::time::sleep;

use crate::auth::{Authenticator, Bearer};
use crate::body::read_beginning;
use crate::challenge::refuses_token;
use crate::error::{Error, Peer};

/// What the nodes of the gateway take to agree on a new token.
const CATCHING_UP: Duration = Duration::from_secs(1);

/// The rim through which every request to the API passes, generated or not.
#[derive(Clone)]
pub struct Transport {
    http: reqwest::Client,
    base_url: Url,
    /// The same without a slash at its end: paths begin with one.
    base: String,
    authenticator: Authenticator,
    headers: HeaderMap,
}

impl Transport {
    pub(crate) fn new(http: reqwest::Client, base_url: Url, authenticator: Authenticator) -> Self {
        let base = base_url.as_str().trim_end_matches('/').to_owned();
        Self { http, base_url, base, authenticator, headers: HeaderMap::new() }
    }

    /// Returns the API's server address, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Adds headers to those that each call gets. A name that was there takes the new values.
    pub(crate) fn with_headers(&self, mut headers: HeaderMap) -> Self {
        add_missing(&mut headers, &self.headers);
        Self { headers, ..self.clone() }
    }

    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// Sends a request and returns its answer if that is a success. If the gateway refuses the token, the request did not
    /// arrive: it is sent again with another, whatever its method.
    pub(crate) async fn call(&self, request: impl Into<Box<Request>>) -> Result<Response, Error> {
        let mut request = request.into();
        self.check_origin(request.url())?;
        add_missing(request.headers_mut(), &self.headers);
        // What is rare is in a box, so that the usual call stays small. A body that is a stream can be sent once only.
        let replay = copy_of(&request);
        let bearer = self.authenticator.bearer().await?;
        let answer = self.send(request, &bearer).await?;
        let answer = if refuses(&answer) { Box::pin(self.replay(replay, &bearer, answer)).await? } else { answer };
        if answer.status().is_success() { Ok(answer) } else { Err(Box::pin(failure(answer)).await) }
    }

    /// Renews a token that was refused and sends the request again: once, and once more after a pause if the new token may
    /// not have reached every node of the gateway.
    async fn replay(
        &self,
        request: Option<Box<Request>>,
        refused: &Bearer,
        mut answer: Response,
    ) -> Result<Response, Error> {
        self.authenticator.reject_bearer(refused);
        let Some(request) = request else {
            return Ok(answer);
        };
        let bearer = self.authenticator.bearer().await?;
        if bearer.generation != refused.generation {
            let Some(again) = request.try_clone().map(Box::new) else { return self.send(request, &bearer).await };
            answer = self.send(again, &bearer).await?;
        }
        if refuses(&answer) && self.authenticator.is_young(&bearer) {
            tracing::debug!("the gateway refuses a new token: trying once more after a pause");
            sleep(CATCHING_UP).await;
            let bearer = self.authenticator.bearer().await?;
            answer = self.send(request, &bearer).await?;
        }
        Ok(answer)
    }

    /// Sends a request with this bearer. No future of ours holds the request: moved from one to the next, it would be copied.
    fn send(
        &self,
        mut request: Box<Request>,
        bearer: &Bearer,
    ) -> impl Future<Output = Result<Response, Error>> + use<> {
        request.headers_mut().insert(AUTHORIZATION, bearer.header.clone());
        let answer = self.http.execute(*request);
        async { answer.await.map_err(|error| Error::transport(error, Peer::Api)) }
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
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Transport").field("headers", &headers).finish_non_exhaustive()
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

fn refuses(answer: &Response) -> bool {
    refuses_token(answer.status(), answer.headers())
}

/// Reads an answer that is not the success the document declares.
pub(crate) async fn failure(response: Response) -> Error {
    let (status, headers) = (response.status(), response.headers().clone());
    // Without its body the status still says most.
    let body = read_beginning(response).await.unwrap_or_default();
    Error::answer(status, headers, body)
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
