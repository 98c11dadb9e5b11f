//! The endpoints of a service that stands before the API. All requests share one client, and so one token and one pool.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use menage_b2b::{Client, Diagnosis, Error, ErrorKind, RetryPolicy};
use serde_json::json;
use tokio::sync::Mutex;

/// So long a diagnosis answers further probes.
const FRESH: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Service {
    client: Client,
    last: Arc<Mutex<Option<(Instant, Diagnosis)>>>,
}

/// Makes the service around a client.
pub fn router(client: Client) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/menage-api/status", get(status))
        .with_state(Service { client, last: Arc::default() })
}

/// The process answers. That says nothing of the API: a restart would not mend it.
async fn live() -> Json<serde_json::Value> {
    Json(json!({ "live": true }))
}

/// Calls would succeed. The diagnosis has no secret in it, but it is for those who run the service: keep it off the internet.
async fn ready(State(service): State<Service>) -> Response {
    // In a task of its own: if the prober hangs up, the diagnosis goes on, and the next probe finds it.
    match tokio::spawn(service.diagnosis()).await {
        Ok(diagnosis) if diagnosis.is_healthy() => Json(diagnosis).into_response(),
        Ok(diagnosis) => (StatusCode::SERVICE_UNAVAILABLE, Json(diagnosis)).into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The status of the API's health check. Of its body nothing is passed on: choose the fields that your callers need.
async fn status(State(service): State<Service>) -> Result<Response, Failure> {
    let health = service.client.healthcheck().send().await?;
    Ok((health.status(), Json(json!({ "answered": true }))).into_response())
}

impl Service {
    /// Diagnoses the client, unless that was done just now. Probes that come meanwhile wait for the one that is at it.
    async fn diagnosis(self) -> Diagnosis {
        let mut last = self.last.lock().await;
        if let Some((at, diagnosis)) = &*last
            && at.elapsed() < FRESH
        {
            return diagnosis.clone();
        }
        // Probes come again by themselves.
        let diagnosis = self.client.with_retry_policy(RetryPolicy::never()).diagnose().await;
        *last = Some((Instant::now(), diagnosis.clone()));
        diagnosis
    }
}

/// A failed call, on its way to an HTTP answer.
struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let status = status_for(&error);
        // The log gets the message, the caller a status: what went wrong behind the service is not the caller's to know.
        if error.is_transient() {
            tracing::warn!(%error, kind = ?error.kind(), tries = error.tries(), "the API is not available");
        } else {
            tracing::error!(%error, kind = ?error.kind(), "the call failed; to be done: {}", error.advice().remedy());
        }
        let body = Json(json!({ "error": status.canonical_reason() }));
        match error.retry_after().filter(|_| error.is_transient()) {
            Some(pause) => (status, [(RETRY_AFTER, pause.as_secs().to_string())], body).into_response(),
            None => (status, body).into_response(),
        }
    }
}

/// Says whose matter a failure is: 503 if waiting helps, 4xx the caller's, 500 ours, 502 that of those behind us.
fn status_for(error: &Error) -> StatusCode {
    match error.kind() {
        _ if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
        // Who may not call the API is this service. To the caller, 401 and 403 would say that it is they.
        _ if error.is_access() => StatusCode::BAD_GATEWAY,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Configuration | ErrorKind::InvalidRequest => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_GATEWAY,
    }
}
