//! Settings that stand in a file of their own, as orchestrators mount secrets: what such a file may be.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use runbeam_model::Secret;

use crate::directory::read_to_end;
use crate::{Error, ErrorKind};

/// Ample for a key file with comments and a hundred former keys, and for any token.
const MAX_LEN: usize = 64 * 1024;

/// A file that a variable of the environment names.
///
/// It was put there by whoever runs this process, and not by this crate, so other rules hold than for the files of a
/// store: it may be a link, belong to somebody else and be readable by others, as Docker (mode 0444), Kubernetes
/// (links to files of mode 0644 or 0640) and systemd (mode 0400) mount secrets. Nobody else may write it: they
/// would choose the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MountedFile {
    pub(crate) variable: &'static str,
    pub(crate) path: PathBuf,
}

impl MountedFile {
    /// The text that stands in it now. What it is for decides about the `kind` of the error.
    pub(crate) fn read_text(&self, kind: ErrorKind) -> Result<Secret, Error> {
        let mut file = open(&self.path).map_err(|error| {
            let step = match error.kind() {
                io::ErrorKind::NotFound => "which does not exist; mount it, or correct the path",
                io::ErrorKind::PermissionDenied => "which this user may not read; let it",
                _ => "which cannot be opened",
            };
            self.error(kind, step).because(error)
        })?;
        let metadata = file
            .metadata()
            .map_err(|error| self.error(kind, "which cannot be examined").because(error))?;
        check(&self.path, &metadata).map_err(|problem| self.error(kind, &problem))?;
        let bytes =
            read_to_end(&mut file, &self.path, metadata.len(), MAX_LEN).map_err(|error| {
                let problem = match error.kind() {
                    ErrorKind::TooLarge => "which is far too long",
                    _ => "which cannot be read",
                };
                self.error(kind, problem).because(error)
            })?;
        match std::str::from_utf8(bytes.expose()) {
            Ok(text) => Ok(Secret::from(text)),
            Err(_) => Err(self.error(kind, "which is not UTF-8 text")),
        }
    }

    /// An error that names the variable and the path.
    pub(crate) fn error(&self, kind: ErrorKind, problem: &str) -> Error {
        Error::new(
            kind,
            format!("{} names {}, {problem}", self.variable, self.path.display()),
        )
    }
}

/// A pipe in its place must not make the process wait for a writer.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)
}

fn check(path: &Path, metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_file() {
        return Err("which is not a regular file; name one".to_owned());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o022 != 0 {
            return Err(format!(
                "which others can write (mode {mode:03o}); run `chmod go-w {}`",
                path.display()
            ));
        }
    }
    Ok(())
}
