//! Reads any lines as environment variables.
//!
//! ```sh
//! cargo +nightly fuzz run configuration -- -max_len=4096 -timeout=10
//! ```

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| menage_b2b::fuzzing::configuration(bytes));
