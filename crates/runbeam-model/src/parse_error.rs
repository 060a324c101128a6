//! The one error of reading a value: what it should have been, and what is wrong with it.

use std::borrow::Cow;
use std::fmt;

/// A value is not what it should be. The message names the kind of value and the problem, never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    what: &'static str,
    problem: Cow<'static, str>,
}

impl ParseError {
    /// `what` names the kind of value ("gateway id"), `problem` says in a clause what is wrong ("it is empty").
    #[must_use]
    pub fn new(what: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            what,
            problem: problem.into(),
        }
    }

    /// The kind of value that was expected, such as `gateway id`.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid {}: {}", self.what, self.problem)
    }
}

impl std::error::Error for ParseError {}
