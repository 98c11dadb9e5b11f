//! Works through a list of items, one call each, and goes on where an earlier run has ended.
//!
//! ```sh
//! cd examples/batch && cargo run
//! cd examples/batch && cargo run -- ITEMS RESULTS
//! ```
//!
//! It has to be built in its folder, whose `.cargo/config.toml` names the document that the client is generated of: an example, since the
//! crate's own document has no operation that takes an item.
//!
//! ITEMS has one id a line, RESULTS gets one JSON line an item. Items that are in RESULTS are not done again; what may pass by itself is
//! left for the next run, what fails for good is recorded. A quota that is spent and an access that is refused end the run, Ctrl-C does
//! too, after the calls under way. Without ITEMS a sample is made in `target/sample`, and worked through in two runs.
//!
//! With credentials set (`PISTE_CLIENT_ID` …), the environment variables say whom to ask; see the README. PISTE knows nothing of the
//! example's operation: put yours in its place (`call` in src/lib.rs). Without, an embedded sandbox answers that has a bad day, and says so on
//! standard error.
//!
//! Exit status: 0 if all items are done; 1 if some failed for good (as one of the sample does); 75 if some are left: come back later; 64 if
//! the arguments are wrong; 74 if a file cannot be read or written; 78 if the variables do not make a client.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::Context;
use batch::Summary;
use indicatif::{HumanDuration, ProgressBar};
use menage_b2b::Client;
use menage_b2b::mock::{Fault, PisteSandbox};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// As `sysexits.h` has them.
const USAGE: u8 = 64;
const FILES: u8 = 74;
const LATER: u8 = 75;
const SETTINGS: u8 = 78;
const FAILED_FOR_GOOD: u8 = 1;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    let paths = match arguments.as_slice() {
        [] => None,
        [items, results] => Some((items.as_path(), results.as_path())),
        _ => return failed(USAGE, "usage: batch [ITEMS RESULTS]"),
    };
    let sandbox = if has_credentials() { None } else { Some(sandbox().await) };
    let client = match &sandbox {
        Some(sandbox) => sandbox.client_builder().build(),
        None => Client::from_env(),
    };
    let client = match client {
        Ok(client) => client,
        Err(error) => return failed(SETTINGS, error),
    };
    let outcome = match paths {
        Some((items, results)) => work(&client, items, results).await,
        None => work_through_sample(&client).await,
    };
    if let Some(sandbox) = &sandbox {
        // More than items: some were tried again.
        let _ = writeln!(io::stderr(), "the sandbox received {} requests", sandbox.calls("lireExemple").len());
    }
    match outcome {
        Ok(Summary { left: 1.., .. }) => LATER.into(),
        Ok(Summary { failed: 1.., .. }) => FAILED_FOR_GOOD.into(),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => failed(FILES, format_args!("{error:#}")),
    }
}

fn failed(status: u8, message: impl std::fmt::Display) -> ExitCode {
    let _ = writeln!(io::stderr(), "{message}");
    status.into()
}

/// One of the three alone is a slip, which `from_env` names.
fn has_credentials() -> bool {
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    ["PISTE_CLIENT_ID", "PISTE_CLIENT_SECRET", "PISTE_CLIENT_SECRET_FILE"].iter().any(is_set)
}

/// A sandbox that has a bad day: two answers 503, an item that is not there, one that fails as often as a call is tried.
async fn sandbox() -> PisteSandbox {
    let sandbox = PisteSandbox::start().await;
    let url = sandbox.base_url();
    let _ = writeln!(
        io::stderr(),
        "no credentials are set (PISTE_CLIENT_ID): asking an embedded sandbox at {url}, not PISTE"
    );
    sandbox.gateway().script([Fault::Status(503), Fault::Status(503)]);
    sandbox.operation("lireExemple").answers(&json!({ "libelle": "un exemple" }));
    sandbox.operation("lireExemple").path("id", "exemple-4").fails(Fault::Status(404));
    sandbox.operation("lireExemple").path("id", "exemple-7").times(3).fails(Fault::Status(503));
    sandbox
}

/// Makes a list and works through it in two runs: what the first leaves, the second does.
async fn work_through_sample(client: &Client) -> anyhow::Result<Summary> {
    let folder = Path::new("target/sample");
    fs::create_dir_all(folder).context("target/sample cannot be made")?;
    let (items, results) = (folder.join("items.txt"), folder.join("results.jsonl"));
    let ids: String = (1..=12).map(|number| format!("exemple-{number}\n")).collect();
    fs::write(&items, ids).context("the sample cannot be written")?;
    if results.try_exists()? {
        fs::remove_file(&results).context("the results of the last sample cannot be removed")?;
    }
    work(client, &items, &results).await?;
    work(client, &items, &results).await
}

/// Works through a list, once.
async fn work(client: &Client, items: &Path, results: &Path) -> anyhow::Result<Summary> {
    let list = fs::read_to_string(items).with_context(|| format!("{} cannot be read", items.display()))?;
    let list: Vec<_> = list.lines().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let end = CancellationToken::new();
    let told = end.clone();
    let ctrl_c = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            told.cancel();
        }
    });
    // indicatif draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::new(0);
    let summary = batch::run(client, &list, results, &bar, &end).await;
    bar.finish_and_clear();
    ctrl_c.abort();
    let summary = summary?;
    tell(&summary, results)?;
    Ok(summary)
}

/// Tells what became of the list. Ids stay out of it: they can be those of persons.
fn tell(summary: &Summary, results: &Path) -> anyhow::Result<()> {
    let Summary { done, skipped, failed, left, reason } = summary;
    let line =
        format!("{done} done, {skipped} known before, {failed} failed for good, {left} left: {}", results.display());
    writeln!(io::stdout(), "{line}").context("standard output cannot be written")?;
    let Some(error) = reason else { return Ok(()) };
    let mut stderr = io::stderr();
    writeln!(stderr, "left for the next run: {error}")?;
    match error.retry_after() {
        Some(pause) => writeln!(stderr, "come back in {}", HumanDuration(pause))?,
        None if error.is_transient() => writeln!(stderr, "come back in some minutes")?,
        None => writeln!(stderr, "come back when this is mended: {}", error.advice())?,
    }
    Ok(())
}
