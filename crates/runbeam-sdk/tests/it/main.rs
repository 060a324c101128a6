//! The SDK against the emulator over TCP, and against servers that misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::future_not_send,
    reason = "a test fails by panicking, and awaits where it stands"
)]

mod catalogue;
#[cfg(feature = "compat")]
mod compat;
mod contract_examples;
mod credentials;
mod earlier_sdk;
mod environment;
mod errors;
mod keep;
mod leaks;
mod logins;
mod main_job;
mod quick_starts;
mod raw_server;
mod resilience;
mod resources;
mod shared_files;
mod streaming;
mod suite;
