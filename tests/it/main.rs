//! The promises of the crate, over real sockets on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod calls;
mod diagnose;
mod documents;
mod errors;
mod example;
mod failures;
mod hostile;
mod limits;
mod redaction;
mod rejections;
mod runtimes;
mod sandbox;
mod structure;
mod support;
mod tokens;
