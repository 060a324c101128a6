//! Secrets in age files.

mod key;
mod rotation;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use runbeam_model::{Clock, Secret, SecretBytes, SystemClock};

pub(crate) use self::key::CommonKey;
use self::key::Key;
use crate::blocking::{Blocking, in_background, secret_store_in_background};
use crate::copies::{Copies, Evidence};
use crate::directory::{Wait, lifetime_at};
use crate::encryption_key::Identities;
use crate::generation::Generation;
use crate::instance_dir::{InstanceDir, LockedInstance, Sealed};
use crate::known_file::KnownFiles;
use crate::seal::{self, OpenError, Opened, Place};
use crate::watch::Changes;
use crate::{
    Description, EntryName, Error, ErrorKind, InstanceId, KeySource, Location, Precondition,
    Presence, Revision, Rotation, Stored, lock,
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
        let files = Arc::unwrap_or_clone(self.files);
        Ok(Self::from_files(files.with_common_key(Some(key))))
    }

    /// Waits for the lock of an instance for at most `deadline` instead of 5 s.
    #[must_use]
    pub fn with_lock_deadline(self, deadline: Duration) -> Self {
        Self::from_files(Arc::unwrap_or_clone(self.files).with_lock_deadline(deadline))
    }

    /// Looks for changes of a watched entry every `interval` instead of every second.
    #[must_use]
    pub fn with_watch_interval(self, interval: Duration) -> Self {
        Self::from_files(Arc::unwrap_or_clone(self.files).with_watch_interval(interval))
    }

    /// Numbers the states of secrets by `clock` instead of the clock of the system.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        Self::from_files(Arc::unwrap_or_clone(self.files).with_clock(Arc::new(clock)))
    }

    /// Seals all entries of `instance` anew: with the first identity of the key that was handed over, or else with
    /// a new key of the instance, which then replaces the former one.
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
        let (files, instance) = (self.files.clone(), instance.clone());
        in_background(move || files.rotate(&instance)).await
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
    clock: Arc<dyn Clock>,
    copies: Arc<Copies>,
    known_keys: Arc<KnownFiles<Key>>,
    changes: Arc<Changes>,
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
            clock: Arc::new(SystemClock),
            copies: Arc::default(),
            known_keys: Arc::default(),
            changes: Arc::default(),
        })
    }

    pub(crate) fn with_common_key(self, key: Option<CommonKey>) -> Self {
        Self {
            key,
            // What another key opened is no copy of what this one opens.
            copies: Arc::default(),
            ..self
        }
    }

    pub(crate) fn with_lock_deadline(self, lock_deadline: Duration) -> Self {
        Self {
            lock_deadline,
            ..self
        }
    }

    pub(crate) fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    pub(crate) fn with_watch_interval(self, interval: Duration) -> Self {
        Self {
            changes: Arc::new(Changes::polled(interval)),
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
        self.open_by(instance, Wait::Allowed)
    }

    /// The same, by a thread that may `wait` or not.
    pub(crate) fn open_by(
        &self,
        instance: &InstanceId,
        wait: Wait,
    ) -> Result<Option<InstanceDir>, Error> {
        InstanceDir::open(&self.root, instance, wait)
    }

    /// The copy of a secret in this process, if the files that it came from are unchanged.
    pub(crate) fn unchanged(&self, place: Place<'_>) -> Option<Stored> {
        self.copies.unchanged(place)
    }

    /// Loads by a thread that may `wait` or not.
    fn load_by(&self, place: Place<'_>, wait: Wait) -> Result<Option<Stored>, Error> {
        let evidence = Evidence::from_now();
        match self.open_by(place.instance, wait)? {
            Some(dir) => self.load_from(&dir, place, Some(evidence.with_all(dir.witnesses()))),
            None => Ok(None),
        }
    }

    /// Loads from the open directory of an instance. With `evidence` of what else was read for that, a copy is kept.
    pub(crate) fn load_from(
        &self,
        dir: &InstanceDir,
        place: Place<'_>,
        evidence: Option<Evidence>,
    ) -> Result<Option<Stored>, Error> {
        // Before anything is read: what is written meanwhile may be newer than what is read.
        let newest = self.copies.newest(place);
        let Some((opened, sealed, key)) = self.open_sealed(dir, place)? else {
            return Ok(None);
        };
        let stored = Stored::of(opened.value, opened.generation);
        if stored.generation != Generation::UNNUMBERED && stored.generation < newest {
            return Err(was_rolled_back(&sealed));
        }
        if let Some(mut evidence) = evidence {
            evidence.add_all(sealed.witnesses);
            evidence.add_all(key.witness.clone());
            self.copies.note_load(place, &stored, evidence);
        }
        Ok(Some(stored))
    }

    /// Finds and opens a sealed secret.
    fn open_sealed(
        &self,
        dir: &InstanceDir,
        place: Place<'_>,
    ) -> Result<Option<(Opened, Sealed, Arc<Key>)>, Error> {
        self.open_sealed_while(dir, place, || ())
    }

    /// The same, while others do `meanwhile` between the reading of the secret and that of the key.
    ///
    /// While the key of the instance is rotated, the secret may be read before it is sealed anew and the key after the
    /// former one is gone. So what does not open is read again until the very same does not open twice: whatever
    /// was read second was then there before the first was read again.
    fn open_sealed_while(
        &self,
        dir: &InstanceDir,
        place: Place<'_>,
        mut meanwhile: impl FnMut(),
    ) -> Result<Option<(Opened, Sealed, Arc<Key>)>, Error> {
        let mut former: Option<(SecretBytes, Option<SecretBytes>)> = None;
        loop {
            let Some(sealed) = dir.find(place.entry)? else {
                return Ok(None);
            };
            meanwhile();
            let (error, key) = match self.key(dir, place.instance)? {
                Some(key) => {
                    match seal::open(sealed.bytes.expose(), place, key.identities.iter()) {
                        Ok(opened) => return Ok(Some((opened, sealed, key))),
                        Err(error) => {
                            (does_not_open(&sealed, &key.source, error), key.text.clone())
                        }
                    }
                }
                None => (self.key_is_gone(&sealed, place.instance), None),
            };
            let seen = (sealed.bytes, key);
            if self.key.is_some() || former.as_ref() == Some(&seen) {
                return Err(error);
            }
            former = Some(seen);
        }
    }

    /// Saves into an instance whose lock is held, as a state that is newer than `other_copy`.
    pub(crate) fn save_locked(
        &self,
        locked: &LockedInstance,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
        other_copy: Generation,
    ) -> Result<Stored, Error> {
        let former = self.former_generation(locked, place, precondition)?;
        let generation = former.max(other_copy).next(&self.clock);
        let stored = Stored::of(value.clone(), generation);
        self.write(locked, place, &stored)?;
        Ok(stored)
    }

    /// Writes a state of an entry as it is.
    pub(crate) fn write(
        &self,
        locked: &LockedInstance,
        place: Place<'_>,
        stored: &Stored,
    ) -> Result<(), Error> {
        let identities = self.sealing_key(locked, place.instance)?;
        let sealed = seal_state(stored, place, &identities)?;
        locked.write(place.entry, &sealed)?;
        self.copies.note_save(place, stored.generation);
        Ok(())
    }

    /// Removes a sealed secret, and says whether there was one.
    pub(crate) fn remove(&self, locked: &LockedInstance, place: Place<'_>) -> Result<bool, Error> {
        let removed = locked.remove(place.entry)?;
        self.copies.forget(place);
        Ok(removed)
    }

    /// The generation that the file of an entry claims, if there is one.
    pub(crate) fn claimed_generation(
        &self,
        dir: &InstanceDir,
        entry: &EntryName,
    ) -> Result<Option<Generation>, Error> {
        let sealed = dir.find(entry)?;
        Ok(sealed.map(|sealed| seal::claimed_generation(sealed.bytes.expose())))
    }

    /// Checks the precondition of a save, and returns the newest generation that is known.
    fn former_generation(
        &self,
        locked: &LockedInstance,
        place: Place<'_>,
        precondition: Precondition,
    ) -> Result<Generation, Error> {
        let newest = self.copies.newest(place);
        match precondition {
            Precondition::Any => {
                // What cannot be read is about to be replaced.
                let claimed = match self.claimed_generation(locked, place.entry) {
                    Ok(claimed) => claimed.unwrap_or_default(),
                    Err(_) => Generation::UNNUMBERED,
                };
                if claimed <= newest.max(Generation::of_time(&self.clock)) {
                    return Ok(newest.max(claimed));
                }
                // Nobody shall use up the numbers with a forged one.
                let opened = self.open_sealed(locked, place).unwrap_or_default();
                Ok(opened.map_or(newest, |(opened, ..)| newest.max(opened.generation)))
            }
            Precondition::Absent => {
                let is_absent = locked.find(place.entry)?.is_none();
                precondition.check_presence(!is_absent)?;
                Ok(newest)
            }
            Precondition::Unchanged(_) => {
                let current = match self.copies.unchanged(place) {
                    Some(copy) => Some(copy),
                    None => self.load_from(locked, place, None)?,
                };
                precondition.check(current.as_ref().map(|stored| stored.revision))?;
                Ok(current.map_or(newest, |stored| newest.max(stored.generation)))
            }
        }
    }
}

