//! The task behind a machine identity: it watches the store and the clock, and renews.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use runbeam_sdk::RunbeamClient;
use runbeam_sdk::model::{Clock, MachineToken, Secret, Timestamp};
use runbeam_sdk::store::{
    self, EntryName, InstanceId, Precondition, Provisioning, Revision, SecretStore, Stored,
    StoredValue,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::lease::{self, Lease};
use super::renewal::Renewal;
use super::{IdentityState, Life, RenewalPolicy, Standing};
use crate::{Error, Fault};

/// How long it sleeps at most: a machine that slept, or a clock that was set, is noticed by then.
const LONGEST_NAP: Duration = Duration::from_secs(60);

/// After a store has failed, it is looked at again this much later.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// A 401 this shortly before the expiry is taken for the expiry: clocks differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60 * 60);

const READING: &str = "reading the machine token from the store";
const KEEPING: &str = "keeping the machine token in the store";

/// What the handle asks of the task.
#[derive(Debug)]
pub(super) enum Command {
    /// The cloud does not accept this token: is there another one?
    LookAgain {
        rejected: Secret,
        found: oneshot::Sender<bool>,
    },
    /// The cloud accepted the token.
    Accepted { done: oneshot::Sender<()> },
    /// Do what is due.
    Check { done: oneshot::Sender<()> },
}

pub(super) struct Driver<S> {
    client: RunbeamClient,
    store: S,
    instance: InstanceId,
    renewal: Option<Renewal>,
    pub(super) renews_revoked: bool,
    clock: Arc<dyn Clock>,
    random: fastrand::Rng,
    policy: RenewalPolicy,
    /// By which this identity is told from others that share the store.
    holder: String,

    /// The state of the store's entry that was seen last.
    seen: Option<Revision>,
    has_store_failed: bool,
    /// The cloud did not accept the token.
    is_rejected: bool,
    /// When to try again to keep a token that the store does not keep yet.
    keep_at: Option<Timestamp>,
    renew_at: Option<Timestamp>,
    warn_at: Option<Timestamp>,
    state: IdentityState,
    states: watch::Sender<IdentityState>,
}

impl<S: SecretStore + 'static> Driver<S> {
    pub(super) fn new(
        client: RunbeamClient,
        store: S,
        instance: InstanceId,
        renewal: Option<Renewal>,
        clock: Arc<dyn Clock>,
        random: fastrand::Rng,
    ) -> Self {
        Self {
            client,
            store,
            instance,
            renewal,
            renews_revoked: false,
            clock,
            random,
            policy: RenewalPolicy::new(),
            // Seeds repeat among processes, and this must not.
            holder: format!("{:032x}", fastrand::u128(..)),
            seen: None,
            has_store_failed: false,
            is_rejected: false,
            keep_at: None,
            renew_at: None,
            warn_at: None,
            state: IdentityState::default(),
            states: watch::Sender::default(),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<IdentityState> {
        self.states.subscribe()
    }

    /// Finds the token to begin with.
    pub(super) async fn begin(&mut self, provisioning: &Provisioning) {
        let found = provisioning
            .load_token(&self.store, &self.instance, &self.clock)
            .await;
        let kept = self.load().await;
        match (found, kept) {
            (Ok(Some(token)), kept) => {
                let kept = kept.unwrap_or_default();
                let is_kept = kept.is_some_and(|kept| kept.machine_token == token.machine_token);
                self.hold(token, is_kept);
            }
            (Ok(None), _) => {}
            (Err(error), _) => self.note(Error::of_store(READING, error)),
        }
        self.schedule();
        self.publish();
    }

    /// Works until the handle is dropped.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        loop {
            self.do_what_is_due().await;
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                stored = self.next_in_store() => {
                    self.take_in(stored);
                }
                () = tokio::time::sleep(self.nap()) => {}
            }
        }
    }

    async fn obey(&mut self, command: Command) {
        // Nobody waits for the answer any more where it cannot be sent.
        match command {
            Command::LookAgain { rejected, found } => {
                let is_found = self.look_again(&rejected).await;
                self.publish();
                let _ = found.send(is_found);
            }
            Command::Accepted { done } => {
                self.is_rejected = false;
                self.schedule();
                self.publish();
                let _ = done.send(());
            }
            Command::Check { done } => {
                self.do_what_is_due().await;
                let _ = done.send(());
            }
        }
    }

    async fn do_what_is_due(&mut self) {
        let is_due = |at: Option<Timestamp>, now| at.is_some_and(|at| at <= now);
        if is_due(self.keep_at, self.clock.now()) {
            self.keep().await;
        }
        if is_due(self.renew_at, self.clock.now()) {
            self.renew().await;
        }
        if is_due(self.warn_at, self.clock.now()) {
            self.warn();
        }
        self.publish();
    }

    /// How long nothing is due.
    fn nap(&self) -> Duration {
        let now = self.clock.now();
        let expires = self.state.expires_at.into_option().filter(|at| *at > now);
        let next = [self.keep_at, self.renew_at, self.warn_at, expires];
        next.into_iter()
            .flatten()
            .map(|at| at.saturating_duration_since(now))
            .fold(LONGEST_NAP, Duration::min)
    }

    // What the store says.

    async fn next_in_store(&self) -> Result<Option<Stored>, store::Error> {
        if self.has_store_failed {
            tokio::time::sleep(STORE_PAUSE).await;
        }
        self.store
            .changed(&self.instance, &EntryName::machine_token(), self.seen)
            .await
    }

    /// What the store keeps now.
    async fn load(&mut self) -> Result<Option<MachineToken>, Error> {
        let entry = EntryName::machine_token();
        let stored = self.store.load(&self.instance, &entry).await;
        self.read(stored)
    }

    fn read(
        &mut self,
        stored: Result<Option<Stored>, store::Error>,
    ) -> Result<Option<MachineToken>, Error> {
        self.has_store_failed = stored.is_err();
        let stored = stored.map_err(|error| Error::of_store(READING, error))?;
        self.seen = stored.as_ref().map(|stored| stored.revision);
        let token = stored.map(|stored| MachineToken::from_secret_bytes(&stored.value));
        token
            .transpose()
            .map_err(|problem| Error::of_value(READING, problem))
    }

    /// Uses what the store keeps, if that is another token and a better one. Whether it does.
    fn take_in(&mut self, stored: Result<Option<Stored>, store::Error>) -> bool {
        let read = self.read(stored);
        self.adopt(read)
    }

    fn adopt(&mut self, read: Result<Option<MachineToken>, Error>) -> bool {
        let token = match read {
            Ok(Some(token)) => token,
            // What was cleared is not taken away from who runs by it: it works until it ends.
            Ok(None) => {
                self.state.is_kept = false;
                self.publish();
                return false;
            }
            Err(error) => {
                self.note(error);
                self.publish();
                return false;
            }
        };
        let is_better = match &self.state.token {
            None => true,
            Some(held) if held.machine_token == token.machine_token => {
                self.state.is_kept = true;
                self.keep_at = None;
                false
            }
            // Ours is newer, and was not yet kept.
            Some(held) if self.keep_at.is_some() && !self.is_rejected => {
                token.expires_at.get() > held.expires_at.get()
            }
            Some(_) => true,
        };
        let is_taken = is_better && token.is_valid_at(self.clock.now());
        if is_taken {
            tracing::info!(instance = %self.instance, expires_at = %token.expires_at, "uses the machine token that the store has");
            self.hold(token, true);
            self.schedule();
        }
        self.publish();
        is_taken
    }

    // The token.

    fn hold(&mut self, token: MachineToken, is_kept: bool) {
        self.is_rejected = false;
        self.keep_at = None;
        self.state.is_kept = is_kept;
        self.state.failures = 0;
        self.state.expires_at = token.expires_at;
        self.state.gateway_id = token.gateway_id.clone();
        self.state.gateway_code = token.gateway_code.clone();
        self.state.last_success = Some(self.clock.now());
        let now = self.clock.now();
        let left = token.time_left_at(now);
        self.warn_at = left.map(|left| now.saturating_add(self.policy.until_warning(left)));
        self.state.token = Some(Arc::new(token));
    }

    fn life(&self) -> Option<Life> {
        Life::of(self.state.token.as_deref()?)
    }

    fn is_held(&self, token: &Secret) -> bool {
        let held = self.state.token.as_ref();
        held.is_some_and(|held| held.machine_token == *token)
    }

    fn standing(&self) -> Standing {
        match &self.state.token {
            None => Standing::Missing,
            Some(token) if token.is_expired_at(self.clock.now()) => Standing::Expired,
            Some(_) if self.is_rejected => Standing::Revoked,
            Some(_) => Standing::Good,
        }
    }

    /// The cloud does not accept `rejected`: is there another token?
    async fn look_again(&mut self, rejected: &Secret) -> bool {
        if !self.is_held(rejected) {
            return self.standing() == Standing::Good;
        }
        if !self.is_rejected {
            let kept = self.load().await;
            if self.adopt(kept) {
                return true;
            }
            self.is_rejected = true;
            if self.standing() == Standing::Revoked {
                tracing::error!(
                    instance = %self.instance, gateway_id = %self.state.gateway_id,
                    "the cloud does not accept the machine token: it was revoked, or the gateway deleted; run `runbeam harmony:authorize`"
                );
            }
            self.schedule();
            // What was to be renewed soon in any case is renewed now.
            if self.renew_at.is_some() && self.state.failures == 0 {
                self.renew().await;
            }
        }
        !self.is_held(rejected) && self.standing() == Standing::Good
    }

    // Renewal.

    /// Sets when to renew, from what is known now.
    fn schedule(&mut self) {
        let now = self.clock.now();
        let life = self.life();
        let left = life.map(|life| life.expires.saturating_duration_since(now));
        let is_revoked = self.is_rejected && left.is_none_or(|left| left > CLOCKS_DIFFER);
        let wait = match life {
            _ if self.renewal.is_none() || (is_revoked && !self.renews_revoked) => None,
            Some(life) if !self.is_rejected => Some(life),
            None if self.state.token.is_some() && !self.is_rejected => None,
            // There is nothing to lose.
            _ => Some(Life::new(now, now)),
        }
        .map(|life| {
            let chance = self.random.f64();
            self.policy.wait(life, self.state.failures, now, chance)
        });
        self.renew_at = wait.map(|wait| now.saturating_add(wait));
    }

    async fn renew(&mut self) {
        let Some(renewal) = self.renewal.clone() else {
            return;
        };
        let taken = lease::take(&self.store, &self.instance, &self.holder, &*self.clock).await;
        let turn = match taken {
            Ok(Lease::Ours(turn)) => Some(turn),
            Ok(Lease::Theirs(until)) => {
                // All who wait would come back at once.
                let later = Duration::from_secs(3).mul_f64(self.random.f64());
                self.renew_at = Some(until.saturating_add(later));
                return;
            }
            // A store that fails must not keep the gateway from renewing.
            Err(error) => {
                self.note(Error::of_store("agreeing on who renews", error));
                None
            }
        };
        // The one before may have renewed already.
        let kept = self.load().await;
        if !self.adopt(kept) {
            match self.authorize(renewal).await {
                Some(Ok(token)) => self.take_over(token).await,
                Some(Err(error)) => self.fail(error),
                None => {}
            }
        }
        if let Some(turn) = turn {
            lease::give_back(
                &self.store,
                &self.instance,
                &self.holder,
                &*self.clock,
                turn,
            )
            .await;
        }
    }

    /// Authorizes the gateway; `None` if meanwhile the store has another token.
    async fn authorize(&mut self, renewal: Renewal) -> Option<Result<MachineToken, Error>> {
        let (client, clock) = (self.client.clone(), self.clock.clone());
        let mut call = pin!(renewal.authorize(client, clock));
        loop {
            tokio::select! {
                outcome = &mut call => return Some(outcome),
                stored = self.next_in_store() => {
                    if self.take_in(stored) {
                        return None;
                    }
                }
            }
        }
    }

    async fn take_over(&mut self, token: MachineToken) {
        tracing::info!(instance = %self.instance, expires_at = %token.expires_at, "renewed the machine token");
        self.hold(token, false);
        self.state.renewals += 1;
        self.schedule();
        self.publish();
        self.keep().await;
    }

    fn fail(&mut self, error: Error) {
        self.state.failures = self.state.failures.saturating_add(1);
        let retry_after = error.retry_after();
        self.note(error);
        self.schedule();
        // The cloud may ask for more patience, within what can be afforded.
        let now = self.clock.now();
        if let (Some(asked), Some(at)) = (retry_after, self.renew_at) {
            let left = self
                .life()
                .map(|life| life.expires.saturating_duration_since(now));
            let asked = left.map_or(asked, |left| asked.min(left / 8));
            self.renew_at = Some(at.max(now.saturating_add(asked)));
        }
    }

    /// Saves the token, unless the store has a better one by now. If it cannot, it is tried again.
    async fn keep(&mut self) {
        let Some(token) = self.state.token.clone() else {
            return;
        };
        let entry = EntryName::machine_token();
        let precondition = self
            .seen
            .map_or(Precondition::Absent, Precondition::Unchanged);
        // It is set before, so that a token that is found meanwhile is compared with ours.
        self.keep_at = Some(self.clock.now().saturating_add(LONGEST_NAP));
        let bytes = token.to_secret_bytes();
        let saved = self
            .store
            .save(&self.instance, &entry, &bytes, precondition)
            .await;
        match saved {
            Ok(revision) => {
                self.seen = Some(revision);
                self.state.is_kept = true;
                self.keep_at = None;
            }
            Err(error) if error.kind() == store::ErrorKind::Conflict => {
                let kept = self.load().await;
                if !self.adopt(kept) && !self.state.is_kept {
                    self.keep_at = Some(self.clock.now());
                }
            }
            Err(error) => self.note(Error::of_store(KEEPING, error)),
        }
    }

    // What is told.

    fn warn(&mut self) {
        let now = self.clock.now();
        let (Some(life), instance) = (self.life(), &self.instance) else {
            self.warn_at = None;
            return;
        };
        let left = life.expires.saturating_duration_since(now);
        let Some(warning) = self.policy.warning(left) else {
            // The clock was set back.
            self.warn_at = Some(now.saturating_add(self.policy.until_warning(left)));
            return;
        };
        let (days_left, expires_at, failures) =
            (warning.days_left, life.expires, self.state.failures);
        if warning.is_urgent() {
            tracing::error!(%instance, days_left, %expires_at, failures, "the machine token is about to end, or has ended; run `runbeam harmony:authorize`");
        } else {
            tracing::warn!(%instance, days_left, %expires_at, failures, "the machine token ends in a few days; run `runbeam harmony:authorize`");
        }
        self.state.warnings += 1;
        self.warn_at = Some(now.saturating_add(warning.every));
    }

    fn note(&mut self, error: Error) {
        tracing::warn!(instance = %self.instance, %error, "the machine identity has a problem");
        self.state.last_error = Some(Fault::new(self.clock.now(), error));
    }

    fn publish(&mut self) {
        let left = self.state.token.as_ref().and_then(|token| {
            let left = token.time_left_at(self.clock.now())?;
            Some(left)
        });
        self.state.standing = self.standing();
        self.state.warning = left.and_then(|left| self.policy.warning(left));
        self.state.next_attempt = self.renew_at;
        self.states.send_replace(self.state.clone());
    }
}
