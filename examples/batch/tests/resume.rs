//! What a run leaves to the next, and what it does not do again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use batch::Summary;
use indicatif::ProgressBar;
use menage_b2b::mock::wiremock::ResponseTemplate;
use menage_b2b::mock::{Fault, PisteSandbox};
use menage_b2b::{Cause, CheckStep, ErrorKind, RetryPolicy};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// A sandbox of which every item is known.
async fn sandbox() -> PisteSandbox {
    let sandbox = PisteSandbox::start().await;
    sandbox.operation("lireExemple").answers(&json!({ "libelle": "un exemple" }));
    sandbox
}

/// A file of results with this in it.
fn results(test: &str, text: &str) -> Result<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test).with_extension("jsonl");
    fs::write(&path, text)?;
    Ok(path)
}

async fn run(sandbox: &PisteSandbox, items: &[&str], output: &Path, end: &CancellationToken) -> Result<Summary> {
    let client = sandbox.client_builder().retry_policy(RetryPolicy::new().first_pause(Duration::ZERO)).build()?;
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    batch::run(&client, &items, output, &ProgressBar::hidden(), end).await
}

#[tokio::test]
async fn the_next_run_does_what_was_left_and_nothing_else() -> Result<()> {
    let (sandbox, output, end) = (sandbox().await, results("next_run", "")?, CancellationToken::new());
    sandbox.operation("lireExemple").path("id", "gone").fails(Fault::Status(404));
    sandbox.operation("lireExemple").path("id", "busy").times(3).fails(Fault::Status(503));
    let items = ["a", "gone", "busy", "b", "a"];

    let first = run(&sandbox, &items, &output, &end).await?;
    assert_eq!((first.done, first.skipped, first.failed, first.left), (2, 0, 1, 1));
    assert_eq!(first.reason.map(|error| error.kind()), Some(ErrorKind::Unavailable));
    sandbox.assert_calls("lireExemple", 3 + 3);

    let second = run(&sandbox, &items, &output, &end).await?;
    assert_eq!((second.done, second.skipped, second.failed, second.left), (1, 3, 1, 0));
    sandbox.assert_calls("lireExemple", 6 + 1);

    let mut lines: Vec<_> = fs::read_to_string(output)?.lines().map(str::to_owned).collect();
    lines.sort();
    let ok = |id| format!(r#"{{"id":"{id}","ok":{{"libelle":"un exemple"}}}}"#);
    assert_eq!(
        lines,
        [ok("a"), ok("b"), ok("busy"), r#"{"id":"gone","failed":{"kind":"NotFound","status":404}}"#.into()]
    );
    Ok(())
}

#[tokio::test]
async fn what_every_item_would_meet_ends_the_run() -> Result<()> {
    let hour = Duration::from_secs(3600);
    let ids: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    let items: Vec<_> = ids.iter().map(String::as_str).collect();
    for (fault, kind, pause, calls_at_most) in [
        (Fault::QuotaSpent(hour), ErrorKind::RateLimited, Some(hour), 4),
        (Fault::NotSubscribed, ErrorKind::Forbidden, None, 4),
        (Fault::Status(503), ErrorKind::Unavailable, None, 3 * 16),
    ] {
        let (sandbox, output) = (sandbox().await, results("ends", "")?);
        sandbox.gateway().fails(fault);
        let summary = run(&sandbox, &items, &output, &CancellationToken::new()).await?;
        assert_eq!((summary.done, summary.failed, summary.left), (0, 0, 100), "{kind:?}");
        let reason = summary.reason.map(|error| (error.kind(), error.retry_after()));
        assert_eq!(reason, Some((kind, pause)));
        let calls = sandbox.calls("lireExemple").len();
        assert!(calls <= calls_at_most, "{kind:?}: {calls} calls");
        assert_eq!(fs::read_to_string(output)?, "");
    }
    Ok(())
}

#[tokio::test]
async fn no_call_begins_after_the_end() -> Result<()> {
    let (sandbox, output, end) = (sandbox().await, results("end", "")?, CancellationToken::new());
    end.cancel();
    let summary = run(&sandbox, &["a", "b"], &output, &end).await?;
    assert_eq!((summary.done, summary.left), (0, 2));
    sandbox.assert_no_calls();
    Ok(())
}

#[tokio::test]
async fn a_line_that_a_killed_run_left_is_done_again() -> Result<()> {
    let whole = "{\"id\":\"a\",\"ok\":{\"libelle\":\"un exemple\"}}\n";
    for torn in ["{", r#"{"id":"b","ok":{"lib"#] {
        let (sandbox, output) = (sandbox().await, results("torn", &format!("{whole}{torn}"))?);
        let summary = run(&sandbox, &["a", "b"], &output, &CancellationToken::new()).await?;
        assert_eq!((summary.done, summary.skipped), (1, 1));
        assert_eq!(fs::read_to_string(output)?, format!("{whole}{}", whole.replace(r#""a""#, r#""b""#)));
    }
    Ok(())
}

#[tokio::test]
async fn another_file_is_left_alone() -> Result<()> {
    let sandbox = sandbox().await;
    for text in ["a\nb\n", "a", "{\"any\":1}\n"] {
        let output = results("another", text)?;
        assert!(run(&sandbox, &["a"], &output, &CancellationToken::new()).await.is_err(), "{text}");
        assert_eq!(fs::read_to_string(output)?, text);
    }
    sandbox.assert_no_calls();
    Ok(())
}

#[tokio::test]
async fn where_the_document_has_no_health_check_the_guides_is_asked_for_a_diagnosis() {
    let sandbox = PisteSandbox::start().await;
    let health = |answer: ResponseTemplate| sandbox.gateway().answers_with(answer);
    health(ResponseTemplate::new(200).set_body_json(json!({ "status": "UP" })));
    let diagnosis = sandbox.client().diagnose().await;
    assert!(diagnosis.is_healthy(), "{diagnosis}");
    assert_eq!(diagnosis.check(CheckStep::Healthcheck).map(|check| check.facts()["status"].clone()), Some(json!(200)));
    health(ResponseTemplate::new(200).set_body_string("<html>"));
    let diagnosis = sandbox.client().diagnose().await;
    assert_eq!(diagnosis.next_cause(), Some(Cause::NotTheApi), "{diagnosis}");
}
