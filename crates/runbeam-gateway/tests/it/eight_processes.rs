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
    // Two minutes are left of it: all find it due, and try within two seconds.
    let now = SystemClock.now();
    let age = DAY * 30 - Duration::from_secs(120);
    cloud.advance(-SignedDuration::try_from(age).unwrap());
    let client = runbeam_sdk::RunbeamClient::new(cloud.url());
    let authorized = client
        .authorize_gateway(cloud.mint_sanctum_token(), "edge-lisbon", None, None)
        .await
        .unwrap();
    cloud.advance(age.try_into().unwrap());
    let mut token = MachineToken::new(
        authorized.machine_token,
        authorized.expires_at,
        authorized.gateway.id,
        authorized.gateway.code,
        authorized.abilities,
    );
    token.issued_at = now.saturating_sub(age).into();
    let (store, entry) = (home.store(), EntryName::machine_token());
    store.save_value(&instance(), &entry, &token).await.unwrap();

    // Long enough that all of them come to it while the first one is at it.
    let slow = Fault::delay(Duration::from_secs(4));
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

    // They go on to call, and none has renewed it once more.
    let polls = async || cloud.requests(Operation::ChangesForGateway);
    let before = polls().await;
    until(async || polls().await >= before + 2 * PROCESSES).await;
    assert_eq!(cloud.requests(Operation::AuthorizeGateway), 2);
    drop(gateways);
}
