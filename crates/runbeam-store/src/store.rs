//! The handle with the automatic choice of a backend, and its builder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runbeam_model::Secret;

use crate::age_file::{AgeFiles, CommonKey};
use crate::blocking::secret_store_in_background;
use crate::environment::{self, Environment};
use crate::keyring::{self, Keyring};
use crate::selection::{FileReason, Selection};
use crate::{Error, KeySource, lock};

/// Keeps secrets where this machine keeps them best: in the keyring of the operating system, or else in age files.
///
/// It is cheap to clone. Which backend it is, is settled once for each instance and remembered:
///
/// - Files, if an encryption key is handed over, or if `RUNBEAM_ENCRYPTION_KEY` or `RUNBEAM_DISABLE_KEYRING` is set,
///   or if the instance has files of the earlier SDK.
/// - Else the keyring, if the first save to it succeeds within its deadline.
/// - Else files. This is logged as a warning, and [`describe`](crate::SecretStore::describe) tells it.
///
/// From the first save on, the file `<root>/<instance>/backend` says `keyring` or `file`, and nothing is searched for
/// anywhere else: if the keyring of such an instance is locked, hangs or is gone, that is an error and not an
/// absent secret. An instance without that file never kept anything in the keyring, so there an unreachable keyring
/// means that there is no secret.
///
/// When files are demanded for an instance that has chosen the keyring, loading is an error of kind
/// [`Elsewhere`](crate::ErrorKind::Elsewhere) until something is saved. The save then moves the instance to files, and
/// removes that entry from the keyring as far as it can be reached. Its other entries are still found in the keyring by
/// a store that may use it, and an error for one that may not.
#[derive(Debug, Clone)]
pub struct Store {
    selection: Arc<Selection>,
}

impl Store {
    /// A store as the environment says: `RUNBEAM_HOME` (default `~/.runbeam`), `RUNBEAM_ENCRYPTION_KEY`,
    /// `RUNBEAM_DISABLE_KEYRING`.
    ///
    /// # Errors
    ///
    /// If one of them is set but useless.
    pub fn from_env() -> Result<Self, Error> {
        StoreBuilder::from_env()?.build()
    }

    /// A store that takes nothing from the environment but the place of the home directory.
    pub fn builder() -> StoreBuilder {
        StoreBuilder::new()
    }
}

secret_store_in_background!(Store, selection);

/// Builds a [`Store`].
#[derive(Debug)]
#[must_use]
pub struct StoreBuilder {
    root: Option<PathBuf>,
    key: Option<(Secret, KeySource)>,
    has_keyring: bool,
    disabled_by: Option<FileReason>,
    keyring_deadline: Duration,
    lock_deadline: Duration,
}

impl Default for StoreBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl StoreBuilder {
    /// The defaults: `~/.runbeam`, a key of each instance, the keyring first.
    pub fn new() -> Self {
        Self {
            root: None,
            key: None,
            has_keyring: true,
            disabled_by: None,
            keyring_deadline: keyring::DEFAULT_DEADLINE,
            lock_deadline: lock::DEFAULT_DEADLINE,
        }
    }

    /// What the environment says, for all that is not told otherwise.
    ///
    /// # Errors
    ///
    /// If `RUNBEAM_HOME` is empty or `RUNBEAM_ENCRYPTION_KEY` is not text.
    pub fn from_env() -> Result<Self, Error> {
        let environment = Environment::read()?;
        let mut builder = Self::new();
        builder.root = environment.root;
        builder.key = environment
            .encryption_key
            .map(|key| (key, KeySource::Environment));
        if environment.is_keyring_disabled {
            builder.has_keyring = false;
            builder.disabled_by = Some(FileReason::DisabledByEnvironment);
        }
        Ok(builder)
    }

    /// Keeps files, and which backend was chosen, below `root` instead of `~/.runbeam`. A keyring is the same
    /// one for all roots.
    pub fn with_root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(root.into());
        self
    }

    /// Keeps secrets in files that are sealed with `key`, whatever `RUNBEAM_ENCRYPTION_KEY` says. Every documented
    /// form is accepted; of several identities the first one seals, and all of them open.
    pub fn with_encryption_key(mut self, key: impl Into<Secret>) -> Self {
        self.key = Some((key.into(), KeySource::Caller));
        self
    }

    /// Keeps secrets in files, and never calls the keyring.
    pub fn without_keyring(mut self) -> Self {
        self.has_keyring = false;
        self.disabled_by = Some(FileReason::DisabledByCaller);
        self
    }

    /// Ends each call of the keyring after at most `deadline` instead of 3 s.
    pub fn with_keyring_deadline(mut self, deadline: Duration) -> Self {
        self.keyring_deadline = deadline;
        self
    }

    /// Waits for another process that writes the same instance for at most `deadline` instead of 5 s.
    pub fn with_lock_deadline(mut self, deadline: Duration) -> Self {
        self.lock_deadline = deadline;
        self
    }

    /// The store. Nothing is read, created or called yet.
    ///
    /// # Errors
    ///
    /// [`EncryptionKey`](crate::ErrorKind::EncryptionKey) if the key is not one, and
    /// [`Configuration`](crate::ErrorKind::Configuration) if there is no home directory.
    pub fn build(self) -> Result<Store, Error> {
        let root = match self.root {
            Some(root) => root,
            None => environment::default_root()?,
        };
        let files_because =
            self.disabled_by
                .or(self.key.as_ref().map(|(_, source)| match source {
                    KeySource::Environment => FileReason::KeyInEnvironment,
                    _ => FileReason::KeyFromCaller,
                }));
        let key = self
            .key
            .map(|(key, source)| CommonKey::parse(&key, source))
            .transpose()?;
        let files = AgeFiles::new(&root)?
            .with_common_key(key)
            .with_lock_deadline(self.lock_deadline);
        let keyring = self
            .has_keyring
            .then(|| Keyring::new(self.keyring_deadline));
        Ok(Store {
            selection: Arc::new(Selection::new(files, keyring, files_because)),
        })
    }
}
