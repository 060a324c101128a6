//! Directories by their path, where there are no descriptors of them.
//!
//! The profile of a Windows user is closed to others by its access control list, which new files inherit.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Content, Privacy, Wait, io_error, is_temporary, read_to_end, temporary_name};
use crate::{Error, ErrorKind};

/// A directory that is not a link.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
}

/// What `std` tells of a file here does not prove that it is the same: nothing is witnessed, and every load reads.
#[derive(Debug, Clone)]
pub(crate) enum Witness {}

impl Witness {
    pub(crate) fn holds(&self) -> bool {
        match *self {}
    }

    pub(crate) fn was_settled(&self, _: Duration) -> bool {
        match *self {}
    }
}

impl Directory {
    /// Opens the directory at `path`. Nothing tells here what is in the memory of the system.
    pub(crate) fn open(path: &Path, wait: Wait) -> Result<Option<Self>, Error> {
        if wait == Wait::Refused {
            return Err(io_error("open", path, io::ErrorKind::WouldBlock));
        }
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(Some(Self {
                path: path.to_owned(),
            })),
            Ok(_) => Err(Error::new(
                ErrorKind::Permissions,
                format!(
                    "{} is refused: it is a link or not a directory; move it away",
                    path.display()
                ),
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("open", path, error)),
        }
    }

    /// Opens the directory at `path`; it and its missing parents are created.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        fs::create_dir_all(path).map_err(|error| io_error("create", path, error))?;
        Self::open(path, Wait::Allowed)?
            .ok_or_else(|| io_error("create", path, io::ErrorKind::NotFound))
    }

    /// Opens the directory `name` in this one.
    pub(crate) fn open_child(&self, name: &str) -> Result<Option<Self>, Error> {
        Self::open(&self.path_of(name), Wait::Allowed)
    }

    /// Opens the directory `name` in this one, created if missing.
    pub(crate) fn create_child(&self, name: &str) -> Result<Self, Error> {
        Self::create(&self.path_of(name))
    }

    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// There is none: see [`Witness`].
    pub(crate) fn witness(&self) -> Option<Witness> {
        None
    }

    /// There is none: see [`Witness`].
    pub(crate) fn witness_of_absence(&self, _: &str) -> Option<Witness> {
        None
    }

    /// The names of what is in it, as far as they are Unicode.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        let failed = |error| io_error("list", &self.path, error);
        let mut names = Vec::new();
        for item in fs::read_dir(&self.path).map_err(failed)? {
            names.extend(item.map_err(failed)?.file_name().into_string());
        }
        Ok(names)
    }

    /// Removes the directory `name` in this one if it is empty.
    pub(crate) fn remove_empty_child(&self, name: &str) {
        // Whoever keeps something else in it keeps the directory, too.
        let _ = fs::remove_dir(self.path_of(name));
    }

    /// Removes what killed processes left. Only under the lock: a file of a living one looks the same.
    pub(crate) fn remove_temporaries(&self) -> Result<(), Error> {
        for name in self.names()?.iter().filter(|name| is_temporary(name)) {
            self.remove(name)?;
        }
        Ok(())
    }

    /// Opens the file to lock, created if missing.
    pub(crate) fn open_lock_file(&self, name: &str) -> Result<File, Error> {
        let path = self.path_of(name);
        let opened = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        opened.map_err(|error| io_error("open", &path, error))
    }

    /// Reads the file `name`, of at most `limit` bytes.
    pub(crate) fn read(
        &self,
        name: &str,
        _: Privacy,
        limit: usize,
    ) -> Result<Option<Content>, Error> {
        let path = self.path_of(name);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("open", &path, error)),
        };
        let metadata = file.metadata();
        let len = metadata
            .map_err(|error| io_error("examine", &path, error))?
            .len();
        let bytes = read_to_end(&mut file, &path, len, limit)?;
        Ok(Some(Content {
            bytes,
            witness: None,
        }))
    }

    /// Replaces the file `name`, or creates it, as a whole.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path_of(name);
        let persisted = self.write_temporary(name, bytes)?.persist(&path);
        persisted
            .map(drop)
            .map_err(|error| io_error("replace", &path, error.error))
    }

    /// Creates the file `name` unless there is one, and says whether it did.
    pub(crate) fn create_new(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        let path = self.path_of(name);
        match self.write_temporary(name, bytes)?.persist_noclobber(&path) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(io_error("create", &path, error.error)),
        }
    }

    /// Removes the file `name` and says whether there was one.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, Error> {
        match fs::remove_file(self.path_of(name)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(io_error("remove", &self.path_of(name), error)),
        }
    }

    fn write_temporary(&self, name: &str, bytes: &[u8]) -> Result<tempfile::NamedTempFile, Error> {
        let temporary = temporary_name(name);
        let path = self.path_of(&temporary);
        let failed = |error| io_error("write", &path, error);
        let created = tempfile::Builder::new()
            .prefix(&temporary)
            .suffix(".tmp")
            .tempfile_in(&self.path);
        let mut file = created.map_err(failed)?;
        file.write_all(bytes)
            .and_then(|()| file.as_file().sync_all())
            .map_err(failed)?;
        Ok(file)
    }
}
