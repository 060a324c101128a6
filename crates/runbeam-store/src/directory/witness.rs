//! What stood at a path when it was read, and whether it still does.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::Stat;
use rustix::io::Errno;

use super::SETTLED_AFTER;

/// Proves, as long as it holds, that reading the same path again would give the same content and the same checks.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    path: CString,
    seen: Seen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Directory(Node),
    File(Node, Content),
}

/// Which file it is, and who may use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    device: u64,
    inode: u64,
    mode: u32,
    owner: u32,
}

/// Which state of its content it is. Nobody sets the time of change of a file, other than with the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Content {
    len: i64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Witness {
    pub(super) fn of_nothing(path: &Path) -> Option<Self> {
        Self::new(path, Seen::Nothing)
    }

    pub(super) fn of_directory(path: &Path, status: &Stat) -> Option<Self> {
        Self::new(path, Seen::Directory(Node::of(status)))
    }

    pub(super) fn of_file(path: &Path, status: &Stat) -> Option<Self> {
        Self::new(path, Seen::File(Node::of(status), Content::of(status)))
    }

    fn new(path: &Path, seen: Seen) -> Option<Self> {
        let path = CString::new(path.as_os_str().as_bytes()).ok()?;
        Some(Self { path, seen })
    }

    /// Whether the path still shows the same, without following a link in its last place.
    pub(crate) fn holds(&self) -> bool {
        match (rustix::fs::lstat(&*self.path), self.seen) {
            (Err(Errno::NOENT), Seen::Nothing) => true,
            (Ok(status), Seen::Directory(node)) => Node::of(&status) == node,
            (Ok(status), Seen::File(node, content)) => {
                Node::of(&status) == node && Content::of(&status) == content
            }
            _ => false,
        }
    }

    /// Whether what was seen at `time` since 1970 had been there long enough that any later change shows.
    pub(crate) fn was_settled(&self, time: Duration) -> bool {
        let Seen::File(_, content) = self.seen else {
            return true;
        };
        let (seconds, nanoseconds) = content.changed;
        let changed = u64::try_from(seconds)
            .ok()
            .zip(u32::try_from(nanoseconds).ok())
            .map(|(seconds, nanoseconds)| Duration::new(seconds, nanoseconds));
        changed.is_some_and(|changed| changed + SETTLED_AFTER <= time)
    }
}

impl Node {
    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_cast,
        reason = "the types of `stat` differ among systems"
    )]
    fn of(status: &Stat) -> Self {
        Self {
            device: status.st_dev as u64,
            inode: status.st_ino as u64,
            mode: status.st_mode.into(),
            owner: status.st_uid,
        }
    }
}

impl Content {
    #[allow(
        clippy::unnecessary_cast,
        reason = "the types of `stat` differ among systems"
    )]
    fn of(status: &Stat) -> Self {
        Self {
            len: status.st_size as i64,
            modified: (status.st_mtime as i64, status.st_mtime_nsec as i64),
            changed: (status.st_ctime as i64, status.st_ctime_nsec as i64),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use rustix::fs::lstat;

    use super::*;
    use crate::directory::Directory;

    fn scratch() -> (tempfile::TempDir, Directory, std::path::PathBuf) {
        let scratch = tempfile::tempdir().unwrap();
        let directory = Directory::create(&scratch.path().join("a")).unwrap();
        directory.replace("file", b"first").unwrap();
        let path = directory.path_of("file");
        (scratch, directory, path)
    }

    fn check(change: impl FnOnce(&Directory, &Path)) {
        let (_scratch, directory, path) = scratch();
        let file = Witness::of_file(&path, &lstat(&path).unwrap()).unwrap();
        assert!(file.holds());
        change(&directory, &path);
        assert!(!file.holds());
    }

    #[test]
    fn every_change_of_a_file_is_seen() {
        check(|directory, _| directory.replace("file", b"other").unwrap());
        check(|directory, _| assert!(directory.remove("file").unwrap()));
        check(|_, path| {
            let mode = std::fs::Permissions::from_mode(0o640);
            std::fs::set_permissions(path, mode).unwrap();
        });
        check(|_, path| {
            let moved = path.with_extension("moved");
            std::fs::rename(path, &moved).unwrap();
            symlink(moved, path).unwrap();
        });
        check(|_, path| {
            // The same length in place, with the former time of modification.
            let former = std::fs::metadata(path).unwrap().modified().unwrap();
            std::thread::sleep(Duration::from_millis(20));
            let mut file = std::fs::File::options().write(true).open(path).unwrap();
            std::io::Write::write_all(&mut file, b"other").unwrap();
            file.set_modified(former).unwrap();
        });
    }

    #[test]
    fn a_directory_may_fill_but_not_open_or_go() {
        let (_scratch, directory, path) = scratch();
        let parent = path.parent().unwrap();
        let nothing = Witness::of_nothing(&directory.path_of("new")).unwrap();
        let witness = Witness::of_directory(parent, &lstat(parent).unwrap()).unwrap();
        assert!(nothing.holds());
        directory.replace("new", b"x").unwrap();
        assert!(witness.holds());
        assert!(!nothing.holds());
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(parent, mode).unwrap();
        assert!(!witness.holds());
    }

    #[test]
    fn a_file_that_has_just_changed_is_not_settled() {
        let (_scratch, _directory, path) = scratch();
        let status = lstat(&path).unwrap();
        let changed = Duration::new(
            status.st_ctime.try_into().unwrap(),
            status.st_ctime_nsec.try_into().unwrap(),
        );
        let witness = Witness::of_file(&path, &status).unwrap();
        assert!(!witness.was_settled(changed));
        assert!(!witness.was_settled(changed + SETTLED_AFTER - Duration::from_nanos(1)));
        assert!(witness.was_settled(changed + SETTLED_AFTER));
    }
}
