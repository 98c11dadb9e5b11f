//! Clients, threads and runtimes; what a cached token costs; what can be seen.

use std::time::Duration;

use chrono::Utc;
use menage_b2b::Client;
use menage_b2b::mock::PisteSandbox;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use wiremock::ResponseTemplate;

use crate::support::{sandbox, token};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A sandbox on a runtime that outlives the client's.
fn lasting_sandbox() -> (Runtime, PisteSandbox, Client) {
    let runtime = multi_thread();
    let (sandbox, client) = runtime.block_on(sandbox());
    (runtime, sandbox, client)
}

#[test]
fn a_client_works_on_after_its_runtime_is_gone() {
    let (_runtime, sandbox, client) = lasting_sandbox();
    for _ in 0..3 {
        current_thread().block_on(async {
            client.healthcheck().send().await.unwrap();
            sandbox.revoke_tokens();
            client.healthcheck().send().await.unwrap();
        });
    }
    assert_eq!(sandbox.token_requests(), 4);
}

#[test]
fn a_client_works_in_two_runtimes_at_once() {
    let (_runtime, sandbox, client) = lasting_sandbox();
    // A connection lives on the runtime that opened it: both stay until the last call is done.
    let runtimes = [multi_thread(), multi_thread()];
    let calls = || {
        let client = client.clone();
        async move {
            for _ in 0..20 {
                client.healthcheck().send().await.unwrap();
            }
        }
    };
    let tasks = runtimes.each_ref().map(|runtime| runtime.spawn(calls()));
    for task in tasks {
        current_thread().block_on(task).unwrap();
    }
    assert_eq!(sandbox.token_requests(), 1);
}

#[test]
fn a_cached_header_allocates_nothing() {
    let (runtime, _sandbox, client) = lasting_sandbox();
    let authenticator = client.authenticator();
    runtime.block_on(async {
        authenticator.header().await.unwrap();
        let mut header = std::pin::pin!(authenticator.header());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let counted = allocation_counter::measure(|| {
            let std::task::Poll::Ready(header) = header.as_mut().poll(&mut context) else { panic!("it waits") };
            assert!(header.is_ok());
        });
        assert_eq!(counted.count_total, 0, "{counted:?}");
    });
}

#[tokio::test]
async fn the_state_tells_when_the_token_ends_and_which_scopes_it_lacks() {
    let (sandbox, _) = sandbox().await;
    let client = sandbox.client_builder().scopes(["openid", "dihal.sisiaoapimenage", "not.granted"]).build().unwrap();
    let authenticator = client.authenticator();
    assert_eq!(authenticator.state().expires_at(), None);
    assert_eq!(authenticator.state().granted_scopes(), None);

    let before = Utc::now() - Duration::from_secs(1);
    authenticator.header().await.unwrap();
    let state = authenticator.state();
    let life = state.expires_at().unwrap() - before;
    assert!((3_600..=3_660).contains(&life.num_seconds()), "{life}");
    assert_eq!(state.granted_scopes().unwrap(), ["openid", "dihal.sisiaoapimenage", "resource.READ"]);
    assert_eq!(state.missing_scopes(), ["not.granted"]);
    assert!(state.last_failure().is_none());

    sandbox.revoke_tokens();
    sandbox.token_endpoint().answers_with(ResponseTemplate::new(503));
    client.healthcheck().send().await.unwrap_err();
    let state = authenticator.state();
    assert_eq!(state.expires_at(), None);
    assert_eq!(state.last_failure().unwrap().status().unwrap().as_u16(), 503);
}

#[tokio::test]
async fn an_answer_without_scopes_grants_those_asked_for() {
    let (sandbox, client) = sandbox().await;
    sandbox.token_endpoint().answers_with(token("abc", &json!({"expires_in": 60})));
    client.authenticator().header().await.unwrap();
    let state = client.authenticator().state();
    assert_eq!((state.granted_scopes(), state.missing_scopes()), (None, &[][..]));
}
