//! Directories and files that only their owner can have written.
//!
//! A [`Directory`] is opened once and everything in it is reached through it, so that nobody exchanges a
//! component of the path between a check and its use. A file is replaced as a whole or not at all.

#[cfg(target_os = "linux")]
mod medium;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
mod unix_file;
#[cfg(unix)]
mod witness;
#[cfg(unix)]
pub(crate) use unix::Directory;
#[cfg(unix)]
pub(crate) use witness::Witness;

#[cfg(not(unix))]
mod portable;
#[cfg(not(unix))]
pub(crate) use portable::{Directory, Witness};

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use runbeam_model::SecretBytes;
use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Lifetime};

/// Whether a thread may wait for a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Allowed,
    /// What is not in the memory of the system already is an error.
    Refused,
}

/// How private a file must be to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Nobody else may read or write it: as this crate writes its files.
    Private,
    /// Nobody else may write it: as the earlier SDK wrote them.
    NotWritableByOthers,
}

/// A file as it was read.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: SecretBytes,
    /// `None` where files have no identity that can be compared.
    pub(crate) witness: Option<Witness>,
}

/// The clock of a file system moves in steps of some milliseconds, and inodes are used again. So two states of a file may
/// look alike if the second one follows within a step. A state that is older than this when it is read is the last one
/// of its step.
const SETTLED_AFTER: Duration = Duration::from_millis(100);

/// How long a file at `path` stays, by the file system that it is or would be on.
pub(crate) fn lifetime_at(path: &Path) -> Lifetime {
    #[cfg(target_os = "linux")]
    return medium::lifetime_at(path);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        Lifetime::Durable
    }
}

const TEMPORARY_ENDING: &str = ".tmp";

/// A name beside `name` that nobody can foresee. It begins with a dot and ends in `.tmp`.
fn temporary_name(name: &str) -> String {
    format!(
        ".{name}.{:016x}{TEMPORARY_ENDING}",
        RandomState::new().hash_one(name)
    )
}

fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY_ENDING)
}

/// Reads `file` to its end, which must come after at most `limit` bytes. It is told to have `len` bytes, which is not
/// relied upon: buffers of that size are wiped faster than large ones.
pub(crate) fn read_to_end(
    file: &mut impl Read,
    path: &Path,
    len: u64,
    limit: usize,
) -> Result<SecretBytes, Error> {
    let room = usize::try_from(len).map_or(limit, |len| len.min(limit)) + 1;
    let mut bytes = SecretBytes::with_capacity(room);
    let mut chunk = Zeroizing::new(vec![0; room.max(SMALLEST_CHUNK)]);
    loop {
        match file.read(chunk.as_mut_slice()) {
            Ok(0) => return Ok(bytes),
            Ok(len) => bytes.extend_from_slice(&chunk[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_error("read", path, error)),
        }
        if bytes.len() > limit {
            return Err(too_large(path, limit));
        }
    }
}

/// For file systems that tell no length.
const SMALLEST_CHUNK: usize = 128;

fn io_error(action: &str, path: &Path, error: impl Into<io::Error>) -> Error {
    let error = error.into();
    let (kind, step) = match error.kind() {
        io::ErrorKind::PermissionDenied => (
            ErrorKind::Permissions,
            "; run as its owner, or correct its permissions",
        ),
        _ => (ErrorKind::Io, ""),
    };
    Error::new(kind, format!("cannot {action} {}{step}", path.display())).because(error)
}

fn too_large(path: &Path, limit: usize) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "{} has more than {limit} bytes: no store wrote it; move it away",
            path.display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> (tempfile::TempDir, Directory) {
        let scratch = tempfile::tempdir().unwrap();
        let directory = Directory::create(&scratch.path().join("a/b")).unwrap();
        (scratch, directory)
    }

    fn read(directory: &Directory, name: &str) -> Option<Vec<u8>> {
        let content = directory.read(name, Privacy::Private, 10).unwrap();
        content.map(|content| content.bytes.expose().to_vec())
    }

    #[test]
    fn a_file_that_exists_is_never_created_over() {
        let (_scratch, directory) = scratch();
        assert!(directory.create_new("key", b"first").unwrap());
        assert!(!directory.create_new("key", b"second").unwrap());
        assert_eq!(read(&directory, "key").unwrap(), b"first");
        assert_eq!(
            directory
                .names()
                .unwrap()
                .iter()
                .filter(|name| is_temporary(name))
                .count(),
            0
        );
    }

    #[test]
    fn a_file_is_replaced_and_removed() {
        let (_scratch, directory) = scratch();
        assert_eq!(read(&directory, "file"), None);
        directory.replace("file", b"first").unwrap();
        directory.replace("file", b"second").unwrap();
        assert_eq!(read(&directory, "file").unwrap(), b"second");
        assert!(directory.remove("file").unwrap());
        assert!(!directory.remove("file").unwrap());
    }

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        let (_scratch, directory) = scratch();
        directory.replace("file", &[b'x'; 10]).unwrap();
        assert_eq!(read(&directory, "file").unwrap().len(), 10);
        directory.replace("file", &[b'x'; 11]).unwrap();
        let error = directory.read("file", Privacy::Private, 10).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn only_temporaries_are_removed_as_such() {
        let (_scratch, directory) = scratch();
        for name in [".lock", "file", "file.tmp", ".file.0.tmp"] {
            directory.replace(name, b"x").unwrap();
        }
        directory.remove_temporaries().unwrap();
        let mut names = directory.names().unwrap();
        names.retain(|name| name != "." && name != "..");
        names.sort();
        assert_eq!(names, [".lock", "file", "file.tmp"]);
    }
}
