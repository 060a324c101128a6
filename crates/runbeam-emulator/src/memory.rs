//! What an emulator knows when it starts: what its data file holds, and what its seeds add.

use std::{io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::{
    clock::Clock,
    data_file::DataFile,
    error::Error,
    issuer::SigningKey,
    records::{Records, Section},
    seed,
};

/// Names of the entries that are no rows of a section.
const KEYS: &str = "signing_keys";
const SETTINGS: &str = "settings";
const CLOCK: &str = "clock";

/// What an emulator starts with.
pub(crate) struct Memory {
    pub(crate) records: Records,
    /// The one that signs first.
    pub(crate) keys: Vec<SigningKey>,
    pub(crate) data_file: Option<DataFile>,
}

impl Memory {
    /// Reads the data file, sets the clock to where it was left, and adds the seeds.
    ///
    /// A `key` that was handed over signs; the ones in the file stay published.
    pub(crate) fn recall(
        path: Option<&Path>,
        key: Option<SigningKey>,
        seeds: &[Map<String, Value>],
        clock: &Clock,
    ) -> Result<Self, Error> {
        let data_file = match path {
            Some(path) => {
                Some(DataFile::open(path).map_err(|source| Error::data_file(path, source))?)
            }
            None => None,
        };
        let mut records = Records::new(data_file.is_some());
        let mut keys = Vec::new();
        if let Some(file) = &data_file {
            keys = read(file, &mut records, clock)
                .map_err(|source| Error::data_file(file.path(), source))?;
        }
        if let Some(key) = key
            && keys
                .first()
                .is_none_or(|first| first.key_id() != key.key_id())
        {
            keys.retain(|kept| kept.key_id() != key.key_id());
            keys.insert(0, key);
        }
        if keys.is_empty() {
            keys.push(SigningKey::generate());
        }
        for document in seeds {
            if let Some(moment) = document.get(seed::CLOCK) {
                set_clock(clock, moment).map_err(Error::seed)?;
            }
            seed::apply(&mut records, document, clock.now()).map_err(Error::seed)?;
        }
        if let Some(file) = &data_file {
            let touched = records.take_touched();
            file.write(&records, &touched)
                .and_then(|()| write_keys(file, &keys))
                .map_err(|error| Error::data_file(file.path(), io::Error::other(error)))?;
        }
        Ok(Self {
            records,
            keys,
            data_file,
        })
    }
}

fn read(file: &DataFile, records: &mut Records, clock: &Clock) -> io::Result<Vec<SigningKey>> {
    for section in Section::all() {
        for (index, row) in file.read(section.name())?.into_iter().enumerate() {
            let wrong = |error| io::Error::other(format!("{}[{index}]: {error}", section.name()));
            let row = row
                .as_object()
                .ok_or_else(|| wrong("it is no object".into()))?;
            seed::add(records, section, row, Timestamp::UNIX_EPOCH).map_err(wrong)?;
        }
    }
    // What was read need not be written again.
    records.take_touched();
    for settings in file.read(SETTINGS)? {
        let offset = settings["offset"].as_i64().unwrap_or_default();
        let frozen = settings["frozen"]
            .as_str()
            .and_then(|moment| moment.parse().ok());
        clock.restore(SignedDuration::from_nanos(offset), frozen);
    }
    let mut keys = Vec::new();
    for list in file.read(KEYS)? {
        for key in list.as_array().into_iter().flatten() {
            keys.push(read_key(key).ok_or_else(|| io::Error::other("a signing key is damaged"))?);
        }
    }
    Ok(keys)
}

fn read_key(key: &Value) -> Option<SigningKey> {
    let prime = |place: usize| STANDARD.decode(key.get(place)?.as_str()?).ok();
    SigningKey::from_primes([prime(0)?, prime(1)?])
}

/// Keeps the keys, the one that signs first.
pub(crate) fn write_keys(file: &DataFile, keys: &[SigningKey]) -> Result<(), rusqlite::Error> {
    let list: Vec<Value> = keys
        .iter()
        .map(|key| json!(key.primes().each_ref().map(|prime| STANDARD.encode(prime))))
        .collect();
    file.put(KEYS, KEYS, Some(json!(list)))
}

/// Keeps where the clock stands.
pub(crate) fn write_clock(file: &DataFile, clock: &Clock) -> Result<(), rusqlite::Error> {
    let nanoseconds = i64::try_from(clock.offset().as_nanos()).unwrap_or_default();
    let settings = json!({
        "offset": nanoseconds,
        "frozen": clock.frozen_at().map(|moment| moment.to_string()),
    });
    file.put(SETTINGS, CLOCK, Some(settings))
}

/// Sets a clock as a seed says: `now`, and whether it is `frozen` then.
pub(crate) fn set_clock(clock: &Clock, wanted: &Value) -> Result<(), String> {
    let wrong = || "clock: it has now, a time such as 2026-01-12T08:15:30Z, and frozen".to_owned();
    let fields = wanted.as_object().ok_or_else(wrong)?;
    let frozen = match fields.get("frozen") {
        None => None,
        Some(frozen) => Some(frozen.as_bool().ok_or_else(wrong)?),
    };
    // Stopped first, so that it stands exactly where it is set.
    if frozen == Some(true) {
        clock.freeze();
    }
    if let Some(now) = fields.get("now") {
        let now = now.as_str().and_then(|now| now.parse().ok());
        clock.set(now.ok_or_else(wrong)?);
    }
    if frozen == Some(false) {
        clock.resume();
    }
    Ok(())
}
