//! One call of a generated operation, from its arguments to an answer of success.

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;

use super::url::Url;
use super::{form, multipart, text};
use crate::error::Error;
use crate::transport::Transport;

/// A request that is being put together.
#[must_use = "`send` sends it"]
#[expect(missing_debug_implementations, reason = "it holds arguments")]
pub struct Call<'c> {
    transport: &'c Transport,
    request: RequestBuilder,
    cookies: HeaderMap,
}

impl<'c> Call<'c> {
    /// Begins a request.
    ///
    /// # Errors
    ///
    /// Fails, and sends nothing, if an argument does not fit into the address.
    pub fn new(transport: &'c Transport, method: &'static str, url: Url) -> Result<Self, Error> {
        let url = url.finish().map_err(Error::invalid_request)?;
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        Ok(Self { transport, request: transport.http().request(method, url), cookies: HeaderMap::new() })
    }

    /// Says which media types are understood.
    pub fn accept(self, media_types: &'static str) -> Self {
        self.static_header(ACCEPT, media_types)
    }

    /// Adds a header argument.
    ///
    /// # Errors
    ///
    /// Fails if the value is none that a header may have.
    pub fn header(self, name: &'static str, explode: bool, value: &impl Serialize) -> Result<Self, Error> {
        match text::header(name, explode, value).map_err(Error::invalid_request)? {
            Some(value) => Ok(Self { request: self.request.header(name, value), ..self }),
            None => Ok(self),
        }
    }

    /// Adds a cookie argument.
    ///
    /// # Errors
    ///
    /// Fails if the value does not convert.
    pub fn cookie(mut self, name: &'static str, value: &impl Serialize) -> Result<Self, Error> {
        text::cookie(&mut self.cookies, name, value).map_err(Error::invalid_request)?;
        Ok(self)
    }

    /// Sets a body of JSON.
    ///
    /// # Errors
    ///
    /// Fails if the body does not convert.
    pub fn json(self, media_type: &'static str, body: Option<&impl Serialize>) -> Result<Self, Error> {
        let Some(body) = body else { return Ok(self) };
        // The reason could quote a value.
        let bytes =
            serde_json::to_vec(body).map_err(|_| Error::invalid_request("the body does not convert to JSON"))?;
        Ok(self.bytes(media_type, bytes.into()))
    }

    /// Sets a body of fields.
    ///
    /// # Errors
    ///
    /// Fails if the body does not convert.
    pub fn form(self, delimited: &[(&str, &str)], body: Option<&impl Serialize>) -> Result<Self, Error> {
        let Some(body) = body else { return Ok(self) };
        let request = form::form(self.request, body, delimited).map_err(Error::invalid_request)?;
        Ok(Self { request, ..self })
    }

    /// Sets a body of parts.
    ///
    /// # Errors
    ///
    /// Fails if the body does not convert.
    pub fn multipart(
        self,
        types: &[(&str, &str)],
        delimited: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Result<Self, Error> {
        let Some(body) = body else { return Ok(self) };
        let request = multipart::multipart(self.request, body, types, delimited).map_err(Error::invalid_request)?;
        Ok(Self { request, ..self })
    }

    /// Sets a body as it is, unless it is empty and may be left away.
    pub fn optional_bytes(self, media_type: &'static str, body: reqwest::Body) -> Self {
        if body.as_bytes().is_some_and(<[u8]>::is_empty) { self } else { self.bytes(media_type, body) }
    }

    /// Sets a body as it is.
    pub fn bytes(self, media_type: &'static str, body: reqwest::Body) -> Self {
        let this = self.static_header(CONTENT_TYPE, media_type);
        Self { request: this.request.body(body), ..this }
    }

    /// Sends the request and returns its answer, if that is a success.
    ///
    /// # Errors
    ///
    /// Fails as every call does.
    pub fn send(self) -> impl Future<Output = Result<Response, Error>> + use<'c> {
        let Self { transport, request, cookies } = self;
        let request = if cookies.is_empty() { request } else { request.headers(cookies) };
        // In a box, so that it is not copied from one future into the next.
        let request = request.build().map(Box::new);
        async { transport.call(request.map_err(Error::request)?).await }
    }

    fn static_header(self, name: reqwest::header::HeaderName, value: &'static str) -> Self {
        Self { request: self.request.header(name, HeaderValue::from_static(value)), ..self }
    }
}

/// Keeps what progenitor says of an argument (its name, and the type it does not convert to) and drops the cause, which may
/// quote its value.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "generated code passes it to `map_err`")]
pub fn argument(message: String) -> Error {
    const START: &str = "conversion to `";
    const END: &str = "failed";
    const UNSET: &str = " was not initialized";
    let end = message.strip_prefix(START).and_then(|_| message.find(END));
    Error::invalid_request(match (end, message.strip_suffix(UNSET)) {
        (Some(end), _) => message[..end + END.len()].to_owned(),
        (None, Some(name)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
            format!("the argument `{name}` is missing")
        }
        _ => "an argument of the call is missing or does not convert".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_an_argument_is_not_quoted() {
        let said = |message: &str| argument(message.to_owned()).to_string();
        let message = "conversion to `Date` for birth failed: hush-hush failed";
        assert_eq!(said(message), "conversion to `Date` for birth failed");
        assert_eq!(said("id was not initialized"), "the argument `id` is missing");
        assert!(!said("error converting supplied value for age: hush-hush failed").contains("hush"));
        assert!(!said("hush-hush").contains("hush"));
        assert!(!said("hush hush was not initialized").contains("hush"));
    }
}
