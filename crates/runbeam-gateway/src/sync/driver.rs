//! The task behind a feed: one round after the other, each from the cloud through the journal to the gateway and back.

use std::sync::Arc;
use std::time::Duration;

use runbeam_sdk::model::{Change, ChangeId, ChangeStatus, Clock, GatewayConfiguration};
use runbeam_sdk::store::SecretStore;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::archive::{Archive, Written};
use super::cloud::Cloud;
use super::journal::{Journal, Next};
use super::pace::Pace;
use super::{LastGood, Rejection, SyncStatus, Update};
use crate::{Error, ErrorKind, Fault};

const APPLYING: &str = "applying the configuration";

/// What the handle asks of the task.
#[derive(Debug)]
pub(super) enum Command {
    /// Ask for changes now.
    Poll(oneshot::Sender<Result<SyncStatus, Error>>),
    /// Fetch and apply the whole configuration.
    Download(oneshot::Sender<Result<SyncStatus, Error>>),
}

/// The gateway's side: takes an update over, or says why not.
pub(super) trait Apply: Send + Sync + 'static {
    fn apply(&self, update: Update)
    -> impl Future<Output = Result<(), Rejection>> + Send + 'static;
}

impl<F, A> Apply for F
where
    F: Fn(Update) -> A + Send + Sync + 'static,
    A: Future<Output = Result<(), Rejection>> + Send + 'static,
{
    fn apply(
        &self,
        update: Update,
    ) -> impl Future<Output = Result<(), Rejection>> + Send + 'static {
        self(update)
    }
}

pub(super) struct Driver<S, A> {
    pub(super) cloud: Cloud,
    pub(super) archive: Archive<S>,
    pub(super) apply: A,
    pub(super) pace: Pace,
    pub(super) deadline: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: fastrand::Rng,
    pub(super) statuses: watch::Sender<SyncStatus>,
    pub(super) last_goods: watch::Sender<Option<Arc<LastGood>>>,
    journal: Journal,
    /// The journal in memory is ahead of the one in the store.
    is_ahead: bool,
    /// A version that the gateway took over, and that is not yet written.
    unwritten: Option<Arc<LastGood>>,
    /// The gateway rejected the whole configuration, and is not given it again by itself.
    has_rejected_whole: bool,
    status: SyncStatus,
    wish: Option<Duration>,
    /// How many changes had an outcome at the end of the last round.
    settled: u64,
}

