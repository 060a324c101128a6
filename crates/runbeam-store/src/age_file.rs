//! Secrets in age files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use runbeam_model::{Secret, SecretBytes};

use crate::blocking::{Blocking, secret_store_in_background};
use crate::encryption_key::Identities;
use crate::instance_dir::{InstanceDir, LockedInstance, Sealed};
use crate::seal::{self, OpenError, Place};
use crate::{
    Description, EntryName, Error, ErrorKind, InstanceId, KeySource, Lifetime, Location,
    Precondition, Presence, Revision, Stored, lock,
};

/// Keeps secrets in files that are sealed with [age](https://age-encryption.org/v1) and closed to other users.
///
/// A secret is at `<root>/<instance>/<entry>.json`. The name is that of the secret's content: `age --decrypt -i
/// KEY auth.json` prints the JSON. Files that the earlier SDK wrote, in `<root>/<instance>/runbeam/`, are read,
/// and replaced by the next save.
///
/// Unless a key is handed over, each instance has its own: `<root>/<instance>/encryption.key`, made by the first
/// save. If that file is lost, what it sealed cannot be read any more; the next save makes a new one.
///
/// Files have mode 0600 and directories 0700 from their creation. A symbolic link, a foreign owner, a directory that
/// others can write and a file that others can read are refused with the remedy; a directory of an
/// instance that others can list is closed by the next save. The root itself is left as it is, and the path to it
/// may hold links.
#[derive(Debug, Clone)]
pub struct AgeFileStore {
    files: Arc<AgeFiles>,
}

impl AgeFileStore {
    /// Keeps secrets below `root`, which is created by the first save. A relative path is that of now.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if `root` is empty.
    pub fn new(root: impl AsRef<Path>) -> Result<Self, Error> {
        AgeFiles::new(root.as_ref()).map(Self::from_files)
    }

    /// Seals with `key` instead of a key of each instance. It may hold several identities, one a line: the first
    /// one seals, all of them open.
    ///
    /// # Errors
    ///
    /// [`EncryptionKey`](ErrorKind::EncryptionKey) if it is not a key.
    pub fn with_encryption_key(self, key: &Secret) -> Result<Self, Error> {
        let key = CommonKey::parse(key, KeySource::Caller)?;
        Ok(Self::from_files(AgeFiles {
            key: Some(key),
            ..Arc::unwrap_or_clone(self.files)
        }))
    }

    /// Waits for the lock of an instance for at most `deadline` instead of 5 s.
    #[must_use]
    pub fn with_lock_deadline(self, deadline: Duration) -> Self {
        Self::from_files(AgeFiles {
            lock_deadline: deadline,
            ..Arc::unwrap_or_clone(self.files)
        })
    }

    fn from_files(files: AgeFiles) -> Self {
        Self {
            files: Arc::new(files),
        }
    }
}

secret_store_in_background!(AgeFileStore, files);

/// The same, blocking.
#[derive(Debug, Clone)]
pub(crate) struct AgeFiles {
    root: PathBuf,
    key: Option<CommonKey>,
    lock_deadline: Duration,
}

/// A key for all instances.
#[derive(Debug, Clone)]
pub(crate) struct CommonKey {
    identities: Identities,
    source: KeySource,
}

impl CommonKey {
    pub(crate) fn parse(key: &Secret, source: KeySource) -> Result<Self, Error> {
        match Identities::parse(key.expose().as_bytes()) {
            Ok(identities) => Ok(Self { identities, source }),
            Err(problem) => Err(unusable_key(&source, problem)),
        }
    }
}

impl AgeFiles {
    pub(crate) fn new(root: &Path) -> Result<Self, Error> {
        let root = std::path::absolute(root).map_err(|error| {
            Error::new(
                ErrorKind::Configuration,
                "the root directory of the store has no absolute path",
            )
            .because(error)
        })?;
        // Without a final separator: a link in the last place would be followed before it is seen.
        let root = root.components().collect();
        Ok(Self {
            root,
            key: None,
            lock_deadline: lock::DEFAULT_DEADLINE,
        })
    }

    pub(crate) fn with_common_key(self, key: Option<CommonKey>) -> Self {
        Self { key, ..self }
    }

    pub(crate) fn with_lock_deadline(self, lock_deadline: Duration) -> Self {
        Self {
            lock_deadline,
            ..self
        }
    }

    /// Takes the lock of an instance, whose directory is created if missing.
    pub(crate) fn lock(&self, instance: &InstanceId) -> Result<LockedInstance, Error> {
        InstanceDir::create_and_lock(&self.root, instance, self.lock_deadline)
    }

    /// Takes the lock of an instance if it has a directory.
    pub(crate) fn lock_existing(
        &self,
        instance: &InstanceId,
    ) -> Result<Option<LockedInstance>, Error> {
        InstanceDir::lock(&self.root, instance, self.lock_deadline)
    }

    /// Opens the directory of an instance if it has one.
    pub(crate) fn open(&self, instance: &InstanceId) -> Result<Option<InstanceDir>, Error> {
        InstanceDir::open(&self.root, instance)
    }

