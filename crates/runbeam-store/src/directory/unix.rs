//! Directories by their descriptor, with `openat` and its kin.

use std::fs::File;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use rustix::fs::ResolveFlags;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, RawMode, Stat};
use rustix::io::Errno;

use super::{Wait, Witness, io_error, is_temporary};
use crate::{Error, ErrorKind};

/// An open directory that belongs to this user and that nobody else can write.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(super) descriptor: OwnedFd,
    path: PathBuf,
    status: Stat,
    pub(super) wait: Wait,
}

const PRIVATE_DIRECTORY: Mode = Mode::RWXU;
pub(super) const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);

const AS_DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

const WRITABLE_BY_OTHERS: RawMode = 0o022;
const OPEN_TO_OTHERS: RawMode = 0o077;

impl Directory {
    /// Opens the directory at `path`, whose last component must not be a symbolic link. What it says of waiting holds for
    /// whatever is opened and read through it, too.
    pub(crate) fn open(path: &Path, wait: Wait) -> Result<Option<Self>, Error> {
        Self::open_at(CWD, path, path.to_owned(), wait)
    }

    /// Opens the directory at `path`; it and its missing parents are created for this user alone.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        if let Some(directory) = Self::open(path, Wait::Allowed)? {
            return Ok(directory);
        }
        create_path(path)?;
        Self::open(path, Wait::Allowed)?.ok_or_else(|| io_error("create", path, Errno::NOENT))
    }

    /// Opens the directory `name` in this one.
    pub(crate) fn open_child(&self, name: &str) -> Result<Option<Self>, Error> {
        let path = self.path_of(name);
        Self::open_at(&self.descriptor, Path::new(name), path, self.wait)
    }

    /// Opens the directory `name` in this one, created if missing, and closed to others if it is not yet.
    pub(crate) fn create_child(&self, name: &str) -> Result<Self, Error> {
        let path = self.path_of(name);
        let child = match self.open_child(name)? {
            Some(child) => child,
            None => {
                match rustix::fs::mkdirat(&self.descriptor, name, PRIVATE_DIRECTORY) {
                    Ok(()) => self.sync()?,
                    Err(Errno::EXIST) => {}
                    Err(error) => return Err(io_error("create", &path, error)),
                }
                self.open_child(name)?
                    .ok_or_else(|| io_error("create", &path, Errno::NOENT))?
            }
        };
        if permissions(&child.status) & OPEN_TO_OTHERS != 0 {
            rustix::fs::fchmod(&child.descriptor, PRIVATE_DIRECTORY)
                .map_err(|error| io_error("close to others", &path, error))?;
        }
        Ok(child)
    }

    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Holds as long as its path leads to it and it is as closed as it was.
    pub(crate) fn witness(&self) -> Option<Witness> {
        Witness::of_directory(&self.path, &self.status)
    }

    /// Holds as long as there is no file `name`.
    pub(crate) fn witness_of_absence(&self, name: &str) -> Option<Witness> {
        Witness::of_nothing(&self.path_of(name))
    }

    /// The names of what is in it, as far as they are UTF-8.
    pub(crate) fn names(&self) -> Result<Vec<String>, Error> {
        let failed = |error| io_error("list", &self.path, error);
        if self.wait == Wait::Refused {
            return Err(failed(Errno::AGAIN));
        }
        let mut names = Vec::new();
        for item in Dir::read_from(&self.descriptor).map_err(failed)? {
            if let Ok(name) = item.map_err(failed)?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Removes the directory `name` in this one if it is empty.
    pub(crate) fn remove_empty_child(&self, name: &str) {
        // Whoever keeps something else in it keeps the directory, too.
        let _ = rustix::fs::unlinkat(&self.descriptor, name, AtFlags::REMOVEDIR);
    }

    /// Removes what killed processes left. Only under the lock: a file of a living one looks the same.
    pub(crate) fn remove_temporaries(&self) -> Result<(), Error> {
        for name in self.names()?.iter().filter(|name| is_temporary(name)) {
            tracing::debug!(path = %self.path_of(name).display(), "removing what an interrupted save left");
            self.remove(name)?;
        }
        Ok(())
    }

    /// Opens the file to lock, created if missing.
    pub(crate) fn open_lock_file(&self, name: &str) -> Result<File, Error> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&self.descriptor, name, flags, PRIVATE_FILE)
            .map(File::from)
            .map_err(|error| self.open_error(name, error))
    }

    /// Makes the names in this directory survive a power loss.
    pub(super) fn sync(&self) -> Result<(), Error> {
        match rustix::fs::fsync(&self.descriptor) {
            // Some file systems have no such thing for directories.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(error) => Err(io_error("make durable", &self.path, error)),
        }
    }

    fn open_at(
        parent: impl rustix::fd::AsFd,
        name: &Path,
        path: PathBuf,
        wait: Wait,
    ) -> Result<Option<Self>, Error> {
        let descriptor = match open_to_read(parent.as_fd(), name, AS_DIRECTORY, wait) {
            Ok(descriptor) => descriptor,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => {
                let is_link = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
                    .is_ok_and(|status| FileType::from_raw_mode(status.st_mode).is_symlink());
                return Err(if is_link {
                    is_a_link(&path)
                } else {
                    not_a(&path, "directory")
                });
            }
            Err(error) => return Err(io_error("open", &path, error)),
        };
        let status =
            rustix::fs::fstat(&descriptor).map_err(|error| io_error("examine", &path, error))?;
        check_owner(&path, &status)?;
        if permissions(&status) & WRITABLE_BY_OTHERS != 0 {
            return Err(refused(
                &path,
                format_args!("others can write it; run `chmod go-w {}`", path.display()),
            ));
        }
        Ok(Some(Self {
            descriptor,
            path,
            status,
            wait,
        }))
    }

    pub(super) fn open_error(&self, name: &str, error: Errno) -> Error {
        let path = self.path_of(name);
        match error {
            Errno::LOOP | Errno::MLINK => is_a_link(&path),
            error => io_error("open", &path, error),
        }
    }
}

