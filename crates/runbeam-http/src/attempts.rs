//! What was tried for one request.

use std::fmt;
use std::time::Duration;

use http::{Response, StatusCode};

use crate::ErrorKind;

/// One time that a request was sent, or was to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// When it began, counted from the start of the call.
    pub started: Duration,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an [`Attempt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// An answer with this status.
    Answered(StatusCode),
    /// No complete answer.
    Failed(ErrorKind),
}

/// Why a request was not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stop {
    /// What came of the last attempt will not change by itself, or is what was asked for.
    Final,
    /// The server may have done what it was asked to, and to ask again could do it twice.
    NotRepeatable,
    /// It was sent as often as the [`RetryPolicy`](crate::RetryPolicy) allows.
    AttemptsSpent,
    /// Too many requests of this client were sent again of late.
    BudgetSpent,
    /// The wait would end after the total deadline.
    DeadlineNear,
    /// The server failed too often in a row, and is left alone for a while.
    CircuitOpen,
}

/// What was tried until an answer came: an extension of the answer, if it took more than one attempt or if the answer
/// asks to try again later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    pub(crate) list: Vec<Attempt>,
    pub(crate) stop: Stop,
}

impl Attempts {
    /// What was tried until this answer came; `None` if it came at the first attempt and is final.
    #[must_use]
    pub fn of<B>(response: &Response<B>) -> Option<&Self> {
        response.extensions().get()
    }

    /// Each attempt, the last one included.
    #[must_use]
    pub fn list(&self) -> &[Attempt] {
        &self.list
    }

    /// Why there was no further one.
    #[must_use]
    pub fn stopped_by(&self) -> Stop {
        self.stop
    }
}

impl Stop {
    /// As a clause about an error; `None` where there is nothing to add.
    pub(crate) fn clause(self) -> Option<&'static str> {
        Some(match self {
            Self::Final => return None,
            Self::NotRepeatable => "not sent again, since it could take effect twice",
            Self::AttemptsSpent => "sent as often as allowed",
            Self::BudgetSpent => "not sent again, since too many requests were",
            Self::DeadlineNear => "not sent again, since the deadline is too near",
            Self::CircuitOpen => "not sent again, since the server failed too often in a row",
        })
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            started,
            took,
            outcome,
        } = self;
        write!(f, "after {started:.1?}: {outcome} in {took:.1?}")
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => status.fmt(f),
            Self::Failed(kind) => f.write_str(kind.name()),
        }
    }
}
