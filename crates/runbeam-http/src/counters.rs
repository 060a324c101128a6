//! What a client counts, and what its clones share for their retries.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::budget::Budget;
use crate::servers::Servers;

/// What a client, and all that are derived from it, have done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Requests that were sent at least once.
    pub requests: u64,
    /// How often requests were sent, retries included.
    pub attempts: u64,
    /// How often requests were sent again.
    pub retries: u64,
    /// How many requests may be sent again at once.
    pub budget_left: u32,
    /// How many servers are left alone at present.
    pub open_circuits: usize,
}

/// The numbers behind [`Counters`], and the state that retries are decided by.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) servers: Servers,
    pub(crate) budget: Budget,
    requests: AtomicU64,
    retries: AtomicU64,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            servers: Servers::default(),
            budget: Budget::new(),
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
        }
    }

    /// An attempt goes to its server.
    pub(crate) fn count(&self, is_retry: bool) {
        if is_retry {
            self.retries.fetch_add(1, Ordering::Relaxed);
        } else {
            self.requests.fetch_add(1, Ordering::Relaxed);
            self.budget.earn();
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        let requests = self.requests.load(Ordering::Relaxed);
        let retries = self.retries.load(Ordering::Relaxed);
        Counters {
            requests,
            attempts: requests + retries,
            retries,
            budget_left: self.budget.left(),
            open_circuits: self.servers.open_circuits(),
        }
    }
}
