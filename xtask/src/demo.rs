//! Shows the main job on loopback: `cargo xtask demo`.

use crate::process;
use crate::step::{Outcome, Result};

/// Runs the example `demo` of the facade, which plays the cloud, the gateway and its operator in one process.
///
/// It is a program of its own so that the other commands of xtask start without building the SDK first.
pub(crate) fn run() -> Result {
    process::run(&mut process::cargo(
        "run --quiet --package runbeam-sdk --example demo",
    ))?;
    Ok(Outcome::Passed)
}
