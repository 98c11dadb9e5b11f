//! The end of a generated call: an answer of success becomes what the document says that it is.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use progenitor_client::ResponseValue;
use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode, Version};
use serde::de::{DeserializeOwned, Error as _};

use crate::body::without_mark;
use crate::error::{Error, Peer};
use crate::failure::{Asked, is_json};
use crate::operation::Operation;
use crate::transport::{Transport, failure, tries_of};

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
pub fn read_json<T: DeserializeOwned>(
    answer: Response,
    to: To<'_>,
) -> impl Future<Output = Result<ResponseValue<T>, Error>> {
    read(answer, to, |_, _, body| serde_json::from_slice(body))
}

/// Reads an answer of JSON that may be empty.
///
/// # Errors
///
/// As [`read_json`].
pub fn read_optional<T: DeserializeOwned>(
    answer: Response,
    to: To<'_>,
) -> impl Future<Output = Result<ResponseValue<T>, Error>> {
    read(answer, to, |_, _, body| serde_json::from_slice(if body.is_empty() { b"null" } else { body }))
}

/// Reads an answer that is a text: in JSON, or as it is, which is what Java frameworks send for one even where they say JSON.
///
/// # Errors
///
/// Fails if the exchange breaks.
pub fn read_string<T: From<String>>(
    answer: Response,
    to: To<'_>,
) -> impl Future<Output = Result<ResponseValue<T>, Error>> {
    read(answer, to, |_, headers, body| Ok(text_of(is_json(headers), body).into()))
}

/// Reads an answer of plain text.
///
/// # Errors
///
/// Fails if the exchange breaks.
pub fn read_text<T: From<String>>(
    answer: Response,
    to: To<'_>,
) -> impl Future<Output = Result<ResponseValue<T>, Error>> {
    read(answer, to, |_, _, body| Ok(text_of(false, body).into()))
}

/// Reads an answer whose type depends on its status.
///
/// # Errors
///
/// As [`read_json`].
pub fn read_status<T: ByStatus>(answer: Response, to: To<'_>) -> impl Future<Output = Result<ResponseValue<T>, Error>> {
    read(answer, to, |status, _, body| T::decode(status.as_u16(), body))
}

/// Makes an error of an answer that the document does not declare.
#[cold]
#[must_use]
pub fn undeclared(answer: Response, to: To<'_>) -> Pin<Box<dyn Future<Output = Error> + Send>> {
    let operation = to.operation;
    let tries = tries_of(&answer);
    Box::pin(async move {
        let error = failure(answer, Asked::of(Some(operation))).await;
        error.with_operation(Some(operation.id)).with_tries(tries)
    })
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

/// What an answer is to: a client's call of an operation.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "for generated code")]
pub struct To<'c> {
    transport: &'c Transport,
    operation: &'static Operation,
}

impl<'c> To<'c> {
    /// Names both.
    #[must_use]
    pub fn new(transport: &'c Transport, operation: &'static Operation) -> Self {
        Self { transport, operation }
    }
}

/// Reads an answer's body.
#[expect(clippy::manual_async_fn, reason = "of an async function's arguments the answer would be moved once more")]
fn read<T>(
    mut answer: Response,
    to: To<'_>,
    decode: Decode<T>,
) -> impl Future<Output = Result<ResponseValue<T>, Error>> {
    async move {
        let body = match whole(&mut answer, to.transport.answer_limit()).await {
            Ok(body) => body,
            Err(fault) => return Err(failed(answer, to, fault)),
        };
        match decode(answer.status(), answer.headers(), without_mark(&body)) {
            Ok(value) => Ok(ResponseValue::new(value, answer.status(), std::mem::take(answer.headers_mut()))),
            Err(fault) => Err(failed(answer, to, Unread::Other(body, fault))),
        }
    }
}

/// Why an answer was not read.
enum Unread {
    Broken(reqwest::Error),
    TooLarge,
    Other(Bytes, serde_json::Error),
}

#[cold]
fn failed(mut answer: Response, to: To<'_>, fault: Unread) -> Error {
    let (tries, status) = (tries_of(&answer), answer.status());
    let headers = std::mem::take(answer.headers_mut());
    let error = match fault {
        Unread::Broken(error) => Error::transport(error, Peer::Api),
        Unread::TooLarge => Error::answer_too_large(status, headers, to.transport.answer_limit()),
        Unread::Other(body, fault) => Error::invalid_answer(status, headers, &body, &fault),
    };
    error.with_operation(Some(to.operation.id)).with_tries(tries)
}

