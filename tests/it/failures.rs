//! Every way in which PISTE is known to fail, and what a caller is told of it.

use std::time::Duration;

use menage_b2b::mock::Fault;
use menage_b2b::reqwest::{Method, Request, Url};
use menage_b2b::{Cause, Client, Error, ErrorKind, Language};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{api_requests, raw_server, sandbox};

fn answer(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

fn challenge(status: u16, parameters: &str) -> ResponseTemplate {
    answer(status).insert_header("WWW-Authenticate", format!("Bearer {parameters}"))
}

fn refusal(status: u16, code: &str) -> ResponseTemplate {
    answer(status).set_body_json(json!({ "error": code, "error_description": "Client authentication failed" }))
}

fn html(status: u16) -> ResponseTemplate {
    answer(status).set_body_raw("<html><body>Service unavailable</body></html>", "text/html")
}

/// What a caller can tell of a failure.
#[derive(Clone, Copy)]
struct Told {
    kind: ErrorKind,
    causes: &'static [Cause],
    is_access: bool,
    is_transient: bool,
}

const fn access(kind: ErrorKind, causes: &'static [Cause]) -> Told {
    Told { kind, causes, is_access: true, is_transient: false }
}

const fn transient(kind: ErrorKind, causes: &'static [Cause]) -> Told {
    Told { kind, causes, is_access: false, is_transient: true }
}

const fn other(kind: ErrorKind, causes: &'static [Cause]) -> Told {
    Told { kind, causes, is_access: false, is_transient: false }
}

fn assert_told(error: &Error, told: Told) {
    assert_eq!(error.kind(), told.kind, "{error:?}");
    assert_eq!(error.causes(), told.causes, "{error:?}");
    assert_eq!((error.is_access(), error.is_transient()), (told.is_access, told.is_transient), "{error:?}");
    assert_eq!(error.operation_id(), Some("healthcheck"), "{error:?}");
    for language in [Language::English, Language::French] {
        let advice = error.advice().in_language(language).to_string();
        for cause in told.causes {
            assert!(advice.contains(cause.meaning(language)) && advice.contains(cause.remedy(language)), "{advice}");
        }
    }
}

const CREDENTIALS: &[Cause] = &[Cause::WrongCredentials, Cause::ApiKeys, Cause::OtherEnvironment, Cause::FalseRefusal];
const THROTTLED: &[Cause] = &[Cause::TokenRequestsThrottled];
const TOKEN_ENDPOINT_DOWN: &[Cause] = &[Cause::TokenEndpointUnavailable];
const TOKEN_ELSEWHERE: &[Cause] = &[Cause::TokenUrl];

/// The rows of the token endpoint: what it answers, and what is told of it.
fn token_endpoint_rows() -> Vec<(ResponseTemplate, Told)> {
    use ErrorKind::{
        CredentialsRefused, InvalidTokenAnswer, Proxy, ScopeRefused, TokenEndpoint, TokenRequestRefused,
        TokenRequestThrottled,
    };
    const UNUSABLE: &[Cause] = &[Cause::TokenAnswer, Cause::TokenUrl];
    vec![
        (refusal(400, "invalid_client"), access(CredentialsRefused, CREDENTIALS)),
        (refusal(401, "invalid_client"), access(CredentialsRefused, CREDENTIALS)),
        (refusal(400, "invalid_grant"), access(CredentialsRefused, CREDENTIALS)),
        (refusal(400, "unauthorized_client"), access(CredentialsRefused, &[Cause::ClientNotAllowed])),
        (refusal(403, "access_denied"), access(CredentialsRefused, &[Cause::ClientNotAllowed])),
        (refusal(400, "invalid_scope"), access(ScopeRefused, &[Cause::ScopeUnknown])),
        (refusal(400, "invalid_request"), access(TokenRequestRefused, &[Cause::TokenRequestRefused])),
        (refusal(400, "unsupported_grant_type"), access(TokenRequestRefused, &[Cause::TokenRequestRefused])),
        (refusal(400, "its own"), access(TokenRequestRefused, &[Cause::TokenRequestRefused])),
        (refusal(400, "slow_down"), transient(TokenRequestThrottled, THROTTLED)),
        (refusal(429, "invalid_client"), transient(TokenRequestThrottled, THROTTLED)),
        (refusal(503, "invalid_client"), transient(TokenEndpoint, TOKEN_ENDPOINT_DOWN)),
        (refusal(400, "temporarily_unavailable"), transient(TokenEndpoint, TOKEN_ENDPOINT_DOWN)),
        (refusal(400, "server_error"), transient(TokenEndpoint, TOKEN_ENDPOINT_DOWN)),
        (answer(400), transient(TokenRequestThrottled, &[Cause::TokenRequestsThrottled, Cause::FalseRefusal])),
        (html(400), transient(TokenRequestThrottled, &[Cause::TokenRequestsThrottled, Cause::FalseRefusal])),
        (answer(429), transient(TokenRequestThrottled, THROTTLED)),
        (answer(500), transient(TokenEndpoint, TOKEN_ENDPOINT_DOWN)),
        (html(502), transient(TokenEndpoint, TOKEN_ENDPOINT_DOWN)),
        (answer(503), transient(TokenEndpoint, TOKEN_ENDPOINT_DOWN)),
        (answer(504), transient(TokenEndpoint, TOKEN_ENDPOINT_DOWN)),
        (answer(408), transient(TokenEndpoint, TOKEN_ENDPOINT_DOWN)),
        (answer(401), other(TokenEndpoint, &[Cause::WrongCredentials, Cause::TokenUrl])),
        (html(403), other(TokenEndpoint, &[Cause::NotTheApi, Cause::TokenUrl])),
        (html(511), other(TokenEndpoint, &[Cause::NotTheApi])),
        // As web frameworks answer.
        (refusal(404, "Not Found"), other(TokenEndpoint, TOKEN_ELSEWHERE)),
        (refusal(405, "Method Not Allowed"), other(TokenEndpoint, TOKEN_ELSEWHERE)),
        (refusal(500, "Internal Server Error"), transient(TokenEndpoint, TOKEN_ENDPOINT_DOWN)),
        (answer(404), other(TokenEndpoint, TOKEN_ELSEWHERE)),
        (answer(405), other(TokenEndpoint, TOKEN_ELSEWHERE)),
        (
            answer(302).insert_header("Location", "/elsewhere"),
            other(TokenEndpoint, &[Cause::TokenUrl, Cause::NotTheApi]),
        ),
        (answer(407), other(Proxy, &[Cause::ProxyAuthentication])),
        (html(200), other(InvalidTokenAnswer, &[Cause::NotTheApi, Cause::TokenUrl])),
        (answer(200), other(InvalidTokenAnswer, UNUSABLE)),
        (answer(200).set_body_json(json!({ "token": "x" })), other(InvalidTokenAnswer, UNUSABLE)),
        (
            answer(200).set_body_json(json!({ "access_token": "x", "token_type": "mac" })),
            other(InvalidTokenAnswer, UNUSABLE),
        ),
    ]
}

#[tokio::test]
async fn each_failure_of_the_token_endpoint_is_told_and_not_repeated_by_the_call() {
    for (answer, told) in token_endpoint_rows() {
        let (sandbox, client) = sandbox().await;
        sandbox.token_endpoint().answers_with(answer);
        let error = client.healthcheck().send().await.unwrap_err();
        assert_told(&error, told);
        assert!(error.is_token_endpoint() && error.status().is_some() == (told.kind != ErrorKind::InvalidTokenAnswer));
        assert_eq!((error.body(), error.headers(), error.challenge()), (None, None, None));
        let requests = sandbox.server().received_requests().await.unwrap();
        assert_eq!((requests.len(), api_requests(&sandbox).await.len()), (1, 0), "{error}");
    }
}

const FORBIDDEN: &[Cause] = &[
    Cause::NotSubscribed,
    Cause::TermsNotAccepted,
    Cause::ScopeNotGranted,
    Cause::BasePath,
    Cause::OtherApplication,
    Cause::OtherEnvironment,
];
const DOWN: &[Cause] = &[Cause::ApiUnavailable];
const OTHER_TOKEN: &[Cause] = &[Cause::TokenRejected, Cause::ApplicationDisabled, Cause::OtherEnvironment];
const BY_API: &[Cause] = &[Cause::RefusedByApi];

/// The rows of the gateway and of the API: what is answered to GET /healthcheck, what is told of it, and how many requests are made.
fn api_rows() -> Vec<(ResponseTemplate, Told, usize)> {
    use ErrorKind::{
        Forbidden, InsufficientScope, InvalidAnswer, Proxy, RateLimited, Status, TokenRejected, Unavailable,
    };
    const NO_TOKEN: &str =
        r#"realm="DefaultRealm",error="invalid_request",error_description="Unable to find token in the message""#;
    const UNKNOWN_TOKEN: &str =
        r#"realm="x",error="invalid_token",error_description="Unable to find the access token in persistent storage.""#;
    const EXPIRED: &str = r#"error="invalid_token", error_description="The access token expired.""#;
    const DISABLED: &str = r#"error="invalid_token",error_description="The client app was not found or is disabled.""#;
    const NO_MATCH: &str = "No match found for request";
    vec![
        (challenge(400, NO_TOKEN), access(TokenRejected, OTHER_TOKEN), 3),
        (challenge(401, UNKNOWN_TOKEN), access(TokenRejected, OTHER_TOKEN), 3),
        (challenge(401, EXPIRED), access(TokenRejected, OTHER_TOKEN), 3),
        (challenge(401, DISABLED), access(TokenRejected, &[Cause::ApplicationDisabled, Cause::TokenRejected]), 3),
        (answer(401), access(TokenRejected, &[Cause::RefusedByApi, Cause::TokenRejected]), 3),
        (
            challenge(403, r#"error="insufficient_scope", scope="dihal.sisiaoapimenage""#),
            access(InsufficientScope, &[Cause::ScopeNotGranted]),
            1,
        ),
        (answer(403), access(Forbidden, FORBIDDEN), 1),
        (
            html(403),
            access(
                Forbidden,
                &[
                    Cause::NotTheApi,
                    Cause::NotSubscribed,
                    Cause::TermsNotAccepted,
                    Cause::ScopeNotGranted,
                    Cause::BasePath,
                ],
            ),
            1,
        ),
        (answer(403).set_body_string(NO_MATCH), access(Forbidden, &[Cause::BasePath, Cause::OtherEnvironment]), 1),
        (
            answer(403).set_body_json(json!({ "code": "X" })),
            access(
                Forbidden,
                &[Cause::RefusedByApi, Cause::NotSubscribed, Cause::TermsNotAccepted, Cause::ScopeNotGranted],
            ),
            1,
        ),
        (answer(404), transient(Unavailable, &[Cause::ApiUnavailable, Cause::BasePath]), 1),
        (answer(404).set_body_string(NO_MATCH), transient(Unavailable, &[Cause::BasePath, Cause::ApiUnavailable]), 1),
        (answer(429), transient(RateLimited, &[Cause::Quota]), 3),
        (answer(429).insert_header("Retry-After", "7200"), transient(RateLimited, &[Cause::Quota]), 1),
        (answer(400), transient(Status, &[Cause::EmptyBadRequest, Cause::RefusedByApi]), 3),
        (answer(400).set_body_json(json!({ "code": "X" })), other(Status, BY_API), 1),
        (html(400), other(Status, &[Cause::NotTheApi, Cause::RefusedByApi]), 1),
        (html(511), other(Status, &[Cause::NotTheApi]), 1),
        (answer(500), transient(Unavailable, DOWN), 3),
        (answer(502), transient(Unavailable, DOWN), 3),
        (html(503), transient(Unavailable, DOWN), 3),
        (answer(503).insert_header("Retry-After", "3600"), transient(Unavailable, DOWN), 1),
        (answer(504), transient(Unavailable, DOWN), 3),
        (answer(407), other(Proxy, &[Cause::ProxyAuthentication]), 1),
        (answer(409), other(Status, BY_API), 1),
        (answer(501), other(Status, BY_API), 1),
        (answer(201), other(Status, &[Cause::Document]), 1),
        (answer(204), other(Status, &[Cause::Document]), 1),
        (answer(304), other(Status, BY_API), 1),
        (answer(302).insert_header("Location", "/login"), other(Status, &[Cause::BasePath, Cause::NotTheApi]), 1),
        (html(200), other(InvalidAnswer, &[Cause::NotTheApi, Cause::BasePath]), 1),
        (answer(200), other(InvalidAnswer, &[Cause::ApiUnavailable, Cause::Document]), 1),
        (answer(200).set_body_string("{"), other(InvalidAnswer, &[Cause::ConnectionLost, Cause::Document]), 1),
        (answer(200).set_body_string("UP"), other(InvalidAnswer, &[Cause::Document, Cause::NotTheApi]), 1),
        (answer(200).set_body_json(json!(["UP"])), other(InvalidAnswer, &[Cause::Document]), 1),
    ]
}

#[tokio::test]
async fn each_failure_of_the_gateway_and_the_api_is_told_and_repeated_as_far_as_it_may_pass() {
    // At the same time: some have to pause between their tries.
    let rows: Vec<_> = api_rows().into_iter().map(|row| tokio::spawn(check_api_row(row))).collect();
    for row in rows {
        row.await.unwrap();
    }
}

async fn check_api_row((answer, told, requests): (ResponseTemplate, Told, usize)) {
    let (sandbox, client) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(answer);
    let error = client.healthcheck().send().await.unwrap_err();
    assert_told(&error, told);
    assert!(!error.is_token_endpoint());
    assert_eq!(api_requests(&sandbox).await.len(), requests, "{error:?}");
    // A renewed token within a try is no other try.
    let tries = if told.kind == ErrorKind::TokenRejected { 1 } else { u32::try_from(requests).unwrap() };
    assert_eq!(error.tries(), tries, "{error:?}");
    assert!(error.status().is_some() && error.headers().is_some(), "{error:?}");
}

async fn get(client: &Client, path: &str) -> Error {
    let url = Url::parse(&format!("{}{path}", client.base_url())).unwrap();
    client.execute(Request::new(Method::GET, url)).await.unwrap_err()
}

#[tokio::test]
async fn a_404_elsewhere_is_ambiguous_unless_the_gateway_says_what_it_means() {
    use wiremock::matchers::path_regex;
    let (sandbox, client) = sandbox().await;
    let mount = |path, answer: ResponseTemplate| {
        wiremock::Mock::given(path_regex(path)).respond_with(answer).mount(sandbox.server())
    };
    mount("/menages/1$", answer(404)).await;
    mount("/menages/2$", answer(404).set_body_string("... no match found for REQUEST ...")).await;
    mount("/x/healthcheck$", answer(404)).await;
    let not_found = get(&client, "/menages/1").await;
    assert_eq!(not_found.kind(), ErrorKind::NotFound);
    assert_eq!(not_found.causes(), [Cause::ResourceNotFound, Cause::BasePath]);
    assert_eq!((not_found.operation_id(), not_found.is_transient()), (None, false));
    assert_eq!(get(&client, "/menages/2").await.causes(), [Cause::BasePath, Cause::ResourceNotFound]);
    let healthcheck = get(&client, "/x/healthcheck").await;
    assert_eq!(healthcheck.kind(), ErrorKind::Unavailable);
    let posted = Request::new(Method::POST, Url::parse(&format!("{}/x/healthcheck", client.base_url())).unwrap());
    assert_eq!(client.execute(posted).await.unwrap_err().kind(), ErrorKind::NotFound, "only GET is the health check");
}

#[tokio::test]
async fn a_403_to_a_token_that_lacks_a_scope_names_the_scope_first() {
    let (sandbox, _) = sandbox().await;
    let client = sandbox.client_builder().scopes(["openid", "not.granted"]).build().unwrap();
    sandbox.operation("healthcheck").answers_with(answer(403));
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(error.causes()[0], Cause::ScopeNotGranted);
    assert_eq!((error.advice().step(), error.advice().screen()), (Some(6), Some(r#""API" > "Mes API""#)));
}

#[tokio::test]
async fn the_challenge_and_the_ids_of_the_servers_are_there_for_who_asks() {
    let (sandbox, client) = sandbox().await;
    let answer = challenge(403, r#"realm="r", error="insufficient_scope", scope="a b", error_description="d""#)
        .insert_header("X-CorrelationID", "c-1")
        .insert_header("X-Request-Id", "r-1")
        .insert_header("X-Other", "o-1");
    sandbox.operation("healthcheck").answers_with(answer);
    let error = client.healthcheck().send().await.unwrap_err();
    let challenge = error.challenge().unwrap();
    assert_eq!((challenge.realm(), challenge.error()), (Some("r"), Some("insufficient_scope")));
    assert_eq!(challenge.scopes().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(challenge.error_description(), Some("d"));
    let ids: Vec<_> = error.correlation_ids().collect();
    assert_eq!(ids, [("x-correlationid", "c-1"), ("x-request-id", "r-1")]);
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("c-1") && !shown.contains("r-1"), "{shown}");
}

#[tokio::test]
async fn arguments_that_cannot_be_sent_name_their_operation_and_send_nothing() {
    let (sandbox, client) = sandbox().await;
    let elsewhere = Request::new(Method::GET, Url::parse("https://elsewhere.test/healthcheck").unwrap());
    let error = client.execute(elsewhere).await.unwrap_err();
    assert_eq!((error.kind(), error.causes(), error.tries()), (ErrorKind::InvalidRequest, &[Cause::Arguments][..], 0));
    assert!(sandbox.server().received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_may_pass_passes_without_the_caller_noticing() {
    for first in [answer(503), answer(502), answer(400), answer(429).insert_header("Retry-After", "0")] {
        let (sandbox, client) = sandbox().await;
        sandbox.operation("healthcheck").times(2).answers_with(first);
        client.healthcheck().send().await.unwrap();
        assert_eq!((api_requests(&sandbox).await.len(), sandbox.token_requests()), (3, 1));
        for unwanted in [answer(201), html(200)] {
            sandbox.operation("healthcheck").times(1).answers_with(answer(503));
            sandbox.operation("healthcheck").times(1).answers_with(unwanted);
            assert_eq!(client.healthcheck().send().await.unwrap_err().tries(), 2);
        }
    }
}

#[tokio::test]
async fn a_policy_is_the_builders_or_the_calls() {
    use menage_b2b::RetryPolicy;
    let (sandbox, client) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(answer(503));
    let once = sandbox.client_builder().retry_policy(RetryPolicy::never()).build().unwrap();
    assert_eq!(once.healthcheck().send().await.unwrap_err().tries(), 1);
    let twice = client.with_retry_policy(RetryPolicy::new().retries(1).first_pause(Duration::from_millis(1)));
    assert_eq!(twice.healthcheck().send().await.unwrap_err().tries(), 2);
    assert_eq!(api_requests(&sandbox).await.len(), 3);
}

#[tokio::test]
async fn a_post_is_sent_once_unless_the_caller_says_otherwise() {
    use menage_b2b::RetryPolicy;
    let (sandbox, client) = sandbox().await;
    wiremock::Mock::given(wiremock::matchers::method("POST"))
        .and(wiremock::matchers::path_regex("/menages$"))
        .respond_with(answer(502))
        .mount(sandbox.server())
        .await;
    let post = |client: Client| async move {
        let mut request = Request::new(Method::POST, Url::parse(&format!("{}/menages", client.base_url())).unwrap());
        *request.body_mut() = Some("a household".into());
        client.execute(request).await.unwrap_err().tries()
    };
    assert_eq!(post(client.clone()).await, 1);
    assert_eq!(post(client.with_retry_policy(RetryPolicy::new().any_method())).await, 3);
    let bodies: Vec<_> = api_requests(&sandbox).await.into_iter().map(|request| request.body).collect();
    assert_eq!(bodies, [b"a household"; 4]);
}

#[tokio::test]
async fn a_call_ends_with_its_time_even_while_it_waits_for_a_token_or_a_pause() {
    let (sandbox, _) = sandbox().await;
    // Long for the call, and not for a request: only the call's own time makes an error of it.
    let hanging = answer(200).set_delay(Duration::from_secs(20));
    sandbox.token_endpoint().answers_with(hanging.clone());
    let client = sandbox.client_builder().call_timeout(Duration::from_millis(100)).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!((error.kind(), error.is_token_endpoint()), (ErrorKind::Timeout, true));

    let (sandbox, _) = crate::support::sandbox().await;
    sandbox.operation("healthcheck").answers_with(hanging);
    let client = sandbox.client_builder().call_timeout(Duration::from_millis(300)).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!((error.kind(), error.is_token_endpoint(), error.tries()), (ErrorKind::Timeout, false, 1));

    let (sandbox, _) = crate::support::sandbox().await;
    sandbox.operation("healthcheck").answers_with(answer(503).insert_header("Retry-After", "5"));
    let client = sandbox.client_builder().call_timeout(Duration::from_secs(4)).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!((error.kind(), error.tries()), (ErrorKind::Unavailable, 1));
}

#[tokio::test]
async fn a_gateway_that_may_be_catching_up_is_not_waited_for_beyond_the_calls_time() {
    let (sandbox, _) = sandbox().await;
    sandbox.gateway().fails(Fault::TokenRefused);
    let client = sandbox.client_builder().call_timeout(Duration::from_millis(900)).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenRejected);
    sandbox.assert_calls("healthcheck", 2);
}

#[tokio::test]
async fn times_without_end_are_times_without_end() {
    let (sandbox, _) = sandbox().await;
    let builder = sandbox.client_builder().timeout(Duration::MAX).connect_timeout(Duration::MAX);
    builder.call_timeout(Duration::MAX).build().unwrap().healthcheck().send().await.unwrap();
}

#[tokio::test]
async fn a_reason_that_breaks_off_is_kept_as_far_as_it_came() {
    let (sandbox, _) = sandbox().await;
    let server = raw_server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n{\"error\":");
    let client = sandbox.client_builder().base_url(server).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!((error.kind(), error.causes(), error.tries()), (ErrorKind::Status, BY_API, 1));
    assert_eq!(error.body(), Some(&b"{\"error\":"[..]));

    let nothing = raw_server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n");
    let client = sandbox.client_builder().base_url(nothing).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!((error.causes(), error.tries()), (BY_API, 1), "it is not empty, it is lost");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_told_with_its_cause() {
    let (sandbox, _) = sandbox().await;
    let server = raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":");
    let client = sandbox.client_builder().base_url(server).build().unwrap();
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!((error.kind(), error.causes()), (ErrorKind::Transport, &[Cause::ConnectionLost][..]));
    assert!(error.to_string().contains("ended too early") && error.is_transient(), "{error}");
}

#[tokio::test]
async fn the_token_endpoint_has_ids_for_its_support_too() {
    let (sandbox, client) = sandbox().await;
    for answer in [refusal(400, "invalid_client"), answer(404), html(200)] {
        sandbox.token_endpoint().answers_with(answer.insert_header("X-Correlation-ID", "c-1"));
        let error = sandbox.client().healthcheck().send().await.unwrap_err();
        assert_eq!(error.correlation_ids().collect::<Vec<_>>(), [("x-correlation-id", "c-1")], "{error}");
    }
    assert_eq!(client.authenticator().state().last_failure().map(Error::kind), None);
}

#[tokio::test]
async fn each_try_has_a_span_by_the_names_of_opentelemetry() {
    let (sandbox, client) = sandbox().await;
    client.authenticator().header().await.unwrap();
    sandbox.operation("healthcheck").times(1).answers_with(answer(503));
    let log = crate::support::Log::default();
    let captured = log.capture_spans();
    client.healthcheck().send().await.unwrap();
    drop(captured);
    let text = log.text();
    let spans: Vec<_> = text.lines().filter(|line| line.contains("http_request{")).collect();
    assert_eq!(spans.len(), 2, "{text}");
    for part in [
        "otel.kind=\"client\"",
        "otel.name=\"GET /healthcheck\"",
        "http.request.method=GET",
        "url.template=\"/healthcheck\"",
        "server.address=\"127.0.0.1\"",
        "server.port=",
        "menage_b2b.operation_id=\"healthcheck\"",
    ] {
        assert!(spans.iter().all(|span| span.contains(part)), "{part}: {text}");
    }
    assert!(spans[0].contains("http.response.status_code=503") && !spans[0].contains("resend_count"), "{text}");
    assert!(spans[1].contains("http.response.status_code=200") && spans[1].contains("resend_count=1"), "{text}");
    assert!(text.contains("the call failed and is tried again"), "{text}");
}

#[tokio::test]
async fn a_request_of_the_callers_own_counts_its_tries_in_spans_too() {
    let (sandbox, client) = sandbox().await;
    sandbox.gateway().script([Fault::Status(503)]);
    let log = crate::support::Log::default();
    let captured = log.capture_spans();
    let url = Url::parse(&format!("{}/healthcheck", client.base_url())).unwrap();
    client.execute(Request::new(Method::GET, url)).await.unwrap();
    drop(captured);
    assert_eq!(log.text().matches("resend_count=1").count(), 1, "{}", log.text());
}

#[tokio::test]
async fn a_body_of_an_error_can_be_read_as_the_type_that_the_document_declares() {
    let (sandbox, client) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(answer(409).set_body_json(json!({ "code": "X" })));
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!(error.json::<Value>().unwrap(), json!({ "code": "X" }));
    let other = error.json::<Vec<u8>>().unwrap_err();
    assert_eq!((other.kind(), other.operation_id()), (ErrorKind::InvalidAnswer, Some("healthcheck")));
    sandbox.token_endpoint().fails(Fault::InvalidClient);
    let bodiless = sandbox.client().healthcheck().send().await.unwrap_err();
    assert!(bodiless.json::<Value>().unwrap_err().to_string().contains("there is no body"));
}
