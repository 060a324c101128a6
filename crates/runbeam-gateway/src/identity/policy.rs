//! When a machine token is renewed, and when its end is warned of: computed from times alone.

use std::time::Duration;

use runbeam_sdk::model::{MachineToken, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The life of a machine token, where the token does not say when it began.
const USUAL_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// No pause is longer than this part of what is left, so that hundreds of attempts fit in, ever denser.
const PART_OF_REST: u32 = 64;

/// No two attempts are closer, however little is left.
const SHORTEST_PAUSE: Duration = Duration::from_secs(5);

/// The pause once nothing is left that could be lost.
const PAUSE_AFTER_EXPIRY: Duration = Duration::from_secs(60);

/// From how long before the expiry on it is warned of.
const WARNED_FROM: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// From when until when a token works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Life {
    /// When it was issued.
    pub issued: Timestamp,
    /// When it stops to work.
    pub expires: Timestamp,
}

impl Life {
    /// A life from `issued` to `expires`.
    #[must_use]
    pub fn new(issued: Timestamp, expires: Timestamp) -> Self {
        Self { issued, expires }
    }

    /// That of a token, if its end is known. One that does not say when it was issued is taken for one of thirty days.
    #[must_use]
    pub fn of(token: &MachineToken) -> Option<Self> {
        let expires = *token.expires_at.get()?;
        let usual = || expires.saturating_sub(USUAL_LIFE);
        let issued = token.issued_at.get().copied().unwrap_or_else(usual);
        Some(Self::new(issued, expires))
    }
}

/// The schedule of renewals.
///
/// The first attempt is at half of the life, and up to a twentieth of the life later, by chance: a fleet that was
/// authorized at once does not renew at once. After a failure it waits 30 seconds, then twice as long each time, but
/// never more than a 64th of the time that is left. For a token of thirty days that makes some 600 attempts in the
/// fifteen days until nothing works any more, every five hours at first and every few seconds at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RenewalPolicy;

impl RenewalPolicy {
    /// The schedule.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// How long to wait for the next attempt, at `now`, after so many `failures` in a row. `chance` is a random number
    /// from 0 to 1.
    #[must_use]
    pub fn wait(&self, life: Life, failures: u32, now: Timestamp, chance: f64) -> Duration {
        let chance = chance.clamp(0.0, 1.0);
        let left = life.expires.saturating_duration_since(now);
        if failures > 0 {
            return pause(left, failures).mul_f64(0.75 + 0.5 * chance);
        }
        let whole = life.expires.saturating_duration_since(life.issued);
        let start = life
            .issued
            .saturating_add(whole / 2)
            .saturating_add((whole / 20).mul_f64(chance));
        if start > now {
            return start.saturating_duration_since(now);
        }
        // It was due while nobody ran: those that start together now do not ask together.
        FIRST_PAUSE.min(left / PART_OF_REST).mul_f64(chance)
    }

    /// How insistently to warn with so much time left; not at all with more than five days.
    #[must_use]
    pub fn warning(&self, left: Duration) -> Option<ExpiryWarning> {
        if left > WARNED_FROM {
            return None;
        }
        // The days that have begun: 1 is the last one.
        let days_left = left.as_secs().div_ceil(DAY.as_secs()) as u32;
        let a_day = match days_left {
            5 => 1,
            4 => 2,
            3 => 4,
            2 => 8,
            _ => 24,
        };
        Some(ExpiryWarning {
            days_left,
            every: DAY / a_day,
        })
    }

    /// How long until a warning is due for the first time.
    pub(super) fn until_warning(&self, left: Duration) -> Duration {
        left.saturating_sub(WARNED_FROM)
    }
}

fn pause(left: Duration, failures: u32) -> Duration {
    if left.is_zero() {
        return PAUSE_AFTER_EXPIRY;
    }
    let doubled = FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(20));
    doubled.min(left / PART_OF_REST).max(SHORTEST_PAUSE)
}

/// How insistently it is warned that a token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpiryWarning {
    /// The days that are left, the begun one included: from 5 to 1, and 0 when it has expired.
    pub days_left: u32,
    /// How often it is repeated: once a day at first, every hour on the last day and from then on.
    pub every: Duration,
}

impl ExpiryWarning {
    /// Whether it is the last day, or past it: that is logged as an error.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.days_left <= 1
    }
}

#[cfg(test)]
mod tests;
