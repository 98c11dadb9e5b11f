//! One call on the API: the header goes on, the request goes out, the status is judged.

use std::fmt;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use reqwest::{Request, Response, Url};

use crate::auth::Authenticator;
use crate::body::read_beginning;
use crate::error::{Error, Peer};

/// The rim through which every request to the API passes, generated or not.
#[derive(Clone)]
#[expect(unnameable_types, reason = "the generated client, which users see, holds it")]
pub struct Transport {
    http: reqwest::Client,
    base_url: Url,
    authenticator: Authenticator,
    headers: HeaderMap,
}

impl Transport {
    pub(crate) fn new(http: reqwest::Client, base_url: Url, authenticator: Authenticator) -> Self {
        Self { http, base_url, authenticator, headers: HeaderMap::new() }
    }

    /// Adds headers to those that each call gets. A name that was there takes the new values.
    pub(crate) fn with_headers(&self, mut headers: HeaderMap) -> Self {
        add_missing(&mut headers, &self.headers);
        Self { headers, ..self.clone() }
    }

    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.authenticator
    }

    /// Sends a request and returns its answer if that is a success.
    pub(crate) async fn call(&self, mut request: Request) -> Result<Response, Error> {
        self.check_origin(request.url())?;
        add_missing(request.headers_mut(), &self.headers);
        let header = self.authenticator.header().await?;
        request.headers_mut().insert(AUTHORIZATION, header);
        let response = self.http.execute(request).await.map_err(|error| Error::transport(error, Peer::Api))?;
        if response.status().is_success() { Ok(response) } else { Err(failure(response).await) }
    }

    /// The bearer opens every API of the application: it goes to the base URL's origin and nowhere else.
    fn check_origin(&self, url: &Url) -> Result<(), Error> {
        if url.origin() == self.base_url.origin() {
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
        f.debug_struct("Transport")
            .field("base_url", &self.base_url.as_str())
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
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
