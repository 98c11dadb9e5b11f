//! Answers that are broken, and connections that are.

use menage_b2b::reqwest::Method;
use menage_b2b::{Cause, ErrorKind};

use super::{
    CHUNKED, GOOD, Network, OK, Place, Server, Step, Told, call, check, fails, lost, not_http, row, says, then,
};

fn with_body(body: impl AsRef<[u8]>) -> Vec<Step> {
    with_field("X-Other: hush-hush", body)
}

fn with_field(field: &str, body: impl AsRef<[u8]>) -> Vec<Step> {
    let head = format!("{OK}{field}\r\nContent-Length: {}\r\n\r\n", body.as_ref().len());
    then([head.as_bytes(), body.as_ref()].concat(), Step::Wait)
}

/// What breaks before there is an answer.
fn broken_heads() -> Vec<(&'static str, Vec<Step>, Told)> {
    let with = |rest: &str| says(format!("{OK}{rest}"));
    vec![
        ("closed unanswered", vec![Step::Read], lost("closed before the answer came")),
        ("reset unanswered", vec![Step::Glance], lost("the connection was")),
        ("reset in the head", vec![Step::Glance, Step::Write(OK.into())], lost("the connection was")),
        ("two lengths", with("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), not_http()),
        ("a negative length", with("Content-Length: -2\r\n\r\n{}"), not_http()),
        ("a length beyond numbers", with("Content-Length: 99999999999999999999\r\n\r\n{}"), not_http()),
        ("NUL in a header", with("X-Nul: hush-hush\0\r\n\r\n"), not_http()),
        ("a folded header", with("X-Folded: a\r\n hush-hush\r\n\r\n"), not_http()),
        ("a blank before the colon", with("Content-Length : 2\r\n\r\n{}"), not_http()),
        ("HTTP/0.9", says("{\"status\": \"hush-hush\"}"), not_http()),
        ("HTTP/2", says("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), not_http()),
        ("SETTINGS of HTTP/2", says(b"\0\0\0\x04\0\0\0\0\0"), not_http()),
        ("GOAWAY of HTTP/2", says(b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0"), not_http()),
        ("another protocol", says("220 hush-hush ESMTP\r\n"), not_http()),
        ("status 099", says("HTTP/1.1 099 hush-hush\r\n\r\n"), not_http()),
        ("status 2OO", says("HTTP/1.1 2OO hush-hush\r\n\r\n"), not_http()),
        ("status 20000", says("HTTP/1.1 20000 hush-hush\r\n\r\n"), not_http()),
    ]
}

#[tokio::test]
async fn what_breaks_before_an_answer_is_tried_again_where_that_is_safe() {
    // Who speaks no HTTP does not learn it in a moment.
    let tries = |told: &Told| if *told == not_http() { 1 } else { 3 };
    let gets = broken_heads().into_iter().map(|(name, script, told)| row(name, script, told, tries(&told)));
    let posts = broken_heads().into_iter().map(|(name, script, told)| row(name, script, told, 1).posted());
    check(Place::Api, gets.chain(posts)).await;
}

#[tokio::test]
async fn what_breaks_in_an_answer_is_not_tried_again() {
    let chunked = |rest: &str| says(format!("{CHUNKED}{rest}"));
    let early = lost("the answer ended too early");
    let half = || format!("{OK}Content-Length: 9\r\n\r\n{{").into();
    let rows = [
        row("half a body", says(format!("{OK}Content-Length: 3\r\n\r\n{{}}")), early, 1),
        row("no last chunk", chunked("2\r\n{}\r\n"), early, 1),
        row("half a chunk", chunked("9\r\n{\"a\":"), early, 1),
        row("a chunk of -2", chunked("-2\r\n{}\r\n"), not_http(), 1),
        row("a chunk beyond numbers", chunked("fffffffffffffffff\r\n{}"), not_http(), 1),
        row("a chunk that is longer", chunked("2\r\n{}hush-hush\r\n0\r\n\r\n"), not_http(), 1),
        row("reset in the body", vec![Step::Glance, Step::Write(half())], lost(""), 1),
    ];
    check(Place::Api, rows).await;
}

#[tokio::test]
async fn what_is_unusual_but_whole_passes() {
    let hints = "HTTP/1.1 103 hush-hush\r\nLink: </hush-hush>\r\n\r\n";
    let same = format!("{OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{{}}");
    let both = format!("{OK}Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    let rows = [
        ("no content type", says(GOOD)),
        ("another content type", with_field("Content-Type: text/html", "{}")),
        ("two content types", with_field("Content-Type: text/html\r\nContent-Type: image/png", "{}")),
        ("another charset, and ASCII", with_field("Content-Type: application/json; charset=iso-8859-1", "{}")),
        ("the mark of UTF-8", with_body("\u{feff}{}")),
        ("blanks around", with_body(" \r\n\t{}\r\n ")),
        ("keys twice", with_body(r#"{"a": 1, "a": 2}"#)),
        ("the same length twice", says(same)),
        ("a length and chunks", says(both)),
        ("an encoding that is none", says(format!("{OK}Transfer-Encoding: identity\r\n\r\n{{}}"))),
        ("bytes after the body", then(format!("{GOOD}hush-hush"), Step::Wait)),
        ("HTTP/1.0 to the end", says("HTTP/1.0 200 hush-hush\r\n\r\n{}")),
        ("100 first", says(format!("HTTP/1.1 100 Continue\r\n\r\n{GOOD}"))),
        ("103 first, a thousand times", says(hints.repeat(1000) + GOOD)),
        ("lines without CR", says("HTTP/1.1 200 OK\nContent-Length: 2\n\n{}")),
        ("no reason", says("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}")),
    ];
    check(Place::Api, rows.map(|(name, script)| row(name, script, Ok(()), 1))).await;
}

/// Bodies that come whole and are no answer.
fn unreadable_bodies() -> Vec<(&'static str, Vec<Step>, Cause, &'static str)> {
    use Cause::{ApiUnavailable, Document, NotTheApi};
    let deep = |open: &str| format!("{{\"a\": {}", open.repeat(10_000));
    let latin_1 = b"{\"nom\": \"hush-hush \xe9\"}";
    let utf_16: Vec<_> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (gzip, page) = (b"\x1f\x8b\x08\0hush-hush", "\r\n<!DOCTYPE html><p>hush-hush");
    vec![
        ("Latin-1", with_field("Content-Type: text/json; charset=iso-8859-1", latin_1), Document, "not in UTF-8"),
        ("UTF-16", with_body(utf_16), Document, "not in UTF-8"),
        ("UTF-16 without its mark", with_body("\0{\0}"), Document, "is not JSON"),
        ("blanks alone", with_body(" \r\n\r\n"), ApiUnavailable, "is empty"),
        ("the mark of UTF-8 alone", with_body("\u{feff}"), ApiUnavailable, "is empty"),
        ("a page that says JSON", with_field("Content-Type: application/json", page), NotTheApi, "is HTML"),
        ("a page with the mark of UTF-8", with_body("\u{feff}<html>hush-hush"), NotTheApi, "is HTML"),
        ("gzip", with_body(gzip), NotTheApi, "gzip"),
        ("gzip that is said", with_field("Content-Encoding: gzip", gzip), NotTheApi, "gzip"),
        ("arrays in arrays", with_body(deep("[")), Document, "nested too deeply"),
        ("objects in objects", with_body(deep("{\"a\":")), Document, "nested too deeply"),
        ("a number beyond numbers", with_body("{\"hush-hush\": 1e400}"), Document, "is not JSON"),
        ("half a surrogate pair", with_body(r#"{"hush-hush": "\ud800"}"#), Document, "is not JSON"),
        ("NUL in a text", with_body("{\"a\": \"hush-hush\0\"}"), Document, "is not JSON"),
        ("NULs", with_body([0; 100]), Document, "is not JSON"),
        ("more than one", with_body("{}{\"a\": \"hush-hush\"}"), Document, "is not JSON"),
        ("a guard against scripts", with_body(")]}',\n{}"), Document, "is not JSON"),
        ("a text", with_body("\"hush-hush\""), Document, "does not have the shape"),
    ]
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_by_what_it_looks_like() {
    let told = |cause, what| fails(ErrorKind::InvalidAnswer, cause, what);
    let rows =
        unreadable_bodies().into_iter().map(|(name, script, cause, what)| row(name, script, told(cause, what), 1));
    check(Place::Api, rows).await;
}

#[tokio::test]
async fn an_odd_status_is_a_status() {
    let switching = "HTTP/1.1 101 hush-hush\r\nConnection: upgrade\r\nUpgrade: hush-hush\r\n\r\n";
    let status = |cause, what| fails(ErrorKind::Status, cause, what);
    let down = fails(ErrorKind::Unavailable, Cause::ApiUnavailable, "503");
    let busy = |first, second| {
        let waits = format!("Retry-After: {first}\r\nRetry-After: {second}\r\n");
        says(format!("HTTP/1.1 503 hush-hush\r\n{waits}Content-Length: 0\r\n\r\n"))
    };
    let rows = [
        row("999", says("HTTP/1.1 999 hush-hush\r\n\r\n"), status(Cause::RefusedByApi, "999"), 1),
        row("101", then(switching, Step::Wait), status(Cause::NotTheApi, "101"), 1),
        row("206", says("HTTP/1.1 206 hush-hush\r\n\r\n{}"), status(Cause::Document, "206"), 1),
        row("two waits, the first too long", busy(3600, 0), down, 1),
        row("two waits, the second too long", busy(0, 3600), down, 1),
    ];
    check(Place::Api, rows).await;
}

#[tokio::test]
async fn the_token_endpoint_breaks_in_the_same_ways_and_is_asked_once() {
    let no_token = |cause, what| fails(ErrorKind::InvalidTokenAnswer, cause, what);
    let heads = broken_heads().into_iter().map(|(name, script, told)| row(name, script, told, 1));
    let bodies = unreadable_bodies().into_iter().map(|(name, script, ..)| {
        let (cause, what) = match name.starts_with("a page") {
            true => (Cause::NotTheApi, "it is HTML"),
            false => (Cause::TokenAnswer, "it is not a JSON object"),
        };
        row(name, script, no_token(cause, what), 1)
    });
    let token = r#"{"access_token": "hush-hush""#;
    let two_lines = r#"{"access_token": "hush\r\nX-Evil: hush-hush"}"#;
    let odd = fails(ErrorKind::TokenEndpoint, Cause::TokenUrl, "999");
    let more = [
        row("half a body", says(format!("{OK}Content-Length: 99\r\n\r\n{token}}}")), lost("ended too early"), 1),
        row("half a token", with_body(token), no_token(Cause::TokenAnswer, "it is not a JSON object"), 1),
        row("a token of two lines", with_body(two_lines), no_token(Cause::TokenAnswer, ""), 1),
        row("999", says("HTTP/1.1 999 hush-hush\r\n\r\n"), odd, 1),
    ];
    check(Place::TokenEndpoint, heads.chain(bodies).chain(more)).await;
}

#[tokio::test]
async fn a_connection_is_used_again_whether_an_answer_says_its_length_or_not() {
    let unmeasured = format!("{CHUNKED}2\r\n{{}}\r\n0\r\n\r\n");
    for answer in [GOOD, unmeasured.as_str()] {
        let (network, server) = (Network::start().await, Server::start([says(answer), says(answer)].concat()));
        let client = network.client(&server);
        for _ in 0..2 {
            call(&client, &Method::GET).await.unwrap();
        }
        assert_eq!((server.requests(), server.connections()), (2, 1), "{answer}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_costs_no_call_and_no_try() {
    for method in [Method::GET, Method::POST] {
        let (network, server) = (Network::start().await, Server::start(says(GOOD)));
        let client = network.client(&server);
        call(&client, &Method::GET).await.unwrap();
        // The client has the connection in its pool and has not seen the end.
        server.block_until_end();
        call(&client, &method).await.unwrap();
        assert_eq!((server.requests(), server.connections()), (2, 2), "{method}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_as_it_is_used_again_loses_what_may_have_arrived() {
    for (method, told, requests) in [(Method::GET, None, 3), (Method::POST, Some(ErrorKind::Transport), 2)] {
        let (network, server) = (Network::start().await, Server::start(then(GOOD, Step::Glance)));
        let client = network.client(&server);
        call(&client, &Method::GET).await.unwrap();
        let outcome = call(&client, &method).await;
        assert_eq!((outcome.err().map(|error| error.kind()), server.requests()), (told, requests), "{method}");
    }
}

#[tokio::test]
async fn what_follows_an_answer_is_not_the_next_answer() {
    let poisoned = format!("{GOOD}HTTP/1.1 500 hush-hush\r\nContent-Length: 0\r\n\r\n");
    let (network, server) = (Network::start().await, Server::start(then(poisoned, Step::Wait)));
    let client = network.client(&server);
    for calls in 1..=2 {
        call(&client, &Method::GET).await.unwrap();
        assert_eq!((server.requests(), server.connections()), (calls, calls));
    }
}
