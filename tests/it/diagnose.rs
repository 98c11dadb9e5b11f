//! The diagnosis names the one thing to mend, whatever is broken.

use std::net::TcpListener;
use std::time::Duration;

use menage_b2b::mock::PisteSandbox;
use menage_b2b::reqwest::Proxy;
use menage_b2b::{
    Cause, CheckState, CheckStep, Client, ClientBuilder, Credentials, Diagnosis, Environment, FailureClass, Language,
    RetryPolicy,
};
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{Log, api_requests, sandbox, token};

const UNMISTAKABLE: &str = "hush-hush";

fn answer(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

/// An answer that says the unmistakable wherever it can.
fn echo(status: u16) -> ResponseTemplate {
    answer(status).insert_header("X-Echo", UNMISTAKABLE).set_body_string(UNMISTAKABLE)
}

fn page(status: u16) -> ResponseTemplate {
    answer(status).set_body_raw(format!("<html>{UNMISTAKABLE}"), "text/html")
}

fn challenge(status: u16, parameters: &str) -> ResponseTemplate {
    let challenge = format!("Bearer realm=\"{UNMISTAKABLE}\", {parameters}");
    echo(status).insert_header("WWW-Authenticate", challenge)
}

fn refusal(code: &str) -> ResponseTemplate {
    answer(400).set_body_json(json!({ "error": code, "error_description": UNMISTAKABLE }))
}

/// A client of the sandbox whose secret is unmistakable, and that tries nothing again.
fn builder(sandbox: &PisteSandbox) -> ClientBuilder {
    builder_of(sandbox, "sandbox-client-id")
}

fn builder_of(sandbox: &PisteSandbox, client_id: &str) -> ClientBuilder {
    Client::builder(Environment::Sandbox, Credentials::new(client_id, UNMISTAKABLE))
        .token_url(sandbox.token_url())
        .base_url(sandbox.base_url())
        .retry_policy(RetryPolicy::never())
}

async fn diagnose(builder: ClientBuilder) -> Diagnosis {
    builder.build().unwrap().diagnose().await
}

/// The address of a port that was free a moment ago: nobody listens there.
fn nobody() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{free}/api")
}

/// Text and JSON in both languages, `Debug`, and the log.
fn shown(diagnosis: &Diagnosis, log: &Log) -> String {
    let in_language = |language| {
        let diagnosis = diagnosis.clone().in_language(language);
        format!("{diagnosis} {diagnosis:#} {} {diagnosis:?}", serde_json::to_string(&diagnosis).unwrap())
    };
    [in_language(Language::English), in_language(Language::French), log.text()].concat()
}

/// The failed step, the cause to mend and the exit status; and nothing that no one should see.
#[track_caller]
fn assert_found(name: &str, diagnosis: &Diagnosis, log: &Log, step: CheckStep, cause: Cause, status: u8) {
    let failed: Vec<_> = diagnosis
        .checks()
        .iter()
        .filter(|check| check.state() == CheckState::Failed)
        .map(|check| check.step())
        .collect();
    assert_eq!(failed, [step], "{name}: {diagnosis}");
    assert_eq!((diagnosis.next_cause(), diagnosis.exit_status()), (Some(cause), status), "{name}: {diagnosis}");
    assert!(!diagnosis.is_healthy() && diagnosis.error().is_some());
    let steps: Vec<_> = diagnosis.checks().iter().map(|check| check.step().name()).collect();
    assert_eq!(steps, STEPS, "{name}");
    let text = shown(diagnosis, log);
    assert!(!text.contains(UNMISTAKABLE), "{name}: {text}");
    assert!(text.contains(cause.remedy(Language::English)) && text.contains(cause.remedy(Language::French)), "{name}");
}

const STEPS: [&str; 12] = [
    "configuration",
    "document",
    "environment",
    "proxy",
    "token_endpoint",
    "credentials",
    "scopes",
    "connection",
    "access",
    "healthcheck",
    "quotas",
    "clock",
];