impl Blocking for AgeFiles {
    fn load_at_once(&self, place: Place<'_>) -> Option<Stored> {
        self.unchanged(place)
            .or_else(|| self.load_by(place, Wait::Refused).ok()?)
    }

    fn load(&self, place: Place<'_>) -> Result<Option<Stored>, Error> {
        self.load_by(place, Wait::Allowed)
    }

    fn save(
        &self,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error> {
        let locked = self.lock(place.instance)?;
        let newer_than = Generation::UNNUMBERED;
        let saved = self.save_locked(&locked, place, value, precondition, newer_than)?;
        Ok(saved.revision)
    }

    fn clear(&self, place: Place<'_>) -> Result<bool, Error> {
        match self.lock_existing(place.instance)? {
            Some(locked) => self.remove(&locked, place),
            None => Ok(false),
        }
    }

    fn list(&self, instance: &InstanceId) -> Result<BTreeSet<EntryName>, Error> {
        match self.open(instance)? {
            Some(dir) => dir.entries(),
            None => Ok(BTreeSet::new()),
        }
    }

    fn describe(&self, place: Place<'_>) -> Result<Description, Error> {
        let Place { instance, entry } = place;
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
        let lifetime = lifetime_at(&path);
        let mut description = Description::new(Location::File(path), presence, lifetime);
        description.key_source = Some(
            self.key
                .as_ref()
                .map_or_else(own_key, |key| key.source.clone()),
        );
        Ok(description)
    }

    fn changes(&self) -> &Changes {
        &self.changes
    }
}

fn seal_state(
    stored: &Stored,
    place: Place<'_>,
    identities: &Identities,
) -> Result<Vec<u8>, Error> {
    seal::seal(&stored.value, place, stored.generation, identities)
        .map_err(|error| Error::new(ErrorKind::Io, "cannot seal the secret").because(error))
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

fn was_rolled_back(sealed: &Sealed) -> Error {
    Error::new(
        ErrorKind::RolledBack,
        format!(
            "{} holds an older state of the secret than this store has seen; save the secret again, or, if it was put \
             back on purpose, open a new store",
            sealed.path.display()
        ),
    )
}

#[cfg(all(test, unix))]
mod tests;
