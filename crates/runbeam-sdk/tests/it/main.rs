//! The SDK against the emulator over TCP, and against servers that misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::future_not_send,
    reason = "a test fails by panicking, and awaits where it stands"
)]

mod contract_examples;
mod earlier_sdk;
mod environment;
mod errors;
mod keep;
mod leaks;
mod main_job;
mod quick_starts;
mod resilience;
mod resources;
mod shared_files;
