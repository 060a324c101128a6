//! A store in memory that can be told to fail, to keep its changes to itself, and to stop for ever at a chosen call, as if
//! the process had ended there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use runbeam_sdk::model::SecretBytes;
use runbeam_sdk::store::{
    Description, EntryName, Error, InstanceId, MemoryStore, Precondition, Revision, SecretStore,
    Stored,
};
use tokio::sync::Notify;

#[derive(Clone, Default)]
pub(crate) struct TestStore {
    memory: MemoryStore,
    switches: Arc<Switches>,
    crash: Crash,
}

#[derive(Default)]
struct Switches {
    is_failing: AtomicBool,
    is_silent: AtomicBool,
    saves: AtomicU64,
}

impl TestStore {
    /// Every call fails from now on, or works again.
    pub(crate) fn set_failing(&self, is_failing: bool) {
        self.switches.is_failing.store(is_failing, Ordering::SeqCst);
    }

    /// Nobody who waits for a change hears of one.
    pub(crate) fn silence(&self) {
        self.switches.is_silent.store(true, Ordering::SeqCst);
    }

    /// How often something was saved.
    pub(crate) fn saves(&self) -> u64 {
        self.switches.saves.load(Ordering::SeqCst)
    }

    /// The same store in a process that ends at a point of `crash`.
    pub(crate) fn ending_at(&self, crash: &Crash) -> Self {
        Self {
            crash: crash.clone(),
            ..self.clone()
        }
    }

    /// How many hold the store.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.switches)
    }

    /// An error of a real store: a name that is none.
    fn check(&self) -> Result<(), Error> {
        match self.switches.is_failing.load(Ordering::SeqCst) {
            true => Err("..".parse::<EntryName>().unwrap_err()),
            false => Ok(()),
        }
    }
}

impl SecretStore for TestStore {
    async fn load(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> Result<Option<Stored>, Error> {
        self.check()?;
        self.crash.point().await;
        self.memory.load(instance, entry).await
    }

    async fn save(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error> {
        self.check()?;
        self.crash.point().await;
        self.switches.saves.fetch_add(1, Ordering::SeqCst);
        let saved = self.memory.save(instance, entry, value, precondition).await;
        self.crash.point().await;
        saved
    }

    async fn clear(&self, instance: &InstanceId, entry: &EntryName) -> Result<bool, Error> {
        self.check()?;
        self.crash.point().await;
        let cleared = self.memory.clear(instance, entry).await;
        self.crash.point().await;
        cleared
    }

    async fn list(&self, instance: &InstanceId) -> Result<BTreeSet<EntryName>, Error> {
        self.check()?;
        self.crash.point().await;
        self.memory.list(instance).await
    }

    async fn changed(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        seen: Option<Revision>,
    ) -> Result<Option<Stored>, Error> {
        if self.switches.is_silent.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        self.check()?;
        self.memory.changed(instance, entry, seen).await
    }

    async fn describe(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> Result<Description, Error> {
        self.memory.describe(instance, entry).await
    }
}

/// The end of a process: after so many points, nothing goes on.
#[derive(Clone, Default)]
pub(crate) struct Crash(Arc<Inner>);

struct Inner {
    points_left: AtomicI64,
    happened: Notify,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            points_left: AtomicI64::new(i64::MAX),
            happened: Notify::new(),
        }
    }
}

impl Crash {
    pub(crate) fn after(points: i64) -> Self {
        let crash = Self::default();
        crash.0.points_left.store(points, Ordering::SeqCst);
        crash
    }

    /// Here the process may end.
    pub(crate) async fn point(&self) {
        if self.0.points_left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.0.happened.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Waits for the end.
    pub(crate) async fn happened(&self) {
        self.0.happened.notified().await;
    }
}
