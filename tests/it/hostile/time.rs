//! Servers that take their time: each limit ends what it is for, and nothing is tried again for it.

use std::time::Duration;

use menage_b2b::reqwest::Method;
use menage_b2b::{Cause, ClientBuilder, ErrorKind, RetryPolicy};

use super::{CHUNKED, Network, OK, Place, Row, Server, Step, call, check, drips, fails, row, then};

const SHORT: Duration = Duration::from_millis(400);
const LONG: Duration = Duration::from_secs(20);

type Limit = fn(ClientBuilder) -> ClientBuilder;

fn whole_request(builder: ClientBuilder) -> ClientBuilder {
    builder.timeout(SHORT).read_timeout(LONG)
}

fn silence(builder: ClientBuilder) -> ClientBuilder {
    builder.timeout(LONG).read_timeout(SHORT)
}

fn whole_call(builder: ClientBuilder) -> ClientBuilder {
    builder.timeout(LONG).read_timeout(LONG).call_timeout(SHORT)
}

/// Servers that begin no answer.
fn heads() -> Vec<(&'static str, Vec<Step>)> {
    vec![
        ("silent", vec![Step::Read, Step::Wait]),
        ("half a status line", then("HTTP/1.1 2", Step::Wait)),
        ("half a head", then(OK, Step::Wait)),
        ("a status line that drips", drips("", "HTTP/1.1 200 hush-hush")),
        ("a head that drips", drips(OK, "X-Field: hush-hush\r\n")),
        ("100 again and again", drips("", "HTTP/1.1 100 Continue\r\n\r\n")),
    ]
}

/// Servers that begin an answer and say no more.
fn halves() -> Vec<(&'static str, Vec<Step>)> {
    vec![
        ("half a body", then(format!("{OK}Content-Length: 9\r\n\r\n{{"), Step::Wait)),
        ("half a chunk", then(format!("{CHUNKED}9\r\n{{"), Step::Wait)),
        ("no last chunk", then(format!("{CHUNKED}2\r\n{{}}\r\n"), Step::Wait)),
        ("no end", then(format!("{OK}\r\n{{}}"), Step::Wait)),
    ]
}

fn dripping() -> Vec<(&'static str, Vec<Step>)> {
    vec![
        ("a body that drips", drips(format!("{OK}Content-Length: 9999\r\n\r\n{{"), " ")),
        ("chunks that drip", drips(CHUNKED, "1\r\n \r\n")),
        ("an end that drips", drips(format!("{OK}\r\n"), " ")),
    ]
}

fn rows(scripts: Vec<(&'static str, Vec<Step>)>, what: &'static str, limits: &[Limit]) -> Vec<Row> {
    let slow = |name, script, limit| row(name, script, fails(ErrorKind::Timeout, Cause::Slow, what), 1).with(limit);
    let limited = |(name, script): (_, Vec<Step>)| limits.iter().map(move |limit| slow(name, script.clone(), *limit));
    scripts.into_iter().flat_map(limited).collect()
}

const NONE: &str = "no answer came within the time allowed";
const NO_END: &str = "the answer did not end within the time allowed";

#[tokio::test]
async fn each_limit_ends_an_answer_that_does_not_come() {
    let posts = rows(heads(), NONE, &[whole_request]).into_iter().map(Row::posted);
    check(Place::Api, rows(heads(), NONE, &[whole_request, silence, whole_call]).into_iter().chain(posts)).await;
}

#[tokio::test]
async fn each_limit_ends_an_answer_that_does_not_end() {
    let halves = rows(halves(), NO_END, &[whole_request, silence, whole_call]);
    check(Place::Api, halves.into_iter().chain(rows(dripping(), NO_END, &[whole_request, whole_call]))).await;
}

#[tokio::test]
async fn the_token_endpoint_has_the_same_limits() {
    let limits: [Limit; 2] = [whole_request, silence];
    let each = [rows(heads(), NONE, &limits), rows(halves(), NO_END, &limits), rows(dripping(), NO_END, &limits[..1])];
    let all = [heads(), halves(), dripping()].map(|them| rows(them, "before there was a token", &[whole_call]));
    check(Place::TokenEndpoint, each.into_iter().chain(all).flatten()).await;
}

#[tokio::test]
async fn no_try_is_begun_that_the_calls_time_has_no_room_for() {
    let (network, server) = (Network::start().await, Server::start(vec![Step::Read]));
    let patient = RetryPolicy::new().first_pause(LONG);
    let builder = network.client_builder(Place::Api, &server.url()).retry_policy(patient).call_timeout(LONG / 10);
    let error = call(&builder.build().unwrap(), &Method::GET).await.unwrap_err();
    assert_eq!((error.kind(), error.tries(), server.requests()), (ErrorKind::Transport, 1, 1));
}

#[tokio::test]
async fn an_answer_that_is_never_silent_for_long_passes() {
    let (network, server) =
        (Network::start().await, Server::start(drips(format!("{OK}Content-Length: 99\r\n\r\n{{}}"), " ")));
    let builder =
        network.client_builder(Place::Api, &server.url()).timeout(LONG).read_timeout(Duration::from_millis(900));
    call(&builder.build().unwrap(), &Method::GET).await.unwrap();
}
