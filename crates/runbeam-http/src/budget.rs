//! How many requests may be repeated: a token bucket that first attempts fill.

use std::sync::atomic::{AtomicU32, Ordering};

/// A retry takes one token; a first attempt brings a tenth of one.
const RETRY: u32 = 10;
const FIRST_ATTEMPT: u32 = 1;
/// Ten retries in a row, and so many again for a hundred first attempts.
const FULL: u32 = 10 * RETRY;

/// The budget of one client and all that are derived from it. It begins full.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Budget {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(FULL))
    }

    /// A request is sent for the first time.
    pub(crate) fn earn(&self) {
        // Most of the time it is full, and then nobody has to wait for anybody.
        if self.0.load(Ordering::Relaxed) < FULL {
            let earned = |left: u32| Some((left + FIRST_ATTEMPT).min(FULL));
            let _ = self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earned);
        }
    }

    /// Whether one more request may be repeated.
    pub(crate) fn spend(&self) -> bool {
        let spent = |left: u32| left.checked_sub(RETRY);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent)
            .is_ok()
    }

    /// How many retries are left.
    pub(crate) fn left(&self) -> u32 {
        self.0.load(Ordering::Relaxed) / RETRY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_allows_a_burst_and_then_one_retry_for_ten_requests() {
        let budget = Budget::new();
        assert_eq!((0..20).filter(|_| budget.spend()).count(), 10);
        let repeated = (0..1000)
            .filter(|_| {
                budget.earn();
                budget.spend()
            })
            .count();
        assert_eq!(repeated, 100);
        assert_eq!(budget.left(), 0);
    }

    #[test]
    fn it_never_holds_more_than_its_burst() {
        let budget = Budget::new();
        (0..1000).for_each(|_| budget.earn());
        assert_eq!(budget.left(), 10);
        assert_eq!((0..20).filter(|_| budget.spend()).count(), 10);
    }
}
