//! The steps that build and run what proves the code: `test`, `doctest`, `examples`, `peers`, `campaigns`.

use crate::process::{cargo, probe, run, run_all};
use crate::step::{Campaign, Outcome, Result};
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
    let runner = Runner::at_hand();
    let command = runner.command();
    // All tests with the default features, so that ring does the arithmetic of tokens; and those of tokens once more
    // with aws-lc-rs, but for what takes long and says nothing of the arithmetic, and those of the SDK with its optional
    // clients.
    let again = match runner {
        Runner::Nextest => {
            "--workspace --all-features -E package(runbeam-auth)+package(runbeam-sdk)"
        }
        Runner::Cargo => "--package runbeam-auth --package runbeam-sdk --all-features",
    };
    let mut commands = [
        format!("{command} --workspace {TARGETS}"),
        format!("{command} {again} {TARGETS} -- --skip single_edits:: --skip schedules::"),
    ]
    .map(|command| cargo(&command));
    run_all(&mut commands)?;
    Ok(Outcome::Passed)
}

/// What takes hours without optimization is run with it, but with the checks of a debug build.
///
/// # Errors
///
/// When a test fails.
pub(crate) fn campaigns() -> Result {
    run(&mut cargo(
        "build --workspace --examples --all-features --profile campaign",
    ))?;
    let runner = Runner::at_hand();
    let profile = match runner {
        Runner::Nextest => "--cargo-profile",
        Runner::Cargo => "--profile",
    };
    let (variable, full) = Campaign::FULL;
    let runner = runner.command();
    let mut command = cargo(&format!(
        "{runner} {profile} campaign --workspace --all-features {TARGETS}"
    ));
    run(command.env(variable, full))?;
    Ok(Outcome::Passed)
}

const TARGETS: &str = "--lib --bins --tests --no-fail-fast";

#[derive(Clone, Copy)]
enum Runner {
    Nextest,
    Cargo,
}

impl Runner {
    /// A machine with nothing but Rust on it runs the same tests.
    fn at_hand() -> Self {
        match probe(&mut cargo("nextest --version")) {
            Some(_) => Self::Nextest,
            None => Self::Cargo,
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Nextest => "nextest run",
            Self::Cargo => "test",
        }
    }
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
    run(&mut cargo("build --workspace --examples"))?;
    Ok(Outcome::Passed)
}

/// # Errors
///
/// When an earlier SDK and the emulator do not understand each other.
pub(crate) fn peers() -> Result {
    if !workspace::root().join(PEERS).is_dir() {
        return Ok(Outcome::Skipped(format!("{PEERS} does not exist")));
    }
    let target = workspace::metadata()?.target_directory;
    let mut command = cargo(&format!(
        "test --manifest-path {PEERS}/Cargo.toml --locked --no-fail-fast"
    ));
    run(command.arg("--target-dir").arg(target))?;
    Ok(Outcome::Passed)
}
