//! Where the time comes from: the one place that reads it, and a clock that tests move.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::Timestamp;

/// Tells the time. Whoever needs it takes a clock.
pub trait Clock: Debug + Send + Sync {
    /// The time of day. It may jump when the system's clock is set.
    fn now(&self) -> Timestamp;

    /// The time since some fixed start. It never goes back: for ages and deadlines.
    fn monotonic(&self) -> Duration;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is a value of its own, and has nothing to add"
)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the time"
    )]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }

    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// A clock that stands still until it is moved, for tests. Clones share one time.
///
/// ```
/// # use runbeam_model::{Clock, ManualClock, Timestamp};
/// # use std::time::Duration;
/// let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(30 * 24 * 60 * 60));
/// assert_eq!(clock.now().to_string(), "1970-01-31T00:00:00.000000Z");
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    times: Arc<Mutex<Times>>,
}

#[derive(Debug)]
struct Times {
    now: Timestamp,
    monotonic: Duration,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            times: Arc::new(Mutex::new(Times {
                now,
                monotonic: Duration::ZERO,
            })),
        }
    }

    /// Lets `duration` pass.
    pub fn advance(&self, duration: Duration) {
        self.with(|times| {
            times.now = times.now.saturating_add(duration);
            times.monotonic = times.monotonic.saturating_add(duration);
        });
    }

    /// Sets the time of day without letting time pass, as an operator or a time server does.
    pub fn set(&self, now: Timestamp) {
        self.with(|times| times.now = now);
    }

    fn with<T>(&self, read: impl FnOnce(&mut Times) -> T) -> T {
        read(&mut self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.with(|times| times.now)
    }

    fn monotonic(&self) -> Duration {
        self.with(|times| times.monotonic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_the_clock_back_does_not_turn_back_ages() {
        let clock = ManualClock::new(Timestamp::from_unix_seconds(1_000));
        clock.advance(Duration::from_secs(5));
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
    }

    #[test]
    fn the_system_clock_moves_forward() {
        let (before, now) = (SystemClock.monotonic(), SystemClock.now());
        assert!(SystemClock.monotonic() >= before);
        assert!(now > Timestamp::from_unix_seconds(1_700_000_000));
    }
}
