//! Tells what changed between two OpenAPI documents, and what of it breaks a program: for the checks of partners.
//!
//! ```sh
//! cargo run --example openapi_diff -- OLD NEW
//! ```
//!
//! Or install it once, from the folder of this crate, and run `openapi_diff OLD NEW` anywhere:
//!
//! ```sh
//! cargo install --path . --example openapi_diff --features diff
//! ```
//!
//! The documents are those that a client can be generated of. There is one line a difference, the breaking ones first and
//! marked with `!`, then a line that counts them; with `--json`, the same as JSON. Exit status: 0 if no difference is
//! breaking, 1 if one is, 2 with a message on standard error if a document cannot be read or the result cannot be written.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fmt};

use anyhow::Context;
use menage_b2b::document::{Diff, diff_files};

const USAGE: &str = "\
usage: openapi_diff [--json] OLD NEW

Tells what changed from the OpenAPI document OLD to the OpenAPI document NEW.

  --json  write the differences as JSON
  --help  write this text

Exit status: 0 if no difference is breaking, 1 if one is, 2 if something went wrong.";
const BREAKING: u8 = 1;
const FAILED: u8 = 2;

fn main() -> ExitCode {
    match run(env::args_os().skip(1)) {
        Ok(status) => status,
        Err(error) => {
            // `#` shows the causes too. If standard error is closed, the status says it alone.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn run(arguments: impl Iterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let Some(task) = Task::of(arguments)? else {
        write(USAGE)?;
        return Ok(ExitCode::SUCCESS);
    };
    let diff = diff_files(&task.old, &task.new)?;
    if task.json {
        write(json(&diff)?)?
    } else {
        write(&diff)?
    }
    Ok(if diff.is_breaking() { ExitCode::from(BREAKING) } else { ExitCode::SUCCESS })
}

/// What the command line asks for.
struct Task {
    old: PathBuf,
    new: PathBuf,
    json: bool,
}

impl Task {
    /// Reads the command line. There is no task where it asks for help.
    fn of(arguments: impl Iterator<Item = OsString>) -> anyhow::Result<Option<Self>> {
        let (mut paths, mut json, mut only_paths) = (Vec::new(), false, false);
        for argument in arguments {
            match argument.to_str() {
                Some("--") if !only_paths => only_paths = true,
                Some("--help" | "-h") if !only_paths => return Ok(None),
                Some("--json") if !only_paths => json = true,
                Some(option) if !only_paths && option.starts_with('-') => {
                    anyhow::bail!("there is no option {option}\n\n{USAGE}");
                }
                _ => paths.push(PathBuf::from(argument)),
            }
        }
        match <[PathBuf; 2]>::try_from(paths) {
            Ok([old, new]) => Ok(Some(Self { old, new, json })),
            Err(paths) => anyhow::bail!("two documents are needed, and {} given\n\n{USAGE}", paths.len()),
        }
    }
}

fn json(diff: &Diff) -> anyhow::Result<String> {
    serde_json::to_string_pretty(diff).context("the differences cannot be written as JSON")
}

/// Writes to standard output. A reader that has read enough, such as `head`, is no failure.
fn write(text: impl fmt::Display) -> anyhow::Result<()> {
    let text = format!("{text}\n");
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("standard output cannot be written"),
        _ => Ok(()),
    }
}
