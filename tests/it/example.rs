//! The README's commands, as processes of their own.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::sandbox;
use menage_b2b::mock::PisteSandbox;
use serde_json::json;
use wiremock::ResponseTemplate;

/// An example that `cargo test` built beside this binary.
fn example(name: &str) -> PathBuf {
    let folder = std::env::current_exe().unwrap();
    folder.parent().unwrap().parent().unwrap().join("examples").join(name)
}

async fn healthcheck(variables: Vec<(&'static str, String)>) -> Output {
    run("healthcheck", &[], variables).await
}

/// Runs an example with these variables and none of the caller's.
async fn run(name: &str, arguments: &[&str], variables: Vec<(&'static str, String)>) -> Output {
    let mut command = Command::new(example(name));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_uppercase();
        let is_ours = text.starts_with("PISTE_") || text.starts_with("MENAGE_B2B_") || text.ends_with("_PROXY");
        if is_ours || text.starts_with("LC_") || text.starts_with("LANG") {
            command.env_remove(name);
        }
    }
    command.args(arguments).envs(variables);
    tokio::task::spawn_blocking(move || command.output().expect("cargo test builds the examples")).await.unwrap()
}

fn variables_of(sandbox: &PisteSandbox, secret: &str) -> Vec<(&'static str, String)> {
    vec![
        ("PISTE_CLIENT_ID", "sandbox-client-id".to_owned()),
        ("PISTE_CLIENT_SECRET", secret.to_owned()),
        ("PISTE_TOKEN_URL", sandbox.token_url()),
        ("MENAGE_B2B_BASE_URL", sandbox.base_url()),
    ]
}

#[tokio::test]
async fn without_credentials_it_asks_a_sandbox_and_says_so_on_standard_error_only() {
    let output = healthcheck(Vec::new()).await;
    assert!(output.status.success(), "{output:?}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(answer.is_object());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("embedded sandbox"), "{said}");
}

#[tokio::test]
async fn with_credentials_it_asks_whom_the_variables_name() {
    let (sandbox, _) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(ResponseTemplate::new(200).set_body_json(json!({"status": "UP"})));
    let output = healthcheck(variables_of(&sandbox, " sandbox-client-secret\n")).await;
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap(), json!({"status": "UP"}));
}

#[tokio::test]
async fn a_failure_is_a_message_on_standard_error_and_status_1() {
    let (sandbox, _) = sandbox().await;
    let refused = healthcheck(variables_of(&sandbox, "hush-hush")).await;
    let no_secret = healthcheck(vec![("PISTE_CLIENT_ID", "id".to_owned())]).await;
    let no_id = healthcheck(vec![("PISTE_CLIENT_SECRET", "hush-hush".to_owned())]).await;
    for (output, part) in
        [(refused, "invalid_client"), (no_secret, "PISTE_CLIENT_SECRET"), (no_id, "PISTE_CLIENT_ID is not set")]
    {
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(part) && !said.contains("hush-hush"), "{said}");
    }
}

#[tokio::test]
async fn what_stays_on_this_machine_goes_round_its_proxies() {
    let (sandbox, _) = sandbox().await;
    let proxy = PisteSandbox::start().await;
    let mut variables = variables_of(&sandbox, "sandbox-client-secret");
    variables.extend(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, proxy.server().uri())));
    let output = healthcheck(variables).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(proxy.server().received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn an_empty_scope_asks_for_none_and_another_environment_for_itself() {
    let (sandbox, _) = sandbox().await;
    let mut variables = variables_of(&sandbox, "sandbox-client-secret");
    variables.push(("PISTE_SCOPE", " ".to_owned()));
    assert!(healthcheck(variables).await.status.success());
    let [request] = crate::support::token_requests(&sandbox).await.try_into().unwrap();
    assert!(!String::from_utf8(request.body).unwrap().contains("scope="));

    let variables = [("PISTE_CLIENT_ID", "id"), ("PISTE_CLIENT_SECRET", "hush"), ("PISTE_ENVIRONMENT", "production")];
    let output = healthcheck(variables.map(|(name, value)| (name, value.to_owned())).into()).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("for the production the OpenAPI document lists"), "{said}");
}

#[tokio::test]
async fn plain_http_beyond_this_machine_needs_the_variable_and_is_warned_of() {
    let (sandbox, _) = sandbox().await;
    for (allowed, said_part, is_warned) in
        [("", "plain http to another machine", false), ("1", "connecting to the API", true)]
    {
        let mut variables = variables_of(&sandbox, "sandbox-client-secret");
        variables.push(("MENAGE_B2B_BASE_URL", "http://menage.invalid".to_owned()));
        variables.push(("MENAGE_B2B_ALLOW_HTTP", allowed.to_owned()));
        let output = healthcheck(variables).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(said_part) && said.contains("WARN") == is_warned, "{said}");
    }
}

