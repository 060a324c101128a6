//! The client against servers that misbehave, over TCP and TLS.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod addresses;
mod limits;
mod raw_server;
mod redirects;
mod refusals;
mod tls;
