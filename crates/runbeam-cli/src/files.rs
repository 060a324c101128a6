//! The files of this program: JSON that is whole or absent, and that two processes change one after the other.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::environment;
use crate::failure::Failure;
use crate::running::aside;

/// More than any of these files ever has.
const MAX_LEN: u64 = 8 << 20;

/// The directory that holds them.
#[derive(Debug, Clone)]
pub(crate) struct Home(PathBuf);

impl Home {
    pub(crate) fn find() -> Result<Self, Failure> {
        environment::home().map(Self)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Reads a file, or `None` if there is none.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        read(&self.path_of(name))
    }

    /// Changes a file while no other process of this program does. `change` gets what stands there.
    pub(crate) fn change<T, R>(
        &self,
        name: &str,
        change: impl FnOnce(&mut T) -> Result<R, Failure>,
    ) -> Result<R, Failure>
    where
        T: DeserializeOwned + Serialize + Default,
    {
        self.create()
            .map_err(|error| unusable(self.path(), "be created", &error))?;
        let lock = self
            .lock()
            .map_err(|error| unusable(&self.path_of(LOCK), "be locked", &error))?;
        let path = self.path_of(name);
        let mut content = read(&path)?.unwrap_or_default();
        let result = change(&mut content)?;
        write(self.path(), &path, &content)
            .map_err(|error| unusable(&path, "be written", &error))?;
        drop(lock);
        Ok(result)
    }

    /// Removes a file, and says whether there was one.
    pub(crate) fn remove(&self, name: &str) -> Result<bool, Failure> {
        let path = self.path_of(name);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unusable(&path, "be removed", &error)),
        }
    }

    fn create(&self) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0)
    }

    fn lock(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.path_of(LOCK))?;
        file.lock()?;
        Ok(file)
    }
}

const LOCK: &str = ".cli.lock";

/// Reads a JSON file, or `None` if there is none.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Failure> {
    let bytes = match read_bytes(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, "be read", &error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Failure::failed(
            format!("{} is not the JSON that it should be", path.display()),
            "correct it or move it away; it is written anew when it is needed",
        )
        // The content may be a token: the place must do.
        .with_cause(format_args!(
            "line {}, column {}",
            error.line(),
            error.column()
        ))
    })
}

/// Reads a file of at most 8 MiB.
pub(crate) fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_LEN + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_LEN {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is too large"));
    }
    Ok(bytes)
}

/// Reads what an argument names: a file, or standard input for `-`.
pub(crate) async fn read_input(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = if path.as_os_str() == "-" {
        let read = aside(|| {
            let mut bytes = Vec::new();
            let read = io::stdin().take(MAX_LEN).read_to_end(&mut bytes);
            read.map(|_| bytes)
        });
        read.await?
    } else {
        read_bytes(path)
    };
    read.map_err(|error| {
        Failure::usage(
            format!("{} cannot be read", path.display()),
            "name a file that you may read, or `-` for standard input",
        )
        .because(&error)
    })
}

/// Writes a JSON file for whoever runs this program and for nobody else.
pub(crate) fn save(path: &Path, content: &impl Serialize) -> Result<(), Failure> {
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    write(directory.unwrap_or(Path::new(".")), path, content).map_err(|error| {
        Failure::failed(
            format!("{} cannot be written", path.display()),
            "name a file in a directory that you may write to",
        )
        .because(&error)
    })
}

/// A new file takes the place of the old one when it is on the disk, so that a crash leaves one of the two.
fn write(directory: &Path, path: &Path, content: &impl Serialize) -> io::Result<()> {
    // A file of this kind is readable by its owner alone.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    serde_json::to_writer_pretty(&mut file, content)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    Ok(())
}

fn unusable(path: &Path, verb: &str, error: &io::Error) -> Failure {
    Failure::failed(
        format!("{} cannot {verb}", path.display()),
        "check its permissions and the space on the disk, or set RUNBEAM_HOME to another directory",
    )
    .with_cause(error)
}
