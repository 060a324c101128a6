//! The client against servers that misbehave, over TCP and TLS, and without any.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod addresses;
mod codings;
mod http2;
mod limits;
mod proxies;
mod raw_server;
mod redirects;
mod refusals;
mod resets;
mod retries;
mod tls;
mod tls_server;
mod traces;
mod transports;
