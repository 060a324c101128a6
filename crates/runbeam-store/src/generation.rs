//! The number that tells the newer of two copies of a secret from the older one.

use std::fmt;
use std::time::Duration;

use runbeam_model::{Clock, Timestamp};

/// How new a state of an entry is. A later save has a larger one, in whichever place it was written.
///
/// It is the time of the save in milliseconds since 1970, or one more than the former generation if the clock has been
/// set back. So it grows even if the former state cannot be seen, as long as the clock goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Generation(u64);

impl Generation {
    /// That of a copy without a number: the earlier SDK, other implementations of age and people write such.
    pub(crate) const UNNUMBERED: Self = Self(0);

    /// The one of a save now, after `self`.
    pub(crate) fn next(self, clock: &dyn Clock) -> Self {
        self.successor().max(Self::of_time(clock))
    }

    /// The least one that is newer.
    pub(crate) fn successor(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// That of a save now, if there was none before.
    pub(crate) fn of_time(clock: &dyn Clock) -> Self {
        let since_1970: Duration = clock.now().saturating_duration_since(Timestamp::UNIX_EPOCH);
        Self(since_1970.as_millis().try_into().unwrap_or(u64::MAX))
    }

    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| text.parse().ok().map(Self)).flatten()
    }

    pub(crate) fn to_be_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use runbeam_model::ManualClock;

    use super::*;

    #[test]
    fn it_grows_with_the_time_and_against_it() {
        let clock = ManualClock::new(Timestamp::from_unix_seconds(1_000));
        let first = Generation::UNNUMBERED.next(&clock);
        assert_eq!(first, Generation(1_000_000));
        let second = first.next(&clock);
        assert_eq!(second, Generation(1_000_001), "in the same millisecond");
        clock.advance(Duration::from_secs(1));
        assert_eq!(second.next(&clock), Generation(1_001_000));
        let earlier = ManualClock::new(Timestamp::UNIX_EPOCH);
        assert_eq!(second.next(&earlier), Generation(1_000_002));
        assert_eq!(
            Generation(u64::MAX).next(&clock),
            Generation(u64::MAX),
            "no number is followed by a smaller one"
        );
    }

    #[test]
    fn only_plain_numbers_are_read() {
        for text in ["0", "1795339200000", "18446744073709551615"] {
            assert_eq!(Generation::parse(text).unwrap().to_string(), text);
        }
        for text in ["+1", "-1", "1 ", "0x1", "a", "18446744073709551616"] {
            assert_eq!(Generation::parse(text), None, "{text:?}");
        }
    }
}
