//! Builds the service of the management API.

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;

use runbeam_sdk::RunbeamClient;
use runbeam_sdk::auth::{RemoteVerifier, TrustPolicy, TrustedIssuer};
use runbeam_sdk::model::{Clock, ManagementPrefix, Secret, SystemClock};
use runbeam_sdk::store::{InstanceId, SecretStore, Store};

use super::ManagedGateway;
use super::operations::{AdoptKey, Operations};
use super::paths::Paths;
use super::service::Management;
use crate::BuildError;
use crate::identity::MachineIdentity;
use crate::layers::FailureLimiter;

const ATTEMPTS_A_MINUTE: NonZero<u32> = NonZero::new(10).unwrap();

/// Builds a [`Management`].
#[must_use = "a builder does nothing until it is built"]
pub struct ManagementBuilder<G, S> {
    gateway: G,
    client: RunbeamClient,
    identity: MachineIdentity,
    store: S,
    instance: InstanceId,
    prefix: ManagementPrefix,
    version: String,
    verifier: Option<RemoteVerifier>,
    secret: Option<Secret>,
    adopt_key: Option<AdoptKey>,
    attempts_a_minute: NonZero<u32>,
    clock: Arc<dyn Clock>,
}

impl<G: ManagedGateway, S: SecretStore + 'static> ManagementBuilder<G, S> {
    pub(super) fn new(
        gateway: G,
        client: RunbeamClient,
        identity: MachineIdentity,
        store: S,
        instance: InstanceId,
    ) -> Self {
        Self {
            gateway,
            client,
            identity,
            store,
            instance,
            prefix: ManagementPrefix::default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            verifier: None,
            secret: None,
            adopt_key: None,
            attempts_a_minute: ATTEMPTS_A_MINUTE,
            clock: Arc::new(SystemClock),
        }
    }

    /// Serves the API below `prefix` instead of `admin`: `[management] base_path`.
    pub fn with_prefix(mut self, prefix: ManagementPrefix) -> Self {
        self.prefix = prefix;
        self
    }

    /// The version of the gateway that `info` tells. Default: that of this crate.
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Trusts the users' JWTs that `verifier` accepts. Default: RS256 by the keys of the client's cloud, and no other
    /// issuer.
    pub fn with_user_tokens(mut self, verifier: RemoteVerifier) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// Trusts the users' JWTs of the client's cloud that are signed by HS256 with `secret`, of at least 32 bytes, and none by
    /// RS256. This is what `RUNBEAM_JWT_SECRET` is for; nothing reads it by itself.
    pub fn with_shared_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Lets a peer try `authorize` so often a minute, instead of ten times.
    pub fn with_attempts_a_minute(mut self, attempts: NonZero<u32>) -> Self {
        self.attempts_a_minute = attempts;
        self
    }

    /// Tells the time by `clock` instead of the clock of the system.
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Builds the service.
    ///
    /// # Errors
    ///
    /// If the address of the client is of no use, or the shared secret is too short.
    pub fn build(self) -> Result<Management, BuildError> {
        let cloud = self.client.base_url();
        let cloud = cloud.map_err(|error| {
            BuildError::new("the management API has no cloud to ask").with_source(error)
        })?;
        let verifier = match self.verifier {
            Some(verifier) => verifier,
            None => {
                let mut issuer = TrustedIssuer::cloud(cloud);
                if let Some(secret) = self.secret {
                    issuer = issuer.with_shared_secret(secret)?;
                }
                RemoteVerifier::builder(TrustPolicy::new(issuer))
                    .with_clock(self.clock.clone())
                    .build()?
            }
        };
        let attempts = FailureLimiter::new()
            .with_failures_a_minute(self.attempts_a_minute)
            .with_clock(self.clock.clone());
        let paths = Paths::new(&self.prefix);
        let operations = Operations {
            started: self.clock.now(),
            cloud: cloud.clone(),
            gateway: self.gateway,
            client: self.client,
            identity: self.identity,
            store: self.store,
            instance: self.instance,
            version: self.version,
            verifier,
            adopt_key: self.adopt_key,
            attempts,
            clock: self.clock,
            turn: tokio::sync::Mutex::default(),
        };
        Ok(Management::new(paths, operations))
    }
}

impl<G: ManagedGateway> ManagementBuilder<G, Store> {
    /// Takes the `encryption_key` that comes with a token, and makes it the [own key](Store::adopt_key) of the instance.
    /// Without this, a body that has one is refused.
    pub fn with_encryption_keys(mut self) -> Self {
        let (store, instance) = (self.store.clone(), self.instance.clone());
        self.adopt_key = Some(Box::new(move |key| {
            let (store, instance) = (store.clone(), instance.clone());
            Box::pin(async move { store.adopt_key(&instance, key).await })
        }));
        self
    }
}

impl<G, S> fmt::Debug for ManagementBuilder<G, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagementBuilder")
            .field("client", &self.client)
            .field("instance", &self.instance)
            .field("prefix", &self.prefix)
            .field("has_shared_secret", &self.secret.is_some())
            .field("takes_encryption_keys", &self.adopt_key.is_some())
            .finish_non_exhaustive()
    }
}
