//! Reads any bytes as an answer of the token endpoint.
//!
//! ```sh
//! cargo +nightly fuzz run token_answer -- -max_len=4096 -timeout=10
//! ```

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| menage_b2b::fuzzing::token_answer(bytes));
