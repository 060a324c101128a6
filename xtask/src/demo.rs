//! Shows the main job on loopback: `cargo xtask demo`.

use std::env::consts::EXE_EXTENSION;

use crate::step::{Outcome, Result};
use crate::{process, workspace};

/// Runs the example `demo` of the facade, which plays the cloud, the gateway and its operator in one process.
///
/// It is a program of its own so that the other commands of xtask start without building the SDK first. It is built as
/// the step `examples` builds it: `cargo run` would choose the features of the crates below for it alone, and build them
/// again.
pub(crate) fn run() -> Result {
    process::run(&mut process::cargo(
        "build --quiet --workspace --example demo",
    ))?;
    let target = workspace::metadata()?.target_directory;
    process::run(&mut process::program(
        target
            .join("debug/examples/demo")
            .with_extension(EXE_EXTENSION),
    ))?;
    Ok(Outcome::Passed)
}
