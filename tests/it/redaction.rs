//! No secret, token, request or answer shows in anything of ours that is printed.

use menage_b2b::reqwest::header::{HeaderMap, HeaderValue};
use menage_b2b::reqwest::{Method, Proxy, Request, Url};
use menage_b2b::{Authenticator, Credentials};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{Log, sandbox, shown, token};

const UNMISTAKABLE: &str = "hush-hush";

fn assert_silent(text: &str) {
    let bytes = format!("{:?}", UNMISTAKABLE.as_bytes());
    assert!(!text.contains(UNMISTAKABLE) && !text.contains(bytes.trim_matches(['[', ']'])), "{text}");
}

#[tokio::test]
async fn a_token_endpoint_that_echoes_the_secret_is_not_quoted() {
    let echoes = [
        ResponseTemplate::new(400).set_body_json(json!({"error": UNMISTAKABLE, "error_description": UNMISTAKABLE})),
        ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_client", "error_description": UNMISTAKABLE})),
        ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_client", "error_uri": UNMISTAKABLE})),
        ResponseTemplate::new(500).set_body_string(UNMISTAKABLE).insert_header("X-Echo", UNMISTAKABLE),
        ResponseTemplate::new(302).insert_header("Location", format!("https://example.test/?{UNMISTAKABLE}").as_str()),
        ResponseTemplate::new(200).set_body_string(UNMISTAKABLE),
        ResponseTemplate::new(200).set_body_json(json!({"access_token": [UNMISTAKABLE]})),
        token(UNMISTAKABLE, &json!({"token_type": UNMISTAKABLE})),
        token(&format!("{UNMISTAKABLE}\n"), &json!({})),
    ];
    for echo in echoes {
        let (sandbox, _) = sandbox().await;
        sandbox.token_endpoint().answers_with(echo);
        let credentials = Credentials::new("id", UNMISTAKABLE);
        let authenticator =
            Authenticator::builder(sandbox.token_url(), credentials).http(|http| http.no_proxy()).build().unwrap();
        let error = authenticator.header().await.unwrap_err();
        assert_silent(&shown(&error));
        assert_eq!((error.body(), error.headers()), (None, None));
    }
}

#[tokio::test]
async fn an_api_that_echoes_token_and_request_is_not_quoted() {
    let echo =
        |status| ResponseTemplate::new(status).insert_header("X-Echo", UNMISTAKABLE).set_body_string(UNMISTAKABLE);
    for answer in [200, 201, 302, 400, 401, 403, 404, 409, 429, 500, 503].map(echo) {
        let (sandbox, client) = sandbox().await;
        sandbox.token_endpoint().answers_with(token(UNMISTAKABLE, &json!({"expires_in": 3600})));
        sandbox.accept_token(UNMISTAKABLE);
        sandbox.operation("healthcheck").answers_with(answer);
        let error = client.healthcheck().send().await.unwrap_err();
        assert_silent(&shown(&error));
        assert_eq!(error.body(), Some(UNMISTAKABLE.as_bytes()), "it was the echo that failed");
    }
}

#[tokio::test]
async fn a_path_or_query_value_does_not_show_when_the_call_fails() {
    let (sandbox, client) = sandbox().await;
    let url = Url::parse(&format!("{}/{UNMISTAKABLE}?name={UNMISTAKABLE}", client.base_url())).unwrap();
    client.authenticator().header().await.unwrap();
    drop(sandbox);
    let mut request = Request::new(Method::POST, url);
    *request.body_mut() = Some(UNMISTAKABLE.into());
    assert_silent(&shown(&client.execute(request).await.unwrap_err()));
}

