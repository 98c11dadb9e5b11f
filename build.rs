//! Generates the client of the OpenAPI document: read, prepare, generate, rewrite, write to `OUT_DIR`. Needs no network.

#[path = "src/document.rs"]
mod document;
#[path = "build/rewrite.rs"]
mod rewrite;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, panic, thread};

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use quote::quote;
use serde_json::Value;

const DOCUMENT: &str = "openapi/sisiao-api-menage.json";
/// progenitor recurses over schemas; the default stack is small for deep ones.
const STACK: usize = 256 * 1024 * 1024;

fn main() -> ExitCode {
    for path in ["build.rs", "build", "src/document.rs", "src/document", DOCUMENT] {
        println!("cargo::rerun-if-changed={path}");
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // cargo takes one line; the file is what a person can mend.
            println!("cargo::error=no client can be made of {DOCUMENT}: {}", reason.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let target = PathBuf::from(variable("OUT_DIR")?).join("generated.rs");
    let code = on_a_big_stack(move || generate(&root.join(DOCUMENT)))?;
    fs::write(&target, code).map_err(|error| format!("{} cannot be written: {error}", target.display()))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set: the build script is for cargo to run"))
}

/// Runs `work` where deep schemas have room and where a panic of progenitor ends in a sentence.
fn on_a_big_stack(work: impl FnOnce() -> Result<String, String> + Send + 'static) -> Result<String, String> {
    panic::set_hook(Box::new(|_| {}));
    let thread = thread::Builder::new().stack_size(STACK).spawn(work).map_err(|error| format!("no thread: {error}"))?;
    let outcome = thread.join();
    drop(panic::take_hook());
    outcome.unwrap_or_else(|cause| {
        let cause = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref().copied());
        Err(format!("it holds something that the generator cannot translate ({})", cause.unwrap_or("no reason given")))
    })
}

fn generate(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let mut document: Value = serde_json::from_str(&text).map_err(|error| format!("it is not JSON: {error}"))?;
    let servers = document::server_addresses(&document);
    document::prepare(&mut document)?;
    let document: OpenAPI =
        serde_json::from_value(document).map_err(|error| format!("it is not valid OpenAPI: {error}"))?;

    let mut generator = Generator::new(&settings());
    let tokens = generator.generate_tokens(&document).map_err(|error| error.to_string())?;
    // Cargo.toml has the crates of every format but these.
    if generator.get_type_space().uses_regress() || generator.uses_futures() || generator.uses_websockets() {
        return Err("it has a `pattern`, or an operation that streams, which this version cannot translate".to_owned());
    }
    let file = syn::parse2(tokens).map_err(|error| format!("the generated code cannot be read: {error}"))?;
    let mut file = rewrite::rewrite(file)?;
    file.items.push(syn::parse_quote! {
        /// The server addresses that the document lists.
        pub(crate) const SERVERS: &[&str] = &[#(#servers),*];
    });
    Ok(prettyplease::unparse(&file))
}

/// The hooks are `Expected`: without `src/hooks.rs` the crate does not compile, where it would send requests without a token.
fn settings() -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::transport::Transport));
    settings
}
