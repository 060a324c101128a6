//! A place for one test, and what most tests do in it.

use std::fs;
use std::path::{Path, PathBuf};

use runbeam_model::SecretBytes;
use runbeam_store::{
    AgeFileStore, EntryName, Error, InstanceId, Precondition, Revision, SecretStore, Store,
    StoreBuilder,
};

pub(crate) struct Scratch {
    directory: tempfile::TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::Builder::new()
                .prefix("runbeam-store-")
                .tempdir()
                .unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path().join(".runbeam")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root().join("gateway").join(name)
    }

    /// A store of files alone.
    pub(crate) fn files(&self) -> AgeFileStore {
        AgeFileStore::new(self.root()).unwrap()
    }

    pub(crate) fn builder(&self) -> StoreBuilder {
        Store::builder().with_root(self.root())
    }

    /// Every file below the directory with its content, by path.
    pub(crate) fn all_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        files_below(self.path())
    }

    pub(crate) fn file_names(&self) -> Vec<String> {
        let relative = |path: &PathBuf| {
            path.strip_prefix(self.root())
                .unwrap()
                .display()
                .to_string()
        };
        self.all_files()
            .iter()
            .map(|(path, _)| relative(path))
            .collect()
    }
}

/// Every file below `directory` with its content, by path.
pub(crate) fn files_below(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for item in fs::read_dir(directory).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.is_file() {
                let content = fs::read(&path).unwrap();
                found.push((path, content));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn gateway() -> InstanceId {
    "gateway".parse().unwrap()
}

pub(crate) fn auth() -> EntryName {
    EntryName::machine_token()
}

pub(crate) fn bytes(text: &str) -> SecretBytes {
    SecretBytes::from(text.as_bytes().to_vec())
}

/// Waits for a future, in a test that is not asynchronous itself.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(future)
}

pub(crate) fn save(store: &impl SecretStore, value: &str) -> Result<Revision, Error> {
    wait(store.save(&gateway(), &auth(), &bytes(value), Precondition::Any))
}

pub(crate) fn load(store: &impl SecretStore) -> Result<Option<String>, Error> {
    let stored = wait(store.load(&gateway(), &auth()))?;
    Ok(stored.map(|stored| String::from_utf8(stored.value.expose().to_vec()).unwrap()))
}

pub(crate) fn clear(store: &impl SecretStore) -> Result<bool, Error> {
    wait(store.clear(&gateway(), &auth()))
}

/// Writes a file as another program would.
#[allow(
    clippy::disallowed_methods,
    reason = "the file of another program, in a test"
)]
pub(crate) fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Writes a file that only its owner reads.
pub(crate) fn write_private(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    write(&path, content);
    #[cfg(unix)]
    set_mode(path, 0o600);
}

#[cfg(unix)]
pub(crate) fn set_mode(path: impl AsRef<Path>, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
pub(crate) fn mode(path: impl AsRef<Path>) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}
