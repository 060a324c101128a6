//! Why an exchange failed, by what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

type Cause = Box<dyn StdError + Send + Sync>;

/// Why an exchange failed.
///
/// It names the origin of the server and nothing else of the request.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    server: String,
    problem: String,
    source: Option<Cause>,
}

/// What to do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The server cannot be reached: no address, refused, unreachable. Transient; if it stays, check the
    /// address.
    Connect,
    /// The server is at addresses that the [`AddressRule`](crate::AddressRule) of the client does not permit; nothing
    /// was sent. Not transient; correct its name or address, or use a client with another rule.
    Address,
    /// The server cannot prove who it is, or speaks no TLS. Not transient; check its certificate and the roots.
    Tls,
    /// A deadline passed. Transient, but the request may have had its effect.
    Timeout,
    /// The connection broke before the answer was complete. Transient, but the request may have had its
    /// effect.
    Interrupted,
    /// The answer is larger than its limit. Not transient.
    TooLarge,
    /// The answer is not HTTP, or in a content coding that nobody asked for. Not transient.
    Protocol,
    /// The request may not be sent: no absolute URL, or plain `http` to another machine. Not transient.
    Request,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        server: impl fmt::Display,
        problem: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            server: server.to_string(),
            problem: problem.into(),
            source: None,
        }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn timeout(server: impl fmt::Display, what: &str, deadline: Duration) -> Self {
        Self::new(
            ErrorKind::Timeout,
            server,
            format!("{what} took longer than {deadline:?}"),
        )
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the same request may succeed later without anyone changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Interrupted
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.kind {
            ErrorKind::Connect => "cannot connect to",
            ErrorKind::Address => "may not connect to",
            ErrorKind::Tls => "cannot trust the connection to",
            ErrorKind::Timeout => "no complete answer in time from",
            ErrorKind::Interrupted => "the connection broke to",
            ErrorKind::TooLarge => "refused a too large answer of",
            ErrorKind::Protocol => "cannot understand the answer of",
            ErrorKind::Request => "did not send a request to",
        };
        write!(f, "{step} {}: {}", self.server, self.problem)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Why a client could not be built: its TLS configuration is of no use.
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

    pub(crate) fn with_source(mut self, source: impl Into<Cause>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot build an HTTP client: {}", self.problem)
    }
}

impl StdError for BuildError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
