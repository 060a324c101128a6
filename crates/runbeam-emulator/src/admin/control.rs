//! What the administration does, for its addresses and for the handle in the same process alike.

use serde_json::{Map, Value, json};

use crate::{
    clock::wire,
    cloud::Cloud,
    issuer::SigningKey,
    keyring::Withdrawal,
    limits::RateLimits,
    memory::{set_clock, write_clock, write_keys},
    records::Section,
    seed,
};

/// Keeps where the clock stands, if there is a file to keep it in.
pub(crate) fn keep_clock(cloud: &Cloud) {
    if let Some(file) = cloud.data_file()
        && let Err(error) = write_clock(file, &cloud.clock)
    {
        tracing::error!(%error, "the data file does not have the clock");
    }
}

pub(crate) fn rotate_to(cloud: &Cloud, key: SigningKey) {
    cloud.keyring.rotate_to(key);
    keep_keys(cloud);
}

/// Takes a key out of the ring; the error says why it stays.
pub(crate) fn withdraw(cloud: &Cloud, key_id: &str) -> Result<(), Withdrawal> {
    match cloud.keyring.withdraw(key_id) {
        Withdrawal::Done => {
            keep_keys(cloud);
            Ok(())
        }
        other => Err(other),
    }
}

fn keep_keys(cloud: &Cloud) {
    if let Some(file) = cloud.data_file()
        && let Err(error) = write_keys(file, &cloud.keyring.all())
    {
        tracing::error!(%error, "the data file does not have the keys");
    }
}

pub(crate) fn dump(cloud: &Cloud) -> Map<String, Value> {
    let records = cloud.read();
    let mut document = Map::new();
    document.insert(
        seed::CLOCK.into(),
        json!({ "now": wire(cloud.now()), "frozen": cloud.clock.is_frozen() }),
    );
    for section in Section::all() {
        document.insert(section.name().into(), json!(records.rows(section)));
    }
    document
}

pub(crate) fn seed(cloud: &Cloud, document: &Map<String, Value>) -> Result<(), String> {
    if let Some(wanted) = document.get(seed::CLOCK) {
        set_clock(&cloud.clock, wanted)?;
        keep_clock(cloud);
    }
    cloud.alter(|records| seed::apply(records, document, cloud.now()))
}

pub(crate) fn reset(cloud: &Cloud) {
    cloud.forget();
    cloud.clock.reset();
    cloud.faults.clear();
    cloud.limiter.set(RateLimits::none());
    cloud.log.clear();
    keep_clock(cloud);
    keep_keys(cloud);
}
