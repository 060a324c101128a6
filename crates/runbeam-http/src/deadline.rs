//! The time that is left for a call, and for each of its phases.

use std::future::Future;
use std::time::Duration;

use runbeam_model::Origin;
use tokio::time::Instant;

use crate::{Error, Phase};

/// When a call has to be over, whatever phase it is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    total: Duration,
}

impl Deadline {
    pub(crate) fn new(start: Instant, total: Duration) -> Self {
        let far = Duration::from_secs(60 * 60 * 24 * 365);
        Self {
            at: start + total.min(far),
            total,
        }
    }

    /// Whether there is time for a wait and for something after it.
    pub(crate) fn allows(&self, wait: Duration) -> bool {
        wait < self.at.saturating_duration_since(Instant::now())
    }

    /// What `future` yields within `limit`, which is that of `phase`, and before all time is over.
    ///
    /// A future that is ready at once costs no timer.
    pub(crate) async fn within<F: Future>(
        &self,
        phase: Phase,
        limit: Duration,
        server: &Origin,
        future: F,
    ) -> Result<F::Output, Error> {
        let own = Instant::now()
            .checked_add(limit)
            .filter(|own| *own < self.at);
        let ended = tokio::time::timeout_at(own.unwrap_or(self.at), future).await;
        ended.map_err(|_| match own {
            Some(_) => Error::timeout(phase, server, limit),
            None => Error::timeout(Phase::Total, server, self.total),
        })
    }
}
