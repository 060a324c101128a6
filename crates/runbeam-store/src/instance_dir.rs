//! The directory of an instance: which file stands where.
//!
//! ```text
//! <root>/<instance>/<entry>.json          a sealed secret
//!                   runbeam/<entry>.json  the same, where the earlier SDK kept it
//!                   encryption.key        the instance's own key
//!                   backend               which backend the instance has chosen
//!                   .lock                 the lock of every save and clear
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runbeam_model::SecretBytes;

use crate::directory::{Content, Directory, Privacy, Wait, Witness};
use crate::lock::Lock;
use crate::{EntryName, Error, InstanceId};

/// The largest file that is read: a secret, its header and room for what other tools add.
const MAX_FILE_LEN: usize = 256 * 1024;

const EARLIER_DIRECTORY: &str = "runbeam";
const KEY_FILE: &str = "encryption.key";
const LOCK_FILE: &str = ".lock";
const CHOICE_FILE: &str = "backend";
const ENTRY_ENDING: &str = ".json";

/// The directory of an instance, open.
#[derive(Debug)]
pub(crate) struct InstanceDir {
    directory: Directory,
    root: Option<Witness>,
}

/// The directory of an instance while no other process writes it.
#[derive(Debug)]
pub(crate) struct LockedInstance {
    dir: InstanceDir,
    _lock: Lock,
}

/// A sealed secret as it was found.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) bytes: SecretBytes,
    pub(crate) path: PathBuf,
    /// What holds as long as the same would be found again in this directory.
    pub(crate) witnesses: Vec<Option<Witness>>,
}

impl InstanceDir {
    /// Opens the directory of `instance`, if there is one.
    pub(crate) fn open(
        root: &Path,
        instance: &InstanceId,
        wait: Wait,
    ) -> Result<Option<Self>, Error> {
        let Some(root) = Directory::open(root, wait)? else {
            return Ok(None);
        };
        let directory = root.open_child(instance.as_str())?;
        Ok(directory.map(|directory| Self {
            directory,
            root: root.witness(),
        }))
    }

    /// Takes the lock of `instance`, if it has a directory.
    pub(crate) fn lock(
        root: &Path,
        instance: &InstanceId,
        deadline: Duration,
    ) -> Result<Option<LockedInstance>, Error> {
        Self::open(root, instance, Wait::Allowed)?
            .map(|dir| dir.into_locked(deadline))
            .transpose()
    }

    /// Takes the lock of `instance`, whose directory is created if missing.
    pub(crate) fn create_and_lock(
        root: &Path,
        instance: &InstanceId,
        deadline: Duration,
    ) -> Result<LockedInstance, Error> {
        let root = Directory::create(root)?;
        let dir = Self {
            directory: root.create_child(instance.as_str())?,
            root: root.witness(),
        };
        dir.into_locked(deadline)
    }

    fn into_locked(self, deadline: Duration) -> Result<LockedInstance, Error> {
        let path = self.directory.path_of(LOCK_FILE);
        let lock = Lock::acquire(self.directory.open_lock_file(LOCK_FILE)?, &path, deadline)?;
        self.directory.remove_temporaries()?;
        Ok(LockedInstance {
            dir: self,
            _lock: lock,
        })
    }

    /// Where an entry is written.
    pub(crate) fn path_of_entry(root: &Path, instance: &InstanceId, entry: &EntryName) -> PathBuf {
        root.join(instance.as_str()).join(file_name(entry))
    }

    /// Where the instance's own key is.
    pub(crate) fn path_of_key(root: &Path, instance: &InstanceId) -> PathBuf {
        root.join(instance.as_str()).join(KEY_FILE)
    }

    /// What holds as long as the path of this directory leads to it, and it is as closed as it was.
    pub(crate) fn witnesses(&self) -> [Option<Witness>; 2] {
        [self.root.clone(), self.directory.witness()]
    }

    /// Finds the sealed secret, in the documented place or else in that of the earlier SDK.
    pub(crate) fn find(&self, entry: &EntryName) -> Result<Option<Sealed>, Error> {
        if let Some(sealed) = self.find_documented(entry)? {
            return Ok(Some(sealed));
        }
        if let Some(sealed) = self.find_earlier(entry)? {
            return Ok(Some(sealed));
        }
        // Between the two looks a save may have written the documented file and removed the earlier one.
        self.find_documented(entry)
    }

    fn find_documented(&self, entry: &EntryName) -> Result<Option<Sealed>, Error> {
        find_in(&self.directory, entry, Privacy::Private)
    }

    fn find_earlier(&self, entry: &EntryName) -> Result<Option<Sealed>, Error> {
        let Some(earlier) = self.directory.open_child(EARLIER_DIRECTORY)? else {
            return Ok(None);
        };
        let mut found = find_in(&earlier, entry, Privacy::NotWritableByOthers)?;
        if let Some(sealed) = &mut found {
            let not_replaced = self.directory.witness_of_absence(&file_name(entry));
            sealed.witnesses.extend([not_replaced, earlier.witness()]);
        }
        Ok(found)
    }

