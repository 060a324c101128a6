//! The verifiers against tokens and key servers that nobody should trust.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod campaign;
mod conformance;
mod discovery;
mod earlier_sdk;
mod fixture;
mod hostile_tokens;
mod issuers;
mod key_addresses;
mod key_cache;
mod key_endpoint;
mod key_events;
mod key_refresh;
mod key_snapshot;
mod keys_at_hand;
mod minted;
mod naughty_strings;
mod oidc_provider;
mod raw_endpoint;
mod self_signed;
mod single_edits;
mod token_cache;
mod vectors;
mod weak_secrets;
