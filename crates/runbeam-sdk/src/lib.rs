//! The Runbeam SDK: trust tokens, keep secrets and talk to Runbeam Cloud.
//!
//! A gateway is authorized by exchanging a user's token for a machine token of thirty days, which it keeps safe
//! and calls the API with:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # // The emulator stands for Runbeam Cloud.
//! # let cloud = runbeam_emulator::Emulator::start().await?;
//! # let (api_url, user_token) = (cloud.url(), cloud.mint_sanctum_token());
//! use runbeam_sdk::{MachineToken, RunbeamClient};
//!
//! let client = RunbeamClient::new(api_url);
//! let response = client.authorize_gateway(&user_token, "edge-lisbon", None, None).await?;
//! let token = MachineToken::new(
//!     response.machine_token,
//!     response.expires_at,
//!     response.gateway.id,
//!     response.gateway.code,
//!     response.abilities,
//! );
//! assert!(token.is_valid());
//!
//! let client = client.with_token(&token.machine_token);
//! for gateway in client.gateways().list().await?.data {
//!     println!("{} ({})", gateway.name, gateway.code);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Contents
//!
//! - [`RunbeamClient`]: the API. [`Error::kind`] says what to do about a failure; [`ErrorKind`] lists thirty of them.
//!   - [`Resources`]: the five verbs and [a stream](Rows) of any kind: [`gateways`](RunbeamClient::gateways),
//!     [`services`](RunbeamClient::services) and twelve more.
//!   - [`Changes`]: configuration changes; [`download_configuration`](RunbeamClient::download_configuration): all that a
//!     gateway runs by.
//!   - [`Login`]: a person logs in with a browser.
//!   - [`send`](RunbeamClient::send) takes any [operation](model::Operation), and
//!     [`request`](RunbeamClient::request) any path.
//!   - [`with_credentials`](RunbeamClient::with_credentials) takes tokens from a
//!     [provider](auth::CredentialsProvider).
//! - [`ManagementClient`]: a gateway's own API.
//! - [`validate_jwt_token`]: trusts a user's JWT that the configured cloud issued.
//! - [`save_token`], [`load_token`], [`clear_token`]: keep the machine token of an instance, in the keyring of
//!   the operating system or else in an encrypted file; [`save_token_with_key`]: in a file, with a key of yours.
//! - [`save_user_token`] and its siblings: the token that a person logged in with; [`save_token_as`] and its
//!   siblings: values of your own.
//! - [`auth`], [`http`], [`model`], [`store`]: the crates beneath, for everything that is not the usual case.
//!   Each can be depended on alone.
//!
//! # Configuration
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `RUNBEAM_API_URL` | the cloud whose tokens [`validate_jwt_token`] trusts | `https://api.runbeam.io` |
//! | `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY` | the proxy to go through, and the hosts that need none: see [`RunbeamClientBuilder::with_proxy`] | none |
//! | `RUNBEAM_JWT_SECRET` | the secret of HS256, where [`JwtValidationOptions`] ask for it | none: an error |
//! | `RUNBEAM_HOME` | where secrets lie that no keyring keeps | `~/.runbeam` |
//! | `RUNBEAM_ENCRYPTION_KEY` | the age identity that seals them; it also says that files are to be used | a key per instance |
//! | `RUNBEAM_ENCRYPTION_KEY_FILE` | the path of a file that holds it: a mounted secret | none |
//! | `RUNBEAM_MACHINE_TOKEN` | a machine token that comes before the one that is kept: its JSON or the bare token | none |
//! | `RUNBEAM_MACHINE_TOKEN_FILE` | the path of a file that holds it | none |
//! | `RUNBEAM_DISABLE_KEYRING` | set to anything: no keyring | unset |
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `aws-lc-rs` | no | nothing: tokens are verified by aws-lc-rs in place of ring, faster. It builds a C library |
//! | `blocking` | no | `blocking::RunbeamClient`: the same client without async |
//! | `compat` | no | `compat::RunbeamClient`: the flat names of the earlier SDK, such as `list_gateways(token)` |
//!
//! # Limits
//!
//! All of it needs a Tokio runtime.

mod builder;
mod changes;
mod client;
mod configuration;
mod environment;
mod error;
mod keep;
mod kinds;
mod login;
mod management;
mod quick;
mod request;
mod resources;
mod rows;

#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "compat")]
pub mod compat;

pub use runbeam_auth as auth;
pub use runbeam_http as http;
pub use runbeam_model as model;
pub use runbeam_store as store;

pub use builder::RunbeamClientBuilder;
pub use changes::Changes;
pub use client::RunbeamClient;
pub use environment::DEFAULT_API_URL;
pub use error::{Error, ErrorKind};
pub use keep::{
    clear_token, clear_token as clear_machine_token, clear_token_as, clear_user_token, load_token,
    load_token as load_machine_token, load_token_as, load_user_token, save_token,
    save_token as save_machine_token, save_token_as, save_token_with_key, save_user_token,
};
pub use login::Login;
pub use management::ManagementClient;
pub use quick::{JwtValidationOptions, validate_jwt_token};
pub use request::{RawRequest, RawResponse};
pub use resources::Resources;
pub use rows::Rows;
pub use runbeam_model::MachineToken;

/// The quick start of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
