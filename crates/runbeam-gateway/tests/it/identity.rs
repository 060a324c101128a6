//! Where an identity finds its token, and what never costs it one.

use std::time::Duration;

use jiff::SignedDuration;
use runbeam_emulator::{Emulator, Fault, FaultRule, Operation};
use runbeam_gateway::ErrorKind;
use runbeam_gateway::identity::{IdentityState, Standing};
use runbeam_sdk::MachineToken;
use runbeam_sdk::auth::CredentialsProvider;
use runbeam_sdk::store::{EntryName, MemoryStore, Provisioning, SecretStore};

use crate::test_store::TestStore;
use crate::times::{CODE, DAY, Times, instance, save};

fn is_good(state: &IdentityState) -> bool {
    state.standing == Standing::Good
}

async fn kept(store: &impl SecretStore) -> Option<MachineToken> {
    let entry = EntryName::machine_token();
    store.load_value(&instance(), &entry).await.unwrap()
}

#[tokio::test]
async fn what_is_handed_over_comes_before_what_is_kept() {
    let times = Times::start().await;
    let store = MemoryStore::new();
    let former = times.authorize().await;
    save(&store, &former).await;
    times.advance(DAY);
    let newer = times.authorize().await;
    let json = String::from_utf8(newer.to_json().expose().to_vec()).unwrap();
    let json = Provisioning::new(json).unwrap();
    let bare = Provisioning::new(&former.machine_token).unwrap();

    let identity = times.identity(store.clone()).with_provisioning(json);
    let identity = identity.start().await.unwrap();
    assert!(identity.bearer_token().await.unwrap() == newer.machine_token);
    assert!(identity.state().is_kept);
    assert!(kept(&store).await == Some(newer));

    let identity = times.identity(store.clone()).with_provisioning(bare);
    let identity = identity.start().await.unwrap();
    let state = identity.state();
    assert!(identity.bearer_token().await.unwrap() == former.machine_token);
    assert!(!state.is_kept && state.expires_at.get().is_none());
    assert_eq!(identity.metrics().seconds_to_lockout, None);
}

#[tokio::test]
async fn a_token_that_another_process_saves_is_used_at_once() {
    let times = Times::start().await;
    let store = MemoryStore::new();
    let identity = times.identity(store.clone()).start().await.unwrap();
    assert_eq!(identity.state().standing, Standing::Missing);
    assert!(identity.bearer_token().await.is_err());
    let mut states = identity.watch();

    for _ in 0..3 {
        times.advance(DAY);
        let token = times.authorize().await;
        save(&store, &token).await;
        let is_it = |state: &IdentityState| state.expires_at == token.expires_at.get().copied();
        states.wait_for(is_it).await.unwrap();
        assert!(identity.bearer_token().await.unwrap() == token.machine_token);
        assert!(is_good(&identity.state()));
    }
    // What is cleared there is not taken away from who runs by it.
    store
        .clear(&instance(), &EntryName::machine_token())
        .await
        .unwrap();
    states.wait_for(|state| !state.is_kept).await.unwrap();
    assert!(identity.bearer_token().await.is_ok());
}

#[tokio::test]
async fn without_any_token_the_gateway_authorizes_itself() {
    let times = Times::start().await;
    let store = MemoryStore::new();
    let identity = times.identity(store.clone());
    let identity = identity.with_renewal(CODE.parse().unwrap(), times.vault());
    let identity = identity.start().await.unwrap();
    let state = identity
        .changed_to(|state| is_good(state) && state.is_kept)
        .await;
    assert_eq!(
        (state.renewals, state.gateway_code.to_string().as_str()),
        (1, CODE)
    );
    assert!(kept(&store).await.unwrap().machine_token == identity.bearer_token().await.unwrap());
}

