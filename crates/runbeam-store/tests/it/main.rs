//! What the store promises, with real files, processes, tools and a real keyring.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "tests may stop at the first surprise, and say what they skip"
)]

mod campaign;
mod log;
mod process;
mod scratch;
mod secret_program;

mod choice;
mod conformance;
mod corpora;
mod earlier_sdk;
mod foreign_age_files;
mod generations;
mod key_files;
mod leaks;
mod provisioning;
mod rotation;
mod settings;
mod watch;
mod wrong_files;

#[cfg(unix)]
mod age_tool;
#[cfg(target_os = "linux")]
mod bus_relay;
#[cfg(unix)]
mod concurrency;
#[cfg(target_os = "linux")]
mod crash_points;
#[cfg(unix)]
mod crashes;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod keyring;
#[cfg(target_os = "linux")]
mod keyring_failures;
#[cfg(target_os = "linux")]
mod keyring_session;
#[cfg(unix)]
mod loading_again;
#[cfg(target_os = "linux")]
mod migration_faults;
#[cfg(unix)]
mod permissions;
