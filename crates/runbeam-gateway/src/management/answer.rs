//! Answers, and refusals in the form of the description.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use runbeam_sdk::{self as sdk, ErrorKind};
use serde::Serialize;
use serde_json::json;

pub(super) type Answer = Response<Full<Bytes>>;

/// A value as JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    // What is answered is made of texts, lists and maps of them, which have a JSON form.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A path that does not exist.
pub(super) fn not_found() -> Answer {
    json(StatusCode::NOT_FOUND, &json!({ "error": "Not found" }))
}

/// A path that is asked for in another way.
pub(super) fn other_method(allowed: &'static str) -> Answer {
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Use another method");
    let mut answer = refusal.into_answer();
    let headers = answer.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// Why something is not done. Strangers read it.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    pub(super) fn failed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    pub(super) fn after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// What the cloud said is passed on. Where it said nothing, that is `unreachable`.
    pub(super) fn of_cloud(error: &sdk::Error, unreachable: StatusCode) -> Self {
        const SIGN_IN: &str = "Runbeam Cloud does not accept the token";
        let refused = error.status().and_then(|status| {
            let status = StatusCode::from_u16(status).ok()?;
            (status.is_client_error() || status.is_server_error()).then_some(status)
        });
        let told = error
            .refusal()
            .filter(|_| refused.is_some_and(|status| status.is_client_error()));
        let told = told.and_then(|refusal| refusal.message.clone());
        let refusal = match (error.kind(), refused) {
            (ErrorKind::SignIn, _) => Self::unauthorized(SIGN_IN),
            (ErrorKind::InvalidInput, None) => Self::bad_request(error.to_string()),
            (_, Some(status)) => Self::new(
                status,
                told.map_or("Runbeam Cloud refused".into(), Cow::from),
            ),
            (ErrorKind::Unreachable | ErrorKind::CannotVerify, None) => {
                Self::new(unreachable, "Runbeam Cloud cannot be reached")
            }
            (_, None) => Self::failed("Runbeam Cloud could not be asked"),
        };
        refusal.after(error.retry_after())
    }

    pub(super) fn into_answer(self) -> Answer {
        let reason = self.status.canonical_reason().unwrap_or("Refused");
        let body = json!({ "error": reason, "message": self.message });
        let mut answer = json(self.status, &body);
        let headers = answer.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"runbeam\"");
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: who comes too early is refused once more.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}
