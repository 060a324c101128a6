//! Why something failed, by what to do next.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use runbeam_auth::CredentialsError;
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
    /// The status of an answer, and the server's id of the request.
    answer: Option<(StatusCode, Option<String>)>,
    cause: Option<Box<Cause>>,
    /// Those before the answer that refuses.
    attempts: Option<Box<Attempts>>,
}

#[derive(Debug)]
enum Cause {
    Refused(Box<ApiError>),
    Unreadable(Box<AnswerError>),
    Http(runbeam_http::Error),
    Auth(runbeam_auth::Error),
    Credentials(CredentialsError),
    Store(runbeam_store::Error),
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// What to do about an [`Error`].
#[doc = ""]
#[doc = include_str!("../docs/failures.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument is not what it should be. Correct it.
    InvalidInput,
    /// A setting is missing or of no use. Correct it.
    Configuration,
    /// The token is not accepted (401, or a redirect to the login page), or fails its verification. Sign in, or
    /// authorize the gateway, again.
    SignIn,
    /// The token may not do this (403). Ask for the ability, or use a token of the team that owns the resource.
    NotAllowed,
    /// There is no such thing (404, 410), or it belongs to another team.
    NotFound,
    /// The server finds fault with what the request says (400, 409, 422 and the like). Correct it; see
    /// [`Error::field_errors`].
    Refused,
    /// The server does not take such a request at all (405, 415 and the like): a bug in the request, or a server of
    /// another version. Report it.
    BadRequest,
    /// Too many requests (429). Transient: wait for [`Error::retry_after`].
    RateLimited,
    /// The server cannot be reached, or there was no complete answer in time. Transient; a request that changes
    /// something may have had its effect.
    Unreachable,
    /// The server failed (5xx). Transient; a request that changes something may have had its effect.
    ServerFailed,
    /// The answer is larger than it may be, or the request is (413). Ask for less.
    TooLarge,
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
            Self::BadRequest => {
                "the server does not take such a request; update the SDK, or report this"
            }
            Self::RateLimited => "too many requests; wait before the next one",
            Self::Unreachable => "no complete answer came; check the connection and try again",
            Self::ServerFailed => "the server failed; try again later",
            Self::TooLarge => "it is larger than it may be; ask for less at once",
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
        Self::told(ErrorKind::Configuration, "the configuration", problem)
    }

    /// An answer that is not one of the cloud.
    pub(crate) fn unexpected(action: &'static str, problem: impl Into<String>) -> Self {
        Self::told(ErrorKind::UnexpectedAnswer, action, problem)
    }

    /// An error that says more than the next step of its kind.
    pub(crate) fn told(kind: ErrorKind, action: &'static str, problem: impl Into<String>) -> Self {
        Self {
            kind,
            action,
            problem: Some(problem.into()),
            answer: None,
            cause: None,
            attempts: None,
        }
    }

    pub(crate) fn with_cause(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.cause = Some(Box::new(Cause::Other(cause.into())));
        self
    }

    /// The same error for another call: it is told by every call of a client that could not be built.
    pub(crate) fn retold(error: &Arc<Self>) -> Self {
        Self {
            kind: error.kind,
            action: error.action,
            problem: error.problem.clone(),
            answer: None,
            cause: Some(Box::new(Cause::Other(Box::new(error.clone())))),
            attempts: None,
        }
    }

    fn new(kind: ErrorKind, action: &'static str, cause: Cause) -> Self {
        Self {
            kind,
            action,
            problem: None,
            answer: None,
            cause: Some(Box::new(cause)),
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
            Http::TooLarge => ErrorKind::TooLarge,
            _ => ErrorKind::UnexpectedAnswer,
        };
        Self::new(kind, operation, Cause::Http(error))
    }

    /// An answer that is not what was asked for.
    pub(crate) fn answered(
        operation: &'static str,
        error: AnswerError,
        response: &Response<Bytes>,
    ) -> Self {
        let told = match error {
            AnswerError::Refused(refusal) => {
                let (kind, problem) = meaning(&refusal);
                Self {
                    problem: problem.map(Into::into),
                    ..Self::new(kind, operation, Cause::Refused(refusal))
                }
            }
            other => {
                let problem = if response.body().trim_ascii_start().starts_with(b"<") {
                    WEB_PAGE
                } else {
                    "the answer is in a form that is not known here; update the SDK, or check the base URL"
                };
                Self {
                    problem: Some(problem.to_owned()),
                    ..Self::new(
                        ErrorKind::UnexpectedAnswer,
                        operation,
                        Cause::Unreadable(Box::new(other)),
                    )
                }
            }
        };
        let request_id = match told.cause.as_deref() {
            Some(Cause::Refused(refusal)) => refusal.request_id.clone(),
            // The server's word, cut and cleaned as in a refusal. It may repeat a token, which was not looked for.
            _ => None,
        };
        Self {
            answer: Some((response.status(), request_id)),
            ..told
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
        match self.cause.as_deref() {
            Some(Cause::Store(error)) => error.is_transient(),
            Some(Cause::Credentials(error)) => error.is_transient(),
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
        match self.cause.as_deref() {
            Some(Cause::Refused(refusal)) => Some(refusal),
            _ => None,
        }
    }

    /// The status of the server's answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer.as_ref().map(|(status, _)| status.as_u16())
    }

    /// The server's id of the request, to find it in its logs.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.answer.as_ref()?.1.as_deref()
    }

    /// What the server finds wrong with each field of the request.
    pub fn field_errors(&self) -> Option<&BTreeMap<String, Vec<String>>> {
        self.refusal().map(|refusal| &refusal.fields)
    }

    /// How long to wait before trying again: the server asks for it, or it failed so often that it is left alone
    /// for so long.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.cause.as_deref() {
            Some(Cause::Http(error)) => error.retry_after(),
            _ => self.refusal()?.retry_after,
        }
    }

    /// What was tried, with reason and time each, if no complete answer came; or if the server's refusal came after
    /// several attempts or asks to try again later.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        match self.cause.as_deref() {
            Some(Cause::Http(error)) => error.attempts(),
            _ => self.attempts.as_deref().map_or(&[], Attempts::list),
        }
    }
}

