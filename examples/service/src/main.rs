//! A web service that stands before the API, as a partner's back end does: one shared client, probes, graceful shutdown.
//!
//! ```sh
//! cargo run --manifest-path examples/service/Cargo.toml
//! cargo run --manifest-path examples/service/Cargo.toml -- --once
//! ```
//!
//! It answers `GET /health/live`, `GET /health/ready` and `GET /menage-api/status`, at `127.0.0.1:8080` unless `SERVICE_LISTEN`
//! names another address, until Ctrl-C or SIGTERM; requests under way are answered first. With `--once` it takes a free port, asks itself
//! each of the three, prints the answers, and ends.
//!
//! With credentials set (`PISTE_CLIENT_ID` …), the environment variables say whom to ask; see the README. Without, the service asks a
//! sandbox of its own, and says so on standard error. The log goes to standard output, as `RUST_LOG` says (default
//! `info,menage_b2b=debug`: each request to PISTE, by OpenTelemetry's names).
//!
//! Exit status: 0 after a shutdown; 1 if something went wrong, with `--once` also if an answer is no success; 64 if the arguments are wrong.

use std::env;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use menage_b2b::mock::PisteSandbox;
use menage_b2b::{Client, reqwest};
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::prelude::*;

/// As `sysexits.h` has it.
const USAGE: u8 = 64;
/// What a call may take here, below what the callers of the service and its orchestrator wait.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// So long requests under way may take after the signal. One that takes longer is stuck.
const GRACE: Duration = Duration::from_secs(25);

#[tokio::main]
async fn main() -> ExitCode {
    let is_once = match env::args_os().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [word] if word == "--once" => true,
        _ => {
            let _ = writeln!(io::stderr(), "usage: service [--once]");
            return USAGE.into();
        }
    };
    match run(is_once).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(is_once: bool) -> anyhow::Result<()> {
    log()?;
    // The sandbox ends when it is dropped.
    let (client, _sandbox) = client().await?;
    let named = env::var("SERVICE_LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let address = if is_once { "127.0.0.1:0" } else { &named };
    let listener = TcpListener::bind(address).await.with_context(|| format!("SERVICE_LISTEN: {address}"))?;
    let local = listener.local_addr()?;
    tracing::info!("listening at http://{local}");
    let router = service::router(client);
    if !is_once {
        return serve(listener, router, asked_to_end()).await;
    }
    let (told, end) = oneshot::channel::<()>();
    let service = serve(listener, router, async { drop(end.await) });
    let trial = async {
        let outcome = try_out(local).await;
        drop(told);
        outcome
    };
    tokio::try_join!(service, trial).map(|_| ())
}

/// Lets the log go to standard output. Each request to PISTE is a span, shown with its fields when it ends.
fn log() -> anyhow::Result<()> {
    let levels = env::var("RUST_LOG").unwrap_or_else(|_| "info,menage_b2b=debug".to_owned());
    let levels: Targets = levels.parse().context("RUST_LOG is not understood")?;
    // A reader that has gone is no reason to write elsewhere.
    let lines = tracing_subscriber::fmt::layer().with_span_events(FmtSpan::CLOSE).log_internal_errors(false);
    tracing_subscriber::registry().with(lines.with_filter(levels)).try_init().context("the log cannot be set up")
}

async fn client() -> anyhow::Result<(Client, Option<PisteSandbox>)> {
    // One of the three alone is a slip, which `builder_from_env` names.
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let (builder, sandbox) =
        if ["PISTE_CLIENT_ID", "PISTE_CLIENT_SECRET", "PISTE_CLIENT_SECRET_FILE"].iter().any(is_set) {
            (Client::builder_from_env().context("the environment variables do not make a client")?, None)
        } else {
            let sandbox = PisteSandbox::start().await;
            let url = sandbox.base_url();
            writeln!(
                io::stderr(),
                "no credentials are set (PISTE_CLIENT_ID): asking an embedded sandbox at {url}, not PISTE"
            )?;
            (sandbox.client_builder(), Some(sandbox))
        };
    Ok((builder.call_timeout(CALL_TIMEOUT).build().context("the settings do not make a client")?, sandbox))
}

/// Serves until `end`, and then until the requests under way are answered.
async fn serve(
    listener: TcpListener,
    router: axum::Router,
    end: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let (told, ending) = oneshot::channel::<()>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        end.await;
        tracing::info!("ending: requests under way are answered, new ones are not taken");
        drop(told);
    });
    tokio::select! {
        outcome = server.into_future() => outcome.context("the service failed"),
        () = async { drop(ending.await); sleep(GRACE).await } => anyhow::bail!("a request was still under way {GRACE:?} after the end"),
    }
}

/// Waits for Ctrl-C, or for the SIGTERM of an orchestrator.
async fn asked_to_end() {
    let outcome = tokio::select! { outcome = ctrl_c() => outcome, outcome = terminated() => outcome };
    if let Err(error) = outcome {
        tracing::error!(%error, "signals cannot be received");
    }
}

#[cfg(unix)]
async fn terminated() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate())?.recv().await;
    Ok(())
}

#[cfg(not(unix))]
async fn terminated() -> io::Result<()> {
    std::future::pending().await
}

/// Asks each endpoint once, over a socket, and prints the answers.
async fn try_out(address: SocketAddr) -> anyhow::Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut refused = Vec::new();
    for path in ["/health/live", "/health/ready", "/menage-api/status"] {
        let answer = http.get(format!("http://{address}{path}")).send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        writeln!(io::stdout(), "GET {path}: {status} {body}").context("standard output cannot be written")?;
        refused.extend((!status.is_success()).then_some(path));
    }
    anyhow::ensure!(refused.is_empty(), "no success: {}", refused.join(", "));
    Ok(())
}
