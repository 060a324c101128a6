//! The cloud does not accept a token: the store is asked for another one before the identity gives up.

use runbeam_emulator::Operation;
use runbeam_gateway::identity::{MachineIdentity, Standing};
use runbeam_sdk::auth::CredentialsProvider;
use runbeam_sdk::model::Secret;

use crate::test_store::TestStore;
use crate::times::{CODE, Times, save};

/// A gateway whose token was revoked, and the token.
async fn revoked(
    times: &Times,
    store: &TestStore,
    renews: Option<bool>,
) -> (MachineIdentity, Secret) {
    save(store, &times.authorize().await).await;
    let mut identity = times.identity(store.clone());
    if let Some(also_revoked) = renews {
        identity = identity.with_renewal(CODE.parse().unwrap(), times.vault());
        if also_revoked {
            identity = identity.with_renewal_after_revocation();
        }
    }
    let identity = identity.start().await.unwrap();
    let token = identity.bearer_token().await.unwrap();
    times.revoke().await;
    (identity, token)
}

#[tokio::test]
async fn a_newer_token_in_the_store_is_found() {
    let times = Times::start().await;
    let store = TestStore::default();
    // It is not told of what others save, as if the file system did not show it yet.
    store.silence();
    let (identity, token) = revoked(&times, &store, None).await;
    let newer = times.authorize().await;
    save(&store, &newer).await;
    assert!(identity.bearer_token().await.unwrap() == token);

    assert!(identity.look_again(&token).await);
    assert!(identity.bearer_token().await.unwrap() == newer.machine_token);
    assert_eq!(identity.state().standing, Standing::Good);
    // Who was refused with the former one meanwhile is told the same, without another look.
    assert!(identity.look_again(&token).await);
}

#[tokio::test]
async fn without_one_it_is_revoked_until_another_one_comes() {
    let times = Times::start().await;
    let store = TestStore::default();
    let (identity, token) = revoked(&times, &store, None).await;
    assert!(!identity.look_again(&token).await);
    assert_eq!(identity.state().standing, Standing::Revoked);
    assert_eq!(identity.metrics().seconds_to_lockout, Some(0.0));
    assert!(!identity.look_again(&token).await);

    save(&store, &times.authorize().await).await;
    identity
        .changed_to(|state| state.standing == Standing::Good)
        .await;
    assert!(identity.look_again(&token).await);
}

#[tokio::test]
async fn a_revocation_is_not_undone_unless_that_is_wanted() {
    for also_revoked in [false, true] {
        let times = Times::start().await;
        let store = TestStore::default();
        let (identity, token) = revoked(&times, &store, Some(also_revoked)).await;
        assert_eq!(identity.look_again(&token).await, also_revoked);
        let standing = identity.state().standing;
        if also_revoked {
            assert_eq!(standing, Standing::Good);
        } else {
            assert_eq!(standing, Standing::Revoked);
            times.advance(crate::times::DAY * 20);
            identity.check_now().await;
        }
        let requests = times.cloud.requests(Operation::AuthorizeGateway);
        assert_eq!(requests, 1 + u64::from(also_revoked));
    }
}

#[tokio::test]
async fn one_that_ends_soon_is_renewed_when_it_is_refused() {
    let times = Times::start().await;
    let store = TestStore::default();
    let mut token = times.authorize().await;
    save(&store, &token).await;
    // The clock of the cloud is half an hour ahead.
    let left = times.cloud.clock();
    left.advance(jiff::SignedDuration::from_hours(30 * 24 + 1));
    times.clock.advance(crate::times::DAY * 14);
    token.expires_at = runbeam_sdk::model::Clock::now(&times.clock)
        .saturating_add(crate::times::HOUR / 2)
        .into();
    token.issued_at = runbeam_sdk::model::Clock::now(&times.clock)
        .saturating_sub(crate::times::HOUR / 4)
        .into();
    save(&store, &token).await;
    let identity = times
        .identity(store)
        .with_renewal(CODE.parse().unwrap(), times.vault());
    let identity = identity.start().await.unwrap();
    let refused = identity.bearer_token().await.unwrap();
    assert!(identity.look_again(&refused).await);
    assert_eq!(identity.state().renewals, 1);
}
