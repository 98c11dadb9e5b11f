//! The end of a generated call: an answer of success becomes what the document says that it is.

use progenitor_client::ResponseValue;
use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde::de::{DeserializeOwned, Error as _};

use crate::error::{Error, Peer};
use crate::failure::{Asked, is_json};
use crate::operation::Operation;
use crate::transport::{failure, tries_of};

/// An answer whose type depends on its status.
pub trait ByStatus: Sized {
    /// Reads the answer of a status.
    ///
    /// # Errors
    ///
    /// Fails if the body is not what the document declares for the status.
    fn decode(status: u16, body: &[u8]) -> Result<Self, serde_json::Error>;
}

/// Reads an answer of JSON.
///
/// # Errors
///
/// Fails if the body is not what the document declares.
pub async fn read_json<T: DeserializeOwned>(
    answer: Response,
    operation: &'static Operation,
) -> Result<ResponseValue<T>, Error> {
    read(answer, operation, |_, _, body| serde_json::from_slice(body)).await
}

/// Reads an answer of JSON that may be empty.
///
/// # Errors
///
/// As [`read_json`].
pub async fn read_optional<T: DeserializeOwned>(
    answer: Response,
    operation: &'static Operation,
) -> Result<ResponseValue<T>, Error> {
    read(answer, operation, |_, _, body| serde_json::from_slice(if body.is_empty() { b"null" } else { body })).await
}

/// Reads an answer that is a text: in JSON, or as it is, which is what Java frameworks send for one even where they say JSON.
///
/// # Errors
///
/// Fails if the exchange breaks.
pub async fn read_string<T: From<String>>(
    answer: Response,
    operation: &'static Operation,
) -> Result<ResponseValue<T>, Error> {
    read(answer, operation, |_, headers, body| Ok(text_of(is_json(headers), body).into())).await
}

/// Reads an answer of plain text.
///
/// # Errors
///
/// Fails if the exchange breaks.
pub async fn read_text<T: From<String>>(
    answer: Response,
    operation: &'static Operation,
) -> Result<ResponseValue<T>, Error> {
    read(answer, operation, |_, _, body| Ok(text_of(false, body).into())).await
}

/// Reads an answer whose type depends on its status.
///
/// # Errors
///
/// As [`read_json`].
pub async fn read_status<T: ByStatus>(
    answer: Response,
    operation: &'static Operation,
) -> Result<ResponseValue<T>, Error> {
    read(answer, operation, |status, _, body| T::decode(status.as_u16(), body)).await
}

/// Makes an error of an answer that the document does not declare.
pub async fn undeclared(answer: Response, operation: &'static Operation) -> Error {
    let tries = tries_of(&answer);
    let error = Box::pin(failure(answer, Asked::of(Some(operation)))).await;
    error.with_operation(Some(operation.id)).with_tries(tries)
}

/// Reads a text, in JSON if it is, or as it is. What is not UTF-8 in it becomes U+FFFD.
#[must_use]
pub fn text_of(is_json: bool, body: &[u8]) -> String {
    let text = if is_json { serde_json::from_slice(body).ok() } else { None };
    text.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

/// Says that a status has no variant.
#[must_use]
pub fn no_variant() -> serde_json::Error {
    serde_json::Error::custom("the document declares no answer for this status")
}

type Decode<T> = fn(StatusCode, &HeaderMap, &[u8]) -> Result<T, serde_json::Error>;

async fn read<T>(
    mut answer: Response,
    operation: &'static Operation,
    decode: Decode<T>,
) -> Result<ResponseValue<T>, Error> {
    let tries = tries_of(&answer);
    let failed = |error: Error| error.with_operation(Some(operation.id)).with_tries(tries);
    let status = answer.status();
    let headers = std::mem::take(answer.headers_mut());
    let body = answer.bytes().await.map_err(|error| failed(Error::transport(error, Peer::Api)))?;
    match decode(status, &headers, &body) {
        Ok(value) => Ok(ResponseValue::new(value, status, headers)),
        Err(fault) => Err(failed(Error::invalid_answer(status, headers, &body, &fault))),
    }
}
