//! What the service makes of PISTE's answers, without PISTE.

use anyhow::Result;
use axum::{body::Body, http::Request, response::Response};
use menage_b2b::RetryPolicy;
use menage_b2b::mock::{Fault, PisteSandbox};
use serde_json::json;
use std::time::Duration;
use tower::ServiceExt;

async fn get(sandbox: &PisteSandbox, path: &str) -> Result<Response> {
    let client = sandbox.client_builder().retry_policy(RetryPolicy::new().first_pause(Duration::ZERO)).build()?;
    Ok(service::router(client).oneshot(Request::get(path).body(Body::empty())?).await?)
}

#[tokio::test]
async fn the_status_of_the_api_is_passed_on() -> Result<()> {
    let sandbox = PisteSandbox::start().await;
    sandbox.operation("healthcheck").answers(&json!({ "any": "field" }));
    assert_eq!(get(&sandbox, "/menage-api/status").await?.status(), 200);
    assert_eq!(get(&sandbox, "/health/ready").await?.status(), 200);
    sandbox.assert_calls("healthcheck", 2);
    Ok(())
}

#[tokio::test]
async fn faults_become_answers_to_the_caller() -> Result<()> {
    let hour = Fault::QuotaSpent(Duration::from_secs(3600));
    for (fault, status, calls) in [(Fault::Status(503), 503, 3), (hour, 503, 1), (Fault::NotSubscribed, 502, 1)] {
        let sandbox = PisteSandbox::start().await;
        sandbox.gateway().fails(fault.clone());
        let answer = get(&sandbox, "/menage-api/status").await?;
        assert_eq!(answer.status(), status, "{fault:?}");
        assert_eq!(answer.headers().contains_key("retry-after"), matches!(fault, Fault::QuotaSpent(_)));
        sandbox.assert_calls("healthcheck", calls);
    }
    Ok(())
}
