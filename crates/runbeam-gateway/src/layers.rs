//! Tower layers that let a request through once its credentials are good: JWTs, passwords, API keys, and chains of them.
//!
//! An [`Authenticator`] is a chain of [`Method`]s, made by an [`AuthConfig`] from a configuration or by an
//! [`AuthenticatorBuilder`] in code. An [`AuthLayer`] puts it before any service of `http` requests: of axum, tonic or
//! bare hyper, whatever their bodies are. The service behind finds an [`Authenticated`] in the request's extensions.
//!
//! | method | credential | good if |
//! |---|---|---|
//! | [`JwtAuth`] | `Authorization: Bearer …` (RFC 6750) | a [verifier](runbeam_sdk::auth::RemoteVerifier) accepts the JWT |
//! | [`BasicAuth`] | `Authorization: Basic …` (RFC 7617) | the password matches the user's hash by bcrypt |
//! | [`ApiKeyAuth`] | a field of its own, such as `X-API-Key` | the key matches a hash by SHA-256 or bcrypt |
//!
//! # What a chain decides
//!
//! Methods are asked in order, and each finds one of four things. The first line that applies decides:
//!
//! | a method finds its credential | then |
//! |---|---|
//! | **invalid** | 401, at once: what is there and not good never falls through to another method |
//! | not to be **checked** at present: no keys to be had, or too many hashes waiting | 503, at once: it may be good or not |
//! | **valid** | on to the next method |
//! | **missing**; the method is required, and none of the optional ones right above it was valid | 401, at once |
//! | **missing**, else | on to the next method |
//! | the chain ends, and all its methods were optional, and none was valid | 401 |
//! | the chain ends, else | the request is let through |
//!
//! An optional method is an alternative to those below it, down to the next required one. For the chain *optional
//! `jwt-auth`, required `api-key`* that means:
//!
//! | token ↓ key → | missing | invalid | cannot check | valid |
//! |---|---|---|---|---|
//! | missing | 401 | 401 | 503 | let through |
//! | invalid | 401 | 401 | 401 | 401 |
//! | cannot check | 503 | 503 | 503 | 503 |
//! | valid | let through | 401 | 503 | let through |
//!
//! An `Authorization` of another scheme is missing for a method. Two such fields, or one that begins with no scheme, are
//! invalid for each method that looks at it, and so are two fields of an API key.
//!
//! # What a refused client learns
//!
//! Every failed verification is answered with the same body. A 401 has a challenge for each method of the chain
//! (RFC 9110, section 11.6.1), with `error="invalid_token"` only where a bearer token was given (RFC 6750, section 3.1).
//! The reason is in the log alone, at the level of information, and without the credential; what cannot be checked is
//! logged as a warning.
//!
//! # Against guessing and floods
//!
//! bcrypt runs on a [`HashingPool`] of a few threads with a short queue; what does not fit in is answered with 503, and
//! nothing else waits for it. Who fails too often is held back by a [`FailureLimiter`], with 429. Passwords of more than
//! 72 bytes are refused, since bcrypt would ignore the rest.
//!
//! # Without the network
//!
//! [`KeptKeys`] keeps the public keys of a chain in a store, and [`AuthConfig::with_key_snapshot`] gives them to the next
//! start: a gateway verifies tokens at once, whether or not their issuer can be reached.

mod api_key_auth;
mod authenticated;
mod authenticator;
mod authorization;
mod basic_auth;
mod chain;
mod challenge;
mod config;
mod failure_limiter;
mod hashing_pool;
mod jwt_auth;
mod kept_keys;
mod method;
mod refusal;
mod service;
mod stored_hash;

pub use api_key_auth::ApiKeyAuth;
pub use authenticated::{Authenticated, Principal};
pub use authenticator::{Authenticator, AuthenticatorBuilder};
pub use basic_auth::BasicAuth;
pub use config::AuthConfig;
pub use failure_limiter::FailureLimiter;
pub use hashing_pool::HashingPool;
pub use jwt_auth::JwtAuth;
pub use kept_keys::KeptKeys;
pub use method::Method;
pub use refusal::{Refusal, RefusalKind};
pub use service::{AuthBody, AuthLayer, AuthService};
pub use stored_hash::StoredHash;
