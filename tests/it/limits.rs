//! What no setting and no server can make the client do.

use std::time::Duration;

use menage_b2b::ErrorKind;
use menage_b2b::reqwest::redirect::Policy;
use menage_b2b::reqwest::{self, Method, Request, Url};
use wiremock::ResponseTemplate;

use crate::support::{Log, api_requests, sandbox, token_requests};

fn redirect_to(url: &str) -> ResponseTemplate {
    ResponseTemplate::new(307).insert_header("Location", url)
}

#[tokio::test]
async fn a_token_request_follows_no_redirect() {
    let (sandbox_a, _) = sandbox().await;
    let (elsewhere, _) = sandbox().await;
    sandbox_a.token_endpoint().answers_with(redirect_to(&elsewhere.token_url()));
    let client = sandbox_a.client_builder().http(|http| http.redirect(Policy::limited(10))).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::TokenEndpoint, 307));
    assert!(!error.is_transient());
    assert_eq!(token_requests(&elsewhere).await.len(), 0);
}

#[tokio::test]
async fn a_call_follows_no_redirect() {
    let (sandbox_a, _) = sandbox().await;
    let (elsewhere, _) = sandbox().await;
    sandbox_a.operation("healthcheck").answers_with(redirect_to(&format!("{}/healthcheck", elsewhere.base_url())));
    let client = sandbox_a.client_builder().http(|_| reqwest::Client::builder().no_proxy()).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::Status, 307));
    assert_eq!(api_requests(&elsewhere).await.len(), 0);
}

#[tokio::test]
async fn another_http_client_does_not_take_the_timeout_away() {
    let (sandbox, _) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(60)));
    let builder = sandbox.client_builder().timeout(Duration::from_millis(200));
    let client =
        builder.http(|_| reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(600))).build().unwrap();
    assert!(client.healthcheck().send().await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_request_to_another_origin_is_not_sent_and_costs_no_token() {
    let (sandbox_a, client) = sandbox().await;
    let (elsewhere, _) = sandbox().await;
    let port = Url::parse(client.base_url()).unwrap().port().unwrap();
    for url in [
        format!("{}/healthcheck", elsewhere.base_url()),
        format!("http://localhost:{port}/api-menage/healthcheck"),
        format!("https://127.0.0.1:{port}/api-menage/healthcheck"),
    ] {
        let error = client.execute(Request::new(Method::GET, Url::parse(&url).unwrap())).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{url}");
    }
    assert_eq!((sandbox_a.token_requests(), api_requests(&elsewhere).await.len()), (0, 0));
}

#[tokio::test]
async fn a_wiretap_is_warned_of() {
    let (sandbox, _) = sandbox().await;
    let log = Log::default();
    let _captured = log.capture();
    sandbox.client_builder().base_url("http://egress.example.test").allow_http().build().unwrap();
    let log = log.text();
    assert!(log.contains("WARN") && log.contains("MENAGE_B2B_BASE_URL") && log.contains("plain http"), "{log}");
    assert!(!log.contains("PISTE_TOKEN_URL"), "loopback needs no warning: {log}");
}
