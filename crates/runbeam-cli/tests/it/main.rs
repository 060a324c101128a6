//! What `runbeam` does, through the real binary: as it is typed, as it is read, and when something fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes the files that it looks at"
)]

#[cfg(target_os = "linux")]
mod at_a_terminal;
mod authorize;
#[cfg(target_os = "linux")]
mod children;
mod cloud;
mod commands;
mod contract_examples;
mod doctor;
mod earlier_files;
mod example_gateway;
mod guide;
mod harmony;
mod help;
mod hygiene;
mod login;
mod resources;
mod rest_of_api;
mod runbeam;
mod schemas;
mod settings;
#[cfg(target_os = "linux")]
mod terminal;
