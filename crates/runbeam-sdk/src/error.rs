//! Why something failed, by what to do next.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use runbeam_http::{Attempt, Attempts};
use runbeam_model::{AnswerError, ApiError, ParseError};

/// Why something failed.
///
/// It displays what failed and the next step; causes are behind [`source`](std::error::Error::source). It holds
/// no secret: tokens that a server repeats in its answer are taken out.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    action: &'static str,
    problem: Option<String>,
    cause: Option<Cause>,
    /// Those before the answer that refuses.
    attempts: Option<Box<Attempts>>,
}

#[derive(Debug)]
enum Cause {
    Refused(Box<ApiError>),
    Unreadable(Box<AnswerError>),
    Http(runbeam_http::Error),
    Auth(runbeam_auth::Error),
    Store(runbeam_store::Error),
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// What to do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument is not what it should be. Correct it.
    InvalidInput,
    /// A setting is missing or of no use. Correct it.
    Configuration,
    /// The token is not accepted (401), or fails its verification. Sign in, or authorize the gateway, again.
    SignIn,
    /// The token may not do this (403). Ask for the ability, or use a token of the team that owns the resource.
    NotAllowed,
    /// There is no such thing (404), or it belongs to another team.
    NotFound,
    /// The server finds fault with the request (400, 409, 422 and the like); see [`Error::field_errors`].
    Refused,
    /// Too many requests (429). Transient: wait for [`Error::retry_after`].
    RateLimited,
    /// The server cannot be reached, or there was no complete answer in time. Transient; a request that changes
    /// something may have had its effect.
    Unreachable,
    /// The server failed (5xx). Transient; a request that changes something may have had its effect.
    ServerFailed,
    /// Something answered that is not Runbeam Cloud, or not in a form that is known here. Check the address.
    UnexpectedAnswer,
    /// The server cannot prove who it is. Check its certificate, and the roots.
    Untrusted,
    /// The keys that a token is verified with cannot be had at present. Transient; the token may be good.
    CannotVerify,
    /// A secret cannot be kept, loaded or cleared. The error says what to do.
    Storage,
}

impl ErrorKind {
    fn next_step(self) -> Option<&'static str> {
        Some(match self {
            Self::SignIn => "the token is not accepted; sign in, or authorize the gateway, again",
            Self::NotAllowed => {
                "the token may not do this; use one that has the ability, of the team that owns the resource"
            }
            Self::NotFound => "there is no such thing for this token; check the id and the team",
            Self::Refused => "the server finds fault with the request; correct what it names",
            Self::RateLimited => "too many requests; wait before the next one",
            Self::Unreachable => "no complete answer came; check the connection and try again",
            Self::ServerFailed => "the server failed; try again later",
            Self::UnexpectedAnswer => "the answer is not one of Runbeam Cloud; check the base URL",
            Self::Untrusted => {
                "the server cannot prove who it is; check its certificate or add its root"
            }
            Self::CannotVerify => {
                "the keys to check the token with cannot be had at present; try again"
            }
            Self::InvalidInput | Self::Configuration | Self::Storage => return None,
        })
    }
}

