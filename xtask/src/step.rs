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
    pub(crate) run: fn() -> Result,
}

impl Step {
    pub(crate) const fn new(name: &'static str, about: &'static str, run: fn() -> Result) -> Self {
        Self { name, about, run }
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
