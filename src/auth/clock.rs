//! The two clocks by which a token's age is judged.

use std::time::Duration;

/// A moment, on both clocks. Only differences mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Now {
    /// Never set back, but it stands still while the machine sleeps.
    pub(super) monotonic: Duration,
    /// Goes on while the machine sleeps, but may be set. Since the Unix epoch.
    pub(super) wall: Duration,
}

/// How to read the clocks: a value, so that tests move them.
pub(super) type Clock = fn() -> Now;

impl Now {
    /// Tells how much time has passed since `earlier`, by the clock that saw more of it.
    pub(super) fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        monotonic.max(self.wall.saturating_sub(earlier.wall))
    }
}

/// Reads the clocks of the system. The coarse ones of Linux are a few milliseconds behind and cost a fifth.
#[cfg(target_os = "linux")]
pub(super) fn system() -> Now {
    use rustix::time::{ClockId, clock_gettime};

    let read = |clock| {
        let time = clock_gettime(clock);
        // Neither field is negative after 1970; a clock that is, reads as 1970.
        Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
    };
    Now { monotonic: read(ClockId::MonotonicCoarse), wall: read(ClockId::RealtimeCoarse) }
}

/// Reads the clocks of the system.
#[cfg(not(target_os = "linux"))]
pub(super) fn system() -> Now {
    use std::sync::LazyLock;
    use std::time::{Instant, SystemTime};

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Now { monotonic: START.elapsed(), wall: wall.unwrap_or_default() }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;
    use std::sync::LazyLock;
    use std::time::Instant;

    use super::*;

    const EPOCH: Duration = Duration::from_secs(1_000_000_000);

    thread_local! {
        static WALL: Cell<Duration> = const { Cell::new(EPOCH) };
    }

    /// Reads tokio's clock, paused or not, and a wall clock that [`set_wall`] moves.
    pub(in super::super) fn paused() -> Now {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        let start = *START;
        let monotonic = tokio::time::Instant::now().into_std().saturating_duration_since(start);
        Now { monotonic, wall: monotonic + WALL.get() }
    }

    /// Sets this thread's wall clock forward by so many seconds, or back.
    pub(in super::super) fn set_wall(seconds: i64) {
        let shift = Duration::from_secs(seconds.unsigned_abs());
        WALL.set(if seconds < 0 { WALL.get() - shift } else { WALL.get() + shift });
    }

    #[test]
    fn the_clock_that_saw_more_time_is_believed() {
        let at = |monotonic, wall| Now { monotonic: Duration::from_secs(monotonic), wall: Duration::from_secs(wall) };
        let seconds = Duration::from_secs;
        assert_eq!(at(15, 105).since(at(10, 100)), seconds(5));
        assert_eq!(at(10, 160).since(at(10, 100)), seconds(60), "the machine slept");
        assert_eq!(at(15, 40).since(at(10, 100)), seconds(5), "the wall clock was set back");
        assert_eq!(at(5, 40).since(at(10, 100)), seconds(0));
    }

    #[test]
    fn the_system_clocks_run_and_know_the_year() {
        let first = system();
        assert!(first.wall > EPOCH);
        while system().since(first) < Duration::from_millis(10) {
            std::hint::spin_loop();
        }
        assert!(system().monotonic > first.monotonic && system().wall > first.wall);
    }
}
