//! The machine identity of a gateway: its token, and the renewal that keeps it alive.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cloud = runbeam_emulator::Emulator::start().await?;
//! # let (api_url, service_account) = (cloud.url(), cloud.mint_sanctum_token());
//! use runbeam_gateway::identity::{MachineIdentity, Standing};
//! use runbeam_sdk::RunbeamClient;
//! use runbeam_sdk::auth::CredentialsProvider;
//! use runbeam_sdk::store::{InstanceId, MemoryStore};
//!
//! # struct Vault(String);
//! # impl CredentialsProvider for Vault {
//! #     async fn bearer_token(&self) -> Result<runbeam_sdk::model::Secret, runbeam_sdk::auth::CredentialsError> {
//! #         Ok((&self.0).into())
//! #     }
//! # }
//! let client = RunbeamClient::new(api_url);
//! let instance: InstanceId = "edge-lisbon".parse()?;
//! // The usual store is `Store::from_env()?`.
//! let identity = MachineIdentity::builder(client, MemoryStore::new(), instance)
//!     .with_renewal("edge-lisbon".parse()?, Vault(service_account))
//!     .start()
//!     .await?;
//! let state = identity.changed_to(|state| state.standing == Standing::Good).await;
//! println!("expires at {}", state.expires_at);
//! # Ok(())
//! # }
//! ```
//!
//! # Where the token comes from
//!
//! One that is handed over (see [`Provisioning`](runbeam_sdk::store::Provisioning)) comes first, then what the store
//! keeps. The store is watched: a token that another process saves, be it `runbeam harmony:authorize` or a
//! neighbour's renewal, is used at once.
//!
//! # How it stays alive
//!
//! With a [`CredentialsProvider`](runbeam_sdk::auth::CredentialsProvider) the gateway authorizes itself again from half
//! of the token's life on, some 600 times until the last second if need be: see [`RenewalPolicy`]. What fails leaves
//! the token as it is. The identities of one instance agree on one renewal by an entry of the store, `auth_renewal`,
//! that says whose turn it is for the next minute.
//!
//! With or without a provider, it warns in the log from five days before the expiry, once on the first day and every hour
//! on the last: see [`ExpiryWarning`]. The last day is logged as an error.
//!
//! # When the cloud refuses
//!
//! A 401 makes it look whether the store keeps another token before it gives up. If not, the token is
//! [`Revoked`](Standing::Revoked): an operator has ended it, or deleted the gateway. That is not undone behind the
//! operator's back, unless [`with_renewal_after_revocation`](MachineIdentityBuilder::with_renewal_after_revocation)
//! says so; a new token in the store, or a call that is accepted after all, ends it.

mod driver;
mod lease;
mod machine_identity;
mod policy;
mod renewal;
mod state;

pub use machine_identity::{MachineIdentity, MachineIdentityBuilder};
pub use policy::{ExpiryWarning, Life, RenewalPolicy};
pub use state::{IdentityMetrics, IdentityState, Standing};
