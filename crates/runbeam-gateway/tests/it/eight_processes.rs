//! Eight gateways of one instance in eight processes agree on one renewal.

use std::time::Duration;

use jiff::SignedDuration;
use runbeam_emulator::{Emulator, Fault, FaultRule, Operation};
use runbeam_sdk::MachineToken;
use runbeam_sdk::model::{Clock, SystemClock, Timestamp};
use runbeam_sdk::store::{EntryName, SecretStore};

use crate::process::{Home, Process, until};
use crate::times::{DAY, instance};

const PROCESSES: u64 = 8;

#[tokio::test]
async fn eight_processes_renew_once() {
    let cloud = Emulator::start().await.unwrap();
    let home = Home::new();
    home.write("token", &cloud.mint_sanctum_token());
    // It is issued 20 days ago, so that all find it due.
    let now = SystemClock.now();
    cloud.advance(SignedDuration::from_hours(-20 * 24));
    let client = runbeam_sdk::RunbeamClient::new(cloud.url());
    let authorized = client
        .authorize_gateway(cloud.mint_sanctum_token(), "edge-lisbon", None, None)
        .await
        .unwrap();
    cloud.advance(SignedDuration::from_hours(20 * 24));
    let mut token = MachineToken::new(
        authorized.machine_token,
        authorized.expires_at,
        authorized.gateway.id,
        authorized.gateway.code,
        authorized.abilities,
    );
    token.issued_at = now.saturating_sub(DAY * 20).into();
    let (store, entry) = (home.store(), EntryName::machine_token());
    store.save_value(&instance(), &entry, &token).await.unwrap();

    // Long enough that all are there while the first one is at it.
    let slow = Fault::delay(Duration::from_millis(500));
    cloud.inject(FaultRule::new(slow).on(Operation::AuthorizeGateway));
    let renew_with = home.path("token");
    let more = ["--renew-with", renew_with.to_str().unwrap()];
    let mut gateways = Vec::new();
    for _ in 0..PROCESSES {
        gateways.push(Process::start(&home, &cloud.url(), &more).await);
    }
    let held = async || -> MachineToken {
        let held = store.load_value(&instance(), &entry).await;
        held.unwrap().unwrap()
    };
    until(async || held().await.machine_token != token.machine_token).await;
    let renewed = held().await;
    let month: Timestamp = now.saturating_add(DAY * 29);
    assert!(renewed.expires_at.get() > Some(&month));

    // Each of them calls with the new token, and none has renewed it once more.
    let old = authorized.expires_at;
    assert!(renewed.expires_at.get() > Some(&old));
    let polls = async || cloud.requests(Operation::ChangesForGateway);
    let before = polls().await;
    until(async || polls().await >= before + 2 * PROCESSES).await;
    assert_eq!(cloud.requests(Operation::AuthorizeGateway), 2);
    drop(gateways);
}
