//! The handle with the automatic choice of a backend, and its builder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runbeam_model::{Clock, Secret};

use crate::age_file::{AgeFiles, CommonKey};
use crate::blocking::{in_background, secret_store_in_background};
use crate::environment::{self, Environment};
use crate::key_setting::KeySetting;
use crate::keyring::{Keyring, KeyringSettings};
use crate::seal::Place;
use crate::selection::{FileReason, Selection};
use crate::{Backend, EntryName, Error, InstanceId, KeySource, Migration, Rotation, lock};

/// Keeps secrets where this machine keeps them best: in the keyring of the operating system, or else in age files.
///
/// It is cheap to clone. Which backend it is, is settled once for each instance and remembered:
///
/// - Files, if an encryption key is handed over, if `RUNBEAM_ENCRYPTION_KEY`, `RUNBEAM_ENCRYPTION_KEY_FILE` or
///   `RUNBEAM_DISABLE_KEYRING` is set, or if the instance has files of the earlier SDK.
/// - Else the keyring, if the first save to it succeeds within its deadline.
/// - Else files. This is logged as a warning, and [`describe`](crate::SecretStore::describe) tells it.
///
/// From the first save on, the file `<root>/<instance>/backend` says `keyring` or `file`: if the keyring of such an
/// instance is locked, hangs or is gone, that is an error and not an absent secret. An instance without that file never
/// kept anything in the keyring, so there an unreachable keyring means that there is no secret.
///
/// [`migrate`](Self::migrate) moves an instance from one backend to the other. While it moves, the file says `file, formerly
/// keyring` or `keyring, formerly file`, and both places are asked; of two copies of an entry the newer one counts,
/// wherever it is. (In an instance that has chosen the keyring, a newer file counts, too.)
///
/// When files are demanded for an instance that has chosen the keyring, loading is an error of kind
/// [`Elsewhere`](crate::ErrorKind::Elsewhere) until something is saved. The save then begins to move the instance to files,
/// and removes that entry from the keyring as far as it can be reached. Its other entries are still found in the
/// keyring by a store that may use it, and an error for one that may not.
///
/// What is in files is loaded by the thread that polls the future, as far as it can do that without waiting for a disk (on
/// Linux: files that the system has in memory), which spares two changes of the thread. Everything else that blocks is
/// done by a thread of its own.
///
/// A secret in a file that was read once is loaded again without reading it: a copy in this process is used as long as the
/// file, the instance's choice and key, and the directories to them are unchanged. That takes up to five `lstat` calls, made
/// by the thread that polls the future. A change by another process is seen at once. Copies are zeroized when they are
/// replaced or the last clone of the store is dropped; at most 64 are held. What is in the keyring is asked for each time.
#[derive(Debug, Clone)]
pub struct Store {
    selection: Arc<Selection>,
}

impl Store {
    /// A store as the environment says: `RUNBEAM_HOME` (default `~/.runbeam`), `RUNBEAM_ENCRYPTION_KEY` or
    /// `RUNBEAM_ENCRYPTION_KEY_FILE`, `RUNBEAM_DISABLE_KEYRING`. See [the table](crate#environment).
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

    /// Seals all files of `instance` anew: with the first identity of the key that was handed over or is set, or else with
    /// a new key of the instance, which then replaces the former one. What the keyring keeps has no key of ours,
    /// and stays as it is.
    ///
    /// Loads go on without a failure meanwhile, in this process and in others; saves wait. An interrupted rotation loses
    /// nothing, and the next one brings it to its end. Generations and revisions stay what they were.
    ///
    /// A new key of the instance is written beside the former one, `[new, former]`, before anything is sealed
    /// with it, and alone after everything is. A process of the earlier SDK cannot read the two together.
    ///
    /// # Errors
    ///
    /// That of the first entry that does not open. All others are sealed anew, and no identity is dropped.
    pub async fn rotate(&self, instance: &InstanceId) -> Result<Rotation, Error> {
        let (selection, instance) = (self.selection.clone(), instance.clone());
        in_background(move || selection.rotate(&instance)).await
    }

    /// Makes `key` the own key of `instance`, and seals all its files anew with it: the first identity, where it has
    /// several. It has any form that `RUNBEAM_ENCRYPTION_KEY` may have. The rules are those of [`rotate`](Self::rotate).
    ///
    /// # Errors
    ///
    /// [`EncryptionKey`](crate::ErrorKind::EncryptionKey) if it is not a key, or if this store has another one for all
    /// instances; and those of a rotation.
    pub async fn adopt_key(
        &self,
        instance: &InstanceId,
        key: impl Into<Secret>,
    ) -> Result<(), Error> {
        let key = CommonKey::parse(&key.into(), KeySource::Caller)?;
        let (selection, instance) = (self.selection.clone(), instance.clone());
        in_background(move || selection.adopt_key(&instance, &key)).await
    }

    /// Whether `key` can be [adopted](Self::adopt_key), as far as its text tells.
    ///
    /// # Errors
    ///
    /// [`EncryptionKey`](crate::ErrorKind::EncryptionKey) if it is not a key.
    pub fn check_key(key: &Secret) -> Result<(), Error> {
        CommonKey::parse(key, KeySource::Caller).map(drop)
    }

