//! Asks the API whether it works, and prints its answer as JSON.
//!
//! ```sh
//! cargo run --example healthcheck
//! ```
//!
//! With credentials set (`PISTE_CLIENT_ID` …), the environment variables say whom to ask and how; see the README. Without,
//! the example asks a sandbox of its own. Exit status: 0, or 1 with a message on standard error.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use menage_b2b::Client;
use menage_b2b::mock::PisteSandbox;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Warnings of the SDK, such as plain http to another machine, go to standard error.
    tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(LevelFilter::WARN).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `#` shows the causes too. If standard error is closed, the status says it alone.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    // One of the three alone is a slip, which `from_env` names.
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if ["PISTE_CLIENT_ID", "PISTE_CLIENT_SECRET", "PISTE_CLIENT_SECRET_FILE"].iter().any(is_set) {
        let client = Client::from_env().context("the environment variables do not make a client")?;
        return print_health(&client).await;
    }
    let sandbox = PisteSandbox::start().await;
    writeln!(
        io::stderr(),
        "no credentials are set (PISTE_CLIENT_ID): asking an embedded sandbox at {}, not PISTE",
        sandbox.base_url()
    )?;
    let client = sandbox.client_builder().build()?;
    print_health(&client).await
}

async fn print_health(client: &Client) -> anyhow::Result<()> {
    let health = client.healthcheck().send().await.context("the health check failed")?;
    let json = serde_json::to_string_pretty(&*health)?;
    writeln!(io::stdout(), "{json}").context("standard output cannot be written")
}