const WEB_PAGE: &str = "a web page answers in place of Runbeam Cloud; check the base URL";

/// What a refusal means, and what to say where the next step of its kind is not all there is to say.
fn meaning(refusal: &ApiError) -> (ErrorKind, Option<&'static str>) {
    let status = refusal.status.as_u16();
    let says_something = refusal.message.is_some() || refusal.name.is_some();
    match status {
        300..=399 if refusal.is_login_redirect() => (
            ErrorKind::SignIn,
            Some("the server sends to its login page: the token is not accepted; sign in again"),
        ),
        300..=399 => (
            ErrorKind::UnexpectedAnswer,
            Some(
                "the server sends elsewhere, where a token is not taken along; correct the base URL",
            ),
        ),
        // A cloud of another kind, or something in front of it, knows nothing of this path.
        404 | 405 if refusal.is_html => (ErrorKind::UnexpectedAnswer, Some(WEB_PAGE)),
        401 => (ErrorKind::SignIn, None),
        403 | 451 => (ErrorKind::NotAllowed, None),
        404 => (ErrorKind::NotFound, None),
        410 => (
            ErrorKind::NotFound,
            Some("it was there and is gone for good"),
        ),
        413 => (
            ErrorKind::TooLarge,
            Some("the request is larger than the server takes; send less at once"),
        ),
        429 => (ErrorKind::RateLimited, None),
        407 => (
            ErrorKind::Configuration,
            Some("the proxy on the way asks for its own credentials; add them to its settings"),
        ),
        502 | 504 => (
            ErrorKind::ServerFailed,
            Some("what stands before the server got no answer from it; try again later"),
        ),
        503 => (
            ErrorKind::ServerFailed,
            Some("the server is overloaded or down for maintenance; try again later"),
        ),
        501 | 505 => (ErrorKind::BadRequest, None),
        408 | 425 | 500..=599 => (ErrorKind::ServerFailed, None),
        409 => (
            ErrorKind::Refused,
            Some("it contradicts what is there; look at what there is, and try with that"),
        ),
        422 => (ErrorKind::Refused, None),
        405 | 406 | 411 | 414 | 415 | 417 | 421 | 426 | 431 => (ErrorKind::BadRequest, None),
        400..=499 if says_something => (ErrorKind::Refused, None),
        400..=499 => (ErrorKind::BadRequest, None),
        _ => (ErrorKind::UnexpectedAnswer, None),
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
        step.map_or(Ok(()), |step| write!(f, ": {step}"))?;
        match self.retry_after() {
            Some(wait) if self.is_transient() => {
                write!(f, " (the server asks for {} s)", wait.as_secs())
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match self.cause.as_deref()? {
            Cause::Refused(error) => error,
            Cause::Unreadable(error) => error,
            Cause::Http(error) => error,
            Cause::Auth(error) => error,
            Cause::Credentials(error) => error,
            Cause::Store(error) => error,
            Cause::Other(error) => &**error,
        })
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::told(ErrorKind::InvalidInput, "the call", error.to_string())
    }
}

/// What cannot fail does not.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<CredentialsError> for Error {
    fn from(error: CredentialsError) -> Self {
        let (kind, problem) = if error.is_transient() {
            (
                ErrorKind::Unreachable,
                "the credentials provider has no token at present; try again",
            )
        } else {
            (
                ErrorKind::SignIn,
                "the credentials provider has no token; sign in, or authorize the gateway, again",
            )
        };
        Self {
            cause: Some(Box::new(Cause::Credentials(error))),
            ..Self::told(kind, "the call", problem)
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
