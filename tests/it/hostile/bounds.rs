//! Answers that are too large: what is announced is not read, what is not is cut off, and memory stays bounded.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use menage_b2b::reqwest::Method;
use menage_b2b::{Cause, ErrorKind};
use tokio::runtime::Builder;

use super::{
    CHUNKED, HUSH, Network, OK, Place, SERVERS, Server, Step, call, check, fails, floods, not_http, row, says, then,
};

const LIMIT: usize = 20_000;
const MEBIBYTE: usize = 1024 * 1024;
/// What sockets hold, at both ends.
const IN_FLIGHT: usize = 32 * MEBIBYTE;

fn of_length(length: impl std::fmt::Display) -> String {
    format!("{OK}Content-Length: {length}\r\n\r\n")
}

/// An object of this length.
fn object(length: usize) -> String {
    format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8))
}

fn chunk(content: &str) -> String {
    format!("{:x}\r\n{content}\r\n", content.len())
}

#[tokio::test]
async fn an_answer_is_read_to_the_limit_and_no_further() {
    let too_large = fails(ErrorKind::AnswerTooLarge, Cause::AnswerTooLarge, "20000");
    let whole = |length| says(of_length(length) + &object(length));
    let in_chunks = |length| {
        let (object, half) = (object(length), length / 2);
        says(format!("{CHUNKED}{}{}0\r\n\r\n", chunk(&object[..half]), chunk(&object[half..])))
    };
    let to_the_end = |length| says(format!("{OK}\r\n{}", object(length)));
    let rows = [
        ("announced", then(of_length(LIMIT + 1), Step::Wait), too_large),
        ("announced beyond memory", then(of_length(u64::MAX / 2), Step::Wait), too_large),
        ("chunks without end", floods(CHUNKED, chunk(&HUSH.repeat(400))), too_large),
        ("chunks of one byte without end", floods(CHUNKED, chunk("x")), too_large),
        ("one chunk without end", floods(format!("{CHUNKED}ffffffff\r\n"), HUSH), too_large),
        ("no length and no end", floods(format!("{OK}\r\n"), HUSH), too_large),
        ("as large as may be", whole(LIMIT), Ok(())),
        ("a byte more", whole(LIMIT + 1), too_large),
        ("as large as may be, in chunks", in_chunks(LIMIT), Ok(())),
        ("a byte more, in chunks", in_chunks(LIMIT + 1), too_large),
        ("as large as may be, to the end", to_the_end(LIMIT), Ok(())),
        ("a byte more, to the end", to_the_end(LIMIT + 1), too_large),
    ];
    let limited = |(name, script, told)| row(name, script, told, 1).with(|builder| builder.answer_limit(LIMIT));
    check(Place::Api, rows.map(limited)).await;
}

#[tokio::test]
async fn heads_and_what_surrounds_chunks_are_bounded_too() {
    let fields = |count: usize| {
        says(OK.to_owned() + &"X-Field: hush-hush\r\n".repeat(count - 2) + "Content-Length: 2\r\n\r\n{}")
    };
    let large = fails(ErrorKind::Transport, Cause::NotTheApi, "the answer's header is too large");
    let megabyte = says(format!("{OK}X-Huge: {}\r\n\r\n", "x".repeat(MEBIBYTE)));
    let trailers = floods(format!("{CHUNKED}2\r\n{{}}\r\n0\r\n"), "X-Trailer: hush-hush\r\n");
    let rows = [
        row("100 fields", fields(100), Ok(()), 1),
        row("101 fields", fields(101), large, 1),
        row("a field of a mebibyte", megabyte, large, 1),
        row("fields without end", floods(OK, "X-Field: hush-hush\r\n"), large, 1),
        row("a field without end", floods(format!("{OK}X-Field: "), HUSH), large, 1),
        row("a reason without end", floods("HTTP/1.1 200 ", HUSH), large, 1),
        row("a chunk extension without end", floods(format!("{CHUNKED}2;"), HUSH), not_http(), 1),
        row("trailers without end", trailers, not_http(), 1),
    ];
    check(Place::Api, rows).await;
}

