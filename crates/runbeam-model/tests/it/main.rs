//! The vocabulary against the contract's examples, and against values that nobody should send.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod examples;
mod machine_tokens;
mod operations;
