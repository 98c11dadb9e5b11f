//! The token in hand, the flight under way, and what each caller gets: publish, read, reject. Nothing here waits.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::backoff::Backoff;
use super::clock::Now;
use super::flight::Flight;
use super::sync::{Mutex, MutexGuard, PoisonError, Slot, TryLockError};
use super::token::{Bearer, Grant, Stage, Token};
use crate::error::Error;

/// What all clones share. Readers take the token from its slot; what changes is decided under the lock, which nobody holds
/// for longer than a decision takes.
pub(super) struct Store {
    token: Slot,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    flight: Option<Flight>,
    backoff: Backoff,
    generation: u64,
}

/// What a caller is to do.
pub(super) enum Verdict {
    Serve(Bearer),
    /// A flight will bring the token; it is waited for at most so long.
    Wait(Flight, Duration),
    /// The last flight succeeded, but its token has ended: it is too early for another.
    Pause(Duration),
    /// The last flight failed so: it is too early for another.
    Fail(Error),
}

/// What went before a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct History {
    /// There has been a token before.
    pub(super) has_worked: bool,
    /// The credentials were refused when last they were used.
    pub(super) was_refused: bool,
}

impl Store {
    pub(super) fn new() -> Self {
        Self { token: Slot::empty(), state: Mutex::default() }
    }

    /// Returns what is asked of the token if it is fresh. This is the way of nearly all calls.
    pub(super) fn fresh<T>(&self, now: Now, ask: impl FnOnce(&Token) -> T) -> Poll<T> {
        match self.token.load().as_deref() {
            Some(token) if token.stage(now) == Stage::Fresh => Poll::Ready(ask(token)),
            _ => Poll::Pending,
        }
    }

    /// Returns the token if it has not ended.
    pub(super) fn valid(&self, now: Now) -> Option<Bearer> {
        self.bearer_if(|token| token.is_valid(now))
    }

    /// Decides what a caller gets. Where a flight is wanted and allowed, `start` starts it.
    pub(super) fn decide(
        &self,
        now: Now,
        start: impl FnOnce(History) -> Result<Flight, Error>,
    ) -> Result<Verdict, Error> {
        let mut state = match self.bearer_if(|token| matches!(token.stage(now), Stage::Fresh | Stage::Due)) {
            // Whoever holds the lock decides what this caller would.
            Some(bearer) => match self.try_lock() {
                Some(state) => state,
                None => return Ok(Verdict::Serve(bearer)),
            },
            None => self.lock(),
        };
        // Under the lock, the token and the flight belong together.
        let token = self.token.load_full();
        match token.as_deref().map(|token| (token.stage(now), token)) {
            Some((Stage::Fresh, token)) => Ok(Verdict::Serve(token.bearer())),
            Some((Stage::Due, token)) => {
                // The renewal is beside the call: whatever becomes of it, the token serves.
                drop(state.next(now, start));
                Ok(Verdict::Serve(token.bearer()))
            }
            Some((Stage::Ending, token)) => {
                // Nobody waits while renewals fail.
                let has_failed = state.backoff.last_failure().is_some();
                match state.next(now, start) {
                    Ok(Verdict::Wait(flight, patience)) if !has_failed => {
                        Ok(Verdict::Wait(flight, patience.min(token.remaining(now) / 2)))
                    }
                    _ => Ok(Verdict::Serve(token.bearer())),
                }
            }
            Some((Stage::Ended, _)) | None => state.next(now, start),
        }
    }

    /// Ends the flight under way: publishes its token, or remembers its failure. `chance`, from 0 to 1, spreads a fleet.
    pub(super) fn land(&self, outcome: Result<(Now, Grant), Error>, now: Now, chance: f64) -> Result<Bearer, Error> {
        let mut state = self.lock();
        state.flight = None;
        match outcome {
            Ok((asked, grant)) => {
                state.generation += 1;
                state.backoff.succeed(now.monotonic);
                let token = Token::new(grant, state.generation, asked, now, chance);
                let bearer = token.bearer();
                self.token.store(Some(Arc::new(token)));
                Ok(bearer)
            }
            Err(error) => {
                state.backoff.fail(&error, now.monotonic, chance);
                Err(error)
            }
        }
    }

    /// Withdraws the token of this generation, so that the next caller has it renewed. A later token is not meant; and where
    /// rejections follow one another, the token stays as it is.
    pub(super) fn reject(&self, generation: u64, now: Now) -> bool {
        let mut state = self.lock();
        let is_current = self.token.load_full().is_some_and(|token| token.generation() == generation);
        let is_withdrawn = is_current && state.backoff.allow_rejection(now.monotonic);
        if is_withdrawn {
            self.token.store(None);
        }
        is_withdrawn
    }

    /// Returns the token in hand, and the failure since, if the last flight failed.
    pub(super) fn look(&self) -> (Option<Arc<Token>>, Option<Error>) {
        let state = self.lock();
        (self.token.load_full(), state.backoff.last_failure().cloned())
    }

    /// Gives up the flight under way.
    pub(super) fn abandon_flight(&self) {
        if let Some(flight) = self.lock().flight.take() {
            flight.abort();
        }
    }

    fn bearer_if(&self, is_wanted: impl FnOnce(&Token) -> bool) -> Option<Bearer> {
        self.token.load().as_deref().filter(|token| is_wanted(token)).map(Token::bearer)
    }

    /// A panic elsewhere leaves the state whole: each change to it is one assignment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl State {
    /// Joins the flight under way, or starts one, or tells why not yet. A flight that was lost is replaced.
    fn next(&mut self, now: Now, start: impl FnOnce(History) -> Result<Flight, Error>) -> Result<Verdict, Error> {
        match &self.flight {
            Some(flight) if flight.is_lost(now.monotonic) => flight.abort(),
            Some(flight) => return Ok(Verdict::Wait(flight.clone(), flight.remaining(now.monotonic))),
            None => {}
        }
        let last_failure = self.backoff.last_failure();
        if let Some(pause) = self.backoff.pause(now.monotonic) {
            return Ok(last_failure.map_or(Verdict::Pause(pause), |error| Verdict::Fail(error.clone())));
        }
        let was_refused = last_failure.is_some_and(Error::is_refusal);
        let flight = start(History { has_worked: self.generation > 0, was_refused })?;
        self.flight = Some(flight.clone());
        let patience = flight.remaining(now.monotonic);
        Ok(Verdict::Wait(flight, patience))
    }
}
