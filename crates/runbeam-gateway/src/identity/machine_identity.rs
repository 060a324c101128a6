//! The handle of a machine identity, and its builder.

use std::fmt;
use std::sync::Arc;

use runbeam_sdk::RunbeamClient;
use runbeam_sdk::auth::{Credentials, CredentialsError, CredentialsProvider};
use runbeam_sdk::model::{Clock, GatewayCode, MachineToken, Secret, SystemClock};
use runbeam_sdk::store::{InstanceId, Provisioning, SecretStore};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::driver::{Command, Driver};
use super::renewal::Renewal;
use super::{IdentityMetrics, IdentityState, Standing};
use crate::Error;

/// The current machine token of a gateway, kept alive by a task of its own.
///
/// It is a [`CredentialsProvider`]: a call takes the token without a delay. Clones share the task, which ends with
/// the last of them.
#[derive(Clone)]
pub struct MachineIdentity {
    shared: Arc<Shared>,
}

struct Shared {
    state: watch::Receiver<IdentityState>,
    commands: mpsc::Sender<Command>,
    clock: Arc<dyn Clock>,
    task: AbortHandle,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MachineIdentity {
    /// Starts to build the identity of `instance`, whose token `store` keeps. The `client` is one of the cloud; it needs no
    /// token.
    pub fn builder<S>(
        client: RunbeamClient,
        store: S,
        instance: InstanceId,
    ) -> MachineIdentityBuilder<S>
    where
        S: SecretStore + 'static,
    {
        MachineIdentityBuilder {
            client,
            store,
            instance,
            provisioning: None,
            renewal: None,
            renews_revoked: false,
            clock: Arc::new(SystemClock),
            random: fastrand::Rng::new(),
        }
    }

    /// The token with all that is known about it; `None` if there is none.
    #[must_use]
    pub fn token(&self) -> Option<Arc<MachineToken>> {
        self.shared.state.borrow().token.clone()
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> IdentityState {
        self.shared.state.borrow().clone()
    }

    /// How it stands, in numbers of this moment.
    #[must_use]
    pub fn metrics(&self) -> IdentityMetrics {
        let now = self.shared.clock.now();
        self.shared.state.borrow().metrics_at(now)
    }

    /// How it stands, and each change of that. The channel closes with the identity.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<IdentityState> {
        self.shared.state.clone()
    }

    /// Waits until it stands as wanted, and says how.
    pub async fn changed_to(
        &self,
        mut is_wanted: impl FnMut(&IdentityState) -> bool + Send,
    ) -> IdentityState {
        let mut states = self.watch();
        let found = states.wait_for(|state| is_wanted(state)).await;
        let found = found.map(|state| state.clone());
        match found {
            Ok(state) => state,
            // The runtime is going down, and this future with it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Does at once what is due by the clock: renews, warns, keeps what could not be kept. It returns when that is done.
    /// The task does the same by itself within a minute; after a sleep of the machine this is faster.
    pub async fn check_now(&self) {
        let (done, is_done) = oneshot::channel();
        self.ask(Command::Check { done }, is_done).await;
    }

    /// Says that the cloud accepted a call: whatever it said before, the token works.
    pub(crate) async fn note_accepted(&self) {
        if self.state().standing == Standing::Revoked {
            let (done, is_done) = oneshot::channel();
            self.ask(Command::Accepted { done }, is_done).await;
        }
    }

    async fn ask<T>(&self, command: Command, answer: oneshot::Receiver<T>) -> Option<T> {
        self.shared.commands.send(command).await.ok()?;
        answer.await.ok()
    }
}

impl CredentialsProvider for MachineIdentity {
    async fn bearer_token(&self) -> Result<Secret, CredentialsError> {
        let Some(token) = self.token() else {
            return Err(CredentialsError::new(
                "the gateway has no machine token; run `runbeam harmony:authorize`",
            ));
        };
        if token.is_expired_at(self.shared.clock.now()) {
            return Err(CredentialsError::new(format!(
                "the machine token expired at {}; run `runbeam harmony:authorize`",
                token.expires_at
            )));
        }
        Ok(token.machine_token.clone())
    }

    async fn look_again(&self, token: &Secret) -> bool {
        let (found, is_found) = oneshot::channel();
        let rejected = token.clone();
        self.ask(Command::LookAgain { rejected, found }, is_found)
            .await
            .unwrap_or(false)
    }
}

impl fmt::Debug for MachineIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineIdentity")
            .field("state", &self.state())
            .finish()
    }
}

/// Builds a [`MachineIdentity`].
#[must_use = "a builder does nothing until it is started"]
pub struct MachineIdentityBuilder<S> {
    client: RunbeamClient,
    store: S,
    instance: InstanceId,
    provisioning: Option<Provisioning>,
    renewal: Option<Renewal>,
    renews_revoked: bool,
    clock: Arc<dyn Clock>,
    random: fastrand::Rng,
}

impl<S: SecretStore + 'static> MachineIdentityBuilder<S> {
    /// A token that is handed over, or `Provisioning::default()` for none, instead of what `RUNBEAM_MACHINE_TOKEN` and
    /// `RUNBEAM_MACHINE_TOKEN_FILE` say.
    pub fn with_provisioning(mut self, provisioning: Provisioning) -> Self {
        self.provisioning = Some(provisioning);
        self
    }

    /// Authorizes the gateway `code` again before its token ends, and at once if it has none, with the user's tokens, JWT
    /// or Sanctum, that `provider` yields.
    pub fn with_renewal(mut self, code: GatewayCode, provider: impl CredentialsProvider) -> Self {
        self.renewal = Some(Renewal {
            code,
            credentials: Credentials::provider(provider),
        });
        self
    }

    /// Renews a token that was revoked, too. Without this a revocation stands until somebody authorizes the gateway.
    pub fn with_renewal_after_revocation(mut self) -> Self {
        self.renews_revoked = true;
        self
    }

    /// Tells the time by `clock` instead of the clock of the system.
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Draws the chances of the schedule from this seed, so that a test goes the same way each time.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.random = fastrand::Rng::with_seed(seed);
        self
    }

    /// Finds the token and starts the task. A store that cannot be read at present is no error: the state tells it, and it
    /// is tried again.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration) if what the environment hands over is no machine token.
    pub async fn start(self) -> Result<MachineIdentity, Error> {
        let provisioning = match self.provisioning {
            Some(provisioning) => provisioning,
            None => Provisioning::from_env().map_err(|error| {
                Error::of_store("taking over the machine token that is handed over", error)
            })?,
        };
        let clock = self.clock;
        let mut driver = Driver::new(
            self.client,
            self.store,
            self.instance,
            self.renewal,
            clock.clone(),
            self.random,
        );
        driver.renews_revoked = self.renews_revoked;
        driver.begin(&provisioning).await;
        let state = driver.subscribe();
        let (commands, received) = mpsc::channel(64);
        let task = tokio::spawn(driver.run(received)).abort_handle();
        let shared = Shared {
            state,
            commands,
            clock,
            task,
        };
        Ok(MachineIdentity {
            shared: Arc::new(shared),
        })
    }
}

impl<S> fmt::Debug for MachineIdentityBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineIdentityBuilder")
            .field("client", &self.client)
            .field("instance", &self.instance)
            .field("provisioning", &self.provisioning)
            .field("has_renewal", &self.renewal.is_some())
            .finish_non_exhaustive()
    }
}
