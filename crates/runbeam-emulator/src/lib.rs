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
//! A month passes in no time, and what goes wrong goes wrong on purpose:
//!
//! ```
//! use jiff::SignedDuration;
//! use runbeam_emulator::{Emulator, Fault, FaultRule, Operation};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), runbeam_emulator::Error> {
//! let emulator = Emulator::start().await?;
//! emulator.advance(SignedDuration::from_hours(30 * 24));
//! emulator.inject(FaultRule::new(Fault::ResetAfter).on(Operation::AuthorizeGateway).times(1));
//! emulator.inject(FaultRule::jwks_outage());
//! # Ok(())
//! # }
//! ```
//!
//! # Contents
//!
//! - [`Emulator`] is a running cloud; [`Builder`] holds its settings.
//! - [`JwtSpec`] and [`SanctumSpec`] describe tokens to mint; [`SigningKey`] signs anything else that a test needs.
//! - [`User`], [`Team`] and [`Ability`] say who may do what.
//! - [`Clock`] is the time of one emulator; [`RateLimits`], expiry and the times of records follow it.
//! - [`FaultRule`] says where, how often and with which chance a [`Fault`] happens; [`LoggedRequest`] what happened.
//! - [`ChangeSpec`] is a configuration change to queue for a gateway.
//! - [`Operation`] names what the emulator serves and counts.
//!
//! The binary `runbeam-emulator` is the same for programs in other languages and for trying things by hand. Below
//! `/_emulator` it has a dashboard and an administration, which `/_emulator/openapi.yaml` describes.
//!
//! # What it serves
//!
//! Every operation of the published description, each at `/`, `/api` and `/api/api`: device login with a page to
//! approve it on, authorizing and revoking gateways, fourteen kinds of resources with pages, the configuration of a
//! gateway, its changes under all three sets of names, pushed configuration, mesh tokens, references, and the public
//! keys. State is real: what was created is listed, and a revoked token stops at once. It lives in memory, or in one
//! SQLite file ([`Builder::with_data_file`]).
//!
//! What no source documents is decided as the contract says, and some of it here: a change to a gateway, a pipeline, a
//! transform or a mesh is queued for its gateway; deleting a gateway deletes what belongs to it; a login that was
//! denied is answered like an unknown one; a service, transform, policy or rule that names no gateway gets the first
//! one of its team.
//!
//! # Seeds
//!
//! A seed is a document of lists, in the form of [`Emulator::dump`], with most fields left out. In TOML:
//!
//! ```toml
//! clock = { now = "2027-01-01T00:00:00Z" }
//!
//! [[gateways]]
//! name = "edge-riga"
//!
//! [[sanctum_tokens]]
//! token = "7|known-in-advance"
//! abilities = ["read"]
//!
//! [[machine_tokens]]
//! token = "mt_known"
//! gateway = "edge-riga"
//! ```
//!
//! Rows name their team by `team_id` or, with its name, by `team`, and their gateway by `gateway_id` or, with its code,
//! by `gateway`. Where a mesh comes in and goes out (`ingresses`, `egresses`) can be seeded alone: the cloud has no
//! operation for it.
//!
//! # Limits
//!
//! - HTTP/1.1 on loopback, with TLS if [`Builder::with_https`] asks for it; other addresses are refused unless
//!   [`Builder::dangerous_allow_any_address`] is called.
//! - Bodies of at most 1 MiB, sent within 10 seconds; headers within 30 seconds.
//! - A user belongs to one team.
//! - The last 1,000 requests, 10,000 device logins and 10,000 finished changes are remembered. Changes that wait are
//!   never forgotten.
//! - Device logins, faults and rate limits end with the process, also where there is a data file.

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
