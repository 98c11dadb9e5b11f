//! Reads any lines as `Retry-After`, `Date` and what tells of quotas.
//!
//! ```sh
//! cargo +nightly fuzz run retry_after -- -max_len=4096 -timeout=10
//! ```

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| menage_b2b::fuzzing::retry_after(bytes));
