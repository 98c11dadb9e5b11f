//! What the store shares between threads. `tests/model` puts the types of a model checker in its place.

pub(super) use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// A token that readers take without waiting for anyone.
pub(super) type Slot = arc_swap::ArcSwapOption<super::token::Token>;
