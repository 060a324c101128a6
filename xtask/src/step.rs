//! What a step of `ci` is, and how it ends.

use std::error::Error;

/// The exit status for a command line that asks for something that does not exist.
pub(crate) const MISUSE: u8 = 2;

/// The result of a step, or of a part of one.
pub(crate) type Result<T = Outcome> = std::result::Result<T, Box<dyn Error>>;

/// One step of `ci`.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// What a person types to run it alone.
    pub(crate) name: &'static str,
    /// One line for `ci --list` and for the moment when it starts.
    pub(crate) about: &'static str,
    pub(crate) run: fn(Campaign) -> Result,
}

impl Step {
    pub(crate) const fn new(
        name: &'static str,
        about: &'static str,
        run: fn(Campaign) -> Result,
    ) -> Self {
        Self { name, about, run }
    }
}

/// How long the steps take that have no natural end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Campaign {
    /// As long as everyone waits for CI.
    Short,
    /// As long as it takes to be sure.
    Full,
}

impl Campaign {
    /// The variable by which the tests are told, and its value for the long form.
    pub(crate) const FULL: (&str, &str) = ("RUNBEAM_CAMPAIGN", "full");

    /// What the environment asks for.
    pub(crate) fn of_environment() -> Self {
        let (name, value) = Self::FULL;
        if std::env::var_os(name).is_some_and(|asked| asked == value) {
            Self::Full
        } else {
            Self::Short
        }
    }
}

/// How a step ended that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// Passed, with something that the reader of the summary must know.
    Noted(String),
    /// Not run, for this reason.
    Skipped(String),
}

impl Outcome {
    /// Prints the notice of an outcome that carries one.
    pub(crate) fn announce(&self) {
        match self {
            Self::Passed => {}
            Self::Noted(note) => println!("notice: {note}"),
            Self::Skipped(reason) => println!("notice: skipped: {reason}"),
        }
    }
}

/// Ends a step that looks for faults: prints each finding, or what was looked at when there is none.
///
/// # Errors
///
/// When there is a finding.
pub(crate) fn settle(findings: &[String], examined: &str) -> Result {
    if findings.is_empty() {
        println!("nothing found in {examined}");
        return Ok(Outcome::Passed);
    }
    for finding in findings {
        eprintln!("error: {finding}");
    }
    let plural = if findings.len() == 1 { "" } else { "s" };
    Err(format!("{} finding{plural} in {examined}", findings.len()).into())
}
