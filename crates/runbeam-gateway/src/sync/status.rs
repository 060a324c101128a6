//! How a feed stands.

use runbeam_sdk::model::Timestamp;

use super::Quarantined;
use crate::Fault;

/// How a feed stands.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SyncStatus {
    /// The version of the last good configuration; `None` if there is none yet.
    pub version: Option<u64>,
    /// The changes that are known and not yet applied.
    pub waiting: usize,
    /// The outcomes that the cloud has not yet taken.
    pub unreported: usize,
    /// The last changes that the gateway did not take over, oldest first.
    pub quarantined: Vec<Quarantined>,
    /// The changes that this process applied.
    pub applied: u64,
    /// The changes that this process put in quarantine.
    pub failed: u64,
    /// How often this process asked.
    pub rounds: u64,
    /// How often in a row that went wrong, and brought no change to an outcome.
    pub failures: u32,
    /// When a round last went well.
    pub last_success: Option<Timestamp>,
    /// What went wrong last. It stays after it went well again: compare the times.
    pub last_error: Option<Fault>,
}
