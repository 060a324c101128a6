//! Many identities of one instance agree on one renewal.

use runbeam_emulator::{Fault, FaultRule, Operation};
use runbeam_gateway::identity::{MachineIdentity, Standing};
use runbeam_sdk::store::{MemoryStore, Store};

use crate::times::{CODE, DAY, Times, save};

/// Eight stores over one directory share nothing but the files, as eight processes do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_over_one_directory_renew_once() {
    let times = Times::start().await;
    let home = tempfile::tempdir().unwrap();
    let store = || -> Store {
        let store = Store::builder().with_root(home.path().join("runbeam"));
        let store = store.without_keyring();
        let interval = std::time::Duration::from_millis(50);
        store.with_watch_interval(interval).build().unwrap()
    };
    save(&store(), &times.authorize().await).await;
    let mut identities = Vec::new();
    for seed in 0..8 {
        let code = CODE.parse().unwrap();
        let identity = times
            .identity(store())
            .with_seed(seed)
            .with_renewal(code, times.vault());
        identities.push(identity.start().await.unwrap());
    }

    let slow = Fault::delay(std::time::Duration::from_millis(300));
    let slow = FaultRule::new(slow).on(Operation::AuthorizeGateway);
    times.cloud.inject(slow);
    for month in 1..=3 {
        // All are due.
        times.advance(DAY * 17);
        let former = identities[0].token().unwrap();
        let mut checks = tokio::task::JoinSet::new();
        for (number, identity) in identities.clone().into_iter().enumerate() {
            checks.spawn(async move { identity.check_now().await });
            // The others come while the first one is at it.
            while number == 0 && times.cloud.requests(Operation::AuthorizeGateway) <= month {
                tokio::task::yield_now().await;
            }
        }
        checks.join_all().await;
        for identity in &identities {
            let is_new = |expires| expires > former.expires_at.get().copied();
            let changed = |state: &runbeam_gateway::identity::IdentityState| {
                is_new(state.expires_at.get().copied())
            };
            identity.changed_to(changed).await;
            assert_eq!(identity.token(), identities[0].token());
        }
        assert_eq!(times.cloud.requests(Operation::AuthorizeGateway), month + 1);
    }
    let renewals: u64 = identities
        .iter()
        .map(|identity| identity.state().renewals)
        .sum();
    assert_eq!(renewals, 3);
}

#[tokio::test]
async fn who_waits_goes_on_when_the_one_whose_turn_it_was_is_gone() {
    let times = Times::start().await;
    let store = MemoryStore::new();
    save(&store, &times.authorize().await).await;
    let start = async |seed| -> MachineIdentity {
        let code = CODE.parse().unwrap();
        let identity = times
            .identity(store.clone())
            .with_seed(seed)
            .with_renewal(code, times.vault());
        identity.start().await.unwrap()
    };
    let (one, other) = (start(1).await, start(2).await);
    // The one hangs in the middle of its renewal, and its process ends there.
    let slow = Fault::delay(std::time::Duration::from_secs(600));
    let hang = times
        .cloud
        .inject(FaultRule::new(slow).on(Operation::AuthorizeGateway));
    times.advance(DAY * 17);
    let hanging = tokio::spawn({
        let one = one.clone();
        async move { one.check_now().await }
    });
    while times.cloud.requests(Operation::AuthorizeGateway) < 2 {
        tokio::task::yield_now().await;
    }
    hanging.abort();
    let _ = hanging.await;
    drop(one);
    times.cloud.end_fault(hang);

    other.check_now().await;
    assert_eq!(other.state().renewals, 0, "it is not its turn");
    times.advance(std::time::Duration::from_secs(64));
    other.check_now().await;
    assert_eq!(other.state().renewals, 1);
    assert_eq!(other.state().standing, Standing::Good);
}