impl Error {
    pub(crate) fn configuration(problem: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Configuration,
            action: "the configuration",
            problem: Some(problem.into()),
            cause: None,
            attempts: None,
        }
    }

    pub(crate) fn with_cause(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.cause = Some(Cause::Other(cause.into()));
        self
    }

    /// The same error for another call: it is told by every call of a client that could not be built.
    pub(crate) fn retold(error: &Arc<Self>) -> Self {
        Self {
            kind: error.kind,
            action: error.action,
            problem: error.problem.clone(),
            cause: Some(Cause::Other(Box::new(error.clone()))),
            attempts: None,
        }
    }

    fn new(kind: ErrorKind, action: &'static str, cause: Cause) -> Self {
        Self {
            kind,
            action,
            problem: None,
            cause: Some(cause),
            attempts: None,
        }
    }

    pub(crate) fn sending(operation: &'static str, error: runbeam_http::Error) -> Self {
        use runbeam_http::ErrorKind as Http;
        let kind = match error.kind() {
            Http::Resolve
            | Http::Connect
            | Http::Timeout(_)
            | Http::Interrupted
            | Http::CircuitOpen => ErrorKind::Unreachable,
            Http::Tls => ErrorKind::Untrusted,
            Http::Request | Http::Address | Http::Proxy => ErrorKind::Configuration,
            _ => ErrorKind::UnexpectedAnswer,
        };
        Self::new(kind, operation, Cause::Http(error))
    }

    pub(crate) fn answered(operation: &'static str, error: AnswerError) -> Self {
        match error {
            AnswerError::Refused(refusal) => {
                let kind = if refusal.is_login_redirect() {
                    ErrorKind::SignIn
                } else {
                    kind_of(refusal.status)
                };
                Self::new(kind, operation, Cause::Refused(refusal))
            }
            other => Self::new(
                ErrorKind::UnexpectedAnswer,
                operation,
                Cause::Unreadable(Box::new(other)),
            ),
        }
    }

    /// The same error, told by an answer that came after these attempts.
    pub(crate) fn after(mut self, attempts: Option<&Attempts>) -> Self {
        self.attempts = attempts.cloned().map(Box::new);
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same call may succeed later without anyone changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match &self.cause {
            Some(Cause::Store(error)) => error.is_transient(),
            _ => matches!(
                self.kind,
                ErrorKind::RateLimited
                    | ErrorKind::Unreachable
                    | ErrorKind::ServerFailed
                    | ErrorKind::CannotVerify
            ),
        }
    }

    /// What the server said, if it refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&ApiError> {
        match &self.cause {
            Some(Cause::Refused(refusal)) => Some(refusal),
            _ => None,
        }
    }

    /// The status of the server's answer, if it refused.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.refusal().map(|refusal| refusal.status.as_u16())
    }

    /// The server's id of the request, to find it in its logs.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.refusal()?.request_id.as_deref()
    }

    /// What the server finds wrong with each field of the request.
    pub fn field_errors(&self) -> Option<&BTreeMap<String, Vec<String>>> {
        self.refusal().map(|refusal| &refusal.fields)
    }

    /// How long to wait before trying again: the server asks for it, or it failed so often that it is left alone
    /// for so long.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.cause {
            Some(Cause::Http(error)) => error.retry_after(),
            _ => self.refusal()?.retry_after,
        }
    }

    /// What was tried, with reason and time each, if no complete answer came; or if the server's refusal came after
    /// several attempts or asks to try again later.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        match &self.cause {
            Some(Cause::Http(error)) => error.attempts(),
            _ => self.attempts.as_deref().map_or(&[], Attempts::list),
        }
    }
}

fn kind_of(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::SignIn,
        403 => ErrorKind::NotAllowed,
        404 | 410 => ErrorKind::NotFound,
        429 => ErrorKind::RateLimited,
        408 | 425 | 500..=599 => ErrorKind::ServerFailed,
        400..=499 => ErrorKind::Refused,
        _ => ErrorKind::UnexpectedAnswer,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.action)?;
        match (self.status(), self.request_id()) {
            (Some(status), Some(id)) => write!(f, " (status {status}, request {id})")?,
            (Some(status), None) => write!(f, " (status {status})")?,
            _ => {}
        }
        let step = self.problem.as_deref().or_else(|| self.kind.next_step());
        step.map_or(Ok(()), |step| write!(f, ": {step}"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match self.cause.as_ref()? {
            Cause::Refused(error) => error,
            Cause::Unreadable(error) => error,
            Cause::Http(error) => error,
            Cause::Auth(error) => error,
            Cause::Store(error) => error,
            Cause::Other(error) => &**error,
        })
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        let problem = Some(error.to_string());
        Self {
            kind: ErrorKind::InvalidInput,
            action: "the call",
            problem,
            cause: None,
            attempts: None,
        }
    }
}

impl From<runbeam_http::BuildError> for Error {
    fn from(error: runbeam_http::BuildError) -> Self {
        Self::configuration("no HTTP client can be built").with_cause(error)
    }
}

impl From<runbeam_auth::BuildError> for Error {
    fn from(error: runbeam_auth::BuildError) -> Self {
        Self::configuration("no verifier can be built").with_cause(error)
    }
}

impl From<runbeam_auth::Error> for Error {
    fn from(error: runbeam_auth::Error) -> Self {
        let kind = match error.kind() {
            runbeam_auth::ErrorKind::KeysUnavailable => ErrorKind::CannotVerify,
            _ => ErrorKind::SignIn,
        };
        Self::new(kind, "verifying the token", Cause::Auth(error))
    }
}

impl From<runbeam_store::Error> for Error {
    fn from(error: runbeam_store::Error) -> Self {
        Self::new(ErrorKind::Storage, "keeping secrets", Cause::Store(error))
    }
}
