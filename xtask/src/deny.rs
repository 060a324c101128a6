//! The step `deny`: what `deny.toml` says about third-party crates.

use std::time::Duration;

use crate::process::{cargo, probe, run, run_within};
use crate::step::{Outcome, Result};
use crate::workspace;

/// How long the advisory database may take to arrive.
const FETCH: Duration = Duration::from_secs(20);

/// # Errors
///
/// When a crate breaks a rule, or when this is CI and cargo-deny is missing.
pub(crate) fn check() -> Result {
    if probe(&mut cargo("deny --version")).is_none() {
        let missing = "cargo-deny is not installed; `cargo xtask ci tools` installs it";
        return if workspace::on_ci() {
            Err(missing.into())
        } else {
            Ok(Outcome::Skipped(missing.to_owned()))
        };
    }
    run(&mut cargo("deny check bans licenses sources"))?;

    // A machine behind a wall cannot help it, so this alone is not a failure in CI.
    let mut fetch = cargo("deny fetch db");
    if run_within(fetch.env("GIT_TERMINAL_PROMPT", "0"), FETCH).is_err() {
        return Ok(Outcome::Noted(
            "advisories skipped: database not reachable".to_owned(),
        ));
    }
    run(&mut cargo("deny check --disable-fetch advisories"))?;
    Ok(Outcome::Passed)
}
