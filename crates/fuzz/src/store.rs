//! A store of files in a place of its own, and the one thing that the targets do with it.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use runbeam_model::SecretBytes;
use runbeam_store::{AgeFileStore, EntryName, Error, InstanceId, Precondition, SecretStore};
use tokio::runtime::Runtime;

pub(crate) struct Scratch {
    directory: tempfile::TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        // Nothing here has to survive, and a file system in memory is faster by far.
        let memory = Path::new("/dev/shm");
        let builder = || tempfile::Builder::new().prefix("runbeam-fuzz-").to_owned();
        let directory = builder()
            .tempdir_in(memory)
            .or_else(|_| builder().tempdir())
            .unwrap();
        Self { directory }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    pub(crate) fn files(&self) -> AgeFileStore {
        AgeFileStore::new(self.root()).unwrap()
    }
}

pub(crate) fn instance() -> InstanceId {
    "gateway".parse().unwrap()
}

pub(crate) fn load(store: &AgeFileStore) -> Result<Option<SecretBytes>, Error> {
    let loaded = wait(store.load(&instance(), &EntryName::machine_token()))?;
    Ok(loaded.map(|stored| stored.value))
}

pub(crate) fn save(store: &AgeFileStore, value: &SecretBytes) -> Result<(), Error> {
    let entry = EntryName::machine_token();
    wait(store.save(&instance(), &entry, value, Precondition::Any)).map(drop)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    });
    RUNTIME.block_on(future)
}
