//! Why a token is not trusted, or cannot be checked.

use std::borrow::Cow;
use std::fmt;

use runbeam_model::ParseError;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a token is not trusted, or cannot be checked. It holds nothing of the token.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    rejection: Option<Rejection>,
    problem: Cow<'static, str>,
    source: Option<Cause>,
}

/// What to do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The token is not to be trusted: answer 401 and ask for another. Not transient.
    Rejected,
    /// The keys to check it with cannot be had at present: answer 503. Transient; the token may be good.
    KeysUnavailable,
}

/// The clause of the policy or of the standards that a rejected token fails. For logs: a stranger learns only
/// that the token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// It is no token in the one spelling that is allowed (RFC 7515, section 7.1; RFC 7519, section 7.2).
    Malformed,
    /// It is larger than 16 KiB, or its header than 8 KiB.
    TooLarge,
    /// Its algorithm is not the one that its issuer is trusted with: RS256, or HS256 where a secret is shared
    /// (RFC 8725, section 3.1).
    Algorithm,
    /// It asks for an extension that is not implemented (RFC 7515, section 4.1.11).
    Critical,
    /// Its key is not among the issuer's.
    UnknownKey,
    /// Its key is there, but not usable for RS256 (RFC 7517, sections 4.2 to 4.4; RFC 7518, section 6.3).
    UnusableKey,
    /// Its signature is not by the key.
    Signature,
    /// Its issuer is not trusted (RFC 8725, section 3.8).
    Issuer,
    /// It is for another audience (RFC 8725, section 3.9).
    Audience,
    /// It has expired (RFC 7519, section 4.1.4).
    Expired,
    /// It is not valid yet (RFC 7519, section 4.1.5).
    NotYetValid,
    /// It was issued in the future (RFC 7519, section 4.1.6).
    IssuedInFuture,
    /// A claim is missing or of a wrong type.
    Claim,
}

impl Error {
    pub(crate) fn rejected(rejection: Rejection, problem: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: ErrorKind::Rejected,
            rejection: Some(rejection),
            problem: problem.into(),
            source: None,
        }
    }

    #[cfg(feature = "fetch")]
    pub(crate) fn keys_unavailable(
        problem: impl Into<Cow<'static, str>>,
        source: Option<Cause>,
    ) -> Self {
        Self {
            kind: ErrorKind::KeysUnavailable,
            rejection: None,
            problem: problem.into(),
            source,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Which clause the token fails, if it was rejected. For logs.
    #[must_use]
    pub fn rejection(&self) -> Option<Rejection> {
        self.rejection
    }

    /// Whether the same token may be found good later without anyone changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind == ErrorKind::KeysUnavailable
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ErrorKind::Rejected => write!(f, "the token is not accepted: {}", self.problem),
            ErrorKind::KeysUnavailable => write!(
                f,
                "the token cannot be checked at present: {}",
                self.problem
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Why a policy or a key is of no use: it says what to configure.
#[derive(Debug)]
pub struct BuildError {
    problem: String,
    source: Option<Cause>,
}

impl BuildError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            source: None,
        }
    }

    #[cfg(feature = "fetch")]
    pub(crate) fn with_source(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl From<ParseError> for BuildError {
    fn from(error: ParseError) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
