//! The step `miri`: what can be run without foreign code, in an interpreter that knows what is undefined.

use std::process::Command;
use std::time::Duration;

use crate::process::{probe, program, run_within};
use crate::step::{Outcome, Result};

const REMEDY: &str =
    "rustup toolchain install nightly --profile minimal --component miri --component rust-src";

/// How long each of them may take.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// The vocabulary, without a test that reads a mebibyte; and of the verifier what reads text, without a test of nine
/// thousand texts. It cannot run ring.
const TESTS: &[&str] = &[
    "--package runbeam-model --lib -- --skip a_long_or_hostile_text",
    "--package runbeam-auth --no-default-features --lib -- base64url:: json:: bearer:: --skip every_character_counts",
];

/// # Errors
///
/// When a test fails, or when something in it is undefined.
pub(crate) fn miri() -> Result {
    if probe(&mut nightly("miri --version")).is_none() {
        return Ok(Outcome::Skipped(format!(
            "miri is not installed; `{REMEDY}` does that"
        )));
    }
    for tests in TESTS {
        let mut command = nightly(&format!("miri test {tests}"));
        // The clock, and the seeds of proptest, come from the system. It is a thousand times slower here.
        command.env("MIRIFLAGS", "-Zmiri-disable-isolation");
        run_within(command.env("PROPTEST_CASES", "4"), LIMIT)?;
    }
    Ok(Outcome::Passed)
}

fn nightly(line: &str) -> Command {
    let mut command = program("rustup");
    command
        .args(["run", "nightly", "cargo"])
        .args(line.split_whitespace());
    command
}
