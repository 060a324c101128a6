//! Runbeam Cloud on loopback, for trying and testing without an account.
//!
//! ```
//! use runbeam_emulator::{Emulator, Operation};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), runbeam_emulator::Error> {
//! let emulator = Emulator::start().await?;
//! let base_url = emulator.url();
//! let user_token = emulator.mint_jwt();
//! // Here your code authorizes the gateway `emulator.gateway_code()` at `base_url` with `user_token`.
//! # drop((base_url, user_token));
//! assert_eq!(emulator.requests(Operation::AuthorizeGateway), 0);
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The answers follow the published description of the cloud's API. This crate reads it by itself and shares no
//! code with the SDK, so that the two check each other.
//!
//! # Contents
//!
//! - [`Emulator`] is a running cloud; [`Builder`] holds its settings.
//! - [`JwtSpec`] and [`SanctumSpec`] describe tokens to mint; [`SigningKey`] signs anything else that a test needs.
//! - [`User`], [`Team`] and [`Ability`] say who may do what.
//! - [`Operation`] names what the emulator serves and counts.
//!
//! The binary `runbeam-emulator` is the same for programs in other languages and for trying things by hand.
//!
//! # What it serves
//!
//! The public keys, authorizing and revoking a gateway, and the gateways themselves, each at `/`, `/api` and
//! `/api/api`. State is real and lives in memory: what was created is listed, and a revoked token stops at once.
//!
//! # Limits
//!
//! - Plain HTTP/1.1 on loopback; other addresses are refused unless
//!   [`Builder::dangerous_allow_any_address`] is called.
//! - Bodies of at most 1 MiB, sent within 10 seconds; headers within 30 seconds.
//! - A user belongs to one team.

mod builder;
mod emulator;
mod error;

mod mounts;
mod operation;
mod operations;
mod router;
mod server;
mod stamp;
mod tls;

mod admin;
mod dashboard;
mod form;
mod html;
mod login_page;

mod authenticate;
mod config_text;
mod faults;
mod input;
mod limits;
mod pages;
mod problem;
mod redact;
mod request_log;
mod resource_request;
mod validate;

mod abilities;
mod accounts;
mod changes;
mod cloud;
mod data_file;
mod kind;
mod logins;
mod memory;
mod record;
mod records;
mod seed;
mod table;
mod tokens;

mod clock;
mod digest;
mod issuer;
mod jwt;
mod keyring;
mod random;
mod rsa_key;

pub use abilities::Ability;
pub use accounts::{Team, User};
pub use builder::Builder;
pub use changes::{ChangeKind, ChangeSpec, ChangeStatus};
pub use clock::Clock;
pub use emulator::Emulator;
pub use error::{Error, ErrorKind};
pub use faults::{Fault, FaultRule};
pub use issuer::SigningKey;
pub use jwt::JwtSpec;
pub use limits::RateLimits;
pub use operation::Operation;
pub use request_log::LoggedRequest;
pub use tokens::SanctumSpec;
