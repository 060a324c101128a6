//! What went wrong last, and when.

use runbeam_sdk::model::Timestamp;

use crate::Error;

/// What went wrong last, and when.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fault {
    /// When it went wrong.
    pub at: Timestamp,
    /// What went wrong.
    pub error: Error,
}

impl Fault {
    pub(crate) fn new(at: Timestamp, error: Error) -> Self {
        Self { at, error }
    }
}
