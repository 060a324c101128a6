//! The clock of one emulator, which can be moved and stopped, and the one way in which times are written.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// The clock of an emulator. Clones are handles to the same clock.
///
/// Whatever the emulator does with time follows it: the expiry of tokens and logins, rate limits, and the times of
/// records and changes. It never waits by it: deadlines of connections and delays of faults take real time.
#[derive(Clone, Default)]
pub struct Clock {
    mode: Arc<Mutex<Mode>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Real time and this much.
    Running(SignedDuration),
    Frozen(Timestamp),
}

impl Default for Mode {
    fn default() -> Self {
        Self::Running(SignedDuration::ZERO)
    }
}

impl Clock {
    /// The present moment of this clock, in whole microseconds: the finest that is written anywhere.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = self.mode().now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Moves the clock; a negative duration moves it back. It goes on running, or stays frozen.
    pub fn advance(&self, by: SignedDuration) {
        let mut mode = self.mode();
        *mode = match *mode {
            Mode::Running(offset) => Mode::Running(offset.saturating_add(by)),
            Mode::Frozen(moment) => Mode::Frozen(moved(moment, by)),
        };
    }

    /// Sets the clock to a moment, from which it goes on running, or at which it stays frozen.
    pub fn set(&self, moment: Timestamp) {
        self.mode().move_to(moment);
    }

    /// Stops the clock at its present moment.
    pub fn freeze(&self) {
        let mut mode = self.mode();
        *mode = Mode::Frozen(mode.now());
    }

    /// Lets a stopped clock run on from where it stands.
    pub fn resume(&self) {
        let mut mode = self.mode();
        *mode = Mode::Running(mode.now().duration_since(real_time()));
    }

    /// Goes back to real time.
    pub fn reset(&self) {
        *self.mode() = Mode::default();
    }

    /// Whether the clock is stopped.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        matches!(*self.mode(), Mode::Frozen(_))
    }

    /// How far the clock is ahead of real time.
    #[must_use]
    pub fn offset(&self) -> SignedDuration {
        self.mode().offset()
    }

    /// A clock that a program before this one had moved so far, or frozen.
    pub(crate) fn restore(&self, offset: SignedDuration, frozen: Option<Timestamp>) {
        *self.mode() = frozen.map_or(Mode::Running(offset), Mode::Frozen);
    }

    /// The moment at which it is frozen.
    pub(crate) fn frozen_at(&self) -> Option<Timestamp> {
        match *self.mode() {
            Mode::Running(_) => None,
            Mode::Frozen(moment) => Some(moment),
        }
    }

    fn mode(&self) -> MutexGuard<'_, Mode> {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&*self.mode()).finish()
    }
}

impl Mode {
    fn now(self) -> Timestamp {
        match self {
            Self::Running(offset) => moved(real_time(), offset),
            Self::Frozen(moment) => moment,
        }
    }

    fn offset(self) -> SignedDuration {
        match self {
            Self::Running(offset) => offset,
            Self::Frozen(moment) => moment.duration_since(real_time()),
        }
    }

    fn move_to(&mut self, moment: Timestamp) {
        *self = match self {
            Self::Running(_) => Self::Running(moment.duration_since(real_time())),
            Self::Frozen(_) => Self::Frozen(moment),
        };
    }
}

/// The moment this much later, or the first or last one that can be written.
fn moved(moment: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    moment.saturating_add(by).unwrap_or(end)
}

#[allow(
    clippy::disallowed_methods,
    reason = "everything else in this crate takes the time as a parameter or asks a `Clock`"
)]
fn real_time() -> Timestamp {
    Timestamp::now()
}

/// Writes a moment the way the cloud does: six fraction digits and `Z` (RFC 3339).
pub(crate) fn wire(moment: Timestamp) -> String {
    format!("{moment:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_digits_and_z() {
        let check = |input: &str, expected: &str| {
            assert_eq!(wire(input.parse().unwrap()), expected);
        };
        check("2026-01-12T08:15:30Z", "2026-01-12T08:15:30.000000Z");
        check(
            "2026-01-12T08:15:30.1234567Z",
            "2026-01-12T08:15:30.123456Z",
        );
        check("2026-01-12T09:15:30+01:00", "2026-01-12T08:15:30.000000Z");
    }

    #[test]
    fn a_frozen_clock_moves_only_when_it_is_told() {
        let clock = Clock::default();
        let moment: Timestamp = "2026-01-12T08:15:30Z".parse().unwrap();
        clock.freeze();
        clock.set(moment);
        assert_eq!(clock.now(), moment);
        clock.advance(SignedDuration::from_hours(24 * 30));
        assert_eq!(clock.now().to_string(), "2026-02-11T08:15:30Z");
        assert!(clock.is_frozen());
        clock.resume();
        assert!(!clock.is_frozen());
        let later = clock.now();
        assert!(later.to_string().starts_with("2026-02-11T08:1"), "{later}");
    }

    #[test]
    fn a_running_clock_keeps_its_distance() {
        let clock = Clock::default();
        clock.advance(SignedDuration::from_secs(3600));
        assert_eq!(clock.offset(), SignedDuration::from_secs(3600));
        clock.advance(SignedDuration::MAX);
        assert!(clock.now() > "9999-01-01T00:00:00Z".parse().unwrap());
        clock.reset();
        assert_eq!(clock.offset(), SignedDuration::ZERO);
    }
}
