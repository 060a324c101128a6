//! The answer to a request that is not let through.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

/// Why a request is not let through, as far as its sender may know. The log has the details.
#[derive(Debug, Clone)]
pub struct Refusal {
    kind: RefusalKind,
    challenges: Vec<HeaderValue>,
    retry_after: Option<Duration>,
}

/// What to tell the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// A credential is missing or not good: 401, whatever the reason, with a challenge for each method of the chain.
    Unauthenticated,
    /// A credential cannot be checked at present, and may be good: 503. Transient.
    CannotCheck,
    /// Its peer has brought too many that were not good: 429 (RFC 6585, section 4). Transient.
    TooManyFailures,
}

impl Refusal {
    pub(super) fn unauthenticated(challenges: Vec<HeaderValue>) -> Self {
        Self {
            kind: RefusalKind::Unauthenticated,
            challenges,
            retry_after: None,
        }
    }

    pub(super) fn cannot_check() -> Self {
        Self {
            kind: RefusalKind::CannotCheck,
            challenges: Vec::new(),
            retry_after: Some(Duration::from_secs(1)),
        }
    }

    pub(super) fn too_many_failures(wait: Duration) -> Self {
        Self {
            kind: RefusalKind::TooManyFailures,
            challenges: Vec::new(),
            retry_after: Some(wait),
        }
    }

    /// What to tell the sender.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        self.kind
    }

    /// The status that says so.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            RefusalKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            RefusalKind::CannotCheck => StatusCode::SERVICE_UNAVAILABLE,
            RefusalKind::TooManyFailures => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// The answer: a JSON object `{"error": …, "message": …}`, the same for each request that is refused with this
    /// status; with a field `WWW-Authenticate` for each challenge, or `Retry-After` in seconds.
    #[must_use]
    pub fn into_response(self) -> Response<Bytes> {
        let body = match self.kind {
            RefusalKind::Unauthenticated => {
                r#"{"error":"Unauthorized","message":"Valid credentials are required"}"#
            }
            RefusalKind::CannotCheck => {
                r#"{"error":"Service Unavailable","message":"Credentials cannot be checked at present"}"#
            }
            RefusalKind::TooManyFailures => {
                r#"{"error":"Too Many Requests","message":"Too many failed attempts"}"#
            }
        };
        let mut response = Response::new(Bytes::from_static(body.as_bytes()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for challenge in self.challenges {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: who comes too early is refused once more.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
