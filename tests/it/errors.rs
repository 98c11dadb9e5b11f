//! What the API answers, and what a caller makes of it.

use std::error::Error as _;
use std::time::Duration;

use menage_b2b::ErrorKind;
use wiremock::ResponseTemplate;

use crate::support::sandbox;

#[tokio::test]
async fn headers_and_the_beginning_of_the_body_are_there_for_who_asks() {
    let (sandbox, client) = sandbox().await;
    let body = "é".repeat(100_000);
    sandbox
        .operation("healthcheck")
        .answers_with(ResponseTemplate::new(409).insert_header("X-Request-Id", "r1").set_body_string(&body));
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!(error.headers().unwrap()["x-request-id"], "r1");
    assert_eq!(error.body().unwrap(), &body.as_bytes()[..64 * 1024]);
}

#[tokio::test]
async fn a_spent_quota_says_how_long_to_wait() {
    let (sandbox, client) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(ResponseTemplate::new(429).insert_header("Retry-After", "7200"));
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7_200)));
}

#[tokio::test]
async fn a_body_that_is_compressed_unasked_is_named() {
    let (sandbox, client) = sandbox().await;
    sandbox
        .operation("healthcheck")
        .answers_with(ResponseTemplate::new(200).set_body_bytes(*b"\x1f\x8b\x08\x00Dupont"));
    let error = client.healthcheck().send().await.unwrap_err();
    assert!(error.to_string().contains("compressed by gzip"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_not_as_declared_says_where() {
    for (body, part) in [
        ("", "is empty"),
        ("{\"a\":", "ends too early (line 1, column 5)"),
        (" <html>Dupont", "is HTML or XML"),
        ("\u{1f}\u{8b}", "is not JSON"),
        ("Dupont", "is not JSON (line 1, column 1)"),
        ("[\"Dupont\"]", "does not have the shape"),
        ("\"Dupont\"", "does not have the shape"),
    ] {
        let (sandbox, client) = sandbox().await;
        sandbox.operation("healthcheck").answers_with(ResponseTemplate::new(200).set_body_string(body));
        let error = client.healthcheck().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAnswer);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(part) && !shown.contains("Dupont"), "{shown}");
    }
}

#[tokio::test]
async fn a_late_answer_is_a_timeout_of_the_server_that_is_late() {
    let (sandbox, _) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(60)));
    let client = sandbox.client_builder().timeout(Duration::from_millis(200)).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert!(error.is_timeout() && error.is_transient() && !error.is_token_endpoint(), "{error:?}");
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_refused_connection_is_told_apart_by_who_refused() {
    let (sandbox, _) = sandbox().await;
    // Bound and dropped: nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}/path-argument");
    for (builder, at_token_endpoint) in
        [(sandbox.client_builder().base_url(&nobody), false), (sandbox.client_builder().token_url(&nobody), true)]
    {
        let error = builder.build().unwrap().healthcheck().send().await.unwrap_err();
        assert_eq!((error.kind(), error.is_token_endpoint()), (ErrorKind::Connect, at_token_endpoint));
        assert!(error.to_string().contains(&free.to_string()), "{error}");
        assert!(error.is_transient() && error.source().is_some());
        assert!(!format!("{error:?}").contains("path-argument"), "{error:?}");
    }
}
