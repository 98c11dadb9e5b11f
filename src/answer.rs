//! The end of a generated call: what progenitor made of it becomes an [`Error`] of ours.
//!
//! progenitor's own error prints bodies and headers, and its hooks can report a failure as text only. So a failed call
//! travels through the generated code as an answer that no document declares, and comes out typed at the other end.

use progenitor_client::{Error as Generated, ResponseValue};
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::body::LIMIT;
use crate::error::{Error, Peer};
use crate::transport::failure;

/// HTTP ends at 599 (RFC 9110, 15); no document declares more.
const CARRIER_STATUS: u16 = 999;

/// Wraps a failure into an answer.
pub(crate) fn carry(error: Error) -> Response {
    let mut response = http::Response::new("");
    *response.status_mut() = StatusCode::from_u16(CARRIER_STATUS).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.extensions_mut().insert(error);
    response.into()
}

/// Reads an answer of success. `build.rs` puts it in the place of progenitor's, which copies the headers of every answer.
pub(crate) async fn read<T: DeserializeOwned, E>(mut response: Response) -> Result<ResponseValue<T>, Generated<E>> {
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let body = response.bytes().await.map_err(Generated::ResponseBodyError)?;
    match serde_json::from_slice(&body) {
        Ok(value) => Ok(ResponseValue::new(value, status, headers)),
        Err(fault) => Err(Generated::InvalidResponsePayload(body, fault)),
    }
}

/// Turns the outcome of generated code into ours. `build.rs` puts a call of this around each generated `send`.
pub(crate) async fn settle<T, E>(outcome: Result<ResponseValue<T>, Generated<E>>) -> Result<ResponseValue<T>, Error> {
    let error = match outcome {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    Err(match error {
        Generated::UnexpectedResponse(mut response) => match response.extensions_mut().remove::<Error>() {
            Some(carried) => carried,
            None => Box::pin(failure(response)).await,
        },
        Generated::ErrorResponse(value) => Error::answer(value.status(), value.headers().clone(), Vec::new()),
        Generated::InvalidResponsePayload(body, fault) => Error::invalid_answer(&body, LIMIT, &fault),
        Generated::InvalidRequest(message) | Generated::Custom(message) => {
            Error::invalid_request(without_cause(&message))
        }
        Generated::CommunicationError(error)
        | Generated::ResponseBodyError(error)
        | Generated::InvalidUpgrade(error) => Error::transport(error, Peer::Api),
    })
}

/// Keeps what progenitor says of an argument (its name, and the type it does not convert to) and drops the cause, which may
/// quote its value.
fn without_cause(message: &str) -> String {
    const END: &str = "failed";
    match message.find(END) {
        Some(place) => message[..place + END.len()].to_owned(),
        None => "an argument of the call is missing or does not convert".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_an_argument_is_not_quoted() {
        let message = "conversion to `Date` for birth failed: hush-hush failed";
        assert_eq!(without_cause(message), "conversion to `Date` for birth failed");
        assert!(!without_cause("hush-hush").contains("hush"));
    }
}
