//! The token request and its answers.

use std::collections::BTreeMap;

use menage_b2b::mock::PisteSandbox;
use menage_b2b::{Authenticator, Credentials, ErrorKind};
use serde_json::json;
use wiremock::{Request, ResponseTemplate};

use crate::support::{api_requests, header, sandbox, token, token_requests};

fn authenticator(sandbox: &PisteSandbox) -> Authenticator {
    Authenticator::builder(sandbox.token_url(), sandbox.credentials()).http(|http| http.no_proxy()).build().unwrap()
}

fn form(request: &Request) -> BTreeMap<String, String> {
    let body = std::str::from_utf8(&request.body).unwrap();
    let url = reqwest::Url::parse(&format!("http://form/?{body}")).unwrap();
    url.query_pairs().into_owned().collect()
}

#[tokio::test]
async fn the_credentials_go_in_the_form_with_the_default_scopes() {
    let (sandbox, client) = sandbox().await;
    client.authenticator().header().await.unwrap();
    let [request] = token_requests(&sandbox).await.try_into().unwrap();
    assert_eq!(header(&request, "content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&request, "accept"), Some("application/json"));
    assert_eq!(header(&request, "authorization"), None);
    assert_eq!(request.url.query(), None);
    let expected = [
        ("client_id", "sandbox-client-id"),
        ("client_secret", "sandbox-client-secret"),
        ("grant_type", "client_credentials"),
        ("scope", "openid dihal.sisiaoapimenage"),
    ];
    assert_eq!(form(&request), expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[tokio::test]
async fn scopes_are_as_set_and_an_empty_set_sends_none() {
    let (sandbox, _) = sandbox().await;
    let builder = || sandbox.client_builder();
    for (builder, scope) in [(builder().scopes(["a", " b  c "]), Some("a b c")), (builder().scopes([""]), None)] {
        builder.build().unwrap().authenticator().header().await.unwrap();
        let request = token_requests(&sandbox).await.pop().unwrap();
        assert_eq!(form(&request).get("scope").map(String::as_str), scope);
    }
}

#[tokio::test]
async fn an_authenticator_of_its_own_asks_for_no_scope() {
    let (sandbox, _) = sandbox().await;
    authenticator(&sandbox).header().await.unwrap();
    assert_eq!(form(&token_requests(&sandbox).await[0]).get("scope"), None);
}

#[tokio::test]
async fn answers_that_stray_from_the_rfc_still_give_the_token() {
    let jwt = format!("{}.{}.{}", "a".repeat(40), "b-_".repeat(1_500), "c".repeat(342));
    for (access_token, fields) in [
        ("abc", json!({"expires_in": 3600})),
        ("abc", json!({"expires_in": "3600"})),
        ("abc", json!({"expires_in": 3600.0})),
        ("abc", json!({"expires_in": null, "scope": null})),
        ("abc", json!({"token_type": "bearer"})),
        ("abc", json!({"token_type": "BEARER"})),
        ("abc", json!({"token_type": null})),
        ("abc", json!({"scope": "openid resource.READ and more"})),
        ("abc", json!({"scope": ["openid"], "id_token": {"x": 1}, "refresh_token": 7})),
        (&jwt, json!({"expires_in": 60})),
    ] {
        let (sandbox, _) = sandbox().await;
        sandbox.token_endpoint().answers_with(token(access_token, &fields));
        let header = authenticator(&sandbox).header().await.unwrap();
        assert_eq!(header, format!("Bearer {access_token}"), "{fields}");
    }
}

#[tokio::test]
async fn the_content_type_of_a_token_does_not_matter() {
    for content_type in ["application/json;charset=UTF-8", "text/plain", "text/html"] {
        let (sandbox, _) = sandbox().await;
        let body = r#"{"access_token":"abc","token_type":"Bearer","expires_in":3600}"#;
        sandbox.token_endpoint().answers_with(ResponseTemplate::new(200).set_body_raw(body, content_type));
        assert_eq!(authenticator(&sandbox).header().await.unwrap(), "Bearer abc");
    }
}

#[tokio::test]
async fn refusals_reach_the_caller_typed() {
    use ErrorKind::{
        CredentialsRefused, InvalidTokenAnswer, ScopeRefused, TokenEndpoint, TokenRequestRefused, TokenRequestThrottled,
    };
    let refusal = |status, code: &str| ResponseTemplate::new(status).set_body_json(json!({"error": code}));
    let raw = |status, body: &str| ResponseTemplate::new(status).set_body_raw(body.to_owned(), "text/html");
    for (answer, kind, status, code, transient) in [
        (refusal(400, "invalid_client"), CredentialsRefused, Some(400), Some("invalid_client"), false),
        (refusal(401, "invalid_client"), CredentialsRefused, Some(401), Some("invalid_client"), false),
        (refusal(400, "unauthorized_client"), CredentialsRefused, Some(400), Some("unauthorized_client"), false),
        (refusal(400, "invalid_scope"), ScopeRefused, Some(400), Some("invalid_scope"), false),
        (refusal(503, "temporarily_unavailable"), TokenEndpoint, Some(503), Some("temporarily_unavailable"), true),
        (refusal(400, "unsupported_grant_type"), TokenRequestRefused, Some(400), Some("unsupported_grant_type"), false),
        (refusal(400, "not_a_code"), TokenRequestRefused, Some(400), None, false),
        (refusal(429, "access_denied"), TokenRequestThrottled, Some(429), Some("access_denied"), true),
        (refusal(500, "invalid_client"), TokenEndpoint, Some(500), Some("invalid_client"), true),
        (raw(400, ""), TokenRequestThrottled, Some(400), None, true),
        (raw(400, r#"{"error":{"code":1}}"#), TokenRequestThrottled, Some(400), None, true),
        (raw(404, "<html>"), TokenEndpoint, Some(404), None, false),
        (raw(429, "<html>"), TokenRequestThrottled, Some(429), None, true),
        (raw(500, "<html>"), TokenEndpoint, Some(500), None, true),
        (raw(200, ""), InvalidTokenAnswer, None, None, false),
        (raw(200, "<html>"), InvalidTokenAnswer, None, None, false),
        (token("", &json!({})), InvalidTokenAnswer, None, None, false),
        (token("a\nb", &json!({})), InvalidTokenAnswer, None, None, false),
        (token("abc", &json!({"token_type": "mac"})), InvalidTokenAnswer, None, None, false),
        (token(&"x".repeat(70_000), &json!({})), InvalidTokenAnswer, None, None, false),
    ] {
        let (sandbox, client) = sandbox().await;
        sandbox.token_endpoint().answers_with(answer);
        let error = client.healthcheck().send().await.unwrap_err();
        assert!(error.is_token_endpoint(), "{error:?}");
        assert_eq!((error.kind(), error.oauth2_error(), error.is_transient()), (kind, code, transient), "{error:?}");
        assert_eq!(error.status().map(|status| status.as_u16()), status, "{error:?}");
        assert_eq!(api_requests(&sandbox).await.len(), 0, "nothing goes out without a token");
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_by_the_sandbox_as_by_piste() {
    let (sandbox, _) = sandbox().await;
    for credentials in
        [Credentials::new("sandbox-client-id", "wrong"), Credentials::new("wrong", "sandbox-client-secret")]
    {
        let authenticator =
            Authenticator::builder(sandbox.token_url(), credentials).http(|http| http.no_proxy()).build().unwrap();
        assert_eq!(authenticator.header().await.unwrap_err().oauth2_error(), Some("invalid_client"));
    }
}

#[tokio::test]
async fn a_secret_file_is_read_again_at_each_token_request() {
    let (sandbox, _) = sandbox().await;
    // No life at all: each call needs a token of its own.
    sandbox.token_endpoint().answers_with(token("abc", &json!({"expires_in": 0})));
    let file = std::env::temp_dir().join(format!("menage-b2b-{}-rotated", std::process::id()));
    let credentials = Credentials::from_secret_file("sandbox-client-id", &file);
    let authenticator =
        Authenticator::builder(sandbox.token_url(), credentials).http(|http| http.no_proxy()).build().unwrap();
    for secret in ["first", "second"] {
        std::fs::write(&file, format!("{secret}\r\n")).unwrap();
        authenticator.header().await.unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    let error = authenticator.header().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error:?}");
    let secrets: Vec<_> =
        token_requests(&sandbox).await.iter().map(|request| form(request)["client_secret"].clone()).collect();
    assert_eq!(secrets, ["first", "second"]);
}