#[tokio::test]
async fn debug_shows_what_is_harmless_and_nothing_else() {
    let (sandbox, client) = sandbox().await;
    sandbox.token_endpoint().answers_with(token(UNMISTAKABLE, &json!({"expires_in": 3600})));
    client.authenticator().header().await.unwrap();
    let secret = HeaderValue::from_static(UNMISTAKABLE);
    let client = client.with_headers(HeaderMap::from_iter([("x-correlation-id".parse().unwrap(), secret)]));
    let builder = sandbox
        .client_builder()
        .http(|http| http.proxy(Proxy::all(format!("http://user:{UNMISTAKABLE}@127.0.0.1:1")).unwrap()));
    let default_headers = HeaderMap::from_iter([("x-key".parse().unwrap(), HeaderValue::from_static(UNMISTAKABLE))]);
    let keyed = sandbox.client_builder().http(|http| http.default_headers(default_headers)).build().unwrap();
    assert_silent(&format!("{keyed:?} {:?}", *keyed));
    let credentials = Credentials::new(format!("prefix-{UNMISTAKABLE}"), UNMISTAKABLE);
    let authenticator = Authenticator::builder(sandbox.token_url(), credentials.clone());

    let text = format!(
        "{client:?} {:?} {:?} {builder:?} {credentials:?} {authenticator:?} {:?} {:?} {sandbox:?}",
        *client,
        client.healthcheck(),
        client.authenticator(),
        client.authenticator().header().await.unwrap(),
    );
    assert_silent(&text);
    for harmless in [
        "Healthcheck",
        "ClientBuilder",
        "Sandbox",
        "Authenticator { scopes",
        "pref…",
        "timeout: 30s",
        "Sensitive",
        "headers: [\"x-correlation-id\"]",
        "retries: RetryPolicy { retries: 2",
    ] {
        assert!(text.contains(harmless), "{harmless}: {text}");
    }
}

#[tokio::test]
async fn scopes_and_challenges_are_servers_words_and_do_not_show() {
    let (sandbox, client) = sandbox().await;
    sandbox.accept_token("abc");
    sandbox
        .token_endpoint()
        .answers_with(token("abc", &json!({"expires_in": 3600, "scope": format!("openid {UNMISTAKABLE}")})));
    let challenge = format!("Bearer realm=\"{UNMISTAKABLE}\", error=\"{UNMISTAKABLE}\", scope=\"{UNMISTAKABLE}\"");
    let answer = ResponseTemplate::new(403).insert_header("WWW-Authenticate", challenge.as_str());
    sandbox.operation("healthcheck").answers_with(answer.insert_header("X-Request-Id", UNMISTAKABLE));
    let error = client.healthcheck().send().await.unwrap_err();
    assert_eq!(error.challenge().unwrap().realm(), Some(UNMISTAKABLE));
    assert_eq!(error.correlation_ids().collect::<Vec<_>>(), [("x-request-id", UNMISTAKABLE)]);
    let state = client.authenticator().state();
    assert_eq!(state.granted_scopes().unwrap(), ["openid", UNMISTAKABLE]);
    assert_eq!(state.missing_scopes(), ["dihal.sisiaoapimenage"]);
    let advice = error.advice();
    assert_silent(&format!("{} {state:?} {:?} {advice} {advice:?}", shown(&error), error.challenge()));
    assert!(format!("{state:?}").contains("granted_scopes: Some(2), missing_scopes: [\"dihal.sisiaoapimenage\"]"));
}

#[tokio::test]
async fn the_log_tells_what_happened_and_to_whom_it_may_concern_nothing_more() {
    let (sandbox, _) = sandbox().await;
    let log = Log::default();
    let _captured = log.capture();
    let client = sandbox.client_builder().scopes(["openid", "not.granted"]).build().unwrap();
    let url = Url::parse(&format!("{}/healthcheck?name={UNMISTAKABLE}", client.base_url())).unwrap();
    client.execute(Request::new(Method::GET, url.clone())).await.unwrap();
    sandbox.revoke_tokens();
    let echo = json!({"error": "invalid_client", "error_description": UNMISTAKABLE});
    sandbox.token_endpoint().answers_with(ResponseTemplate::new(400).set_body_json(echo));
    client.execute(Request::new(Method::GET, url)).await.unwrap_err();

    let log = log.text();
    assert_silent(&log);
    assert!(!log.contains("MenageB2bSandboxToken") && !log.contains("sandbox-client-secret"), "{log}");
    for told in [
        "token_request{first=true}",
        "token was granted",
        "lifetime=3600s",
        "missing=[\"not.granted\"]",
        "rejected before its end",
        "token_request{first=false}",
        "may be false",
        "no token was granted",
        "invalid_client",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
}