#[tokio::test]
async fn a_renewal_that_fails_in_any_way_leaves_the_token_as_it_is() {
    let times = Times::start().await;
    let store = MemoryStore::new();
    let token = times.authorize().await;
    save(&store, &token).await;
    let identity = times.identity(store.clone());
    let identity = identity.with_renewal(CODE.parse().unwrap(), times.vault());
    let identity = identity.start().await.unwrap();
    times.advance(DAY * 17);
    let faults = [
        Fault::status(500),
        Fault::status(403),
        Fault::status(401),
        Fault::status_with_retry_after(429, 3_600),
        Fault::truncated_body(40),
        Fault::ResetBefore,
        Fault::ResetAfter,
    ];
    for (failures, fault) in (1..).zip(faults) {
        let fault = times
            .cloud
            .inject(FaultRule::new(fault).on(Operation::AuthorizeGateway));
        identity.check_now().await;
        let state = identity.state();
        assert_eq!((state.failures, state.renewals), (failures, 0));
        assert_eq!(state.standing, Standing::Good);
        let asked = state.last_error.unwrap().error;
        assert!(asked.to_string().contains("renewing"), "{asked}");
        assert!(identity.token().as_deref() == Some(&token));
        assert!(kept(&store).await.as_ref() == Some(&token));
        let pause = state.next_attempt.unwrap();
        let pause = pause.saturating_duration_since(runbeam_sdk::model::Clock::now(&times.clock));
        assert!(pause >= Duration::from_secs(20), "{pause:?}");
        assert_eq!(
            pause >= Duration::from_secs(3_600),
            failures == 4,
            "{pause:?}"
        );
        times.advance(pause);
        times.cloud.end_fault(fault);
    }
    identity.check_now().await;
    let state = identity.state();
    assert_eq!((state.failures, state.renewals), (0, 1));
}

#[tokio::test]
async fn a_new_token_that_has_ended_already_is_no_renewal() {
    let lifetime = SignedDuration::from_secs(30);
    let times = Times::start_with(Emulator::builder().with_machine_token_lifetime(lifetime)).await;
    let store = MemoryStore::new();
    let mut token = times.authorize().await;
    let now = runbeam_sdk::model::Clock::now(&times.clock);
    token.expires_at = now.saturating_add(DAY * 10).into();
    token.issued_at = now.saturating_sub(DAY * 20).into();
    save(&store, &token).await;
    let identity = times.identity(store.clone());
    let identity = identity.with_renewal(CODE.parse().unwrap(), times.vault());
    let identity = identity.start().await.unwrap();
    times.advance(Duration::from_secs(60));
    identity.check_now().await;
    let error = identity.state().last_error.unwrap().error;
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("check the clocks"), "{error}");
    assert!(kept(&store).await == Some(token));
}

#[tokio::test]
async fn a_store_that_fails_costs_no_token() {
    let times = Times::start().await;
    let store = TestStore::default();
    save(&store, &times.authorize().await).await;
    store.set_failing(true);
    let identity = times.identity(store.clone());
    let identity = identity.with_renewal(CODE.parse().unwrap(), times.vault());
    let identity = identity.start().await.unwrap();
    // It cannot read the token, and so gets another one, which it cannot keep.
    identity.check_now().await;
    let state = identity.state();
    assert_eq!(
        (state.standing, state.renewals, state.is_kept),
        (Standing::Good, 1, false)
    );
    let newer = identity.token().unwrap();

    store.set_failing(false);
    times.advance(Duration::from_secs(61));
    identity.check_now().await;
    assert!(
        identity
            .changed_to(|state| state.is_kept)
            .await
            .last_error
            .is_some()
    );
    assert!(kept(&store).await.as_ref() == Some(&*newer));
    assert_eq!(identity.state().renewals, 1);
}

#[tokio::test]
async fn its_task_ends_with_the_last_handle_and_shows_no_secret() {
    let times = Times::start().await;
    let store = TestStore::default();
    let token = times.authorize().await;
    save(&store, &token).await;
    let identity = times.identity(store.clone()).start().await.unwrap();
    let other = identity.clone();
    drop(identity);
    assert_eq!(store.holders(), 2);
    let secret = token.machine_token.expose();
    assert!(!format!("{other:?} {:?}", other.state()).contains(secret));
    drop(other);
    while store.holders() > 1 {
        tokio::task::yield_now().await;
    }
}
