//! A call from end to end: what goes out, and what comes back.

use menage_b2b::reqwest::header::{HeaderMap, HeaderValue};
use menage_b2b::reqwest::{Method, Request, Url};
use menage_b2b::{Client, Credentials, Environment, ErrorKind, ResponseValue, types};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::support::{api_requests, header, sandbox};

#[tokio::test]
async fn a_call_goes_out_with_the_token_and_our_name_and_nothing_invented() {
    let (sandbox, client) = sandbox().await;
    client.healthcheck().send().await.unwrap();
    let [request] = api_requests(&sandbox).await.try_into().unwrap();
    assert_eq!(request.method, "GET");
    assert_eq!((request.url.path(), request.url.query()), ("/api-menage/healthcheck", None));
    let token = header(&request, "authorization").unwrap().strip_prefix("Bearer ").unwrap();
    assert_eq!(token.len(), 54);
    assert_eq!(header(&request, "user-agent"), Some(concat!("menage-b2b/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(header(&request, "accept"), Some("application/json"));
    assert_eq!(header(&request, "api-version"), None);
    assert!(request.body.is_empty());
}

#[tokio::test]
async fn every_field_of_the_answer_is_kept() {
    let (sandbox, client) = sandbox().await;
    let answer = json!({"status": "UP", "état": "prêt", "components": {"db": {"up": true}}, "n": 3, "none": null, "list": [1, "a"]});
    sandbox.operation("healthcheck").answers_with(ResponseTemplate::new(200).set_body_json(&answer));
    let health: ResponseValue<types::HealthcheckResponse> = client.healthcheck().send().await.unwrap();
    assert_eq!(health.status(), 200);
    assert_eq!(health.get("status"), Some(&json!("UP")));
    assert_eq!(serde_json::to_value(health.into_inner()).unwrap(), answer);
}

#[tokio::test]
async fn a_thousand_first_callers_make_one_token_request() {
    let (sandbox, client) = sandbox().await;
    // Whole calls of a thousand would need more open files than many machines allow.
    let calls: Vec<_> = (0..1_000)
        .map(|number| (number, client.clone()))
        .map(|(number, client)| {
            tokio::spawn(async move {
                match number % 10 {
                    0 => client.healthcheck().send().await.map(|health| health.status().as_u16()),
                    _ => client.authenticator().header().await.map(|_| 200),
                }
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), 200);
    }
    assert_eq!(sandbox.token_requests(), 1);
    assert_eq!(api_requests(&sandbox).await.len(), 100);
}

#[tokio::test]
async fn a_trailing_slash_of_the_base_url_makes_no_difference() {
    for tail in ["", "/", "//"] {
        let (sandbox, _) = sandbox().await;
        let client = sandbox.client_builder().base_url(format!(" {}{tail}\n", sandbox.base_url())).build().unwrap();
        assert_eq!(client.base_url(), sandbox.base_url());
        client.healthcheck().send().await.unwrap();
    }
}

#[test]
fn without_a_base_url_there_is_no_client_but_the_way_to_one() {
    for environment in [Environment::Sandbox, Environment::Production] {
        let error = Client::builder(environment, Credentials::new("id", "hush-hush")).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        for part in [environment.name(), "Documentation API", "`base_url`", "MENAGE_B2B_BASE_URL"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_sent() {
    let builder =
        || Client::builder(Environment::Sandbox, Credentials::new("id", "secret")).base_url("https://api.example.test");
    assert!(builder().build().is_ok());
    for (builder, fault) in [
        (builder().base_url("http://api.example.test"), "MENAGE_B2B_BASE_URL"),
        (builder().token_url("http://id.example.test"), "PISTE_TOKEN_URL"),
        (builder().token_url("id.example.test"), "PISTE_TOKEN_URL"),
        (builder().scopes(["é"]), "PISTE_SCOPE"),
        (
            Client::builder(Environment::Sandbox, Credentials::new(" ", "s")).base_url("https://a.test"),
            "PISTE_CLIENT_ID",
        ),
        (
            Client::builder(Environment::Sandbox, Credentials::new("id", "")).base_url("https://a.test"),
            "PISTE_CLIENT_SECRET",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(fault), "{error}");
    }
}

#[tokio::test]
async fn execute_takes_any_request_to_the_api() {
    let (sandbox, client) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(ResponseTemplate::new(200).set_body_string("any text"));
    let url = Url::parse(&format!("{}/healthcheck?a=b", client.base_url())).unwrap();
    let mut request = Request::new(Method::GET, url);
    request.headers_mut().insert("api-version", HeaderValue::from_static("7"));
    let answer = client.execute(request).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "any text");
    let [request] = api_requests(&sandbox).await.try_into().unwrap();
    assert_eq!(request.url.query(), Some("a=b"));
    assert_eq!(header(&request, "api-version"), Some("7"), "what the caller sets is the caller's");
    assert!(header(&request, "authorization").unwrap().starts_with("Bearer "));
}

#[tokio::test]
async fn added_headers_go_with_the_clone_only_and_never_replace_the_token() {
    let (sandbox, client) = sandbox().await;
    let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    };
    let first = client.with_headers(headers(&[
        ("traceparent", "1"),
        ("x-a", "a"),
        ("authorization", "mine"),
        ("accept", "x/y"),
    ]));
    let second = first.with_headers(headers(&[("traceparent", "2"), ("user-agent", "mine/1")]));
    for client in [&client, &first, &second] {
        client.healthcheck().send().await.unwrap();
    }
    let requests = api_requests(&sandbox).await;
    let sent = |name| requests.iter().map(|request| header(request, name)).collect::<Vec<_>>();
    assert_eq!(sent("traceparent"), [None, Some("1"), Some("2")]);
    assert_eq!(sent("x-a"), [None, Some("a"), Some("a")]);
    assert_eq!(sent("accept"), [Some("application/json"); 3]);
    assert_eq!(sent("user-agent")[2], Some("mine/1"));
    assert!(sent("authorization").iter().all(|value| value.unwrap().starts_with("Bearer MenageB2bSandboxToken")));
    assert_eq!(sandbox.token_requests(), 1);
}

#[tokio::test]
async fn the_authenticator_gives_the_same_header_that_calls_carry() {
    let (sandbox, client) = sandbox().await;
    let header_value = client.authenticator().header().await.unwrap();
    assert!(header_value.is_sensitive());
    client.healthcheck().send().await.unwrap();
    let [request] = api_requests(&sandbox).await.try_into().unwrap();
    assert_eq!(request.headers["authorization"], header_value);
    assert_eq!(sandbox.token_requests(), 1);
}

#[test]
fn clients_can_be_shared_and_their_calls_spawned() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn sendable<T: Send>(_: T) {}
    shared::<Client>();
    shared::<menage_b2b::Authenticator>();
    shared::<menage_b2b::Error>();
    let client =
        Client::builder(Environment::Sandbox, Credentials::new("id", "s")).base_url("https://a.test").build().unwrap();
    sendable(client.healthcheck().send());
}