    /// The entries that are kept here as files.
    pub(crate) fn entries(&self) -> Result<BTreeSet<EntryName>, Error> {
        let mut entries = entries_in(&self.directory)?;
        if let Some(earlier) = self.directory.open_child(EARLIER_DIRECTORY)? {
            entries.append(&mut entries_in(&earlier)?);
        }
        Ok(entries)
    }

    /// Whether any secret is kept here as a file.
    pub(crate) fn holds_sealed(&self) -> Result<bool, Error> {
        Ok(!self.entries()?.is_empty())
    }

    /// Reads the instance's own key. An empty file is what a crash of the earlier SDK leaves: nothing was ever
    /// sealed with it, so it counts as absent.
    pub(crate) fn read_key(&self) -> Result<Option<Content>, Error> {
        let key = self
            .directory
            .read(KEY_FILE, Privacy::Private, MAX_FILE_LEN)?;
        Ok(key.filter(|key| !key.bytes.is_empty()))
    }

    /// Reads which backend was chosen.
    pub(crate) fn read_choice(&self) -> Result<Option<Content>, Error> {
        self.directory
            .read(CHOICE_FILE, Privacy::Private, MAX_FILE_LEN)
    }

    /// What holds as long as no backend is chosen.
    pub(crate) fn witness_of_no_choice(&self) -> Option<Witness> {
        self.directory.witness_of_absence(CHOICE_FILE)
    }

    pub(crate) fn path_of_choice(&self) -> PathBuf {
        self.directory.path_of(CHOICE_FILE)
    }
}

impl LockedInstance {
    /// Writes a sealed secret, and removes the one of the earlier SDK once the new one is durable.
    pub(crate) fn write(&self, entry: &EntryName, sealed: &[u8]) -> Result<(), Error> {
        self.dir.directory.replace(&file_name(entry), sealed)?;
        self.remove_earlier(entry)?;
        Ok(())
    }

    /// Removes a sealed secret from both places, and says whether there was one.
    pub(crate) fn remove(&self, entry: &EntryName) -> Result<bool, Error> {
        // The earlier one goes first: a crash in between must not bring an older secret back.
        let earlier = self.remove_earlier(entry)?;
        let documented = self.dir.directory.remove(&file_name(entry))?;
        Ok(earlier || documented)
    }

    fn remove_earlier(&self, entry: &EntryName) -> Result<bool, Error> {
        let Some(earlier) = self.dir.directory.open_child(EARLIER_DIRECTORY)? else {
            return Ok(false);
        };
        let removed = earlier.remove(&file_name(entry))?;
        self.dir.directory.remove_empty_child(EARLIER_DIRECTORY);
        Ok(removed)
    }

    /// Removes what a sealed secret in the documented place hides in that of the earlier SDK.
    pub(crate) fn remove_hidden(&self, entry: &EntryName) -> Result<(), Error> {
        if self.dir.find_documented(entry)?.is_some() {
            self.remove_earlier(entry)?;
        }
        Ok(())
    }

    /// Writes the instance's own key unless another process was faster, and says whether it did.
    pub(crate) fn create_key(&self, text: &SecretBytes) -> Result<bool, Error> {
        let directory = &self.dir.directory;
        if directory
            .read(KEY_FILE, Privacy::Private, MAX_FILE_LEN)?
            .is_some_and(|key| key.bytes.is_empty())
        {
            directory.replace(KEY_FILE, text.expose())?;
            return Ok(true);
        }
        directory.create_new(KEY_FILE, text.expose())
    }

    /// Replaces the instance's own key.
    pub(crate) fn replace_key(&self, text: &SecretBytes) -> Result<(), Error> {
        self.dir.directory.replace(KEY_FILE, text.expose())
    }

    /// Writes which backend is chosen.
    pub(crate) fn write_choice(&self, choice: &[u8]) -> Result<(), Error> {
        self.dir.directory.replace(CHOICE_FILE, choice)
    }
}

impl std::ops::Deref for LockedInstance {
    type Target = InstanceDir;

    fn deref(&self) -> &InstanceDir {
        &self.dir
    }
}

fn find_in(
    directory: &Directory,
    entry: &EntryName,
    privacy: Privacy,
) -> Result<Option<Sealed>, Error> {
    let name = file_name(entry);
    let content = directory.read(&name, privacy, MAX_FILE_LEN)?;
    Ok(content.map(|content| Sealed {
        bytes: content.bytes,
        path: directory.path_of(&name),
        witnesses: vec![content.witness],
    }))
}

/// `config.json` of the gateway and temporary files are none.
fn entries_in(directory: &Directory) -> Result<BTreeSet<EntryName>, Error> {
    let names = directory.names()?;
    let stems = names
        .iter()
        .filter_map(|name| name.strip_suffix(ENTRY_ENDING));
    Ok(stems
        .filter_map(|stem| EntryName::try_from(stem).ok())
        .collect())
}

fn file_name(entry: &EntryName) -> String {
    format!("{entry}{ENTRY_ENDING}")
}
