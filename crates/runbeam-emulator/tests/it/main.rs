//! The emulator as its clients see it, over TCP.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a failed expectation outside a test function fails its test just the same"
)]

mod administration;
mod authentication;
mod authorization;
mod browser;
mod changes;
mod client;
mod contract;
mod coverage;
mod examples;
mod faults;
mod gateways;
mod keys;
mod memory;
mod mesh;
mod patience;
mod program;
mod refusals;
mod running;
mod time_travel;
mod validation;

use std::sync::OnceLock;

use runbeam_emulator::{Builder, Emulator, SigningKey};
use serde_json::Value;

use crate::client::{Request, Response};

/// An emulator for one test; all tests share the key, whose generation takes longest.
async fn start() -> Emulator {
    builder().start().await.unwrap()
}

fn builder() -> Builder {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    Emulator::builder().with_signing_key(KEY.get_or_init(SigningKey::generate).clone())
}

/// Sends a request as the default user.
async fn as_user(emulator: &Emulator, request: Request) -> Response {
    request
        .bearer(&emulator.mint_jwt())
        .send(emulator.address())
        .await
}

async fn get(emulator: &Emulator, target: &str) -> Response {
    as_user(emulator, Request::new("GET", target)).await
}

async fn post(emulator: &Emulator, target: &str, body: Value) -> Response {
    as_user(emulator, Request::new("POST", target).json(body)).await
}
