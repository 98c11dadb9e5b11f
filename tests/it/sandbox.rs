//! The test kit does what it says, as PISTE would.

use std::sync::Arc;
use std::time::Duration;

use menage_b2b::mock::{Fault, PisteSandbox};
use menage_b2b::reqwest::{Method, Request, Url, get};
use menage_b2b::{Cause, Client, Credentials, Error, ErrorKind, RetryPolicy};
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::sandbox;

async fn health(client: &Client) -> Result<String, Error> {
    client.healthcheck().send().await.map(|health| serde_json::to_string(&*health).unwrap())
}

fn request(client: &Client, method: Method, path: &str) -> Request {
    Request::new(method, Url::parse(&format!("{}{path}", client.base_url())).unwrap())
}

#[tokio::test]
async fn each_fault_is_what_piste_does() {
    let quota = Fault::QuotaSpent(Duration::from_secs(3600));
    for (fault, kind, cause) in [
        (Fault::BareBadRequest, ErrorKind::Status, Cause::EmptyBadRequest),
        (Fault::TokenNotFound, ErrorKind::TokenRejected, Cause::TokenRejected),
        (Fault::TokenRefused, ErrorKind::TokenRejected, Cause::TokenRejected),
        (Fault::ApplicationDisabled, ErrorKind::TokenRejected, Cause::ApplicationDisabled),
        (Fault::NotSubscribed, ErrorKind::Forbidden, Cause::NotSubscribed),
        (Fault::InsufficientScope, ErrorKind::InsufficientScope, Cause::ScopeNotGranted),
        (Fault::NoSuchPath, ErrorKind::Forbidden, Cause::BasePath),
        (quota, ErrorKind::RateLimited, Cause::Quota),
        (Fault::Status(504), ErrorKind::Unavailable, Cause::ApiUnavailable),
        (Fault::LoginPage, ErrorKind::InvalidAnswer, Cause::NotTheApi),
        (Fault::Late(Duration::from_secs(60)), ErrorKind::Timeout, Cause::Slow),
    ] {
        let (sandbox, _) = sandbox().await;
        let builder = sandbox.client_builder().retry_policy(RetryPolicy::never());
        let client = builder.timeout(Duration::from_millis(1_500)).build().unwrap();
        for gateway in [true, false] {
            if gateway {
                sandbox.gateway().fails(fault.clone());
            } else {
                sandbox.gateway().recovers();
                sandbox.operation("healthcheck").fails(fault.clone());
            }
            let error = health(&client).await.unwrap_err();
            assert_eq!((error.kind(), error.causes()[0]), (kind, cause), "{fault:?}");
            assert!(!error.is_token_endpoint());
        }
    }
}

#[tokio::test]
async fn each_fault_of_the_token_endpoint_is_what_piste_does() {
    for (fault, kind) in [
        (Fault::InvalidClient, ErrorKind::CredentialsRefused),
        (Fault::BareBadRequest, ErrorKind::TokenRequestThrottled),
        (Fault::Status(503), ErrorKind::TokenEndpoint),
        (Fault::LoginPage, ErrorKind::InvalidTokenAnswer),
    ] {
        let (sandbox, client) = sandbox().await;
        sandbox.token_endpoint().fails(fault.clone());
        let error = health(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.is_token_endpoint()), (kind, true), "{fault:?}");
        sandbox.assert_no_calls();
        sandbox.token_endpoint().recovers();
        health(&sandbox.client()).await.unwrap();
        sandbox.assert_token_requests(2);
    }
}

#[tokio::test]
async fn a_script_is_played_in_its_order_and_then_what_stands() {
    let (sandbox, client) = sandbox().await;
    let once = client.with_retry_policy(RetryPolicy::never());
    sandbox.gateway().fails(Fault::NotSubscribed);
    sandbox.gateway().script([Fault::Status(503), Fault::Status(502)]);
    sandbox.gateway().script_answers([ResponseTemplate::new(409)]);
    for status in [503, 502, 409, 403, 403] {
        assert_eq!(health(&once).await.unwrap_err().status().unwrap(), status);
    }
    sandbox.gateway().script([Fault::Status(503)]);
    sandbox.gateway().recovers();
    health(&once).await.unwrap();
    sandbox.gateway().answers_with(ResponseTemplate::new(200).set_body_json(json!({ "any": 1 })));
    assert_eq!(health(&once).await.unwrap(), r#"{"any":1}"#);
    sandbox.assert_calls("healthcheck", 7);
}

#[tokio::test]
async fn the_body_comes_back_in_a_400_as_the_gateway_echoes_it() {
    let (sandbox, client) = sandbox().await;
    sandbox.gateway().fails(Fault::BodyEchoed);
    let mut post = request(&client, Method::POST, "/healthcheck");
    *post.body_mut() = Some("a household".into());
    let error = client.execute(post).await.unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.body()), (400, Some(&b"a household"[..])));
}

