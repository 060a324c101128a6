//! Reading, replacing, creating and removing the files of a directory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, OFlags, Stat};
use rustix::io::Errno;

use super::unix::{
    Directory, PRIVATE_FILE, check_owner, is_a_link, not_a, open_to_read, permissions, refused,
};
use super::{Content, Privacy, Wait, Witness, io_error, read_to_end, temporary_name};
use crate::Error;

/// `NONBLOCK`: opening a pipe in the place of a file must not wait for a writer.
const TO_READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

const TO_CREATE: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

impl Directory {
    /// Reads the file `name`, of at most `limit` bytes.
    pub(crate) fn read(
        &self,
        name: &str,
        privacy: Privacy,
        limit: usize,
    ) -> Result<Option<Content>, Error> {
        let path = self.path_of(name);
        let parent = self.descriptor.as_fd();
        let mut file = match open_to_read(parent, Path::new(name), TO_READ, self.wait) {
            Ok(descriptor) => File::from(descriptor),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(self.open_error(name, error)),
        };
        let status = rustix::fs::fstat(&file).map_err(|error| io_error("examine", &path, error))?;
        check_file(&path, &status)?;
        check_privacy(&path, &status, privacy)?;
        let len = u64::try_from(status.st_size).unwrap_or_default();
        let bytes = match self.wait {
            Wait::Allowed => read_to_end(&mut file, &path, len, limit)?,
            Wait::Refused => read_to_end(&mut AtOnce::new(&file), &path, len, limit)?,
        };
        let witness = Witness::of_file(&path, &status);
        Ok(Some(Content { bytes, witness }))
    }

    /// Replaces the file `name`, or creates it. When this returns, the new one survives a power loss; at any moment
    /// before, the former one is whole.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path_of(name);
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(status) => check_file(&path, &status)?,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(io_error("examine", &path, error)),
        }
        let temporary = self.write_temporary(name, bytes)?;
        if let Err(error) =
            rustix::fs::renameat(&self.descriptor, &*temporary, &self.descriptor, name)
        {
            self.discard(&temporary);
            return Err(io_error("replace", &path, error));
        }
        self.sync()
    }

    /// Creates the file `name` unless there is one, and says whether it did. Never half a file, and never over
    /// one that appeared meanwhile.
    pub(crate) fn create_new(&self, name: &str, bytes: &[u8]) -> Result<bool, Error> {
        let temporary = self.write_temporary(name, bytes)?;
        let linked = rustix::fs::linkat(
            &self.descriptor,
            &*temporary,
            &self.descriptor,
            name,
            AtFlags::empty(),
        );
        let created = match linked {
            Err(Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::MLINK | Errno::ACCESS) => {
                self.rename_if_absent(&temporary, name)
            }
            linked => linked,
        };
        self.discard(&temporary);
        match created {
            Ok(()) => self.sync().map(|()| true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(io_error("create", &self.path_of(name), error)),
        }
    }

    /// Removes the file `name`, durably, and says whether there was one.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, Error> {
        match rustix::fs::unlinkat(&self.descriptor, name, AtFlags::empty()) {
            Ok(()) => self.sync().map(|()| true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(io_error("remove", &self.path_of(name), error)),
        }
    }

    /// For file systems without hard links. The lock of the instance keeps our own processes apart.
    fn rename_if_absent(&self, temporary: &str, name: &str) -> Result<(), Errno> {
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Err(Errno::EXIST),
            Err(Errno::NOENT) => {
                rustix::fs::renameat(&self.descriptor, temporary, &self.descriptor, name)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes a new file beside `name`, durably, and returns its name.
    fn write_temporary(&self, name: &str, bytes: &[u8]) -> Result<String, Error> {
        let temporary = temporary_name(name);
        let path = self.path_of(&temporary);
        let mut file = rustix::fs::openat(&self.descriptor, &*temporary, TO_CREATE, PRIVATE_FILE)
            .map(File::from)
            .map_err(|error| io_error("create", &path, error))?;
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
            self.discard(&temporary);
            return Err(io_error("write", &path, error));
        }
        Ok(temporary)
    }

    /// Removes a temporary file as far as possible. What stays is removed by the next save.
    fn discard(&self, temporary: &str) {
        let _ = rustix::fs::unlinkat(&self.descriptor, temporary, AtFlags::empty());
    }
}

/// A file that is read as far as it is in the memory of the system.
struct AtOnce<'a> {
    file: &'a File,
    offset: u64,
}

impl<'a> AtOnce<'a> {
    fn new(file: &'a File) -> Self {
        Self { file, offset: 0 }
    }
}

impl Read for AtOnce<'_> {
    #[cfg(target_os = "linux")]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use rustix::io::{ReadWriteFlags, preadv2};
        let mut buffers = [io::IoSliceMut::new(buffer)];
        let len = preadv2(self.file, &mut buffers, self.offset, ReadWriteFlags::NOWAIT)?;
        self.offset += len as u64;
        Ok(len)
    }

    #[cfg(not(target_os = "linux"))]
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        let Self { file: _, offset: _ } = self;
        Err(io::ErrorKind::WouldBlock.into())
    }
}

fn check_file(path: &Path, status: &Stat) -> Result<(), Error> {
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => check_owner(path, status),
        FileType::Symlink => Err(is_a_link(path)),
        _ => Err(not_a(path, "regular file")),
    }
}

fn check_privacy(path: &Path, status: &Stat, privacy: Privacy) -> Result<(), Error> {
    let forbidden = match privacy {
        Privacy::Private => 0o077,
        Privacy::NotWritableByOthers => 0o022,
    };
    let mode = permissions(status);
    if mode & forbidden == 0 {
        return Ok(());
    }
    Err(refused(
        path,
        format_args!(
            "its mode {mode:03o} opens it to others; run `chmod 600 {}`",
            path.display()
        ),
    ))
}
