//! A gateway that refuses the token: renewed once, sent again, and no more.

use std::time::Duration;

use menage_b2b::mock::Fault;
use menage_b2b::reqwest::{Body, Method, Request, Url};
use menage_b2b::{Client, ErrorKind};
use wiremock::ResponseTemplate;

use crate::support::{api_requests, header, sandbox};

const CHALLENGE: &str =
    r#"Bearer realm="DefaultRealm",error="invalid_request",error_description="Unable to find token""#;

/// As many as fit into the files that a process may have open on most machines.
const CALLS: usize = 100;

fn refusals() -> [ResponseTemplate; 3] {
    [
        ResponseTemplate::new(401),
        ResponseTemplate::new(401).insert_header("WWW-Authenticate", r#"Bearer error="invalid_token""#),
        ResponseTemplate::new(400).insert_header("WWW-Authenticate", CHALLENGE),
    ]
}

fn request(client: &Client, method: Method) -> Request {
    Request::new(method, Url::parse(&format!("{}/healthcheck", client.base_url())).unwrap())
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_request_sent_again_with_the_new_one() {
    for refusal in refusals() {
        let (sandbox, client) = sandbox().await;
        sandbox.operation("healthcheck").times(1).answers_with(refusal);
        client.healthcheck().send().await.unwrap();
        let requests = api_requests(&sandbox).await;
        let tokens: Vec<_> = requests.iter().map(|request| header(request, "authorization").unwrap()).collect();
        assert_eq!(tokens.len(), 2);
        assert_ne!(tokens[0], tokens[1]);
        let accepts: Vec<_> = requests.iter().map(|request| header(request, "accept")).collect();
        assert_eq!(accepts, [Some("application/json"); 2], "the other headers stay");
        assert_eq!(sandbox.token_requests(), 2);
    }
}

#[tokio::test]
async fn a_post_is_sent_again_with_its_body() {
    let (sandbox, client) = sandbox().await;
    sandbox.gateway().script_answers([401, 201].map(ResponseTemplate::new));
    let mut post = request(&client, Method::POST);
    *post.body_mut() = Some("a household".into());
    assert_eq!(client.execute(post).await.unwrap().status(), 201);
    let bodies: Vec<_> = api_requests(&sandbox).await.into_iter().map(|request| request.body).collect();
    assert_eq!(bodies, [b"a household"; 2]);
}

#[tokio::test]
async fn calls_refused_together_cause_one_renewal_and_no_error() {
    let (sandbox, client) = sandbox().await;
    client.healthcheck().send().await.unwrap();
    sandbox.revoke_tokens();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| client.clone())
        .map(|client| tokio::spawn(async move { client.healthcheck().send().await.map(|health| health.status()) }))
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 200);
    }
    assert_eq!(sandbox.token_requests(), 2);
    assert!(api_requests(&sandbox).await.len() <= 1 + 2 * CALLS, "each is sent again once at most");
}

#[tokio::test]
async fn a_gateway_that_learns_the_new_token_late_gets_one_last_try() {
    let (sandbox, client) = sandbox().await;
    sandbox.operation("healthcheck").times(2).answers_with(ResponseTemplate::new(401));
    client.healthcheck().send().await.unwrap();
    assert_eq!((api_requests(&sandbox).await.len(), sandbox.token_requests()), (3, 2));
}

#[tokio::test]
async fn a_gateway_that_goes_on_refusing_has_the_last_word() {
    let (sandbox, client) = sandbox().await;
    sandbox.operation("healthcheck").times(9).answers_with(ResponseTemplate::new(401));
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::TokenRejected, 401));
    assert!(!error.is_token_endpoint());
    assert_eq!((api_requests(&sandbox).await.len(), sandbox.token_requests()), (3, 2));
}

#[tokio::test]
async fn an_old_token_that_is_not_renewed_gets_no_last_try() {
    let (sandbox, client) = sandbox().await;
    let authenticator = client.authenticator();
    // So many rejections in a row are honoured.
    for _ in 0..5 {
        authenticator.reject(&authenticator.header().await.unwrap());
    }
    authenticator.header().await.unwrap();
    // The token grows old while the answer is on its way.
    let late = ResponseTemplate::new(401).set_delay(Duration::from_millis(2_100));
    sandbox.operation("healthcheck").times(9).answers_with(late);
    assert_eq!(client.healthcheck().send().await.unwrap_err().kind(), ErrorKind::TokenRejected);
    assert_eq!((api_requests(&sandbox).await.len(), sandbox.token_requests()), (1, 6));
}

#[tokio::test]
async fn a_streamed_body_is_not_sent_twice_but_the_token_is_renewed_for_the_next_call() {
    let (sandbox, client) = sandbox().await;
    sandbox.gateway().script([Fault::TokenRefused]);
    let mut put = request(&client, Method::PUT);
    let file = tokio::fs::File::open(file!()).await.unwrap();
    *put.body_mut() = Some(Body::from(file));
    assert_eq!(client.execute(put).await.unwrap_err().kind(), ErrorKind::TokenRejected);
    assert_eq!(api_requests(&sandbox).await.len(), 1);
    client.healthcheck().send().await.unwrap();
    assert_eq!(sandbox.token_requests(), 2);
}

#[tokio::test]
async fn where_the_renewal_fails_its_cause_reaches_the_caller() {
    let (sandbox, client) = sandbox().await;
    client.healthcheck().send().await.unwrap();
    sandbox.revoke_tokens();
    sandbox.token_endpoint().answers_with(ResponseTemplate::new(503));
    for _ in 0..3 {
        let error = client.healthcheck().send().await.unwrap_err();
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (ErrorKind::TokenEndpoint, 503));
    }
    assert_eq!(api_requests(&sandbox).await.len(), 2, "the dead token is not tried again");
}

#[tokio::test]
async fn whoever_uses_the_authenticator_alone_can_reject_a_header() {
    let (sandbox, client) = sandbox().await;
    let authenticator = client.authenticator();
    let first = authenticator.header().await.unwrap();
    authenticator.reject(&first);
    let second = authenticator.header().await.unwrap();
    assert_ne!(first, second);
    authenticator.reject(&first);
    assert_eq!(
        authenticator.header().await.unwrap(),
        second,
        "a late rejection of the first is not meant for the second"
    );
    assert_eq!(sandbox.token_requests(), 2);
}
