//! The vocabulary against the contract's description and examples, and against values that nobody should send.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod contract;
mod coverage;
mod examples;
mod machine_tokens;
mod operations;
mod properties;
mod refused_code;
mod round_trips;
mod variants;
