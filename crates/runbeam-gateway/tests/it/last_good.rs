//! The last good configuration: it is there without the cloud, and survives what happens to a version of it.

use std::time::{Duration, Instant};

use runbeam_emulator::{Fault, FaultRule};
use runbeam_gateway::sync::Update;
use runbeam_sdk::store::{EntryName, SecretStore, Store};

use crate::sync::Gateway;
use crate::times::instance;

/// The entries of the versions that are kept.
async fn versions(store: &impl SecretStore) -> Vec<EntryName> {
    let entries = store.list(&instance()).await.unwrap();
    let entries = entries.into_iter();
    entries
        .filter(|entry| entry.as_str().starts_with("config-"))
        .collect()
}

#[tokio::test]
async fn a_start_without_the_cloud_serves_it_within_a_second() {
    let gateway = Gateway::start().await;
    let home = tempfile::tempdir().unwrap();
    let store = || {
        let store = Store::builder().with_root(home.path().join("runbeam"));
        store.without_keyring().build().unwrap()
    };
    let given = gateway.given.clone();
    let feed = gateway.feed(store());
    let feed = feed
        .start(move |update| given.clone().apply(update))
        .await
        .unwrap();
    // A configuration of more than any entry holds.
    let text = "x".repeat(300_000);
    gateway.queue(&text);
    feed.poll_now().await.unwrap();
    assert_eq!(gateway.given.taken(), ["whole", text.as_str()]);
    let before = feed.last_good().unwrap();
    drop(feed);

    gateway
        .times
        .cloud
        .inject(FaultRule::new(Fault::ResetBefore));
    let requests = gateway.times.cloud.logged_requests().len();
    let start = Instant::now();
    let (served, mut is_served) = tokio::sync::mpsc::unbounded_channel();
    let feed = gateway
        .feed(store())
        .with_poll_interval(Duration::from_secs(30));
    let apply = move |update| {
        served.send(update).unwrap();
        std::future::ready(Ok(()))
    };
    let feed = feed.start(apply).await.unwrap();
    let Some(Update::LastGood(last_good)) = is_served.recv().await else {
        panic!("it serves something else first");
    };
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(last_good, before);
    assert_eq!(feed.status().version, Some(2));
    assert_eq!(gateway.times.cloud.logged_requests().len(), requests);
}

#[tokio::test]
async fn three_versions_are_kept_and_a_damaged_one_is_passed_over() {
    let gateway = Gateway::start().await;
    let feed = gateway.started().await;
    for number in 1..=5 {
        gateway.queue(&format!("n = {number}"));
    }
    feed.poll_now().await.unwrap();
    drop(feed);
    let kept = versions(&gateway.store).await;
    assert_eq!(kept.len(), 3);
    gateway.given.taken();

    let value = gateway
        .store
        .load(&instance(), &kept[0])
        .await
        .unwrap()
        .unwrap()
        .value;
    let any = runbeam_sdk::store::Precondition::Any;
    gateway
        .store
        .save(&instance(), &kept[2], &value, any)
        .await
        .unwrap();
    let feed = gateway.started().await;
    assert_eq!(gateway.given.taken(), ["version 5"]);
    assert_eq!(feed.last_good().unwrap().version, 5);
    // The next one does not take the number of the damaged one.
    gateway.queue("n = 6");
    feed.poll_now().await.unwrap();
    assert_eq!(feed.last_good().unwrap().version, 7);
}

#[tokio::test]
async fn a_journal_that_does_not_read_costs_no_configuration() {
    let gateway = Gateway::start().await;
    let feed = gateway.started().await;
    let change = gateway.queue("n = 1");
    feed.poll_now().await.unwrap();
    drop(feed);
    gateway.given.taken();
    let entry = "sync".parse().unwrap();
    gateway
        .store
        .save_json(&instance(), &entry, "what?")
        .await
        .unwrap();

    let feed = gateway.started().await;
    feed.poll_now().await.unwrap();
    assert_eq!(gateway.given.taken(), ["version 2"]);
    let other = gateway.queue("n = 2");
    feed.poll_now().await.unwrap();
    for change in [change, other] {
        assert_eq!(
            gateway.status(&change),
            runbeam_emulator::ChangeStatus::Applied
        );
    }
}

#[tokio::test]
async fn the_whole_is_fetched_again_when_that_is_asked_for() {
    let gateway = Gateway::start().await;
    let feed = gateway.started().await;
    gateway.queue("n = 1");
    feed.poll_now().await.unwrap();
    assert_eq!(feed.last_good().unwrap().changes.len(), 1);
    let status = feed.download_now().await.unwrap();
    assert_eq!(status.version, Some(3));
    let last_good = feed.last_good().unwrap();
    assert!(last_good.changes.is_empty() && last_good.configuration.is_some());
    assert_eq!(gateway.given.taken(), ["whole", "n = 1", "whole"]);
}
