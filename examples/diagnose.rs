//! Walks from the configuration to an answer of the API, and says what to do next.
//!
//! ```sh
//! cargo run --example diagnose
//! cargo run --example diagnose -- --lang fr
//! cargo run --example diagnose -- --json
//! ```
//!
//! With any of the variables of the README set (`PISTE_CLIENT_ID` …), those are diagnosed. Without, the example asks a sandbox of its
//! own, and says so. The language is that of `--lang` (`en`, `fr`), or else that of the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`).
//! Colours are for a terminal only, and not if `NO_COLOR` is set.
//!
//! Exit status: 0 if calls succeed; 1 if an answer is not understood, 2 configuration, 3 network, 4 credentials, 5 access
//! (subscription, CGU, scopes), 6 quota, 7 the token endpoint or the API is not available; 64 if the arguments are wrong.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use menage_b2b::mock::PisteSandbox;
use menage_b2b::{Client, Diagnosis, Language};

/// As `sysexits.h` has it.
const USAGE: u8 = 64;
const HELP: &str = "usage: diagnose [--lang en|fr] [--json]";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let arguments = match Arguments::read(words) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            let _ = writeln!(io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(fault) => {
            let _ = writeln!(io::stderr(), "{fault}\n{HELP}");
            return USAGE.into();
        }
    };
    let diagnosis = diagnosis().await.in_language(arguments.language);
    match print(&diagnosis, arguments.is_json) {
        Ok(()) => diagnosis.exit_status().into(),
        Err(_) => ExitCode::FAILURE,
    }
}

struct Arguments {
    language: Language,
    is_json: bool,
}

impl Arguments {
    /// `None` if help is asked for.
    fn read(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut arguments = Self { language: Language::from_env(), is_json: false };
        while let Some(word) = words.next() {
            let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
            match (name, value) {
                ("--json", None) => arguments.is_json = true,
                ("--help" | "-h", None) => return Ok(None),
                ("--lang", value) => {
                    let language =
                        value.map(str::to_owned).or_else(|| words.next()).ok_or("--lang needs a language")?;
                    arguments.language = language.parse().map_err(|fault| format!("--lang: {fault}"))?;
                }
                _ => return Err(format!("{word} is not known")),
            }
        }
        Ok(Some(arguments))
    }
}

async fn diagnosis() -> Diagnosis {
    let is_ours = |name: &str| name.starts_with("PISTE_") || name.starts_with("MENAGE_B2B_");
    if env::vars_os().any(|(name, value)| is_ours(&name.to_string_lossy()) && !value.is_empty()) {
        return Client::diagnose_env().await;
    }
    let sandbox = PisteSandbox::start().await;
    let _ = writeln!(
        io::stderr(),
        "no variable is set (PISTE_CLIENT_ID …): diagnosing an embedded sandbox at {}, not PISTE",
        sandbox.base_url()
    );
    match sandbox.client_builder().build() {
        Ok(client) => client.diagnose().await,
        Err(error) => error.into(),
    }
}

fn print(diagnosis: &Diagnosis, is_json: bool) -> io::Result<()> {
    let mut output = io::stdout();
    if is_json {
        return writeln!(output, "{}", serde_json::to_string_pretty(diagnosis)?);
    }
    let is_coloured = output.is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if is_coloured { writeln!(output, "{diagnosis:#}") } else { writeln!(output, "{diagnosis}") }
}
