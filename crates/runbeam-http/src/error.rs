//! Why an exchange failed, by what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::{Attempt, Stop};

type Cause = Box<dyn StdError + Send + Sync>;

/// Why an exchange failed.
///
/// It names the origin of the server and nothing else of the request.
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    server: String,
    problem: String,
    source: Option<Cause>,
    /// Whether the server surely knows nothing of the request.
    never_left: bool,
    retry_after: Option<Duration>,
    attempts: Vec<Attempt>,
    stop: Stop,
}

/// What to do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The name of the server leads to no address. Transient; if it stays, check the name.
    Resolve,
    /// The server cannot be reached: refused, unreachable. Transient; if it stays, check the address.
    Connect,
    /// The proxy cannot be reached, or does not let this through. Not transient; check the proxy's address and
    /// credentials.
    Proxy,
    /// The server is at addresses that the [`AddressRule`](crate::AddressRule) of the client does not permit; nothing
    /// was sent. Not transient; correct its name or address, or use a client with another rule.
    Address,
    /// The server cannot prove who it is, or speaks no TLS. Not transient; check its certificate and the roots.
    Tls,
    /// A deadline passed. Transient, but the request may have had its effect, unless it passed while connecting.
    Timeout(Phase),
    /// The connection broke before the answer was complete. Transient, but the request may have had its
    /// effect.
    Interrupted,
    /// The answer is larger than its limit. Not transient.
    TooLarge,
    /// The body of the answer is not in the content coding that it claims, or in one that nobody asked for. Not
    /// transient.
    Undecodable,
    /// The answer is not HTTP. Not transient.
    Protocol,
    /// The server failed too often in a row, and is left alone for a while; nothing was sent. Transient: wait for
    /// [`Error::retry_after`].
    CircuitOpen,
    /// The request may not be sent: no absolute URL, or plain `http` to another machine. Not transient.
    Request,
}

/// Which part of an exchange a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Finding the address, TCP and TLS.
    Connect,
    /// From the request to the head of the answer.
    Answer,
    /// Between two parts of the answer's body.
    Body,
    /// All attempts, and the waits between them.
    Total,
}

impl ErrorKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Resolve => "no address",
            Self::Connect => "cannot connect",
            Self::Proxy => "no way through the proxy",
            Self::Address => "forbidden address",
            Self::Tls => "no trust",
            Self::Timeout(Phase::Connect) => "too slow to connect",
            Self::Timeout(_) => "too slow",
            Self::Interrupted => "interrupted",
            Self::TooLarge => "too large",
            Self::Undecodable => "not decodable",
            Self::Protocol => "not HTTP",
            Self::CircuitOpen => "not asked",
            Self::Request => "not sent",
        }
    }

    /// For `error.type` of OpenTelemetry.
    pub(crate) const fn error_type(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Address => "address",
            Self::Tls => "tls",
            Self::Timeout(_) => "timeout",
            Self::Interrupted => "interrupted",
            Self::TooLarge => "too_large",
            Self::Undecodable => "undecodable",
            Self::Protocol => "protocol",
            Self::CircuitOpen => "circuit_open",
            Self::Request => "request",
        }
    }
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        server: impl fmt::Display,
        problem: impl Into<String>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            server: server.to_string(),
            problem: problem.into(),
            source: None,
            never_left: matches!(
                kind,
                ErrorKind::Resolve
                    | ErrorKind::Connect
                    | ErrorKind::Proxy
                    | ErrorKind::Address
                    | ErrorKind::Timeout(Phase::Connect)
                    | ErrorKind::CircuitOpen
                    | ErrorKind::Request
            ),
            retry_after: None,
            attempts: Vec::new(),
            stop: Stop::Final,
        }))
    }

    pub(crate) fn timeout(phase: Phase, server: impl fmt::Display, deadline: Duration) -> Self {
        let what = match phase {
            Phase::Connect => "connecting",
            Phase::Answer => "the start of its answer",
            Phase::Body => "the next part of its body",
            Phase::Total => "the exchange",
        };
        let problem = format!("{what} took longer than {deadline:?}");
        Self::new(ErrorKind::Timeout(phase), server, problem)
    }

    pub(crate) fn with_source(mut self, source: impl Into<Cause>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The server surely knows nothing of the request, whatever the kind is.
    pub(crate) fn that_never_left(mut self) -> Self {
        self.0.never_left = true;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    pub(crate) fn after(mut self, attempts: Vec<Attempt>, stop: Stop) -> Self {
        self.0.attempts = attempts;
        self.0.stop = stop;
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same request may succeed later without anyone changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Resolve
                | ErrorKind::Connect
                | ErrorKind::Timeout(_)
                | ErrorKind::Interrupted
                | ErrorKind::CircuitOpen
        )
    }

    /// Whether the server surely knows nothing of the request, so that it has had no effect.
    #[must_use]
    pub fn never_left(&self) -> bool {
        self.0.never_left
    }

    /// How long to wait before asking this server again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What was tried, the last attempt included. Empty if nothing was.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// Why the request was not sent again.
    #[must_use]
    pub fn stopped_by(&self) -> Stop {
        self.0.stop
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.0).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            server,
            problem,
            attempts,
            stop,
            ..
        } = &*self.0;
        let step = match kind {
            ErrorKind::Resolve => "cannot find",
            ErrorKind::Connect => "cannot connect to",
            ErrorKind::Proxy => "cannot get through the proxy to",
            ErrorKind::Address => "may not connect to",
            ErrorKind::Tls => "cannot trust the connection to",
            ErrorKind::Timeout(_) => "no complete answer in time from",
            ErrorKind::Interrupted => "the connection broke to",
            ErrorKind::TooLarge => "refused a too large answer of",
            ErrorKind::Undecodable => "cannot decode the answer of",
            ErrorKind::Protocol => "cannot understand the answer of",
            ErrorKind::CircuitOpen => "did not ask",
            ErrorKind::Request => "did not send a request to",
        };
        write!(f, "{step} {server}: {problem}")?;
        if attempts.len() > 1 {
            write!(f, " (attempt {})", attempts.len())?;
        }
        // After a single attempt, that it was the only one goes without saying.
        match stop.clause() {
            Some(clause) if attempts.len() > 1 || *stop != Stop::AttemptsSpent => {
                write!(f, "; {clause}")
            }
            _ => Ok(()),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Why a client could not be built: a setting is of no use.
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