#[tokio::test]
async fn answers_of_the_token_endpoint_are_bounded_too() {
    let no_token = fails(ErrorKind::InvalidTokenAnswer, Cause::TokenAnswer, "it is not a JSON object");
    let throttled = fails(ErrorKind::TokenRequestThrottled, Cause::TokenRequestsThrottled, "400");
    let down = fails(ErrorKind::TokenEndpoint, Cause::TokenEndpointUnavailable, "503");
    let large = fails(ErrorKind::Transport, Cause::NotTheApi, "the answer's header is too large");
    let rows = [
        row("a token without end", floods(format!("{OK}\r\n{{\"access_token\":\""), HUSH), no_token, 1),
        row("announced beyond memory", floods(of_length(u64::MAX / 2), HUSH), no_token, 1),
        row("chunks without end", floods(CHUNKED, chunk(HUSH)), no_token, 1),
        row("blanks without end", floods(format!("{OK}\r\n"), " "), no_token, 1),
        row("a refusal without end", floods("HTTP/1.1 400 hush-hush\r\n\r\n", HUSH), throttled, 1),
        row("an outage without end", floods("HTTP/1.1 503 hush-hush\r\n\r\n", HUSH), down, 1),
        row("a head without end", floods(format!("{OK}X-Huge: "), HUSH), large, 1),
    ];
    check(Place::TokenEndpoint, rows).await;
}

#[tokio::test]
async fn the_reason_of_a_failure_is_read_to_64_kib_and_as_far_as_it_comes() {
    let head = "HTTP/1.1 409 hush-hush\r\nContent-Length: 999999999\r\n\r\n";
    for (script, kept) in [(floods(head, HUSH), 64 * 1024), (then(head, Step::Wait), 0)] {
        let (network, server) = (Network::start().await, Server::start(script));
        let builder = network.client_builder(Place::Api, &server.url()).read_timeout(Duration::from_millis(200));
        let error = call(&builder.build().unwrap(), &Method::GET).await.unwrap_err();
        assert_eq!((error.kind(), error.causes()[0]), (ErrorKind::Status, Cause::RefusedByApi));
        assert_eq!((error.body().unwrap().len(), server.requests()), (kept, 1));
    }
}

#[test]
fn two_gibibytes_cost_bounded_memory() {
    use ErrorKind::{AnswerTooLarge, Transport, Unavailable};
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let network = SERVERS.block_on(Network::start());
    // Of an answer the limit is the usual one: 16 MiB. Grown by doubling, it takes thrice as much.
    for (script, kind, bound) in [
        (floods(of_length(2048 * MEBIBYTE), HUSH), AnswerTooLarge, MEBIBYTE),
        (floods(CHUNKED, chunk(&HUSH.repeat(10_000))), AnswerTooLarge, 64 * MEBIBYTE),
        (floods(format!("{OK}\r\n"), HUSH), AnswerTooLarge, 64 * MEBIBYTE),
        (floods("HTTP/1.1 500 hush-hush\r\n\r\n", HUSH), Unavailable, MEBIBYTE),
        (floods(format!("{OK}X-Huge: "), HUSH), Transport, 2 * MEBIBYTE),
    ] {
        let server = Server::start(script);
        let client = network.client(&server);
        let mut outcome = Ok(());
        let memory = allocation_counter::measure(|| outcome = runtime.block_on(call(&client, &Method::GET)));
        assert_eq!(outcome.unwrap_err().kind(), kind);
        let flooded = server.seen.flooded.load(SeqCst);
        assert!(flooded < 16 * MEBIBYTE + server.connections() * IN_FLIGHT, "{kind:?}: {flooded} bytes were taken");
        assert!(memory.bytes_max < bound as u64, "{kind:?}: {} bytes of memory", memory.bytes_max);
    }
}
