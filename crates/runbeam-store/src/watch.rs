//! Waiting for another state of an entry.

use std::time::Duration;

use tokio::sync::Notify;

use crate::{EntryName, Error, InstanceId, Revision, SecretStore, Stored};

/// How often a store looks for changes that nobody tells it, unless it is told otherwise.
pub(crate) const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);

/// Each later state of an entry, as [`SecretStore::watch`] gives them.
///
/// It runs no task and no thread: it ends when it is dropped. States that follow each other fast may be
/// skipped, the last one never is.
#[derive(Debug)]
pub struct Watch<'a, S> {
    store: &'a S,
    instance: InstanceId,
    entry: EntryName,
    seen: Option<Revision>,
    has_failed: bool,
}

/// After an error the next look waits this long: a caller that loops must not hammer a broken backend.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

impl<'a, S: SecretStore> Watch<'a, S> {
    pub(crate) fn new(
        store: &'a S,
        instance: &InstanceId,
        entry: &EntryName,
        from: Option<Revision>,
    ) -> Self {
        Self {
            store,
            instance: instance.clone(),
            entry: entry.clone(),
            seen: from,
            has_failed: false,
        }
    }

    /// Waits for a state that differs from the last one, and returns it: the secret, or `None` if it was cleared.
    ///
    /// It may be dropped at any time, and called again.
    ///
    /// # Errors
    ///
    /// Those of [`load`](SecretStore::load). The watch goes on with the next call, which waits for a second first.
    pub async fn next(&mut self) -> Result<Option<Stored>, Error> {
        if self.has_failed {
            tokio::time::sleep(PAUSE_AFTER_ERROR).await;
        }
        let changed = self
            .store
            .changed(&self.instance, &self.entry, self.seen)
            .await;
        self.has_failed = changed.is_err();
        let stored = changed?;
        self.seen = stored.as_ref().map(|stored| stored.revision);
        Ok(stored)
    }
}

/// Tells those who wait that something was written through the same store, and how often to look for what others
/// wrote.
#[derive(Debug)]
pub(crate) struct Changes {
    written: Notify,
    /// `None` if nobody else can write.
    interval: Option<Duration>,
}

impl Default for Changes {
    fn default() -> Self {
        Self::polled(DEFAULT_INTERVAL)
    }
}

impl Changes {
    pub(crate) fn polled(interval: Duration) -> Self {
        Self {
            written: Notify::new(),
            interval: Some(interval),
        }
    }

    pub(crate) fn notified() -> Self {
        Self {
            written: Notify::new(),
            interval: None,
        }
    }

    /// Wakes all who wait, to look for themselves.
    pub(crate) fn tell(&self) {
        self.written.notify_waiters();
    }

    /// Loads until the state differs from the one of revision `seen`.
    pub(crate) async fn wait<F>(
        &self,
        seen: Option<Revision>,
        load: impl Fn() -> F,
    ) -> Result<Option<Stored>, Error>
    where
        F: Future<Output = Result<Option<Stored>, Error>>,
    {
        loop {
            // Registered before the look, so that a write in between wakes it.
            let mut written = std::pin::pin!(self.written.notified());
            written.as_mut().enable();
            let stored = load().await?;
            if stored.as_ref().map(|stored| stored.revision) != seen {
                return Ok(stored);
            }
            match self.interval {
                Some(interval) => {
                    // Both ends of the wait are a reason to look.
                    let _ = tokio::time::timeout(interval, written).await;
                }
                None => written.await,
            }
        }
    }
}
