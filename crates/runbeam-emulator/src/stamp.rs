//! What every answer carries: a request id, and the cache rule of an API.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::{clock, random};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id of a client that is sent back.
const MAX_ID: usize = 64;

pub(crate) async fn stamp(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    let mut response = next.run(request).await;
    tracing::debug!(request_id = ?id, %method, status = response.status().as_u16(), "answered");

    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache, private"));
    response
}

/// The client's own id if it is a short token, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    headers
        .get(REQUEST_ID)
        .filter(|id| is_short_token(id.as_bytes()))
        .cloned()
        .or_else(|| random::id(clock::now()).try_into().ok())
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
