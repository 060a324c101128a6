//! Which requests are sent again, how often, and after how long.

use std::time::Duration;

use http::StatusCode;

use crate::circuit::CircuitRule;

/// The longest wait that a server can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Which requests are sent again, how often, and after how long.
///
/// | what | default |
/// |---|---|
/// | attempts of one request, the first included | 4 |
/// | wait before a repetition | random ("full jitter"), up to 0.1 s before the first, doubled with each, at most 5 s |
/// | wait that the server asks for with `Retry-After` | honoured up to 60 s, and up to 0.1 s more |
/// | repetitions of all requests | a tenth of the first attempts, and 10 more at the start |
/// | a server is left alone | after 10 failures in a row: for 5 s, then one request tries it, and doubles the time up to 60 s if it fails |
///
/// Sent again are requests that failed because the server cannot be reached, was silent for too long, broke the
/// connection, or answered 408, 429, 502, 503 or 504, provided that
///
/// - the method is idempotent (RFC 9110, section 9.2.2), or the request has an `Idempotency-Key` of which
///   [`RequestOptions`](crate::RequestOptions) say that the server honours it, or the request has surely not reached
///   the server: connecting failed, or the server refused the stream (RFC 9113, section 8.7);
/// - the wait ends before the total deadline of [`Limits`](crate::Limits), which holds for all attempts together.
///
/// A client shares the budget for repetitions, and what it knows of its servers, with all clients that are derived
/// from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(crate) attempts: u32,
    pub(crate) circuit: Option<CircuitRule>,
    first_wait: Duration,
    max_wait: Duration,
}

impl RetryPolicy {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            attempts: 4,
            circuit: Some(CircuitRule {
                failures: 10,
                open_for: Duration::from_secs(5),
            }),
            first_wait: Duration::from_millis(100),
            max_wait: Duration::from_secs(5),
        }
    }

    /// Every request is sent exactly once, whatever became of those before: for a caller with a way of its own to
    /// try again.
    #[must_use]
    pub const fn never() -> Self {
        Self::new().with_attempts(1).without_circuit()
    }

    /// How often a request is sent at most, the first time included. Zero is taken for one.
    #[must_use]
    pub const fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The longest wait before the first repetition, which doubles with each further one, and the longest of all.
    #[must_use]
    pub const fn with_backoff(mut self, first: Duration, max: Duration) -> Self {
        self.first_wait = first;
        self.max_wait = max;
        self
    }

    /// After how many failures in a row a server is left alone, and for how long at first.
    #[must_use]
    pub const fn with_circuit(mut self, failures: u32, open_for: Duration) -> Self {
        self.circuit = Some(CircuitRule { failures, open_for });
        self
    }

    /// A server is asked however often it failed.
    #[must_use]
    pub const fn without_circuit(mut self) -> Self {
        self.circuit = None;
        self
    }

    /// How long to wait before the repetition of this number, counted from 1.
    pub(crate) fn wait(&self, repetition: usize, asked: Option<Duration>) -> Duration {
        match asked {
            // Not all who were told to come at one time come at that time.
            Some(asked) => asked.min(MAX_RETRY_AFTER) + random_part(self.first_wait),
            None => random_part(self.longest_wait(repetition)),
        }
    }

    fn longest_wait(&self, repetition: usize) -> Duration {
        let doublings = u32::try_from(repetition.saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = 2u32.saturating_pow(doublings);
        self.first_wait.saturating_mul(factor).min(self.max_wait)
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

fn random_part(of: Duration) -> Duration {
    of.mul_f64(fastrand::f64())
}

/// What an answer means for those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the answer.
    Final,
    /// The server is there, and asks for patience.
    Later,
    /// What stands before the server answered in its place.
    Down,
}

pub(crate) fn judge(status: StatusCode) -> Verdict {
    match status.as_u16() {
        408 | 429 => Verdict::Later,
        502..=504 => Verdict::Down,
        _ => Verdict::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_random_below_a_bound_that_doubles() {
        let policy =
            RetryPolicy::new().with_backoff(Duration::from_millis(100), Duration::from_secs(1));
        for (repetition, bound) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (4, 800),
            (5, 1000),
            (99, 1000),
        ] {
            let bound = Duration::from_millis(bound);
            let waits: Vec<_> = (0..500).map(|_| policy.wait(repetition, None)).collect();
            assert!(waits.iter().all(|wait| *wait <= bound), "{repetition}");
            let below = |part: f64| {
                waits
                    .iter()
                    .filter(|wait| **wait < bound.mul_f64(part))
                    .count()
            };
            // Full jitter: all of the range, evenly.
            assert!((70..180).contains(&below(0.25)), "{}", below(0.25));
            assert!((320..430).contains(&below(0.75)), "{}", below(0.75));
        }
    }

    #[test]
    fn a_server_may_ask_for_a_minute_and_no_more() {
        let policy = RetryPolicy::new();
        for (asked, expected) in [(0, 0), (7, 7), (60, 60), (61, 60), (u64::MAX, 60)] {
            let wait = policy.wait(1, Some(Duration::from_secs(asked)));
            let more = wait.checked_sub(Duration::from_secs(expected)).unwrap();
            assert!(more <= Duration::from_millis(100), "{asked}: {wait:?}");
        }
    }
}
