//! In the place of `src/auth/sync.rs`: each lock is a point at which the checker may go on with another thread.

use std::sync::Arc;

use shuttle::sync::RwLock;

pub(super) use shuttle::sync::{Mutex, MutexGuard};
pub(super) use std::sync::{PoisonError, TryLockError};

use super::token::Token;

/// Stands for arc-swap's slot, which the checker cannot see into: what it promises, an atomic load and store.
pub(super) struct Slot(RwLock<Option<Arc<Token>>>);

impl Slot {
    pub(super) fn empty() -> Self {
        Self(RwLock::new(None))
    }

    pub(super) fn load(&self) -> Option<Arc<Token>> {
        self.load_full()
    }

    pub(super) fn load_full(&self) -> Option<Arc<Token>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn store(&self, token: Option<Arc<Token>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = token;
    }
}
