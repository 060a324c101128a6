//! The last requests, without credentials, for tests and people to look at and to wait for.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::{cloud::unpoisoned, operation::Operation, record::Moment};

/// How many requests are remembered.
pub(crate) const CAPACITY: usize = 1_000;

/// One request that was answered, or in whose place the connection was reset.
///
/// No credential stands in it: tokens are described, and secret fields of bodies are left out.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The place among all requests, from 1.
    pub number: u64,
    /// When it was answered, by the emulator's clock.
    #[serde(serialize_with = "moment")]
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path and the query.
    pub target: String,
    /// The `operationId`, where the address leads to an operation.
    pub operation: Option<&'static str>,
    /// The HTTP status of the answer, also of one that a fault kept back.
    pub status: u16,
    /// The `X-Request-Id` of the answer.
    pub request_id: String,
    /// What kind of credential was presented, and how long it was.
    pub authorization: Option<String>,
    /// Whom the credential speaks for: `user` and an address, `team` and an id, or `gateway` and an id.
    pub caller: Option<String>,
    /// The fields of a JSON body.
    pub body: Option<Value>,
    /// The names of the faults that happened to it.
    pub faults: Vec<&'static str>,
    /// How long the answer took, in milliseconds of real time.
    pub millis: u64,
}

fn moment<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    Moment(*at).serialize(serializer)
}

/// What the parts that handle a request write down about it.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) operation: Option<Operation>,
    pub(crate) caller: Option<String>,
    pub(crate) body: Option<Value>,
    pub(crate) faults: Vec<&'static str>,
}

/// The notes about one request, handed on in its extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notebook(Arc<Mutex<Notes>>);

impl Notebook {
    pub(crate) fn write(&self, note: impl FnOnce(&mut Notes)) {
        note(&mut unpoisoned(&self.0));
    }

    pub(crate) fn take(&self) -> Notes {
        std::mem::take(&mut unpoisoned(&self.0))
    }
}

/// The last requests.
#[derive(Debug)]
pub(crate) struct RequestLog {
    entries: Mutex<VecDeque<LoggedRequest>>,
    /// The number of the last request.
    last: watch::Sender<u64>,
}

impl Default for RequestLog {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            last: watch::Sender::new(0),
        }
    }
}

impl RequestLog {
    /// Adds a request, whose number is given here.
    pub(crate) fn add(&self, mut entry: LoggedRequest) {
        let mut entries = unpoisoned(&self.entries);
        let number = *self.last.borrow() + 1;
        entry.number = number;
        if entries.len() == CAPACITY {
            entries.pop_front();
        }
        entries.push_back(entry);
        // Still under the lock, so that no two requests get one number.
        self.last.send_replace(number);
    }

    /// The requests after a number that are still remembered, oldest first.
    pub(crate) fn after(&self, number: u64) -> Vec<LoggedRequest> {
        unpoisoned(&self.entries)
            .iter()
            .filter(|entry| entry.number > number)
            .cloned()
            .collect()
    }

    pub(crate) fn clear(&self) {
        unpoisoned(&self.entries).clear();
    }

    /// Waits until a remembered request is wanted.
    pub(crate) async fn wait_for(
        &self,
        is_wanted: impl Fn(&LoggedRequest) -> bool,
    ) -> LoggedRequest {
        let mut changes = self.last.subscribe();
        loop {
            changes.mark_unchanged();
            let found = unpoisoned(&self.entries)
                .iter()
                .find(|one| is_wanted(one))
                .cloned();
            if let Some(found) = found {
                return found;
            }
            // The sender lives as long as this, so there is always a next change to wait for.
            let _ = changes.changed().await;
        }
    }
}
