//! Secrets in the memory of this process, for tests and for processes that must leave no trace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runbeam_model::SecretBytes;

use crate::secret_store::check_len;
use crate::{
    Description, EntryName, Error, InstanceId, Lifetime, Location, Precondition, Presence,
    Revision, SecretStore, Stored,
};

/// Keeps secrets until the last clone of it is dropped.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    secrets: Arc<Mutex<Secrets>>,
}

type Secrets = HashMap<(InstanceId, EntryName), Stored>;

impl MemoryStore {
    /// A store without any secret.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        // A map is whole between its calls, whatever panicked.
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for MemoryStore {
    async fn load(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> Result<Option<Stored>, Error> {
        Ok(self
            .secrets()
            .get(&(instance.clone(), entry.clone()))
            .cloned())
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
        precondition.check(secrets.get(&place).map(|stored| stored.revision))?;
        let stored = Stored::new(value.clone(), Revision::of(value.expose()));
        let revision = stored.revision;
        secrets.insert(place, stored);
        Ok(revision)
    }

    async fn clear(&self, instance: &InstanceId, entry: &EntryName) -> Result<bool, Error> {
        Ok(self
            .secrets()
            .remove(&(instance.clone(), entry.clone()))
            .is_some())
    }

    async fn describe(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> Result<Description, Error> {
        let presence = match self
            .secrets()
            .contains_key(&(instance.clone(), entry.clone()))
        {
            true => Presence::Present,
            false => Presence::Absent,
        };
        Ok(Description::new(
            Location::Memory,
            presence,
            Lifetime::Process,
        ))
    }
}
