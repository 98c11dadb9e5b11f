//! One call of a generated operation, from its arguments to an answer of success.

use std::borrow::Cow;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Response};
use serde::Serialize;

use super::url::Url;
use super::{form, multipart, text};
use crate::error::Error;
use crate::operation::Operation;
use crate::transport::{Again, Transport};

/// A request that is being put together.
#[must_use = "`send` sends it"]
#[expect(missing_debug_implementations, reason = "it holds arguments")]
pub struct Call<'c> {
    transport: &'c Transport,
    operation: &'static Operation,
    /// In a box, so that it is not copied from one function into the next.
    request: Box<Request>,
    /// What the request was made from, and can be again.
    address: String,
    accept: Option<&'static str>,
    cookies: Option<Box<HeaderMap>>,
}

impl<'c> Call<'c> {
    /// Begins a request.
    ///
    /// # Errors
    ///
    /// Fails, and sends nothing, if an argument does not fit into the address.
    pub fn new(transport: &'c Transport, operation: &'static Operation, url: Url) -> Result<Self, Error> {
        let address = url.finish().map_err(|fault| refused(operation, fault))?;
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap_or_default();
        let request = Box::new(Request::new(method, transport.url(&address)));
        Ok(Self { transport, operation, request, address, accept: None, cookies: None })
    }

    /// Says which media types are understood.
    pub fn accept(self, media_types: &'static str) -> Self {
        Self { accept: Some(media_types), ..self }
    }

    /// Adds a header argument.
    ///
    /// # Errors
    ///
    /// Fails if the value is none that a header may have.
    pub fn header(self, name: &'static str, explode: bool, value: &impl Serialize) -> Result<Self, Error> {
        let value = text::header(name, explode, value).map_err(|fault| refused(self.operation, fault))?;
        Ok(match value {
            // A name that no header can have is not in a document that has been prepared.
            Some(value) => match HeaderName::from_bytes(name.as_bytes()) {
                Ok(name) => self.with(name, value),
                Err(_) => self,
            },
            None => self,
        })
    }

    /// Adds a cookie argument.
    ///
    /// # Errors
    ///
    /// Fails if the value does not convert.
    pub fn cookie(mut self, name: &'static str, value: &impl Serialize) -> Result<Self, Error> {
        text::cookie(self.cookies.get_or_insert_default(), name, value)
            .map_err(|fault| refused(self.operation, fault))?;
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
            serde_json::to_vec(body).map_err(|_| refused(self.operation, "the body does not convert to JSON"))?;
        Ok(self.bytes(media_type, bytes.into()))
    }

    /// Sets a body of fields.
    ///
    /// # Errors
    ///
    /// Fails if the body does not convert.
    pub fn form(self, delimited: &[(&str, &str)], body: Option<&impl Serialize>) -> Result<Self, Error> {
        let Some(body) = body else { return Ok(self) };
        let form = form::form(body, delimited).map_err(|fault| refused(self.operation, fault))?;
        Ok(self.bytes("application/x-www-form-urlencoded", form.into()))
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
        let (kind, body) =
            multipart::multipart(body, types, delimited).map_err(|fault| refused(self.operation, fault))?;
        Ok(self.with(CONTENT_TYPE, kind).body(body.into()))
    }

    /// Sets a body as it is, unless it is empty and may be left away.
    pub fn optional_bytes(self, media_type: &'static str, body: reqwest::Body) -> Self {
        if body.as_bytes().is_some_and(<[u8]>::is_empty) { self } else { self.bytes(media_type, body) }
    }

    /// Sets a body as it is.
    pub fn bytes(self, media_type: &'static str, body: reqwest::Body) -> Self {
        self.with(CONTENT_TYPE, HeaderValue::from_static(media_type)).body(body)
    }

    /// Sends the request and returns its answer, if that is a success.
    ///
    /// # Errors
    ///
    /// Fails as every call does.
    pub fn send(self) -> impl Future<Output = Result<Response, Error>> + use<'c> {
        let Self { transport, operation, mut request, address, accept, cookies } = self;
        if let Some(cookies) = cookies {
            request.headers_mut().extend(*cookies);
        }
        let again = Again::at(address, &request);
        transport.call(request, again, accept, Some(operation))
    }

    /// A content type that the document declares as a header too stands there once: the body's own.
    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.request.headers_mut().insert(name, value);
        self
    }

    fn body(mut self, body: reqwest::Body) -> Self {
        *self.request.body_mut() = Some(body);
        self
    }
}

fn refused(operation: &'static Operation, fault: impl Into<Cow<'static, str>>) -> Error {
    Error::invalid_request(fault).with_operation(Some(operation.id))
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