/// Reads a whole body, unless it is larger than the limit. Most come in one piece, which is not copied then.
async fn whole(answer: &mut Response, limit: usize) -> Result<Bytes, Unread> {
    // What is announced need not be read; what was unpacked on the way is not announced.
    let announced = answer.content_length();
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Unread::TooLarge);
    }
    let Some(first) = piece(answer, limit).await? else { return Ok(Bytes::new()) };
    // Not so in HTTP/2: whoever stops before the frame that ends a stream resets it.
    if announced == Some(first.len() as u64) && answer.version() <= Version::HTTP_11 {
        return Ok(first);
    }
    let Some(second) = piece(answer, limit - first.len()).await? else { return Ok(first) };
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&second);
    while let Some(next) = piece(answer, limit - whole.len()).await? {
        whole.extend_from_slice(&next);
    }
    Ok(whole.freeze())
}

/// Reads the next piece of a body, if it is not larger than what is left.
async fn piece(answer: &mut Response, left: usize) -> Result<Option<Bytes>, Unread> {
    match answer.chunk().await.map_err(Unread::Broken)? {
        Some(piece) if piece.len() > left => Err(Unread::TooLarge),
        piece => Ok(piece),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll};

    use http_body::{Frame, SizeHint};

    use super::*;

    /// Fetches an answer that is written like this after its first line.
    async fn answer(rest: String) -> Response {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert_ne!(stream.read(&mut [0; 8192]).unwrap(), 0);
            write!(stream, "HTTP/1.1 200 OK\r\n{rest}").unwrap();
        });
        reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap()
    }

    /// Fetches a body that comes in these pieces.
    async fn chunked(pieces: &[&str]) -> Response {
        let chunks: String = pieces.iter().map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len())).collect();
        answer(format!("transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")).await
    }

    #[tokio::test]
    async fn a_body_that_is_announced_is_read_to_its_end_and_not_beyond() {
        // It comes in more pieces than one.
        let long = "x".repeat(1 << 20);
        for (body, more) in [(long.as_str(), ""), ("ab", "c"), ("", "c")] {
            let length = body.len();
            let mut answer = answer(format!("content-length: {length}\r\n\r\n{body}{more}")).await;
            let read = whole(&mut answer, length).await;
            assert!(read.is_ok_and(|read| read == body), "{length}");
        }
    }

    /// A body in one frame, and another that ends it.
    struct Framed(Option<Bytes>, Arc<AtomicBool>);

    impl http_body::Body for Framed {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let body = self.get_mut();
            let frame = body.0.take();
            body.1.store(frame.is_none(), Ordering::SeqCst);
            Poll::Ready(frame.map(|frame| Ok(Frame::data(frame))))
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
        }
    }

    #[tokio::test]
    async fn a_stream_of_http_2_is_read_to_its_last_frame() {
        for (version, is_read_on) in [(Version::HTTP_11, false), (Version::HTTP_2, true), (Version::HTTP_3, true)] {
            let has_ended = Arc::<AtomicBool>::default();
            let body = reqwest::Body::wrap(Framed(Some(Bytes::from("ab")), Arc::clone(&has_ended)));
            let answer = http::Response::builder().version(version).body(body).unwrap();
            assert!(whole(&mut Response::from(answer), 2).await.is_ok_and(|read| read == "ab"));
            assert_eq!(has_ended.load(Ordering::SeqCst), is_read_on, "{version:?}");
        }
    }

    #[tokio::test]
    async fn a_body_is_whole_in_however_many_pieces_it_comes_up_to_the_limit() {
        for pieces in [&[][..], &["a"], &["a", "bc"], &["a", "bc", "def", "ghij"]] {
            let body = pieces.concat();
            let read = whole(&mut chunked(pieces).await, body.len()).await;
            assert!(read.is_ok_and(|read| read == body), "{pieces:?}");
            if let Some(less) = body.len().checked_sub(1) {
                let read = whole(&mut chunked(pieces).await, less).await;
                assert!(matches!(read, Err(Unread::TooLarge)), "{pieces:?}");
            }
        }
    }
}
