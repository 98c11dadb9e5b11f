//! Generates the client of the OpenAPI document, into `OUT_DIR`. Needs no network.

#[path = "src/document"]
#[allow(dead_code, unreachable_pub, reason = "the library uses the rest")]
mod document {
    #[path = "../runtime/change.rs"]
    pub(crate) mod change;
    #[path = "pipeline.rs"]
    pub(crate) mod pipeline;
    #[path = "report.rs"]
    pub(crate) mod report;
}
#[path = "build/culprits.rs"]
mod culprits;
#[path = "build/docs.rs"]
mod docs;
#[path = "build/generator.rs"]
mod generator;
#[path = "build/names.rs"]
mod names;
#[path = "build/operations.rs"]
mod operations;
#[path = "build/rewrite.rs"]
mod rewrite;
#[path = "build/types.rs"]
mod types;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use document::change::Effect;

/// Names the document to use instead of the one that comes with the crate.
const VARIABLE: &str = "MENAGE_B2B_OPENAPI";
const BUNDLED: &str = "openapi/sisiao-api-menage.json";

fn main() -> ExitCode {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            tell("error", &reason);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let path = path()?;
    // Named before it is read, so that one that is mended is read again. Of the script's own files cargo knows.
    tell("rerun-if-changed", &path.display().to_string());
    let generated = generator::generate(&path)
        .map_err(|refusal| format!("no client can be made of {}: {refusal}", path.display()))?;
    for file in &generated.files {
        tell("rerun-if-changed", &file.display().to_string());
    }
    let out = PathBuf::from(variable("OUT_DIR")?);
    let lines = generated.changes.iter().map(|change| change.to_string().replace(['\n', '\r'], " ") + "\n");
    let report: String = lines.collect();
    write(&out.join("generated.rs"), &generated.code)?;
    write(&out.join("report.txt"), &report)?;
    warn(&path, &generated, &out);
    Ok(())
}

/// The document that the variable names, or the one that comes with the crate.
fn path() -> Result<PathBuf, String> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let Some(named) = env::var_os(VARIABLE).filter(|named| !named.is_empty()) else { return Ok(root.join(BUNDLED)) };
    let path = PathBuf::from(named);
    // The folder of a build script is its crate's: in a registry, for whoever depends on it.
    if path.is_absolute() || path.exists() {
        return Ok(path);
    }
    Err(format!(
        "{VARIABLE} is `{}`, which does not exist as seen from {}: write an absolute path, or in .cargo/config.toml \
         `[env] {VARIABLE} = {{ value = \"openapi/document.json\", relative = true }}`, which is relative to the folder of .cargo",
        path.display(),
        env::current_dir().unwrap_or(root).display(),
    ))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set: the build script is for cargo to run"))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Tells what the client lacks. cargo shows this for crates of the workspace only; `menage_b2b::document::CHANGES` has it always.
fn warn(path: &Path, generated: &generator::Generated, out: &Path) {
    for (effect, what) in [(Effect::LeftOut, "operation(s) left out"), (Effect::Degraded, "place(s) degraded")] {
        let changes: Vec<_> = generated.changes.iter().filter(|change| change.effect == effect).collect();
        let Some(first) = changes.first() else { continue };
        let report = out.join("report.txt");
        let (path, count, report) = (path.display(), changes.len(), report.display());
        tell("warning", &format!("{path}: {count} {what}, such as {first}; all are in {report}"));
    }
}

/// Tells cargo, which takes one line: a document's own words are not to begin another.
fn tell(key: &str, text: &str) {
    println!("cargo::{key}={}", text.replace(['\n', '\r'], " "));
}
