//! Secrets in the memory of this process, for tests and for processes that must leave no trace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runbeam_model::{SecretBytes, SystemClock};

use crate::generation::Generation;
use crate::secret_store::check_len;
use crate::watch::Changes;
use crate::{
    Description, EntryName, Error, InstanceId, Lifetime, Location, Precondition, Presence,
    Revision, SecretStore, Stored,
};

/// Keeps secrets until the last clone of it is dropped.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    memory: Arc<Memory>,
}

#[derive(Debug)]
struct Memory {
    secrets: Mutex<Secrets>,
    changes: Changes,
}

type Secrets = BTreeMap<(InstanceId, EntryName), Stored>;

impl MemoryStore {
    /// A store without any secret.
    #[must_use]
    pub fn new() -> Self {
        Self {
            memory: Arc::new(Memory {
                secrets: Mutex::default(),
                changes: Changes::notified(),
            }),
        }
    }

    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        // A map is whole between its calls, whatever panicked.
        self.memory
            .secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, instance: &InstanceId, entry: &EntryName) -> Option<Stored> {
        self.secrets()
            .get(&(instance.clone(), entry.clone()))
            .cloned()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl SecretStore for MemoryStore {
    async fn load(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> Result<Option<Stored>, Error> {
        Ok(self.find(instance, entry))
    }

    async fn save(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error> {
        check_len(value)?;
        let place = (instance.clone(), entry.clone());
        let mut secrets = self.secrets();
        let former = secrets.get(&place);
        precondition.check(former.map(|stored| stored.revision))?;
        let former = former.map_or(Generation::UNNUMBERED, |stored| stored.generation);
        let stored = Stored::of(value.clone(), former.next(&SystemClock));
        let revision = stored.revision;
        secrets.insert(place, stored);
        drop(secrets);
        self.memory.changes.tell();
        Ok(revision)
    }

    async fn clear(&self, instance: &InstanceId, entry: &EntryName) -> Result<bool, Error> {
        let cleared = self.secrets().remove(&(instance.clone(), entry.clone()));
        self.memory.changes.tell();
        Ok(cleared.is_some())
    }

    async fn list(&self, instance: &InstanceId) -> Result<BTreeSet<EntryName>, Error> {
        let secrets = self.secrets();
        let entries = secrets.keys().filter(|(of, _)| of == instance);
        Ok(entries.map(|(_, entry)| entry.clone()).collect())
    }

    async fn changed(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        seen: Option<Revision>,
    ) -> Result<Option<Stored>, Error> {
        let load = || self.load(instance, entry);
        self.memory.changes.wait(seen, load).await
    }

    async fn describe(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> Result<Description, Error> {
        let presence = match self.find(instance, entry) {
            Some(_) => Presence::Present,
            None => Presence::Absent,
        };
        Ok(Description::new(
            Location::Memory,
            presence,
            Lifetime::Process,
        ))
    }
}
