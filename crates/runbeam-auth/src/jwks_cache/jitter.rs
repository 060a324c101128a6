//! Chance, so that replicas do not step together.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

/// A duration somewhere from `low` to `high`.
pub(super) fn between(low: Duration, high: Duration) -> Duration {
    let mut bytes = [0; 2];
    // Without randomness the replicas step together, which is a pity and no failure.
    let _ = SystemRandom::new().fill(&mut bytes);
    let fraction = f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX);
    low + high.saturating_sub(low).mul_f64(fraction)
}