    /// Saves into an instance whose lock is held.
    pub(crate) fn save_locked(
        &self,
        locked: &LockedInstance,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error> {
        if precondition != Precondition::Any {
            let current = locked.find(place.entry)?;
            precondition.check(current.map(|sealed| Revision::of(sealed.bytes.expose())))?;
        }
        let identities = match &self.key {
            Some(key) => key.identities.clone(),
            None => self.own_key_or_new(locked, place.instance)?,
        };
        let sealed = seal::seal(value, place, &identities)
            .map_err(|error| Error::new(ErrorKind::Io, "cannot seal the secret").because(error))?;
        locked.write(place.entry, &sealed)?;
        Ok(Revision::of(&sealed))
    }

    fn read_own_key(
        &self,
        dir: &InstanceDir,
        instance: &InstanceId,
    ) -> Result<Option<(Identities, KeySource)>, Error> {
        let Some(text) = dir.read_key()? else {
            return Ok(None);
        };
        let source = KeySource::File(InstanceDir::path_of_key(&self.root, instance));
        match Identities::parse(text.expose()) {
            Ok(identities) => Ok(Some((identities, source))),
            Err(problem) => Err(unusable_key(&source, problem)),
        }
    }

    fn own_key_or_new(
        &self,
        locked: &LockedInstance,
        instance: &InstanceId,
    ) -> Result<Identities, Error> {
        if let Some((identities, _)) = self.read_own_key(locked, instance)? {
            return Ok(identities);
        }
        if locked.holds_sealed()? {
            tracing::warn!(
                %instance,
                "the encryption key of the instance is gone: what it sealed cannot be read, a new key is made"
            );
        }
        let identities = Identities::generate();
        if locked.create_key(&identities.to_written_form())? {
            return Ok(identities);
        }
        // A process that knows no lock, such as the earlier SDK, was faster: its key is the one.
        match self.read_own_key(locked, instance)? {
            Some((identities, _)) => Ok(identities),
            None => Err(Error::new(
                ErrorKind::Locked,
                format!(
                    "another process is writing {}; try again",
                    InstanceDir::path_of_key(&self.root, instance).display()
                ),
            )),
        }
    }

    fn key_is_gone(&self, sealed: &Sealed, instance: &InstanceId) -> Error {
        Error::new(
            ErrorKind::EncryptionKey,
            format!(
                "the key that sealed {} is gone; restore {}, or set RUNBEAM_ENCRYPTION_KEY, or save the secret again",
                sealed.path.display(),
                InstanceDir::path_of_key(&self.root, instance).display()
            ),
        )
    }
}

impl Blocking for AgeFiles {
    fn load(&self, instance: &InstanceId, entry: &EntryName) -> Result<Option<Stored>, Error> {
        let Some(dir) = self.open(instance)? else {
            return Ok(None);
        };
        let Some(sealed) = dir.find(entry)? else {
            return Ok(None);
        };
        let (identities, source) = match &self.key {
            Some(key) => (key.identities.clone(), key.source.clone()),
            None => self
                .read_own_key(&dir, instance)?
                .ok_or_else(|| self.key_is_gone(&sealed, instance))?,
        };
        match seal::open(
            sealed.bytes.expose(),
            Place { instance, entry },
            &identities,
        ) {
            Ok(value) => Ok(Some(Stored::new(
                value,
                Revision::of(sealed.bytes.expose()),
            ))),
            Err(error) => Err(does_not_open(&sealed, &source, error)),
        }
    }

    fn save(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error> {
        let locked = self.lock(instance)?;
        self.save_locked(&locked, Place { instance, entry }, value, precondition)
    }

    fn clear(&self, instance: &InstanceId, entry: &EntryName) -> Result<bool, Error> {
        match self.lock_existing(instance)? {
            Some(locked) => locked.remove(entry),
            None => Ok(false),
        }
    }

    fn describe(&self, instance: &InstanceId, entry: &EntryName) -> Result<Description, Error> {
        let found = match self.open(instance)? {
            Some(dir) => dir.find(entry)?,
            None => None,
        };
        let (path, presence) = match found {
            Some(sealed) => (sealed.path, Presence::Present),
            None => (
                InstanceDir::path_of_entry(&self.root, instance, entry),
                Presence::Absent,
            ),
        };
        let own_key = || KeySource::File(InstanceDir::path_of_key(&self.root, instance));
        let mut description = Description::new(Location::File(path), presence, Lifetime::Durable);
        description.key_source = Some(
            self.key
                .as_ref()
                .map_or_else(own_key, |key| key.source.clone()),
        );
        Ok(description)
    }
}

fn unusable_key(source: &KeySource, problem: &str) -> Error {
    Error::new(
        ErrorKind::EncryptionKey,
        format!(
            "the encryption key from {source} cannot be used: {problem}; make one with `age-keygen`, or remove it to \
             use a key that is made for the instance"
        ),
    )
}

fn does_not_open(sealed: &Sealed, source: &KeySource, error: OpenError) -> Error {
    let path = sealed.path.display();
    match error {
        OpenError::WrongKey => Error::new(
            ErrorKind::WrongKey,
            format!("{path} is not sealed with the key from {source}; provide the former key, or save the secret again"),
        ),
        OpenError::Misplaced => Error::new(
            ErrorKind::Misplaced,
            format!("{path} was sealed for another instance or entry; put it back where it was"),
        ),
        OpenError::Damaged(cause) => Error::new(
            ErrorKind::Damaged,
            format!("{path} was cut or changed, or is not an age file; restore it, or save the secret again"),
        )
        .because(cause),
    }
}
