//! The verifiers against tokens and key servers that nobody should trust.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod earlier_sdk;
mod fixture;
mod hostile_tokens;
mod issuers;
mod key_cache;
mod vectors;