#[tokio::test]
async fn each_fault_of_the_token_endpoint_has_its_next_action() {
    use Cause::*;
    use CheckStep::{Credentials as Refused, Scopes, TokenEndpoint};
    for (name, fault, step, cause, status) in [
        ("wrong credentials", refusal("invalid_client"), Refused, WrongCredentials, 4),
        ("not allowed", refusal("unauthorized_client"), Refused, ClientNotAllowed, 4),
        ("another grant", refusal("unsupported_grant_type"), Refused, TokenRequestRefused, 5),
        ("an unknown scope", refusal("invalid_scope"), Scopes, ScopeUnknown, 5),
        ("throttled, bare", echo(400), TokenEndpoint, TokenRequestsThrottled, 6),
        ("throttled", echo(429), TokenEndpoint, TokenRequestsThrottled, 6),
        ("down", echo(503), TokenEndpoint, TokenEndpointUnavailable, 7),
        ("elsewhere", echo(404), TokenEndpoint, TokenUrl, 2),
        ("another server", answer(404).set_body_json(json!({ "error": UNMISTAKABLE })), TokenEndpoint, TokenUrl, 2),
        ("a firewall", page(403), TokenEndpoint, NotTheApi, 7),
        ("a redirect", echo(302).insert_header("Location", "https://x.test"), TokenEndpoint, TokenUrl, 2),
        ("no token", echo(200), TokenEndpoint, TokenAnswer, 1),
        ("a page", page(200), TokenEndpoint, NotTheApi, 1),
        ("a proxy", echo(407), TokenEndpoint, ProxyAuthentication, 3),
    ] {
        let log = Log::default();
        let _captured = log.capture();
        let (sandbox, _) = sandbox().await;
        sandbox.token_endpoint().answers_with(fault);
        let diagnosis = diagnose(builder(&sandbox)).await;
        assert_found(name, &diagnosis, &log, step, cause, status);
        assert_eq!(api_requests(&sandbox).await.len(), 0, "{name}");
    }
}