/// Opens what is there.
pub(super) fn open_to_read(
    parent: BorrowedFd<'_>,
    name: &Path,
    flags: OFlags,
    wait: Wait,
) -> Result<OwnedFd, Errno> {
    match wait {
        Wait::Allowed => rustix::fs::openat(parent, name, flags, Mode::empty()),
        #[cfg(target_os = "linux")]
        Wait::Refused => {
            rustix::fs::openat2(parent, name, flags, Mode::empty(), ResolveFlags::CACHED)
        }
        #[cfg(not(target_os = "linux"))]
        Wait::Refused => Err(Errno::AGAIN),
    }
}

/// Creates the directory at `path` and its missing parents, each durable before the next.
fn create_path(path: &Path) -> Result<(), Error> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|ancestor| !ancestor.exists())
        .collect();
    for directory in missing.into_iter().rev() {
        match rustix::fs::mkdirat(CWD, directory, PRIVATE_DIRECTORY) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(io_error("create", directory, error)),
        }
        if let Some(parent) = directory.parent() {
            let synced = File::open(parent).and_then(|parent| parent.sync_all());
            synced.map_err(|error| io_error("make durable", parent, error))?;
        }
    }
    Ok(())
}

/// The permission bits. `mode_t` differs among systems.
pub(super) fn permissions(status: &Stat) -> RawMode {
    status.st_mode & 0o7777
}

pub(super) fn check_owner(path: &Path, status: &Stat) -> Result<(), Error> {
    let user = rustix::process::geteuid().as_raw();
    if status.st_uid == user {
        return Ok(());
    }
    let owner = status.st_uid;
    Err(refused(
        path,
        format_args!(
            "it belongs to user {owner}, and this is user {user}; run as its owner, or `chown` it"
        ),
    ))
}

pub(super) fn is_a_link(path: &Path) -> Error {
    refused(
        path,
        format_args!("it is a symbolic link; put the real thing there"),
    )
}

pub(super) fn not_a(path: &Path, what: &str) -> Error {
    refused(path, format_args!("it is not a {what}; move it away"))
}

pub(super) fn refused(path: &Path, reason: std::fmt::Arguments<'_>) -> Error {
    Error::new(
        ErrorKind::Permissions,
        format!("{} is refused: {reason}", path.display()),
    )
}