impl<S: SecretStore + 'static, A: Apply> Driver<S, A> {
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a setting of the builder"
    )]
    pub(super) fn new(
        cloud: Cloud,
        archive: Archive<S>,
        apply: A,
        pace: Pace,
        deadline: Duration,
        clock: Arc<dyn Clock>,
        random: fastrand::Rng,
    ) -> Self {
        Self {
            cloud,
            archive,
            apply,
            pace,
            deadline,
            clock,
            random,
            statuses: watch::Sender::default(),
            last_goods: watch::Sender::default(),
            journal: Journal::default(),
            is_ahead: false,
            unwritten: None,
            has_rejected_whole: false,
            status: SyncStatus::default(),
            wish: None,
            settled: 0,
        }
    }

    /// Reads what is kept, and gives the last good configuration to the gateway.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        self.reopen().await?;
        let last_good = self.last_goods.borrow().clone();
        if let Some(last_good) = last_good
            && let Err(rejection) = self.call(Update::LastGood(last_good)).await
        {
            // It was good once, and there is nothing better before the cloud is asked.
            let error = Error::because(ErrorKind::Rejected, APPLYING, rejection.to_string());
            self.note(error);
        }
        self.publish();
        Ok(())
    }

    async fn reopen(&mut self) -> Result<(), Error> {
        let (journal, last_good) = self.archive.open().await?;
        self.journal = journal;
        self.is_ahead = false;
        self.unwritten = None;
        self.last_goods.send_replace(last_good.map(Arc::new));
        self.archive.tidy(self.journal.version()).await;
        Ok(())
    }

    /// Works until the handle is dropped.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let has_configuration = self.last_goods.borrow().is_some();
        let mut pause = self.pace.first(has_configuration, self.random.f64());
        loop {
            let asked = tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => Some(command),
                    None => return,
                },
                () = sleep(pause, self.pace) => None,
            };
            let (outcome, answer) = match asked {
                None => (self.round().await, None),
                Some(Command::Poll(answer)) => (self.round().await, Some(answer)),
                Some(Command::Download(answer)) => (self.download().await, Some(answer)),
            };
            self.conclude(&outcome);
            if let Some(answer) = answer {
                // Nobody waits any more where it cannot be sent.
                let _ = answer.send(outcome.map(|()| self.status.clone()));
            }
            let chance = self.random.f64();
            pause = self.pace.next(self.status.failures, self.wish, chance);
        }
    }

    fn conclude(&mut self, outcome: &Result<(), Error>) {
        self.status.rounds += 1;
        let settled = self.status.applied + self.status.failed;
        let is_progress = settled != std::mem::replace(&mut self.settled, settled);
        match outcome {
            Ok(()) => {
                self.status.failures = 0;
                self.status.last_success = Some(self.clock.now());
                self.wish = None;
            }
            Err(error) => {
                // With much to do and a cloud that fails now and then, no round might ever be without a fault.
                let before = if is_progress { 0 } else { self.status.failures };
                self.status.failures = before.saturating_add(1);
                self.wish = error.retry_after();
                self.note(error.clone());
            }
        }
        self.publish();
    }

    /// One round: reports what is not yet reported, and takes over what waits.
    async fn round(&mut self) -> Result<(), Error> {
        if self.is_ahead {
            self.persist().await?;
        }
        self.report().await?;
        let is_first = self.last_goods.borrow().is_none();
        if is_first && !self.has_rejected_whole {
            self.fetch_whole().await?;
        }
        loop {
            let is_more = self.receive().await?;
            let mut is_progress = false;
            while let Some(next) = self.journal.next() {
                is_progress = true;
                self.take(next).await?;
                self.report().await?;
            }
            if !is_more || !is_progress {
                break;
            }
        }
        if self.is_ahead {
            self.persist().await?;
        }
        Ok(())
    }

    /// Takes in what the cloud lists, and says so to it. Whether it lists more than there is room for.
    async fn receive(&mut self) -> Result<bool, Error> {
        let listed = self.cloud.waiting().await?;
        let is_more = self.journal.admit(listed);
        let ids = self.journal.to_acknowledge();
        if ids.is_empty() {
            return Ok(is_more);
        }
        // From the acknowledgement on, the cloud does not list them any more.
        self.persist().await?;
        self.publish();
        let refused = self.cloud.acknowledge(ids).await?;
        self.journal.acknowledged(&refused);
        self.is_ahead = true;
        Ok(is_more)
    }

    async fn take(&mut self, next: Next) -> Result<(), Error> {
        let (id, was_interrupted) = match next {
            Next::Apply {
                id,
                was_interrupted,
            } => (id, was_interrupted),
            Next::GiveUp(id) => {
                let rejection =
                    Rejection::new("the gateway ended each time it applied this change");
                return self.reject(&id, rejection).await;
            }
        };
        let Some(change) = self.cloud.change(&id).await? else {
            tracing::warn!(%id, "the cloud does not know a change any more that it listed");
            self.journal.finish(&id);
            self.is_ahead = true;
            return Ok(());
        };
        // Somebody else has reported on it, or settled it in the cloud.
        if let (ChangeStatus::Applied | ChangeStatus::Failed, false) =
            (&change.status, was_interrupted)
        {
            self.journal.finish(&id);
            self.is_ahead = true;
            return Ok(());
        }
        self.journal.begin(&id);
        self.persist().await?;
        let change = Arc::new(change);
        let update = Update::Change {
            change: change.clone(),
            was_interrupted,
        };
        match self.call(update).await {
            Ok(()) => self.adopt(&id, Arc::unwrap_or_clone(change)).await,
            Err(rejection) => self.reject(&id, rejection).await,
        }
    }

    async fn adopt(&mut self, id: &ChangeId, change: Change) -> Result<(), Error> {
        let version = self.journal.version() + 1;
        let former = self.last_goods.borrow().clone();
        let now = self.clock.now();
        let last_good = LastGood::changed(former.as_deref(), version, now, change);
        self.journal.applied(id, version);
        self.status.applied += 1;
        self.keep(last_good).await
    }

    /// Makes it the last good configuration.
    async fn keep(&mut self, last_good: LastGood) -> Result<(), Error> {
        let version = last_good.version;
        let last_good = Arc::new(last_good);
        // The gateway runs by it, whether it can be kept or not.
        self.last_goods.send_replace(Some(last_good.clone()));
        self.unwritten = Some(last_good);
        self.persist().await?;
        self.archive.tidy(version).await;
        Ok(())
    }

    async fn reject(&mut self, id: &ChangeId, rejection: Rejection) -> Result<(), Error> {
        tracing::warn!(%id, %rejection, "a configuration change is put in quarantine");
        self.journal.failed(id, rejection, self.clock.now());
        self.status.failed += 1;
        self.persist().await
    }

    /// Reports every outcome that the cloud has not yet taken.
    async fn report(&mut self) -> Result<(), Error> {
        for (id, report) in self.journal.to_report() {
            match self.cloud.report(&id, report).await {
                Ok(taken) => {
                    if taken.is_none() {
                        tracing::warn!(%id, "the cloud does not know a change any more that was applied or rejected");
                    }
                    self.journal.finish(&id);
                    self.is_ahead = true;
                    self.publish();
                }
                // One that the cloud refuses must not hold up the others. It is tried again.
                Err(error) if error.kind() == ErrorKind::Refused => self.note(error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn download(&mut self) -> Result<(), Error> {
        self.has_rejected_whole = false;
        self.fetch_whole().await?;
        if self.has_rejected_whole {
            let problem = self.status.last_error.as_ref();
            let problem = problem.map(|fault| fault.error.to_string());
            let problem = problem.unwrap_or_default();
            return Err(Error::because(ErrorKind::Rejected, APPLYING, problem));
        }
        Ok(())
    }

    async fn fetch_whole(&mut self) -> Result<(), Error> {
        let configuration: Arc<GatewayConfiguration> = Arc::new(self.cloud.configuration().await?);
        let update = Update::Whole(configuration.clone());
        if let Err(rejection) = self.call(update).await {
            // The changes that follow may mend it.
            self.has_rejected_whole = true;
            self.note(Error::because(
                ErrorKind::Rejected,
                APPLYING,
                rejection.to_string(),
            ));
            return Ok(());
        }
        let version = self.journal.version() + 1;
        let configuration = Arc::unwrap_or_clone(configuration);
        let last_good = LastGood::whole(version, self.clock.now(), configuration);
        self.journal.replaced(version);
        self.keep(last_good).await
    }

    /// Calls the gateway, which may panic or hang without harm to others.
    async fn call(&self, update: Update) -> Result<(), Rejection> {
        // It ends with this future.
        let mut task = JoinSet::new();
        task.spawn(self.apply.apply(update));
        match tokio::time::timeout(self.deadline, task.join_next()).await {
            Ok(Some(Ok(outcome))) => outcome,
            Ok(Some(Err(failure))) => {
                let panic = failure.try_into_panic().ok();
                let panic = panic.as_ref().and_then(|panic| panic_text(&**panic));
                let panic = panic.unwrap_or("it says nothing of why");
                Err(Rejection::new("the gateway panicked").with_details([panic]))
            }
            Ok(None) => Err(Rejection::new("the gateway did not begin")),
            Err(_) => Err(Rejection::new(format!(
                "the gateway took longer than {} s",
                self.deadline.as_secs()
            ))),
        }
    }

    /// Writes what is ahead of the store: the configuration first, and then the journal that says that it holds.
    async fn persist(&mut self) -> Result<(), Error> {
        self.is_ahead = true;
        if let Some(last_good) = &self.unwritten {
            self.archive.write_version(last_good).await?;
            self.unwritten = None;
        }
        match self.archive.write_journal(&self.journal).await {
            Ok(()) => {
                self.is_ahead = false;
                Ok(())
            }
            Err(Written::Failed(error)) => Err(error),
            Err(Written::ByAnother) => {
                self.reopen().await?;
                let problem = "another process syncs the same instance; run one feed an instance";
                Err(Error::because(
                    ErrorKind::Storage,
                    "keeping the journal of changes",
                    problem.to_owned(),
                ))
            }
        }
    }

    fn note(&mut self, error: Error) {
        tracing::warn!(%error, "the configuration feed has a problem");
        self.status.last_error = Some(Fault::new(self.clock.now(), error));
    }

    fn publish(&mut self) {
        let last_good = self.last_goods.borrow();
        self.status.version = last_good.as_ref().map(|last_good| last_good.version);
        drop(last_good);
        self.status.waiting = self.journal.waiting();
        self.status.unreported = self.journal.to_report().len();
        self.status.quarantined = self.journal.quarantined();
        self.statuses.send_replace(self.status.clone());
    }
}

async fn sleep(pause: Duration, pace: Pace) {
    if pace.is_by_hand() {
        std::future::pending().await
    } else {
        tokio::time::sleep(pause).await;
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
}
