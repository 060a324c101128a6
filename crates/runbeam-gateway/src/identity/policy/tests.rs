//! The schedule of attempts and of warnings, for lives of all lengths.

use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp::UNIX_EPOCH;

fn life(seconds: u64) -> Life {
    Life::new(START, START.saturating_add(Duration::from_secs(seconds)))
}

/// All attempts until nothing is left, if every one fails.
fn attempts(life: Life, mut chance: impl FnMut() -> f64) -> Vec<Timestamp> {
    let policy = RenewalPolicy::new();
    let mut now = life.issued;
    let mut attempts = Vec::new();
    while now < life.expires {
        let failures = attempts.len() as u32;
        now = now.saturating_add(policy.wait(life, failures, now, chance()));
        attempts.push(now);
    }
    attempts.pop();
    attempts
}

#[test]
fn a_month_has_hundreds_of_attempts_from_its_half_on() {
    let life = life(30 * 24 * 60 * 60);
    for chance in [0.0, 0.5, 1.0] {
        let attempts = attempts(life, || chance);
        assert!((400..1_500).contains(&attempts.len()), "{}", attempts.len());
        let first = attempts[0].saturating_duration_since(START);
        assert!(first >= DAY * 15 && first <= DAY.mul_f64(16.5), "{first:?}");
    }
}

#[test]
fn it_grows_louder_each_day() {
    let policy = RenewalPolicy::new();
    assert_eq!(policy.warning(DAY * 5 + Duration::from_secs(1)), None);
    let hours: Vec<u64> = [120, 96, 72, 48, 24, 0]
        .iter()
        .map(|hours| policy.warning(Duration::from_secs(hours * 3600)).unwrap())
        .map(|warning| warning.every.as_secs() / 3600)
        .collect();
    assert_eq!(hours, [24, 12, 6, 3, 1, 1]);
    assert!(!policy.warning(DAY * 2).unwrap().is_urgent());
    assert!(policy.warning(DAY).unwrap().is_urgent());
    assert_eq!(policy.warning(Duration::ZERO).unwrap().days_left, 0);
}

proptest! {
    #[test]
    fn attempts_grow_denser_and_never_stop(
        seconds in 3_600_u64..40_000_000,
        seed in any::<u64>(),
    ) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let life = life(seconds);
        let attempts = attempts(life, || rng.f64());
        prop_assert!(attempts.len() > 100, "{}", attempts.len());
        prop_assert!(attempts[0] >= life.issued.saturating_add(Duration::from_secs(seconds / 2)));
        for pair in attempts.windows(2) {
            let left = life.expires.saturating_duration_since(pair[0]);
            let pause = pair[1].saturating_duration_since(pair[0]);
            // A chance of a quarter more is added to the 64th.
            let longest = (left / 48).max(SHORTEST_PAUSE * 2);
            prop_assert!(pause <= longest && pause >= SHORTEST_PAUSE / 2, "{pause:?} of {left:?}");
        }
    }

    #[test]
    fn no_times_and_chances_make_it_panic(
        issued in any::<i64>(), expires in any::<i64>(), now in any::<i64>(),
        failures in any::<u32>(), chance in any::<f64>(),
    ) {
        let at = Timestamp::from_unix_seconds;
        let life = Life::new(at(issued), at(expires));
        let chance = if chance.is_nan() { 0.0 } else { chance };
        let wait = RenewalPolicy::new().wait(life, failures, at(now), chance);
        let _ = at(now).saturating_add(wait);
    }
}
