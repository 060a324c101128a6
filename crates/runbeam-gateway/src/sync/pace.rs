//! When a feed asks again: computed from the interval, the failures and chance alone.

use std::time::Duration;

/// The longest pause of a feed that polls by itself, however often it failed, unless its interval is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// No wish of the cloud is followed for longer.
const LONGEST_WISH: Duration = Duration::from_secs(60 * 60);

/// How often a feed asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    interval: Duration,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval }
    }

    /// Whether it asks only when it is told to.
    pub(super) fn is_by_hand(self) -> bool {
        self.interval.is_zero()
    }

    /// How long to wait at first: those that start together spread over a whole interval. Who has no configuration yet
    /// does not wait.
    pub(super) fn first(self, has_configuration: bool, chance: f64) -> Duration {
        if has_configuration {
            self.interval.mul_f64(chance)
        } else {
            Duration::ZERO
        }
    }

    /// How long to wait after a round, the last `failures` of which failed. `wish` is how long the cloud asks to wait, and
    /// `chance` a random number from 0 to 1.
    pub(super) fn next(self, failures: u32, wish: Option<Duration>, chance: f64) -> Duration {
        // A tenth to either side, so that no two stay in step.
        let usual = self.interval.mul_f64(0.9 + 0.2 * chance);
        if failures == 0 {
            return usual;
        }
        let doubled = self.interval.saturating_mul(1 << failures.min(16));
        let pause = doubled.min(LONGEST_PAUSE.max(self.interval));
        // From the half on, so that those that failed together do not come back together.
        let pause = pause.mul_f64(0.5 + 0.5 * chance).max(usual);
        pause.max(wish.unwrap_or_default().min(LONGEST_WISH))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_have_bounds(
            seconds in 1_u64..100_000, failures in any::<u32>(), wish in prop::option::of(any::<u64>()),
            chance in 0.0..=1.0,
        ) {
            let interval = Duration::from_secs(seconds);
            let pace = Pace::new(interval);
            prop_assert!(pace.first(true, chance) <= interval);
            let pause = pace.next(failures, wish.map(Duration::from_secs), chance);
            let longest = interval.mul_f64(1.1).max(LONGEST_PAUSE).max(LONGEST_WISH);
            prop_assert!(pause <= longest && pause >= interval.mul_f64(0.89), "{pause:?}");
        }
    }

    /// How many ask in each second, of a thousand that start at once, through an outage of ten minutes.
    fn questions_a_second(mut chance: impl FnMut() -> f64) -> Vec<u32> {
        let pace = Pace::new(Duration::from_secs(30));
        let mut a_second = vec![0; 3_600];
        for _ in 0..1_000 {
            let (mut now, mut failures) = (pace.first(true, chance()), 0);
            while now.as_secs() < 3_600 {
                a_second[now.as_secs() as usize] += 1;
                let is_outage = (600..1_200).contains(&now.as_secs());
                failures = if is_outage { failures + 1 } else { 0 };
                now += pace.next(failures, None, chance());
            }
        }
        a_second
    }

    #[test]
    fn a_thousand_do_not_ask_in_step_also_after_an_outage() {
        let mut random = fastrand::Rng::with_seed(3);
        let most = |a_second: &[u32]| a_second.iter().copied().max().unwrap_or_default();
        let a_second = questions_a_second(|| random.f64());
        // 33 on average; 60 is what chance makes of that now and then.
        let [before, outage, after] = [&a_second[..600], &a_second[630..1_200], &a_second[1_200..]];
        assert!(most(before) < 70, "{}", most(before));
        assert!(most(outage) < 70, "{}", most(outage));
        assert!(most(after) < 70, "{}", most(after));
        assert!(outage.iter().sum::<u32>() < 10_000);
        // The same without chance.
        assert!(most(&questions_a_second(|| 0.5)) == 1_000);
    }

    #[test]
    fn failures_make_it_slower_and_a_wish_is_followed() {
        let pace = Pace::new(Duration::from_secs(30));
        let pauses: Vec<u64> = (0..6)
            .map(|failures| pace.next(failures, None, 1.0).as_secs())
            .collect();
        assert_eq!(pauses, [33, 60, 120, 240, 300, 300]);
        let wish = Some(Duration::from_secs(400));
        assert_eq!(pace.next(1, wish, 0.5), Duration::from_secs(400));
        assert_eq!(pace.first(false, 1.0), Duration::ZERO);
    }
}
