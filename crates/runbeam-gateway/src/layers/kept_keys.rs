//! Public keys that outlive the process.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use runbeam_sdk::model::SecretBytes;
use runbeam_sdk::store::{EntryName, InstanceId, Precondition, SecretStore};

use super::Authenticator;
use crate::Error;

const READING: &str = "reading the public keys that are kept";
const KEEPING: &str = "keeping public keys";

/// Keeps the public keys of an [`Authenticator`] in a store, as the entry `auth_keys` of an instance.
///
/// ```
/// # async fn example(store: runbeam_sdk::store::Store) -> Result<(), Box<dyn std::error::Error>> {
/// use runbeam_gateway::layers::{AuthConfig, KeptKeys};
///
/// let kept = KeptKeys::new(store, "edge-lisbon".parse()?);
/// let config = AuthConfig::read("gateway.toml")?.with_key_snapshot(kept.load().await?);
/// let authenticator = config.chain()?.build()?;
/// // From time to time, and at the end.
/// kept.keep(&authenticator).await?;
/// # Ok(())
/// # }
/// ```
pub struct KeptKeys<S> {
    store: S,
    instance: InstanceId,
    /// What the store has.
    kept: Mutex<Vec<u8>>,
}

impl<S: SecretStore> KeptKeys<S> {
    /// Keeps them in `store` for `instance`.
    #[must_use]
    pub fn new(store: S, instance: InstanceId) -> Self {
        Self {
            store,
            instance,
            kept: Mutex::default(),
        }
    }

    /// What is kept: empty if that is nothing.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if the store cannot be read at present.
    pub async fn load(&self) -> Result<Vec<u8>, Error> {
        let loaded = self.store.load(&self.instance, &entry()?).await;
        let loaded = loaded.map_err(|error| Error::of_store(READING, error))?;
        let loaded = loaded.map(|stored| stored.value.expose().to_vec());
        let loaded = loaded.unwrap_or_default();
        self.note(loaded.clone());
        Ok(loaded)
    }

    /// Keeps the keys that were fetched so far, if they are others than those that are kept. Whether they are.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if they cannot be kept, such as more than 64 KiB of them.
    pub async fn keep(&self, authenticator: &Authenticator) -> Result<bool, Error> {
        let Some(snapshot) = authenticator.key_snapshot() else {
            return Ok(false);
        };
        if snapshot == *self.kept.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(false);
        }
        let value = SecretBytes::from(snapshot.clone());
        self.store
            .save(&self.instance, &entry()?, &value, Precondition::Any)
            .await
            .map_err(|error| Error::of_store(KEEPING, error))?;
        self.note(snapshot);
        Ok(true)
    }

    fn note(&self, kept: Vec<u8>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }
}

fn entry() -> Result<EntryName, Error> {
    "auth_keys"
        .parse()
        .map_err(|error| Error::of_store(READING, error))
}

impl<S> fmt::Debug for KeptKeys<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptKeys")
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
