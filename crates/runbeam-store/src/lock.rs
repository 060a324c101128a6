//! The lock of an instance among processes.

use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{Error, ErrorKind};

/// How long a save waits for the lock of its instance unless it is told otherwise.
pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// An exclusive lock on a file that exists for nothing else and is never renamed or removed.
///
/// The operating system frees it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock on `file`, which is at `path`, until `deadline` has passed.
    pub(crate) fn acquire(file: File, path: &Path, deadline: Duration) -> Result<Self, Error> {
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if start.elapsed() < deadline => {
                    std::thread::sleep(pause())
                }
                Err(TryLockError::WouldBlock) => return Err(still_locked(path, deadline)),
                Err(TryLockError::Error(error)) => {
                    let message = format!(
                        "cannot lock {}; does the file system have locks?",
                        path.display()
                    );
                    return Err(Error::new(ErrorKind::Io, message).because(error));
                }
            }
        }
    }
}

/// Between 1 and 8 ms, at random: waiting processes that step alike would starve one of them.
fn pause() -> Duration {
    Duration::from_micros(1_000 + RandomState::new().hash_one(()) % 7_000)
}

fn still_locked(path: &Path, deadline: Duration) -> Error {
    Error::new(
        ErrorKind::Locked,
        format!(
            "another process holds {} for longer than {} ms; find it with `fuser {0}`, or try again",
            path.display(),
            deadline.as_millis()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_ends_in_an_error_and_a_freed_one_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let open = || {
            File::options()
                .create(true)
                .append(true)
                .open(&path)
                .unwrap()
        };
        let held = Lock::acquire(open(), &path, Duration::ZERO).unwrap();
        let error = Lock::acquire(open(), &path, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.is_transient());
        drop(held);
        Lock::acquire(open(), &path, Duration::ZERO).unwrap();
    }
}
