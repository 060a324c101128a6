//! The steps that build and run what proves the code: `test`, `doctest`, `examples`, `peers`.

use crate::process::{cargo, probe, run, run_all};
use crate::step::{Outcome, Result};
use crate::workspace;

/// The workspace that tests earlier SDKs against the emulator. It is excluded from ours, because they bring
/// dependencies that we do not allow ourselves.
const PEERS: &str = "crates/bench";

/// # Errors
///
/// When a test fails.
pub(crate) fn tests() -> Result {
    // Some tests run an example as a program, and no runner of tests builds those.
    examples()?;
    // A machine with nothing but Rust on it runs the same tests.
    let runner = if probe(&mut cargo("nextest --version")).is_some() {
        "nextest run"
    } else {
        "test"
    };
    let tests = |selection| format!("{runner} {selection} --lib --bins --tests --no-fail-fast");
    let mut commands = [
        tests("--workspace --all-features"),
        // With all features, aws-lc-rs does the arithmetic of tokens: here it is ring.
        "build --package runbeam-auth --examples".to_owned(),
        tests("--package runbeam-auth"),
    ]
    .map(|command| cargo(&command));
    run_all(&mut commands)?;
    Ok(Outcome::Passed)
}

/// # Errors
///
/// When an example in the documentation does not run.
pub(crate) fn doctests() -> Result {
    run(&mut cargo(
        "test --workspace --doc --all-features --no-fail-fast",
    ))?;
    Ok(Outcome::Passed)
}

/// # Errors
///
/// When an example does not build.
pub(crate) fn examples() -> Result {
    run(&mut cargo("build --workspace --examples --all-features"))?;
    Ok(Outcome::Passed)
}

/// # Errors
///
/// When an earlier SDK and the emulator do not understand each other.
pub(crate) fn peers() -> Result {
    if !workspace::root().join(PEERS).is_dir() {
        return Ok(Outcome::Skipped(format!("{PEERS} does not exist")));
    }
    let target = workspace::metadata()?.target_directory.join("peers");
    let mut command = cargo(&format!(
        "test --manifest-path {PEERS}/Cargo.toml --locked --no-fail-fast"
    ));
    run(command.arg("--target-dir").arg(target))?;
    Ok(Outcome::Passed)
}
