//! What generated clients send and read, over real sockets on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should stop")]

mod answers;
#[path = "../../../../build/culprits.rs"]
mod culprits;
mod generator;
mod kit;
mod outcomes;
mod requests;
mod support;
mod versions;
