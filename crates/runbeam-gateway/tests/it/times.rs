//! A cloud, the clock of a gateway that goes with the cloud's, and what a gateway is made of.

use std::time::Duration;

use jiff::SignedDuration;
use runbeam_emulator::{Builder, Emulator};
use runbeam_gateway::identity::{MachineIdentity, MachineIdentityBuilder};
use runbeam_sdk::auth::{CredentialsError, CredentialsProvider};
use runbeam_sdk::http::RetryPolicy;
use runbeam_sdk::model::{ManualClock, Secret, Timestamp};
use runbeam_sdk::store::{EntryName, InstanceId, Provisioning, SecretStore};
use runbeam_sdk::{MachineToken, RunbeamClient};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);

pub(crate) const CODE: &str = "edge-lisbon";

/// A cloud whose clock stands still until it is moved, and the clock of a gateway.
pub(crate) struct Times {
    pub(crate) cloud: Emulator,
    pub(crate) clock: ManualClock,
}

impl Times {
    pub(crate) async fn start() -> Self {
        Self::start_with(Emulator::builder()).await
    }

    pub(crate) async fn start_with(builder: Builder) -> Self {
        let cloud = builder.start().await.unwrap();
        cloud.clock().freeze();
        let now: Timestamp = cloud.clock().now().to_string().parse().unwrap();
        Self {
            cloud,
            clock: ManualClock::new(now),
        }
    }

    /// Lets time pass for the gateway and for the cloud.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.cloud.advance(SignedDuration::try_from(by).unwrap());
    }

    /// It sends once: its pauses would be of real time, and the clock here goes by days.
    pub(crate) fn client(&self) -> RunbeamClient {
        RunbeamClient::builder(self.cloud.url())
            .with_retries(RetryPolicy::never())
            .build()
            .unwrap()
    }

    /// A machine token, as `runbeam harmony:authorize` gets it.
    pub(crate) async fn authorize(&self) -> MachineToken {
        let user_token = self.cloud.mint_sanctum_token();
        let response = self
            .client()
            .authorize_gateway(user_token, CODE, None, None)
            .await
            .unwrap();
        let mut token = MachineToken::new(
            response.machine_token,
            response.expires_at,
            response.gateway.id,
            response.gateway.code,
            response.abilities,
        );
        token.issued_at = runbeam_sdk::model::Clock::now(&self.clock).into();
        token
    }

    /// Ends all tokens of the gateway.
    pub(crate) async fn revoke(&self) {
        let client = self.client().with_token(self.cloud.mint_sanctum_token());
        client.revoke_gateway(CODE).await.unwrap();
    }

    /// An identity by this clock, to which the environment hands nothing over.
    pub(crate) fn identity<S: SecretStore + 'static>(&self, store: S) -> MachineIdentityBuilder<S> {
        MachineIdentity::builder(self.client(), store, instance())
            .with_provisioning(Provisioning::default())
            .with_clock(self.clock.clone())
            .with_seed(7)
    }

    pub(crate) fn vault(&self) -> Vault {
        Vault(self.cloud.mint_sanctum_token().into())
    }
}

pub(crate) fn instance() -> InstanceId {
    CODE.parse().unwrap()
}

/// Saves the token that a gateway is to begin with, or is to find.
pub(crate) async fn save(store: &impl SecretStore, token: &MachineToken) {
    let entry = EntryName::machine_token();
    store.save_value(&instance(), &entry, token).await.unwrap();
}

/// A user's token that never changes.
pub(crate) struct Vault(Secret);

impl CredentialsProvider for Vault {
    async fn bearer_token(&self) -> Result<Secret, CredentialsError> {
        Ok(self.0.clone())
    }
}
