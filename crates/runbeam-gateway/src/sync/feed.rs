//! The handle of a feed, and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use runbeam_sdk::RunbeamClient;
use runbeam_sdk::model::{Clock, StoreConfigResponse, StoreConfiguration, SystemClock};
use runbeam_sdk::store::{InstanceId, SecretStore};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::archive::Archive;
use super::cloud::Cloud;
use super::driver::{Command, Driver};
use super::pace::Pace;
use super::{LastGood, Rejection, SyncStatus, Update};
use crate::identity::MachineIdentity;
use crate::{Error, ErrorKind};

/// Brings configuration changes to a gateway, and what becomes of them to the cloud, in a task of its own.
///
/// Clones share the task, which ends with the last of them: also in the middle of a change, which is then the same as a
/// crash.
#[derive(Clone)]
pub struct ChangeFeed {
    shared: Arc<Shared>,
}

struct Shared {
    cloud: Cloud,
    commands: mpsc::Sender<Command>,
    status: watch::Receiver<SyncStatus>,
    last_good: watch::Receiver<Option<Arc<LastGood>>>,
    task: AbortHandle,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ChangeFeed {
    /// Starts to build the feed of `instance`, which keeps its journal and the last good configuration in `store`. The
    /// `client` is one of the cloud; its calls take the token of `identity`.
    pub fn builder<S>(
        client: RunbeamClient,
        identity: MachineIdentity,
        store: S,
        instance: InstanceId,
    ) -> ChangeFeedBuilder<S>
    where
        S: SecretStore + 'static,
    {
        ChangeFeedBuilder {
            cloud: Cloud::new(&client, identity),
            store,
            instance,
            interval: Duration::from_secs(30),
            versions: 3,
            deadline: Duration::from_secs(5 * 60),
            clock: Arc::new(SystemClock),
            random: fastrand::Rng::new(),
        }
    }

    /// Asks for changes now, and returns when all that waited has been applied, or put in quarantine, and reported.
    ///
    /// # Errors
    ///
    /// What keeps it from that; it goes on there with the next round.
    pub async fn poll_now(&self) -> Result<SyncStatus, Error> {
        self.ask(Command::Poll).await
    }

    /// Fetches the whole configuration and applies it in place of all that was applied before, as the first start does by
    /// itself.
    ///
    /// # Errors
    ///
    /// [`Rejected`](ErrorKind::Rejected) if the gateway does not take it over, which leaves the last good one as it is,
    /// and what may befall a call.
    pub async fn download_now(&self) -> Result<SyncStatus, Error> {
        self.ask(Command::Download).await
    }

    /// Uploads the gateway's own configuration, one file after the other, in the order in which they are given: what is
    /// referred to goes first. This is what `runbeam harmony:authorize --update` asks of a gateway. It stops at the first
    /// that the cloud does not take.
    ///
    /// What is new to the cloud gets an id there, of which a change tells the gateway.
    ///
    /// # Errors
    ///
    /// [`Refused`](ErrorKind::Refused) if the cloud finds fault with a file, and what may befall a call. The files before it
    /// are uploaded.
    pub async fn upload(
        &self,
        configurations: impl IntoIterator<Item = StoreConfiguration, IntoIter: Send> + Send,
    ) -> Result<Vec<StoreConfigResponse>, Error> {
        let mut answers = Vec::new();
        for configuration in configurations {
            answers.push(self.shared.cloud.store(&configuration).await?);
        }
        Ok(answers)
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        self.shared.status.borrow().clone()
    }

    /// How it stands, and each change of that. The channel closes with the feed.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<SyncStatus> {
        self.shared.status.clone()
    }

    /// The configuration that the gateway last took over; `None` if there is none yet.
    #[must_use]
    pub fn last_good(&self) -> Option<Arc<LastGood>> {
        self.shared.last_good.borrow().clone()
    }

    async fn ask(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<SyncStatus, Error>>) -> Command,
    ) -> Result<SyncStatus, Error> {
        let stopped = || Error::new(ErrorKind::Stopped, "asking the configuration feed");
        let (answer, is_answered) = oneshot::channel();
        let sent = self.shared.commands.send(command(answer)).await;
        sent.map_err(|_| stopped())?;
        is_answered.await.map_err(|_| stopped())?
    }
}

impl fmt::Debug for ChangeFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeFeed")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// Builds a [`ChangeFeed`].
#[must_use = "a builder does nothing until it is started"]
pub struct ChangeFeedBuilder<S> {
    cloud: Cloud,
    store: S,
    instance: InstanceId,
    interval: Duration,
    versions: usize,
    deadline: Duration,
    clock: Arc<dyn Clock>,
    random: fastrand::Rng,
}

impl<S: SecretStore + 'static> ChangeFeedBuilder<S> {
    /// Asks every `interval` instead of every 30 seconds, give or take a tenth. This is `poll_interval_secs`; zero means by
    /// hand, with [`ChangeFeed::poll_now`].
    ///
    /// After a failure it waits twice as long each time, up to five minutes, and at least as long as the cloud asks for.
    pub fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Keeps so many versions of the last good configuration instead of three; at least one.
    pub fn with_versions(mut self, versions: usize) -> Self {
        self.versions = versions;
        self
    }

    /// Gives the gateway so long for an update instead of five minutes. What takes longer is dropped, and counts as
    /// rejected.
    pub fn with_apply_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Tells the time by `clock` instead of the clock of the system.
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Draws the chances of its pauses from this seed, so that a test goes the same way each time.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.random = fastrand::Rng::with_seed(seed);
        self
    }

    /// Reads what is kept, gives the last good configuration to `apply` if there is one, and starts the task. The cloud is
    /// not asked for that.
    ///
    /// `apply` takes an update over, or says why not. It is called for one update at a time, in a task of its own: a panic is
    /// a rejection.
    ///
    /// # Errors
    ///
    /// [`Storage`](ErrorKind::Storage) if the store cannot be read at present.
    pub async fn start<F, A>(self, apply: F) -> Result<ChangeFeed, Error>
    where
        F: Fn(Update) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Rejection>> + Send + 'static,
    {
        let mut driver = Driver::new(
            self.cloud.clone(),
            Archive::new(self.store, self.instance, self.versions),
            apply,
            Pace::new(self.interval),
            self.deadline,
            self.clock,
            self.random,
        );
        driver.begin().await?;
        let (status, last_good) = (driver.statuses.subscribe(), driver.last_goods.subscribe());
        let (commands, received) = mpsc::channel(16);
        let task = tokio::spawn(driver.run(received)).abort_handle();
        let shared = Shared {
            cloud: self.cloud,
            commands,
            status,
            last_good,
            task,
        };
        Ok(ChangeFeed {
            shared: Arc::new(shared),
        })
    }
}

impl<S> fmt::Debug for ChangeFeedBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeFeedBuilder")
            .field("cloud", &self.cloud)
            .field("instance", &self.instance)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