#[tokio::test]
async fn answers_are_chosen_by_their_conditions_their_number_and_their_age() {
    let (sandbox, client) = sandbox().await;
    let operation = || sandbox.operation("healthcheck");
    operation().answers(&json!({ "n": 1 }));
    operation().answers(&json!({ "n": 2 }));
    operation().times(1).answers(&json!({ "n": 3 }));
    operation().times(1).answers(&json!({ "n": 4 }));
    operation().header("accept", "text/plain").answers(&json!({ "n": 5 }));
    operation().header("accept", "application/json").times(1).answers(&json!({ "n": 6 }));
    for n in [6, 3, 4, 2, 2] {
        assert_eq!(health(&client).await.unwrap(), format!(r#"{{"n":{n}}}"#));
    }
    operation().query("page", 2).answers_with(ResponseTemplate::new(204));
    let found = client.execute(request(&client, Method::GET, "/healthcheck?page=2")).await.unwrap();
    assert_eq!(found.status(), 204);
    let calls = sandbox.calls("healthcheck");
    assert_eq!((calls.len(), calls[5].url.query()), (6, Some("page=2")));
}

#[tokio::test]
async fn what_is_no_operation_is_refused_as_the_gateway_refuses_an_unknown_path() {
    let (sandbox, client) = sandbox().await;
    let error = client.execute(request(&client, Method::GET, "/nowhere")).await.unwrap_err();
    assert_eq!((error.kind(), error.causes()[0]), (ErrorKind::Forbidden, Cause::BasePath));
    sandbox.assert_calls("healthcheck", 0);
}

#[tokio::test]
async fn tokens_die_when_they_are_said_to_and_scopes_are_those_that_are_granted() {
    let (sandbox, client) = sandbox().await;
    sandbox.issue_tokens_for(Duration::ZERO);
    sandbox.grant_scopes(["openid"]);
    let error = health(&client).await.unwrap_err();
    let challenge = error.challenge().unwrap();
    assert_eq!(challenge.error_description(), Some("The access token expired."));
    sandbox.issue_tokens_for(Duration::from_secs(60));
    let client = sandbox.client();
    health(&client).await.unwrap();
    let state = client.authenticator().state();
    assert_eq!(state.missing_scopes(), ["dihal.sisiaoapimenage"]);
    assert_eq!(state.granted_scopes().unwrap(), ["openid", "resource.READ"]);
}

#[tokio::test]
async fn a_secret_that_was_regenerated_replaces_the_other() {
    let (sandbox, _) = sandbox().await;
    sandbox.rotate_secret("regenerated");
    assert_eq!(health(&sandbox.client()).await.unwrap_err().kind(), ErrorKind::CredentialsRefused);
    let renewed = Credentials::new("sandbox-client-id", "regenerated");
    let builder = Client::builder(menage_b2b::Environment::Sandbox, renewed);
    let client = builder.token_url(sandbox.token_url()).base_url(sandbox.base_url()).build().unwrap();
    health(&client).await.unwrap();
}

#[tokio::test]
async fn it_shares_a_server_that_is_there_already_and_whose_mocks_come_first() {
    let server = Arc::new(MockServer::start().await);
    Mock::given(path("/other")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let sandbox = PisteSandbox::on(Arc::clone(&server)).await;
    health(&sandbox.client()).await.unwrap();
    assert_eq!(get(format!("{}/other", server.uri())).await.unwrap().status(), 200);
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
    sandbox.assert_calls("healthcheck", 1);
}

#[tokio::test]
#[should_panic(expected = "the document has no operation `nowhere`; it has: healthcheck")]
async fn an_operation_that_the_document_does_not_have_is_named_with_those_that_it_has() {
    let (sandbox, _) = sandbox().await;
    let _ = sandbox.operation("nowhere");
}

#[tokio::test]
#[should_panic(expected = "the gateway received 1 requests of healthcheck, not 2")]
async fn an_assertion_about_calls_says_what_it_found() {
    let (sandbox, client) = sandbox().await;
    health(&client).await.unwrap();
    sandbox.assert_calls("healthcheck", 2);
}

#[tokio::test]
#[should_panic(expected = "the token endpoint received 1 requests, not 0")]
async fn an_assertion_about_token_requests_says_what_it_found() {
    let (sandbox, client) = sandbox().await;
    health(&client).await.unwrap();
    sandbox.assert_token_requests(0);
}

#[tokio::test]
#[should_panic(expected = "the gateway received 1 requests, not 0")]
async fn an_assertion_of_silence_says_what_it_found() {
    let (sandbox, client) = sandbox().await;
    health(&client).await.unwrap();
    sandbox.assert_no_calls();
}
