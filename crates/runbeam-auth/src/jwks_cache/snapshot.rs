//! Key sets written down, for a start without a network.
//!
//! The format is JSON. Version 1:
//!
//! ```json
//! {"version": 1, "sets": [{"url": "…", "fetched_at": 1768205731, "life": 86400, "etag": "…", "document": "{…}"}]}
//! ```
//!
//! `url` is where the set was fetched from. If an issuer's discovery document said that it is there, `issuer` is that
//! issuer; `any_address` is true for a set that was fetched where the policy allows any address, and is of use for
//! such a policy alone. Both may be missing, and `etag` may. `fetched_at` is in Unix seconds, `life` in seconds,
//! `document` is the key set as it came.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use runbeam_model::{Clock, Timestamp};
use serde::{Deserialize, Serialize};

use super::Refresh;
use super::kept_set::KeptSet;
use super::key_endpoint::{self, Fetched};
use crate::policy::{KeyUrl, Reach};
use crate::{BuildError, JwkSet};

const VERSION: u64 = 1;

/// The key sets of a snapshot; all of them can be read.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    sets: Vec<SavedSet>,
}

#[derive(Debug)]
pub(crate) struct SavedSet {
    row: Row,
    keys: JwkSet,
}

#[derive(Deserialize)]
struct Head {
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct Document<Rows> {
    version: u64,
    sets: Rows,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    any_address: bool,
    fetched_at: i64,
    life: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    document: String,
}

impl Snapshot {
    pub(crate) fn new(sets: impl IntoIterator<Item = SavedSet>) -> Self {
        let mut kept: Vec<SavedSet> = Vec::new();
        for set in sets {
            // Sources of one issuer may differ in the origins that they allow: one set of them is enough.
            if kept
                .iter()
                .all(|other| other.row.place() != set.row.place())
            {
                kept.push(set);
            }
        }
        Self { sets: kept }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BuildError> {
        let damaged = |problem: &str| BuildError::new(format!("invalid key snapshot: {problem}"));
        let no_json = "it is damaged, or no snapshot at all";
        let head: Head = serde_json::from_slice(bytes).map_err(|_| damaged(no_json))?;
        if head.version != VERSION {
            return Err(damaged(&format!(
                "it has version {}; this program reads version {VERSION}",
                head.version
            )));
        }
        let document: Document<Vec<Row>> =
            serde_json::from_slice(bytes).map_err(|_| damaged(no_json))?;
        let sets = document.sets.into_iter().map(|row| {
            let keys = key_endpoint::read(row.document.as_bytes())
                .map_err(|problem| damaged(&format!("a set in it is of no use: {problem}")))?;
            Ok(SavedSet { row, keys })
        });
        let sets = sets.collect::<Result<Vec<_>, BuildError>>()?;
        let mut places: Vec<_> = sets.iter().map(|set| set.row.place()).collect();
        places.sort_unstable();
        if places.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(damaged("it has two sets of one address"));
        }
        Ok(Self { sets })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let document = Document {
            version: VERSION,
            sets: self.sets.iter().map(|set| &set.row).collect::<Vec<_>>(),
        };
        // Text and numbers under names that are text: there is nothing that JSON cannot say.
        serde_json::to_vec(&document).unwrap_or_default()
    }

    pub(crate) fn find(&self, url: &KeyUrl, reach: &Reach) -> Option<&SavedSet> {
        let (name, is_issuer) = match url {
            KeyUrl::Set(url) => (url, false),
            KeyUrl::Issuer(issuer) => (issuer, true),
        };
        let place = (name.as_str(), is_issuer, reach.any_address);
        self.sets.iter().find(|set| set.row.place() == place)
    }
}

impl Row {
    /// What tells one set from another: the address or the issuer, which of them it is, and any address.
    fn place(&self) -> (&str, bool, bool) {
        let name = self.issuer.as_ref().unwrap_or(&self.url);
        (name, self.issuer.is_some(), self.any_address)
    }
}

impl SavedSet {
    pub(super) fn of(url: &KeyUrl, reach: &Reach, set: &KeptSet, clock: &dyn Clock) -> Self {
        // From the age and not from what the clock showed then: it may have been set right in between.
        let fetched_at = clock.now().saturating_sub(set.age(clock.monotonic()));
        let etag = set.etag().and_then(|etag| etag.to_str().ok());
        Self {
            row: Row {
                url: set.url().to_owned(),
                issuer: match url {
                    KeyUrl::Set(_) => None,
                    KeyUrl::Issuer(issuer) => Some(issuer.clone()),
                },
                any_address: reach.any_address,
                fetched_at: fetched_at.as_unix_seconds(),
                life: set.life().as_secs(),
                etag: etag.map(str::to_owned),
                document: String::from_utf8_lossy(set.document()).into_owned(),
            },
            keys: set.keys().clone(),
        }
    }

    /// Where it was fetched from.
    pub(super) fn url(&self) -> &str {
        &self.row.url
    }

    /// The set at the age that the clock gives it. If it seems to be from the future, nobody knows its age: it
    /// counts as one whose time is over just now.
    pub(super) fn restore(&self, clock: &dyn Clock, refresh: &Refresh) -> KeptSet {
        let life = refresh.life(Some(Duration::from_secs(self.row.life)));
        let fetched_at = Timestamp::from_unix_seconds(self.row.fetched_at);
        let now = clock.now();
        let age = if fetched_at > now {
            life
        } else {
            now.saturating_duration_since(fetched_at)
        };
        let etag = self.row.etag.as_deref();
        let fetched = Fetched {
            url: self.row.url.as_str().into(),
            keys: self.keys.clone(),
            document: Bytes::copy_from_slice(self.row.document.as_bytes()),
            etag: etag.and_then(|etag| HeaderValue::from_str(etag).ok()),
            life: None,
        };
        KeptSet::new(fetched, clock.monotonic(), age, life)
    }
}
