//! Says where to build this example from, before a missing operation does.

use std::env;

fn main() {
    println!("cargo::rerun-if-env-changed=MENAGE_B2B_OPENAPI");
    if !env::var("MENAGE_B2B_OPENAPI").is_ok_and(|document| document.ends_with("exemples.json")) {
        println!(
            "cargo::error=build this example in its folder, whose .cargo/config.toml names its document: cd examples/batch && cargo run"
        );
    }
}
