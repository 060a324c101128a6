//! What every answer carries: a request id, and the cache rule of an API.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::{
    cloud::Cloud,
    operation::Operation,
    random, redact,
    request_log::{LoggedRequest, Notebook},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id of a client that is sent back.
const MAX_ID: usize = 64;

pub(crate) async fn stamp(
    State(cloud): State<Arc<Cloud>>,
    mut request: Request,
    next: Next,
) -> Response {
    let begin = Instant::now();
    let id = request_id(request.headers(), &cloud);
    let method = request.method().clone();
    let authorization = request
        .headers()
        .get(header::AUTHORIZATION)
        .map(|value| redact::authorization(&String::from_utf8_lossy(value.as_bytes())));
    let uri = request.uri().clone();
    let notebook = Notebook::default();
    request.extensions_mut().insert(notebook.clone());

    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    tracing::debug!(request_id = ?id, %method, status, "answered");
    let notes = notebook.take();
    if notes.operation.is_some() || !is_about_emulator(uri.path()) {
        cloud.log.add(LoggedRequest {
            number: 0,
            at: cloud.now(),
            method: method.to_string(),
            target: redact::target(uri.path(), uri.query()),
            operation: notes.operation.map(Operation::id),
            status,
            request_id: id.to_str().unwrap_or_default().to_owned(),
            authorization,
            caller: notes.caller,
            body: notes.body,
            faults: notes.faults,
            millis: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }

    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache, private"));
    response
}

/// Whether a request is for the emulator itself and not for the cloud, so that looking at the log does not fill it.
fn is_about_emulator(path: &str) -> bool {
    path.strip_prefix("/_emulator")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The client's own id if it is a short token, else a new one.
fn request_id(headers: &HeaderMap, cloud: &Cloud) -> HeaderValue {
    headers
        .get(REQUEST_ID)
        .filter(|id| is_short_token(id.as_bytes()))
        .cloned()
        .or_else(|| random::id(cloud.now()).try_into().ok())
        .unwrap_or_else(|| HeaderValue::from_static("unknown"))
}

fn is_short_token(id: &[u8]) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tokens_only() {
        let check =
            |id: &str, expected: bool| assert_eq!(is_short_token(id.as_bytes()), expected, "{id}");
        check("01ker5vgxg0000000000000000", true);
        check("a.b_c-9", true);
        check(&"x".repeat(64), true);
        check(&"x".repeat(65), false);
        check("", false);
        check("a b", false);
        check("a;b", false);
        check("é", false);
    }
}
