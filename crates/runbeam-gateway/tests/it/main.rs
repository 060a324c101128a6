//! The authentication layers before services of all kinds, against the emulator and against what should not pass.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::future_not_send,
    reason = "a test fails by panicking, and awaits where it stands"
)]

mod auth_headers;
mod bcrypt_hashes;
mod chains;
mod cloud;
mod config;
mod document;
mod failures;
mod fixture;
mod leaks;
mod refusals;
mod servers;
mod shared_files;
mod siege;
