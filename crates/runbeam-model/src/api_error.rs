//! What the server said when it refused.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;

use crate::Secret;

/// Texts of a server are cut here, and so is their number: an error goes into logs.
const MAX_TEXT: usize = 500;
const MAX_FIELDS: usize = 50;

/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";
/// So many characters of a secret at the end of a text are not there by chance.
const TELLING: usize = 6;

/// An answer that is not a success: its status and what its body says, in any of the forms that occur.
///
/// Texts are cut at 500 characters and hold no control characters. A body in another form than JSON (a proxy's
/// page of HTML, say) is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The status of the answer (RFC 9110, section 15).
    pub status: StatusCode,
    /// One line for a person.
    pub message: Option<String>,
    /// The server's short name for the class of error, such as `Forbidden`.
    pub name: Option<String>,
    /// What is wrong with each field of the request.
    pub fields: BTreeMap<String, Vec<String>>,
    /// The server's id of this request, to find it in its logs (`X-Request-Id`).
    pub request_id: Option<String>,
    /// How long the server asks to wait: `Retry-After` in seconds, or as a date that is counted from the `Date` of the
    /// answer (RFC 9110, section 10.2.3).
    pub retry_after: Option<Duration>,
    /// Where a redirect leads. It is never followed, since the request carries a token.
    pub location: Option<String>,
    /// Whether the body is a page of HTML: something answered that is not the API, such as a proxy.
    pub is_html: bool,
}

impl ApiError {
    /// Reads an answer.
    #[must_use]
    pub fn from_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        #[derive(Deserialize, Default)]
        struct Body {
            message: Option<Value>,
            error: Option<Value>,
            errors: Option<BTreeMap<String, Value>>,
        }
        let Body {
            message,
            error,
            errors,
        } = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(clean);
        let fields =
            errors
                .unwrap_or_default()
                .into_iter()
                .take(MAX_FIELDS)
                .map(|(field, texts)| {
                    let texts = match &texts {
                        Value::Array(texts) => texts
                            .iter()
                            .filter_map(Value::as_str)
                            .take(MAX_FIELDS)
                            .map(clean)
                            .collect(),
                        Value::String(text) => vec![clean(text)],
                        _ => Vec::new(),
                    };
                    (clean(&field), texts)
                });
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            status,
            message: text(message),
            name: text(error),
            fields: fields.collect(),
            request_id: header("x-request-id".parse().unwrap_or(header::VIA)).map(clean),
            retry_after: crate::retry_after::by_its_own_clock(headers),
            location: header(header::LOCATION)
                .map(|url| clean(url.split('?').next().unwrap_or_default())),
            is_html: is_html(body),
        }
    }

    /// Whether it is a redirect to a login page: how Laravel answers a token that it does not accept where it does not
    /// see that JSON is asked for.
    #[must_use]
    pub fn is_login_redirect(&self) -> bool {
        let path = self.location.as_deref().unwrap_or_default();
        let path = path.split('#').next().unwrap_or_default();
        self.status.is_redirection() && path.trim_end_matches('/').ends_with("/login")
    }

    /// Takes `secret` out of every text, should the server have repeated it.
    #[must_use]
    pub fn without(mut self, secret: &Secret) -> Self {
        let secret = secret.expose();
        if secret.is_empty() {
            return self;
        }
        let redact = |text: &mut String| {
            if text.contains(secret) {
                *text = text.replace(secret, REDACTED);
            }
            // What was cut may end within it.
            let ends_with_part = |length: &usize| {
                secret
                    .get(..*length)
                    .is_some_and(|part| text.ends_with(part))
            };
            if let Some(length) = (TELLING..secret.len()).rev().find(ends_with_part) {
                text.truncate(text.len() - length);
                text.push_str(REDACTED);
            }
        };
        [
            &mut self.message,
            &mut self.name,
            &mut self.request_id,
            &mut self.location,
        ]
        .into_iter()
        .flatten()
        .for_each(redact);
        self.fields = self
            .fields
            .into_iter()
            .map(|(mut field, mut texts)| {
                redact(&mut field);
                texts.iter_mut().for_each(redact);
                (field, texts)
            })
            .collect();
        self
    }
}

/// Whether a body begins like a page of HTML.
pub(crate) fn is_html(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    body.first() == Some(&b'<')
}

fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_TEXT)
        .collect()
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answered {}", self.status)?;
        match (&self.name, &self.message) {
            (Some(name), Some(message)) => write!(f, ": {name}: {message}")?,
            (Some(text), None) | (None, Some(text)) => write!(f, ": {text}")?,
            (None, None) if self.is_html => f.write_str(" with a page of HTML")?,
            (None, None) => {}
        }
        for (field, texts) in &self.fields {
            write!(f, "; {field}: {}", texts.join(" "))?;
        }
        if let Some(location) = self
            .location
            .as_ref()
            .filter(|_| self.status.is_redirection())
        {
            let page = if self.is_login_redirect() {
                "the login page "
            } else {
                ""
            };
            write!(f, ": a redirect to {page}{location}, which is not followed")?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, " (retry after {} s)", wait.as_secs())?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " [request {id}]")?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> ApiError {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        ApiError::from_answer(StatusCode::from_u16(status).unwrap(), &map, body.as_bytes())
    }

    #[test]
    fn every_form_of_refusal_is_read() {
        let check = |status, headers: &[_], body: &str, expected: &str| {
            assert_eq!(read(status, headers, body).to_string(), expected);
        };
        check(
            401,
            &[],
            r#"{"message":"Unauthenticated."}"#,
            "the server answered 401 Unauthorized: Unauthenticated.",
        );
        check(
            403,
            &[("x-request-id", "01kc")],
            r#"{"error":"Forbidden","message":"Gateway is owned by another team"}"#,
            "the server answered 403 Forbidden: Forbidden: Gateway is owned by another team [request 01kc]",
        );
        check(
            404,
            &[],
            r#"{"error":"Mesh not found"}"#,
            "the server answered 404 Not Found: Mesh not found",
        );
        check(
            422,
            &[],
            r#"{"message":"The name field is required.","errors":{"name":["The name field is required."],"dns":"x"}}"#,
            "the server answered 422 Unprocessable Entity: The name field is required.; dns: x; name: The name field is required.",
        );
        check(
            429,
            &[("retry-after", "17")],
            r#"{"message":"Too Many Attempts."}"#,
            "the server answered 429 Too Many Requests: Too Many Attempts. (retry after 17 s)",
        );
        check(
            302,
            &[("location", "https://h/login?token=x")],
            "<html>",
            "the server answered 302 Found with a page of HTML: a redirect to the login page https://h/login, which is not followed",
        );
        check(
            502,
            &[],
            "<html>\u{1b}[2J</html>",
            "the server answered 502 Bad Gateway with a page of HTML",
        );
        check(
            500,
            &[],
            "",
            "the server answered 500 Internal Server Error",
        );
        check(
            500,
            &[],
            r#"{"message":{"a":1},"errors":{"x":5}}"#,
            "the server answered 500 Internal Server Error; x: ",
        );
    }

    #[test]
    fn the_wait_is_read_in_both_forms() {
        let check = |headers: &[_], expected: Option<u64>| {
            assert_eq!(
                read(503, headers, "").retry_after,
                expected.map(Duration::from_secs)
            );
        };
        let now = ("date", "Sun, 22 Nov 2026 08:00:00 GMT");
        check(&[("retry-after", " 17 ")], Some(17));
        check(
            &[now, ("retry-after", "Sun, 22 Nov 2026 08:01:30 GMT")],
            Some(90),
        );
        check(
            &[now, ("retry-after", "Sun, 22 Nov 2026 07:00:00 GMT")],
            Some(0),
        );
        check(&[("retry-after", "Sun, 22 Nov 2026 08:01:30 GMT")], None);
        check(&[now, ("retry-after", "soon")], None);
        check(&[now, ("retry-after", "-1")], None);
        check(&[now], None);
    }

    #[test]
    fn a_long_or_hostile_text_is_cut_and_cleaned() {
        let body = format!(r#"{{"message":"\u001b[2J{}"}}"#, "x".repeat(1 << 20));
        let message = read(500, &[], &body).message.unwrap();
        assert_eq!(message.len(), MAX_TEXT);
        assert!(message.starts_with("[2Jxxx"));
    }

    #[test]
    fn a_secret_that_the_server_repeats_is_taken_out() {
        let body = r#"{"message":"bad token 1|canary","error":"1|canary","errors":{"1|canary":["1|canary?"]}}"#;
        let error = read(
            401,
            &[("x-request-id", "1|canary"), ("location", "/1|canary")],
            body,
        );
        assert!(format!("{error:?}").contains("canary"));
        let cut = format!(r#"{{"message":"{}1|canary"}}"#, "x".repeat(MAX_TEXT - 7));
        let cut = read(401, &[], &cut).without(&Secret::from("1|canary"));
        assert!(!cut.to_string().contains("1|c"), "{cut}");
        let error = error.without(&Secret::from("1|canary"));
        assert!(
            !format!("{error:?} {error}").contains("canary"),
            "{error:?}"
        );
    }
}
