//! Chance, to spread what a fleet of clients would otherwise do in step.

use std::hash::{BuildHasher, RandomState};

/// Draws a number from 0 to 1. Each `RandomState` has keys of its own; that is chance enough to spread a fleet.
pub(crate) fn chance() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}
