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
mod eight_processes;
mod failures;
mod fixture;
mod identity;
mod last_good;
mod leaks;
mod managed;
mod management;
mod management_client;
mod management_contract;
mod one_renewal;
mod process;
mod refusals;
mod refused_tokens;
mod servers;
mod shared_files;
mod siege;
mod soak;
mod sync;
mod sync_crashes;
mod test_store;
mod times;
mod whole_gateway;
mod year;