#[tokio::test]
async fn each_fault_of_the_gateway_and_the_api_has_its_next_action() {
    use Cause::*;
    use CheckStep::{Access, Healthcheck, Quotas};
    let no_match = answer(403).set_body_string("No match found for request");
    let no_match_404 = answer(404).set_body_string("No match found for request");
    let disabled = r#"error="invalid_token", error_description="The client app was not found or is disabled.""#;
    for (name, fault, step, cause, status) in [
        ("refused without a reason", answer(403), Access, NotSubscribed, 5),
        ("refused with an echo", echo(403), Access, NotSubscribed, 5),
        ("a scope", challenge(403, r#"error="insufficient_scope""#), Access, ScopeNotGranted, 5),
        ("a firewall", page(403), Access, NotTheApi, 5),
        ("an unknown path", no_match, Access, BasePath, 2),
        ("an unknown path, said otherwise", no_match_404, Healthcheck, BasePath, 2),
        ("a dead token", challenge(401, r#"error="invalid_token""#), Access, TokenRejected, 5),
        ("no token", challenge(400, r#"error="invalid_request""#), Access, TokenRejected, 5),
        ("a disabled application", challenge(401, disabled), Access, ApplicationDisabled, 5),
        ("the API's own 401", echo(401), Access, RefusedByApi, 5),
        ("a spent quota", echo(429).insert_header("Retry-After", "7200"), Quotas, Quota, 6),
        ("down", echo(500), Healthcheck, ApiUnavailable, 7),
        ("not there", echo(404), Healthcheck, ApiUnavailable, 7),
        ("a late backend", echo(504), Healthcheck, ApiUnavailable, 7),
        ("an empty 400", answer(400), Healthcheck, EmptyBadRequest, 1),
        ("a 400 with an echo", echo(400), Healthcheck, RefusedByApi, 1),
        ("a redirect", echo(302), Healthcheck, BasePath, 2),
        ("a page", page(200), Healthcheck, NotTheApi, 1),
        ("a list", answer(200).set_body_json(json!([UNMISTAKABLE])), Healthcheck, Document, 1),
        ("text", echo(200), Healthcheck, Document, 1),
        ("another success", answer(202).set_body_json(json!({})), Healthcheck, Document, 1),
        ("nothing", answer(200), Healthcheck, ApiUnavailable, 1),
    ] {
        let log = Log::default();
        let _captured = log.capture();
        let (sandbox, _) = sandbox().await;
        sandbox.token_endpoint().answers_with(token(&format!("{UNMISTAKABLE}-token"), &json!({ "expires_in": 3600 })));
        sandbox.accept_token(format!("{UNMISTAKABLE}-token"));
        sandbox.operation("healthcheck").answers_with(fault);
        let diagnosis = diagnose(builder(&sandbox)).await;
        assert_found(name, &diagnosis, &log, step, cause, status);
        assert_eq!(diagnosis.check(CheckStep::Connection).unwrap().state(), CheckState::Passed, "{name}");
    }
}

#[tokio::test]
async fn each_fault_of_the_network_has_its_next_action() {
    use Cause::{NameResolution, ProxyAuthentication, Slow, TlsHandshake, Unreachable};
    use CheckStep::{Connection, Healthcheck, TokenEndpoint};
    let log = Log::default();
    let _captured = log.capture();
    let (sandbox, _) = sandbox().await;
    let is_granted = token(&format!("{UNMISTAKABLE}-token"), &json!({ "expires_in": 3600 }));
    sandbox.token_endpoint().answers_with(is_granted);
    sandbox.accept_token(format!("{UNMISTAKABLE}-token"));
    sandbox.operation("healthcheck").answers_with(echo(200).set_delay(Duration::from_secs(60)));
    let refusing = PisteSandbox::start().await;
    let all = wiremock::Mock::given(wiremock::matchers::any()).respond_with(echo(407));
    all.with_priority(1).mount(refusing.server()).await;
    let proxy = Proxy::all(refusing.server().uri().replace("//", &format!("//user:{UNMISTAKABLE}@"))).unwrap();
    let tls = sandbox.base_url().replace("http:", "https:");
    let soon = || builder(&sandbox).timeout(Duration::from_millis(200));
    let unresolved = || builder(&sandbox).base_url("https://menage.invalid/api").http(|http| http.no_proxy());
    for (name, builder, step, cause) in [
        ("no token endpoint", builder(&sandbox).token_url(nobody()), TokenEndpoint, Unreachable),
        ("no API", builder(&sandbox).base_url(nobody()), Connection, Unreachable),
        ("no name", unresolved(), Connection, NameResolution),
        ("no TLS", builder(&sandbox).base_url(tls), Connection, TlsHandshake),
        ("too late", soon(), Healthcheck, Slow),
        (
            "a proxy that wants a password",
            builder(&sandbox)
                .token_url("https://id.invalid/token")
                .base_url("https://menage.invalid/api")
                .http(|http| http.proxy(proxy)),
            TokenEndpoint,
            ProxyAuthentication,
        ),
    ] {
        let diagnosis = diagnose(builder).await;
        assert_found(name, &diagnosis, &log, step, cause, 3);
        assert_eq!(diagnosis.class(), Some(FailureClass::Network));
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_a_matter_of_the_configuration() {
    let (sandbox, _) = sandbox().await;
    let credentials = Credentials::from_secret_file("sandbox-client-id", "/nowhere/secret");
    let builder = Client::builder(Environment::Sandbox, credentials);
    let diagnosis = diagnose(builder.token_url(sandbox.token_url()).base_url(sandbox.base_url())).await;
    assert_found("no file", &diagnosis, &Log::default(), CheckStep::Configuration, Cause::Credentials, 2);
    assert!(diagnosis.to_string().contains("/nowhere/secret"));
}

#[tokio::test]
async fn what_warns_points_to_the_cause_of_what_fails() {
    use Cause::{ApiKeys, BasePath, OtherEnvironment, ScopeNotGranted};
    let (sandbox, _) = sandbox().await;
    sandbox.token_endpoint().answers_with(refusal("invalid_client"));
    for slip in ["my-api-key-1", "KeyId: 17"] {
        let diagnosis = diagnose(builder_of(&sandbox, slip)).await;
        assert_eq!(diagnosis.next_cause(), Some(ApiKeys), "{diagnosis}");
        assert_eq!(diagnosis.check(CheckStep::Configuration).unwrap().state(), CheckState::Warning);
    }
    let production = Client::builder(Environment::Production, Credentials::new("id-of-app", UNMISTAKABLE))
        .token_url(sandbox.token_url())
        .base_url("https://sandbox-api.piste.gouv.fr/organisation/api")
        .http(|http| http.no_proxy());
    let diagnosis = diagnose(production).await;
    assert_eq!(diagnosis.next_cause(), Some(OtherEnvironment), "{diagnosis}");
    assert_eq!(diagnosis.exit_status(), 2);

    let (sandbox, client) = crate::support::sandbox().await;
    wiremock::Mock::given(wiremock::matchers::path("/healthcheck"))
        .respond_with(answer(403))
        .mount(sandbox.server())
        .await;
    sandbox.operation("healthcheck").answers_with(answer(403));
    let without_path = sandbox.client_builder().base_url(sandbox.server().uri());
    assert_eq!(diagnose(without_path).await.next_cause(), Some(BasePath));
    let with_operation = sandbox.client_builder().base_url(format!("{}/healthcheck", sandbox.base_url()));
    let diagnosis = diagnose(with_operation).await;
    assert_eq!(diagnosis.next_cause(), Some(BasePath));
    assert!(diagnosis.to_string().contains("ends in /healthcheck, which the client appends itself"), "{diagnosis}");
    for scopes in [&[][..], &["openid"]] {
        let diagnosis = diagnose(sandbox.client_builder().scopes(scopes.iter().copied())).await;
        assert_eq!(diagnosis.next_cause(), Some(ScopeNotGranted), "{diagnosis}");
    }
    let without_scope = sandbox.client_builder().scopes(["openid", "not.granted"]);
    let diagnosis = diagnose(without_scope).await;
    assert_eq!(diagnosis.next_cause(), Some(ScopeNotGranted));
    assert!(diagnosis.to_string().contains("not granted: not.granted"), "{diagnosis}");
    assert_eq!(client.diagnose().await.next_cause(), Some(Cause::NotSubscribed));
}

/// Behind a proxy where nobody listens: nothing leaves this machine.
async fn diagnose_unsent(environment: Environment, token_url: &str, base_url: &str) -> Diagnosis {
    let builder = Client::builder(environment, Credentials::new("id-of-app", UNMISTAKABLE));
    let nobody = Proxy::all("http://127.0.0.1:1").unwrap();
    diagnose(builder.token_url(token_url).base_url(base_url).http(|http| http.proxy(nobody))).await
}

#[tokio::test]
async fn addresses_of_the_other_environment_or_of_the_other_server_are_warned_of() {
    let state = |diagnosis: &Diagnosis, step| diagnosis.check(step).unwrap().state();
    let (sandbox, production) = (Environment::Sandbox, Environment::Production);
    let api = |environment: Environment| format!("https://{}/organisation/api", environment.api_host());
    for (environment, token_url, base_url, is_mixed) in [
        (sandbox, sandbox.token_url(), api(sandbox), false),
        (production, production.token_url(), api(production), false),
        (sandbox, production.token_url(), api(sandbox), true),
        (production, sandbox.token_url(), api(production), true),
        (sandbox, sandbox.token_url(), api(production), true),
        (sandbox, "https://id.example.test/token?realm=hush-hush", "https://api.example.test/a".to_owned(), false),
    ] {
        let diagnosis = diagnose_unsent(environment, token_url, &base_url).await;
        let wanted = if is_mixed { CheckState::Warning } else { CheckState::Passed };
        assert_eq!(state(&diagnosis, CheckStep::Environment), wanted, "{diagnosis}");
        let facts = diagnosis.check(CheckStep::Environment).unwrap().facts();
        assert_eq!(facts["base_url"], json!(base_url));
        assert_eq!(
            facts["token_url"],
            json!(token_url.split('?').next().unwrap()),
            "no query, which may hold anything"
        );
        assert_eq!(state(&diagnosis, CheckStep::Configuration), CheckState::Passed);
        assert_eq!((diagnosis.next_cause(), diagnosis.exit_status()), (Some(Cause::Proxy), 3));
        assert!(diagnosis.check(CheckStep::Proxy).unwrap().detail().contains("as the program set"), "{diagnosis}");
    }
    for environment in [sandbox, production] {
        let diagnosis = diagnose_unsent(sandbox, sandbox.token_url(), environment.token_url()).await;
        let check = diagnosis.check(CheckStep::Configuration).unwrap();
        assert_eq!((check.state(), check.causes()), (CheckState::Warning, &[Cause::BasePath][..]));
        assert!(check.detail().contains("host of a token endpoint"), "{diagnosis}");
    }
}

#[tokio::test]
async fn what_looked_like_a_slip_is_none_if_calls_succeed() {
    let (sandbox, _) = sandbox().await;
    sandbox.token_endpoint().answers_with(token("abc", &json!({ "expires_in": 3600 })));
    wiremock::Mock::given(wiremock::matchers::path("/healthcheck"))
        .respond_with(answer(200).set_body_json(json!({})))
        .mount(sandbox.server())
        .await;
    let diagnosis = diagnose(builder_of(&sandbox, "my api-key").base_url(sandbox.server().uri())).await;
    let check = diagnosis.check(CheckStep::Configuration).unwrap();
    assert_eq!((check.state(), check.detail().as_str()), (CheckState::Passed, "client id my …, the secret is set"));
    assert_eq!(diagnosis.next_cause(), None, "{diagnosis}");
    let unasked = builder_of(&sandbox, "id").base_url(sandbox.server().uri()).scopes(["openid"]);
    assert_eq!(diagnose(unasked).await.next_cause(), None, "calls succeed without it");
    assert_eq!(
        diagnosis.check(CheckStep::Scopes).unwrap().detail(),
        "the token endpoint does not say which it granted"
    );
}

#[tokio::test]
async fn what_is_likely_wrong_but_works_is_a_warning_and_no_failure() {
    let (sandbox, _) = sandbox().await;
    let healthy = || answer(200).set_body_json(json!({ "status": "UP" }));
    for (fault, step, cause, detail) in [
        (
            healthy().insert_header("Date", "Wed, 21 Oct 2015 07:28:00 GMT"),
            CheckStep::Clock,
            Cause::ClockSkew,
            "s ahead of the server's",
        ),
        (
            healthy().insert_header("Date", "Fri, 31 Dec 2100 23:59:59 GMT"),
            CheckStep::Clock,
            Cause::ClockSkew,
            "s behind the server's",
        ),
        (
            healthy().insert_header("X-Rate-Limit", r#"[{"window":60,"type":"throttle","remaining":0}]"#),
            CheckStep::Quotas,
            Cause::Quota,
            "left: 0",
        ),
    ] {
        let (sandbox, client) = crate::support::sandbox().await;
        sandbox.operation("healthcheck").answers_with(fault);
        let diagnosis = client.diagnose().await;
        let check = diagnosis.check(step).unwrap();
        assert_eq!((check.state(), check.causes()), (CheckState::Warning, &[cause][..]), "{diagnosis}");
        assert!(check.detail().contains(detail), "{diagnosis}");
        assert!(diagnosis.is_healthy() && diagnosis.error().is_none());
        assert_eq!((diagnosis.exit_status(), diagnosis.class()), (0, None));
        assert_eq!(diagnosis.next_cause(), Some(cause));
    }
    sandbox
        .operation("healthcheck")
        .answers_with(healthy().insert_header("X-RateLimit-Limit", "100").insert_header("X-RateLimit-Remaining", "7"));
    let diagnosis = diagnose(sandbox.client_builder()).await;
    assert_eq!(diagnosis.check(CheckStep::Quotas).unwrap().detail(), "left: 7 of 100");
    assert_eq!(diagnosis.next_cause(), None);
}

#[tokio::test]
async fn a_healthy_client_has_nothing_to_do_and_asks_for_one_token_however_often_it_is_diagnosed() {
    let (sandbox, client) = sandbox().await;
    for _ in 0..3 {
        let diagnosis = client.diagnose().await;
        let states: Vec<_> = diagnosis.checks().iter().map(|check| check.state()).collect();
        let origin = sandbox.server().uri();
        for step in [CheckStep::TokenEndpoint, CheckStep::Connection] {
            assert_eq!(diagnosis.check(step).unwrap().detail(), format!("{origin} answered"));
        }
        let skipped: Vec<_> = states.iter().filter(|state| **state != CheckState::Passed).collect();
        assert_eq!(skipped, [&CheckState::Skipped], "the sandbox tells no quota: {diagnosis}");
        assert!(diagnosis.is_healthy() && diagnosis.next_action().is_none());
    }
    assert_eq!((sandbox.token_requests(), api_requests(&sandbox).await.len()), (1, 3));
}

#[tokio::test]
async fn a_token_that_is_refused_and_cannot_be_renewed_is_a_matter_of_the_token_endpoint() {
    let (sandbox, client) = sandbox().await;
    client.healthcheck().send().await.unwrap();
    sandbox.revoke_tokens();
    sandbox.token_endpoint().answers_with(answer(503));
    let diagnosis = client.diagnose().await;
    assert_found(
        "no renewal",
        &diagnosis,
        &Log::default(),
        CheckStep::TokenEndpoint,
        Cause::TokenEndpointUnavailable,
        7,
    );
    assert_eq!(diagnosis.check(CheckStep::Configuration).unwrap().state(), CheckState::Passed);
}

#[tokio::test]
async fn machines_read_the_same_in_json() {
    let (sandbox, client) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(echo(429).insert_header("Retry-After", "7200"));
    let diagnosis = client.diagnose().await.in_language(Language::French);
    let json: Value = serde_json::to_value(&diagnosis).unwrap();
    assert_eq!(json["healthy"], false);
    assert_eq!((&json["class"], &json["exit_status"]), (&json!("quota"), &json!(6)));
    let error = &json["error"];
    assert_eq!(
        (&error["kind"], &error["status"], &error["retry_after_seconds"], &error["transient"]),
        (&json!("rate_limited"), &json!(429), &json!(7200), &json!(true))
    );
    assert_eq!(error["causes"], json!(["quota"]));
    let next = &json["next"];
    assert_eq!(next["screen"], json!(r#""Applications" > "Actions" > "Consulter les quotas""#));
    assert_eq!(
        (&next["cause"], &next["guide_step"], &next["contact"]),
        (&json!("quota"), &Value::Null, &json!("piste.gouv.fr/support"))
    );
    assert_eq!(next["remedy"], json!(Cause::Quota.remedy(Language::French)));
    let checks = json["checks"].as_array().unwrap();
    assert_eq!(checks.len(), STEPS.len());
    let quotas = checks.iter().find(|check| check["step"] == "quotas").unwrap();
    assert_eq!((&quotas["state"], &quotas["causes"]), (&json!("failed"), &json!(["quota"])));
    assert_eq!(quotas["detail"], json!("trop de requêtes, ou quota épuisé (API, 429)\u{a0}; à attendre\u{a0}: 7200 s"));
    let access = checks.iter().find(|check| check["step"] == "access").unwrap();
    assert_eq!((&access["state"], &access["detail"]), (&json!("skipped"), &json!("la réponse ne le montre pas")));
}

#[tokio::test]
async fn a_terminal_shows_marks_and_colours_if_it_is_asked_to() {
    let (sandbox, client) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(answer(403));
    let diagnosis = client.diagnose().await;
    let (plain, coloured) = (diagnosis.to_string(), format!("{diagnosis:#}"));
    assert!(plain.contains("✗ access ") && plain.contains("✓ credentials ") && plain.contains("\nNext: "), "{plain}");
    assert!(!plain.contains('\u{1b}') && coloured.contains("\u{1b}[31m✗ access"), "{coloured}");
    let unpainted = ["[0m", "[1m", "[2m", "[31m", "[32m", "[33m"]
        .into_iter()
        .fold(coloured, |text, code| text.replace(&format!("\u{1b}{code}"), ""));
    assert_eq!(unpainted, plain);
    let french = diagnosis.in_language(Language::French).to_string();
    assert!(french.contains("✗ accès ") && french.contains("\nÀ faire\u{a0}: "), "{french}");
}
