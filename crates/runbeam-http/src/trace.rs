//! Spans by the semantic conventions of OpenTelemetry for HTTP clients, without anything secret.

use std::fmt;

use bytes::Bytes;
use http::{Request, Uri};
use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::Outcome;

/// The span of one attempt; `resent` counts those before it.
pub(crate) fn span(request: &Request<Bytes>, resent: usize) -> Span {
    info_span!(
        "HTTP",
        "otel.name" = request.method().as_str(),
        "otel.kind" = "client",
        "http.request.method" = request.method().as_str(),
        "http.request.resend_count" = (resent > 0).then_some(resent as u64),
        "url.full" = %Redacted(request.uri()),
        "server.address" = request.uri().host(),
        "server.port" = port(request.uri()),
        "http.response.status_code" = Empty,
        "error.type" = Empty,
    )
}

/// Adds what came of the attempt.
pub(crate) fn record(span: &Span, outcome: Outcome) {
    match outcome {
        Outcome::Answered(status) => {
            span.record("http.response.status_code", status.as_u16());
            if status.is_client_error() || status.is_server_error() {
                span.record("error.type", status.as_str());
            }
        }
        Outcome::Failed(kind) => {
            span.record("error.type", kind.error_type());
        }
    }
}

fn port(uri: &Uri) -> u16 {
    let default = if uri.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    uri.port_u16().unwrap_or(default)
}

/// A URL without user information and query, and with `*` for each segment of its path that may be an id or a token:
/// that holds a digit or a capital letter, unless it is a version such as `v1`. The code of a device login is part of
/// a path, and is worth a token.
struct Redacted<'a>(&'a Uri);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or("https");
        write!(f, "{scheme}://{}", self.0.host().unwrap_or_default())?;
        if let Some(port) = self.0.port_u16() {
            write!(f, ":{port}")?;
        }
        for segment in self.0.path().split('/').skip(1) {
            write!(f, "/{}", if is_plain(segment) { segment } else { "*" })?;
        }
        Ok(())
    }
}

fn is_plain(segment: &str) -> bool {
    let is_version = segment
        .strip_prefix('v')
        .is_some_and(|digits| digits.len() <= 2 && digits.bytes().all(|b| b.is_ascii_digit()));
    let is_word = |byte: u8| byte.is_ascii_lowercase() || b"-._".contains(&byte);
    is_version || segment.len() <= 40 && segment.bytes().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: &str) {
        let uri: Uri = url.parse().unwrap();
        assert_eq!(Redacted(&uri).to_string(), expected);
    }

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        check(
            "https://user:canary@h:8443/api/gateways?token=canary",
            "https://h:8443/api/gateways",
        );
        check(
            "https://h/api/cli/check-login/dt_7pZr0k2Vx9",
            "https://h/api/cli/check-login/*",
        );
        check(
            "https://h/api/gateways/01kc5zy8/x",
            "https://h/api/gateways/*/x",
        );
        check(
            "https://h/api/v1/.well-known/jwks.json",
            "https://h/api/v1/.well-known/jwks.json",
        );
        check("https://h/api/1%7Ccanary", "https://h/api/*");
        check("https://h", "https://h/");
    }
}
