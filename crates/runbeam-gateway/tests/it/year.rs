//! A year of a gateway: with a credentials provider it is never without a token; without one it is warned.

use std::time::Duration;

use runbeam_emulator::{Fault, FaultRule, Operation};
use runbeam_gateway::identity::{MachineIdentity, Standing};
use runbeam_sdk::auth::CredentialsProvider;
use runbeam_sdk::model::{Clock, ListChanges};
use runbeam_sdk::store::MemoryStore;

use crate::times::{CODE, DAY, HOUR, Times, save};

/// The cloud takes the token that the identity gives.
async fn check_call(times: &Times, identity: &MachineIdentity) {
    let token = identity.bearer_token().await.unwrap();
    let client = times.client().with_token(token);
    client.send(&ListChanges::new()).await.unwrap();
}

/// Goes on to the next attempt, or an hour.
async fn step(times: &Times, identity: &MachineIdentity) -> Duration {
    let now = times.clock.now();
    let next = identity.state().next_attempt;
    let step = next.map_or(HOUR, |next| next.saturating_duration_since(now));
    let step = step.clamp(Duration::from_secs(1), HOUR);
    times.advance(step);
    identity.check_now().await;
    step
}

#[tokio::test]
async fn with_a_fifth_of_the_renewals_failing_and_two_days_of_outage_it_always_has_a_token() {
    let times = Times::start().await;
    let store = MemoryStore::new();
    save(&store, &times.authorize().await).await;
    let code = CODE.parse().unwrap();
    let identity = times
        .identity(store.clone())
        .with_renewal(code, times.vault());
    let identity = identity.start().await.unwrap();
    let failing = FaultRule::new(Fault::status(503)).on(Operation::AuthorizeGateway);
    times.cloud.inject(failing.with_probability(0.2, 5));

    let (mut passed, mut next_call) = (Duration::ZERO, Duration::ZERO);
    let (mut least, mut outage_until, mut most_failures) = (f64::MAX, None, 0);
    let mut outage = None;
    while passed < DAY * 365 {
        passed += step(&times, &identity).await;
        let (state, metrics) = (identity.state(), identity.metrics());
        assert_eq!(state.standing, Standing::Good);
        assert!(identity.bearer_token().await.is_ok());
        assert_eq!((state.warnings, state.warning), (0, None));
        least = least.min(metrics.seconds_to_lockout.unwrap());
        most_failures = most_failures.max(state.failures);

        // The outage begins when the next renewal is about to be due.
        let is_due = state.next_attempt.unwrap() <= times.clock.now().saturating_add(HOUR);
        if outage_until.is_none() && passed > DAY * 100 && is_due {
            outage = Some(times.cloud.inject(FaultRule::new(Fault::ResetBefore)));
            outage_until = Some(passed + DAY * 2);
        }
        match (outage, outage_until) {
            (Some(fault), Some(until)) if passed >= until => {
                assert!(times.cloud.end_fault(fault));
                outage = None;
            }
            _ => {}
        }
        if outage.is_none() && passed >= next_call {
            check_call(&times, &identity).await;
            next_call = passed + HOUR * 6;
        }
    }
    let state = identity.state();
    assert!((22..=25).contains(&state.renewals), "{}", state.renewals);
    let attempts = times.cloud.requests(Operation::AuthorizeGateway);
    eprintln!(
        "{} renewals in {attempts} requests, {most_failures} failures in a row, never less than {:.1} days",
        state.renewals,
        least / 86_400.0
    );
    assert!(most_failures > 10 && attempts > state.renewals + 10);
    assert!(least > 11.0 * 86_400.0, "{least}");
}

#[tokio::test]
async fn without_a_provider_it_is_warned_louder_each_day() {
    let times = Times::start().await;
    let store = MemoryStore::new();
    save(&store, &times.authorize().await).await;
    let identity = times.identity(store.clone()).start().await.unwrap();

    let mut a_day = Vec::new();
    for day in 1..=31 {
        let before = identity.state().warnings;
        for _ in 0..24 {
            // What a day brings, its last moment left to the next one.
            identity.check_now().await;
            times.advance(HOUR);
        }
        a_day.push(identity.state().warnings - before);
        if day < 30 {
            check_call(&times, &identity).await;
        }
    }
    assert_eq!(a_day[..25], [0; 25]);
    assert_eq!(a_day[25..], [1, 2, 4, 8, 24, 24]);

    let (state, metrics) = (identity.state(), identity.metrics());
    assert_eq!(state.standing, Standing::Expired);
    assert_eq!(state.warning.unwrap().days_left, 0);
    assert_eq!(metrics.seconds_to_lockout, Some(0.0));
    assert_eq!(metrics.seconds_to_expiry, Some(-86_400.0));
    let error = identity.bearer_token().await.unwrap_err();
    assert!(error.to_string().contains("harmony:authorize"), "{error}");
    assert_eq!(times.cloud.requests(Operation::AuthorizeGateway), 1);

    // The operator does what the warnings say.
    save(&store, &times.authorize().await).await;
    let is_good =
        |state: &runbeam_gateway::identity::IdentityState| state.standing == Standing::Good;
    assert_eq!(identity.changed_to(is_good).await.warning, None);
    check_call(&times, &identity).await;
}