#[test]
fn the_difference_of_two_documents_is_told_and_says_by_its_status_whether_it_breaks() {
    let fixture = |name: &str| format!("{}/tests/documents/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let bundled = format!("{}/openapi/sisiao-api-menage.json", env!("CARGO_MANIFEST_DIR"));
    let export = fixture("piste_export.json");
    for (old, new, status, said) in [
        (&bundled, &bundled, 0, ""),
        (&bundled, &export, 1, "/healthcheck"),
        (&export, &fixture("none.json"), 2, "none.json"),
    ] {
        let output =
            Command::new(example("openapi_diff")).args([old, new]).output().expect("cargo test builds the examples");
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let text = [output.stdout, output.stderr].concat();
        assert!(String::from_utf8(text).unwrap().contains(said), "{old} {new}");
    }
}

#[tokio::test]
async fn a_diagnosis_is_printed_in_the_language_of_the_reader_and_its_class_is_the_status() {
    let (sandbox, _) = sandbox().await;
    let refused = || variables_of(&sandbox, "hush-hush");
    let french = || [refused(), vec![("LANG", "fr_FR.UTF-8".to_owned())]].concat();
    for (arguments, variables, status, part) in [
        (&[][..], vec![], 0, "Nothing to do: calls succeed."),
        (&[], variables_of(&sandbox, "sandbox-client-secret"), 0, "\u{2713} health check      200 in"),
        (&[], refused(), 4, "Next: The client id or the secret is wrong."),
        (&[], french(), 4, "\u{c0} faire\u{a0}: L'identifiant client ou le secret est erron\u{e9}."),
        (&["--lang", "en"], french(), 4, "Next: The client id"),
        (&["--lang=en"], french(), 4, "Next: The client id"),
        (&["--help"], refused(), 0, "usage: diagnose"),
        (&["--lang", "fr"], refused(), 4, "\u{ab}\u{a0}Identifiants Oauth\u{a0}\u{bb}"),
        (
            &[],
            vec![("PISTE_CLIENT_ID", "id".to_owned())],
            2,
            "PISTE_CLIENT_SECRET or PISTE_CLIENT_SECRET_FILE is not set",
        ),
        (&[], vec![("PISTE_SCOPE", "openid".to_owned())], 2, "PISTE_CLIENT_ID is not set"),
    ] {
        let output = run("diagnose", arguments, variables).await;
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(part) && !said.contains("hush") && !said.contains('\u{1b}'), "{said}");
    }
}

#[tokio::test]
async fn a_diagnosis_for_machines_is_json_and_nothing_else() {
    let (sandbox, _) = sandbox().await;
    sandbox.operation("healthcheck").answers_with(ResponseTemplate::new(403));
    let output = run("diagnose", &["--json"], variables_of(&sandbox, "sandbox-client-secret")).await;
    assert_eq!((output.status.code(), output.stderr.len()), (Some(5), 0));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["class"], &said["next"]["guide_step"]), (&json!("access"), &json!(6)));
}

#[tokio::test]
async fn a_rotated_secret_takes_effect_without_a_restart() {
    let output = run("secret_rotation", &[], Vec::new()).await;
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.contains("token requests so far: 2"), "{said}");
}

#[tokio::test]
async fn a_proxy_and_a_private_authority_are_told_apart_and_served() {
    let output = run("proxy_and_authority", &[], Vec::new()).await;
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success() && said.contains("407") && said.contains("3. with both"), "{said}");
}

#[tokio::test]
async fn without_any_authority_there_is_a_hint_and_no_client() {
    let variables = [
        ("PISTE_CLIENT_ID", "id"),
        ("PISTE_CLIENT_SECRET", "hush"),
        ("MENAGE_B2B_BASE_URL", "https://menage.test/api"),
        ("SSL_CERT_FILE", "/nowhere"),
        ("SSL_CERT_DIR", "/nowhere"),
    ];
    let output = run("diagnose", &[], variables.map(|(name, value)| (name, value.to_owned())).into()).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("install them") && said.contains("SSL_CERT_FILE"), "{said}");
}

#[tokio::test]
async fn arguments_that_are_no_arguments_are_named_with_the_usage() {
    for arguments in [&["--lang"][..], &["--lang", "de"], &["--json=1"], &["--colour"], &["x"]] {
        let output = run("diagnose", arguments, Vec::new()).await;
        assert_eq!((output.status.code(), output.stdout.len()), (Some(64), 0));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(arguments[0]) && said.contains("usage: diagnose"), "{said}");
    }
}
