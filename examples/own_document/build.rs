//! Says where to build this example from, before a missing operation does.

use std::env;

fn main() {
    println!("cargo::rerun-if-env-changed=MENAGE_B2B_OPENAPI");
    if !env::var("MENAGE_B2B_OPENAPI").is_ok_and(|document| document.ends_with("exemple.json")) {
        println!(
            "cargo::error=cargo finds .cargo/config.toml from the current folder: cd examples/own_document && cargo run"
        );
    }
}
