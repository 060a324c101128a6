//! Identity, configuration and authentication layers, against the emulator, with clocks that are moved and faults.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::future_not_send,
    reason = "a test fails by panicking, and awaits where it stands"
)]

mod auth_headers;
mod bcrypt_hashes;
mod campaign;
mod chains;
mod cloud;
mod config;
mod document;
mod failures;
mod fixture;
mod identity;
mod last_good;
mod leaks;
mod one_renewal;
mod refusals;
mod refused_tokens;
mod servers;
mod shared_files;
mod siege;
mod sync;
mod sync_crashes;
mod test_store;
mod times;
mod year;