    /// The key that files of `instance` are sealed with, as base64 of the one identity that seals, which every version
    /// reads: the key that was handed over or is set, or else the instance's own. `None` if it has none yet: none is made.
    ///
    /// It is for handing the key on, such as to the gateway of this instance; the store needs nobody to do so.
    ///
    /// # Errors
    ///
    /// [`EncryptionKey`](crate::ErrorKind::EncryptionKey) if it is of no use, and those of reading a file.
    pub async fn encryption_key(&self, instance: &InstanceId) -> Result<Option<Secret>, Error> {
        let (selection, instance) = (self.selection.clone(), instance.clone());
        in_background(move || selection.encryption_key(&instance)).await
    }

    /// Moves all entries of `instance` to `target`, which the instance has chosen from then on: each is copied, read
    /// back, and removed where it was. Generations and revisions stay what they were.
    ///
    /// Loads go on meanwhile, in this process and in others; saves wait. An interrupted migration leaves each entry in
    /// one place or equal in both, and the next one brings it to its end.
    ///
    /// # Errors
    ///
    /// [`Elsewhere`](crate::ErrorKind::Elsewhere) if this store may not use the keyring,
    /// [`Conflict`](crate::ErrorKind::Conflict) if the keyring holds another secret in the place of one that is to be moved
    /// there, and whatever keeps an entry from being read or written. What has not moved is where it was.
    pub async fn migrate(
        &self,
        instance: &InstanceId,
        target: Backend,
    ) -> Result<Migration, Error> {
        let (selection, instance) = (self.selection.clone(), instance.clone());
        in_background(move || selection.migrate(&instance, target)).await
    }

    /// Moves the secret that versions 0.4 to 0.6 of the earlier SDK kept in the keyring, for all instances together, to
    /// an entry of `instance`. It says whether there was one.
    ///
    /// Nothing else looks at that secret (service `runbeam`, account `runbeam/<entry>.json`): which instance it belongs
    /// to is known to a person alone.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) if the entry holds another secret,
    /// [`Elsewhere`](crate::ErrorKind::Elsewhere) if this store may not use the keyring, and those of a save. The shared
    /// secret is removed last.
    pub async fn take_over_shared(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> Result<bool, Error> {
        let (selection, instance, entry) =
            (self.selection.clone(), instance.clone(), entry.clone());
        in_background(move || {
            selection.take_over_shared(Place {
                instance: &instance,
                entry: &entry,
            })
        })
        .await
    }
}

secret_store_in_background!(Store, selection);

/// Builds a [`Store`].
#[derive(Debug)]
#[must_use]
pub struct StoreBuilder {
    root: Option<PathBuf>,
    key: Option<KeySetting>,
    has_keyring: bool,
    disabled_by: Option<FileReason>,
    keyring: KeyringSettings,
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
            keyring: KeyringSettings::default(),
            lock_deadline: lock::DEFAULT_DEADLINE,
        }
    }

    /// What the environment says, for all that is not told otherwise.
    ///
    /// # Errors
    ///
    /// If `RUNBEAM_HOME` is empty, if `RUNBEAM_ENCRYPTION_KEY` is not text, or if it and
    /// `RUNBEAM_ENCRYPTION_KEY_FILE` are both set.
    pub fn from_env() -> Result<Self, Error> {
        let environment = Environment::read()?;
        let mut builder = Self::new();
        builder.root = environment.root;
        builder.key = environment.encryption_key;
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

    /// Keeps secrets in files that are sealed with `key`, whatever the environment says. Every documented
    /// form is accepted; of several identities the first one seals, and all of them open.
    pub fn with_encryption_key(mut self, key: impl Into<Secret>) -> Self {
        self.key = Some(KeySetting::Caller(key.into()));
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
        self.keyring.deadline = deadline;
        self
    }

    /// Waits for a person who is asked to unlock the keyring, for at most `deadline`. A keyring that does not even answer
    /// whether it is there still is an error after the other deadline.
    pub fn with_keyring_prompt(mut self, deadline: Duration) -> Self {
        self.keyring.prompt = Some(deadline);
        self
    }

    /// Looks for changes of a watched entry every `interval` instead of every second.
    pub fn with_watch_interval(mut self, interval: Duration) -> Self {
        self.keyring.watch_interval = interval;
        self
    }

    /// Numbers the states of secrets by `clock` instead of the clock of the system.
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.keyring.clock = Arc::new(clock);
        self
    }

    /// Waits for another process that writes the same instance for at most `deadline` instead of 5 s.
    pub fn with_lock_deadline(mut self, deadline: Duration) -> Self {
        self.lock_deadline = deadline;
        self
    }

    /// The store. Nothing is created or called yet, and nothing is read but the file that
    /// `RUNBEAM_ENCRYPTION_KEY_FILE` names: a key that is exchanged there is taken by the next store that is built.
    ///
    /// # Errors
    ///
    /// [`EncryptionKey`](crate::ErrorKind::EncryptionKey) if the key is not one or its file cannot be read, and
    /// [`Configuration`](crate::ErrorKind::Configuration) if there is no home directory.
    pub fn build(self) -> Result<Store, Error> {
        let root = match self.root {
            Some(root) => root,
            None => environment::default_root()?,
        };
        let files_because = self
            .disabled_by
            .or(self.key.as_ref().map(KeySetting::reason));
        let key = self.key.map(KeySetting::read).transpose()?;
        let files = AgeFiles::new(&root)?
            .with_common_key(key)
            .with_lock_deadline(self.lock_deadline)
            .with_watch_interval(self.keyring.watch_interval)
            .with_clock(self.keyring.clock.clone());
        let keyring = self.has_keyring.then(|| Keyring::new(self.keyring));
        Ok(Store {
            selection: Arc::new(Selection::new(files, keyring, files_because)),
        })
    }
}
