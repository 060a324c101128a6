//! Why a gateway's part of the cloud does not work at present, by what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use runbeam_sdk as sdk;
use runbeam_sdk::auth::CredentialsError;
use runbeam_sdk::{model, store};

/// Why something failed that a gateway does with the cloud or with its store.
///
/// It displays what failed and the next step; causes are behind [`source`](StdError::source). It holds no secret, and
/// is cheap to clone: states and answers tell the same one.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    action: &'static str,
    problem: Option<String>,
    /// How long the cloud asks to wait.
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What to do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or of no use. Correct it.
    Configuration,
    /// There is no token, or the cloud does not accept it. Authorize the gateway.
    SignIn,
    /// The cloud refuses, and will again. The cause says what it finds wrong.
    Refused,
    /// The cloud cannot be reached or failed. Transient: it is tried again.
    Unavailable,
    /// The store could not keep or read something. The cause says what to do.
    Storage,
    /// The gateway did not take over what it was given. The text says why.
    Rejected,
    /// The task behind the handle has ended with its runtime. Start another.
    Stopped,
}

impl ErrorKind {
    const fn next_step(self) -> &'static str {
        match self {
            Self::Configuration => "correct the configuration",
            Self::SignIn => {
                "the cloud does not accept the machine token; run `runbeam harmony:authorize`"
            }
            Self::Refused => "the cloud refuses; see the cause",
            Self::Unavailable => "the cloud cannot be had at present; it is tried again",
            Self::Storage => "the store does not do its part; see the cause",
            Self::Rejected => "the gateway did not take it over; correct the configuration",
            Self::Stopped => "its task has ended; start it again",
        }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, action: &'static str) -> Self {
        Self::told(kind, action, None, None, None)
    }

    pub(crate) fn because(kind: ErrorKind, action: &'static str, problem: String) -> Self {
        Self::told(kind, action, Some(problem), None, None)
    }

    pub(crate) fn of_store(action: &'static str, error: store::Error) -> Self {
        let kind = match error.kind() {
            store::ErrorKind::Configuration | store::ErrorKind::EncryptionKey => {
                ErrorKind::Configuration
            }
            _ => ErrorKind::Storage,
        };
        Self::told(kind, action, None, None, Some(error.into()))
    }

    pub(crate) fn of_cloud(action: &'static str, error: sdk::Error) -> Self {
        let kind = match error.kind() {
            sdk::ErrorKind::SignIn => ErrorKind::SignIn,
            sdk::ErrorKind::Configuration | sdk::ErrorKind::InvalidInput => {
                ErrorKind::Configuration
            }
            _ if error.is_transient() => ErrorKind::Unavailable,
            _ => ErrorKind::Refused,
        };
        let retry_after = error.retry_after();
        Self::told(kind, action, None, retry_after, Some(error.into()))
    }

    pub(crate) fn of_credentials(action: &'static str, error: CredentialsError) -> Self {
        let kind = if error.is_transient() {
            ErrorKind::Unavailable
        } else {
            ErrorKind::SignIn
        };
        Self::told(
            kind,
            action,
            Some(error.to_string()),
            None,
            Some(error.into()),
        )
    }

    pub(crate) fn of_value(action: &'static str, error: model::ParseError) -> Self {
        Self::told(ErrorKind::Storage, action, None, None, Some(error.into()))
    }

    fn told(
        kind: ErrorKind,
        action: &'static str,
        problem: Option<String>,
        retry_after: Option<Duration>,
        source: Option<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Inner {
            kind,
            action,
            problem,
            retry_after,
            source,
        }))
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same may succeed later without anyone changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.problem {
            Some(problem) => write!(f, "{}: {problem}", self.0.action),
            None => write!(f, "{}: {}", self.0.action, self.kind().next_step()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("message", &self.to_string())
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
