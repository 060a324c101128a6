//! What a feed keeps in the store: its journal, and the versions of the last good configuration.

use runbeam_sdk::model::{ParseError, SecretBytes};
use runbeam_sdk::store::{EntryName, ErrorKind, InstanceId, Precondition, Revision, SecretStore};

use super::journal::Journal;
use super::{LastGood, chunks};
use crate::Error;

const READING: &str = "reading what is kept of the configuration";
const KEEPING: &str = "keeping the configuration";

/// The entries of one instance that belong to its feed.
pub(super) struct Archive<S> {
    store: S,
    instance: InstanceId,
    versions: usize,
    /// The state of the journal that was read or written last.
    seen: Option<Revision>,
    /// What is there instead of a journal does not open, and is written over.
    is_damaged: bool,
}

impl<S: SecretStore> Archive<S> {
    pub(super) fn new(store: S, instance: InstanceId, versions: usize) -> Self {
        Self {
            store,
            instance,
            versions: versions.max(1),
            seen: None,
            is_damaged: false,
        }
    }

    /// The journal, and the last good configuration that holds by it.
    ///
    /// A journal that does not read is begun anew: the whole configuration is fetched again then.
    pub(super) async fn open(&mut self) -> Result<(Journal, Option<LastGood>), Error> {
        let stored = self.store.load(&self.instance, &journal_entry()?).await;
        let journal = match stored {
            Ok(stored) => {
                self.seen = stored.as_ref().map(|stored| stored.revision);
                stored.map(|stored| stored.value.parse_json::<Journal>())
            }
            Err(error) if matches!(error.kind(), ErrorKind::Damaged | ErrorKind::Misplaced) => {
                self.is_damaged = true;
                Some(Err(ParseError::new("journal", error.to_string())))
            }
            Err(error) => return Err(Error::of_store(READING, error)),
        };
        let journal = match journal {
            None => None,
            Some(Ok(journal)) => Some(journal),
            Some(Err(problem)) => {
                tracing::error!(instance = %self.instance, %problem, "the journal of changes does not read, and is begun anew");
                None
            }
        };
        let newest = journal.as_ref().map_or(u64::MAX, Journal::version);
        let last_good = self.newest_version(newest).await?;
        let journal = journal.unwrap_or_else(|| {
            let mut journal = Journal::default();
            journal.replaced(last_good.as_ref().map_or(0, |last_good| last_good.version));
            journal
        });
        Ok((journal, last_good))
    }

    /// The newest version up to `newest` that reads.
    async fn newest_version(&self, newest: u64) -> Result<Option<LastGood>, Error> {
        let entries = self.store.list(&self.instance).await;
        let entries = entries.map_err(|error| Error::of_store(READING, error))?;
        let versions = chunks::versions(entries);
        for (version, entries) in versions.range(..=newest).rev() {
            match self.read_version(*version, entries).await {
                Ok(last_good) => return Ok(Some(last_good)),
                Err(problem) => {
                    tracing::error!(
                        instance = %self.instance, version, %problem,
                        "a version of the configuration does not read; the one before it is tried"
                    );
                }
            }
        }
        Ok(None)
    }

    async fn read_version(&self, version: u64, entries: &[EntryName]) -> Result<LastGood, Error> {
        let mut pieces = Vec::with_capacity(entries.len());
        for entry in entries {
            let stored = self.store.load(&self.instance, entry).await;
            let stored = stored.map_err(|error| Error::of_store(READING, error))?;
            pieces.extend(stored.map(|stored| stored.value));
        }
        let incomplete = || {
            let problem = "it is not whole".to_owned();
            Error::because(crate::ErrorKind::Storage, READING, problem)
        };
        let whole = chunks::join(version, &pieces).ok_or_else(incomplete)?;
        whole
            .parse_json()
            .map_err(|problem| Error::of_value(READING, problem))
    }

    /// Writes a version. It holds when the journal says so.
    pub(super) async fn write_version(&self, last_good: &LastGood) -> Result<(), Error> {
        let whole = SecretBytes::from_json(last_good)
            .map_err(|problem| Error::of_value(KEEPING, problem))?;
        for (entry, piece) in chunks::split(last_good.version, &whole) {
            self.store
                .save(&self.instance, &entry, &piece, Precondition::Any)
                .await
                .map_err(|error| Error::of_store(KEEPING, error))?;
        }
        Ok(())
    }

    /// Writes the journal.
    pub(super) async fn write_journal(&mut self, journal: &Journal) -> Result<(), Written> {
        let failed = |error| Written::Failed(Error::of_value(KEEPING, error));
        let json = SecretBytes::from_json(journal).map_err(failed)?;
        let precondition = match self.seen {
            _ if self.is_damaged => Precondition::Any,
            Some(seen) => Precondition::Unchanged(seen),
            None => Precondition::Absent,
        };
        let entry = journal_entry().map_err(Written::Failed)?;
        let saved = self
            .store
            .save(&self.instance, &entry, &json, precondition)
            .await;
        match saved {
            Ok(revision) => {
                self.seen = Some(revision);
                self.is_damaged = false;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Conflict => Err(Written::ByAnother),
            Err(error) => Err(Written::Failed(Error::of_store(KEEPING, error))),
        }
    }

    /// Removes the versions that are too old, and those that were written and never held. What cannot be removed now is
    /// removed another time.
    pub(super) async fn tidy(&self, current: u64) {
        let Ok(entries) = self.store.list(&self.instance).await else {
            return;
        };
        let mut versions = chunks::versions(entries);
        let mut superfluous: Vec<Vec<EntryName>> =
            versions.split_off(&(current + 1)).into_values().collect();
        while versions.len() > self.versions {
            superfluous.extend(versions.pop_first().map(|(_, entries)| entries));
        }
        for entry in superfluous.iter().flatten() {
            if let Err(error) = self.store.clear(&self.instance, entry).await {
                tracing::debug!(instance = %self.instance, %entry, %error, "an old version of the configuration stays for now");
            }
        }
    }
}

/// Why the journal was not written.
pub(super) enum Written {
    /// Another feed of the instance wrote it.
    ByAnother,
    Failed(Error),
}

fn journal_entry() -> Result<EntryName, Error> {
    "sync"
        .parse()
        .map_err(|error| Error::of_store(READING, error))
}
