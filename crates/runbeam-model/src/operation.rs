//! One call of the API, described without sending it.

use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::api_error;
use crate::{ApiError, BaseUrl, ParseError, Secret, SecretBytes};

/// The characters that stand for themselves in a path segment or a query (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One call of the API: which request it makes, and how its answer is read.
///
/// An operation knows nothing of connections. Whoever sends it adds a base URL and a bearer token
/// ([`ApiRequest::to_http`]) and hands the answer back ([`Operation::answer`]).
pub trait Operation {
    /// The operation's id in the API description, for logs and errors.
    const NAME: &'static str;

    /// How many bytes the body of an answer may have: 1 MiB, and 16 MiB where it is a configuration.
    const MAX_ANSWER: usize = 1 << 20;

    /// What a success is read into.
    type Answer;

    /// The request that this operation makes.
    fn request(&self) -> ApiRequest;

    /// Reads the body of a success.
    ///
    /// # Errors
    ///
    /// If the body is not the JSON of an answer. The error names the place, not the content.
    fn read(&self, body: &[u8]) -> Result<Self::Answer, ReadError>;

    /// Reads an answer: any 2xx is a success, everything else a refusal.
    ///
    /// # Errors
    ///
    /// [`AnswerError::Refused`] with what the server said, [`AnswerError::Unreadable`] if a success is not in
    /// the form of this operation.
    fn answer(&self, response: &Response<Bytes>) -> Result<Self::Answer, AnswerError> {
        let status = response.status();
        if status.is_success() {
            return self.read(response.body()).map_err(AnswerError::Unreadable);
        }
        Err(refusal(response))
    }
}

/// What a refusal says.
pub(crate) fn refusal(response: &Response<Bytes>) -> AnswerError {
    let refused = ApiError::from_answer(response.status(), response.headers(), response.body());
    AnswerError::Refused(Box::new(refused))
}

/// The limit of answers that hold configurations.
pub(crate) const MAX_CONFIGURATION: usize = 16 << 20;

/// The envelope around one resource.
#[derive(Deserialize)]
pub(crate) struct One<T> {
    pub(crate) data: T,
}

/// A request of the API, without its server and its token.
#[derive(Debug, Clone)]
pub struct ApiRequest {
    method: Method,
    path: String,
    secret_segment: Option<Secret>,
    query: String,
    body: Option<SecretBytes>,
    needs_token: bool,
}

impl ApiRequest {
    /// A request for the path of `segments` below `/api`. Each segment is percent-encoded, so that none can
    /// lead elsewhere.
    #[must_use]
    pub fn new<'a>(method: Method, segments: impl IntoIterator<Item = &'a str>) -> Self {
        Self::at_root(method, ["api"].into_iter().chain(segments))
    }

    /// A request for the path of `segments` below the base URL itself, where no `/api` is: of a gateway's management
    /// API.
    #[must_use]
    pub fn at_root<'a>(method: Method, segments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut path = String::new();
        for segment in segments {
            push_segment(&mut path, segment);
        }
        Self {
            method,
            path,
            secret_segment: None,
            query: String::new(),
            body: None,
            needs_token: true,
        }
    }

    /// Adds a last segment that nobody else may see.
    #[must_use]
    pub fn with_secret_segment(mut self, segment: &Secret) -> Self {
        self.secret_segment = Some(segment.clone());
        self
    }

    /// Says that the call is made without a token.
    #[must_use]
    pub fn without_token(mut self) -> Self {
        self.needs_token = false;
        self
    }

    /// Whether the call is made with a token.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.needs_token
    }

    /// The method (RFC 9110, section 9).
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path below the base URL, without a secret segment and without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Adds a parameter to the query.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        self.query
            .push(if self.query.is_empty() { '?' } else { '&' });
        self.query.extend(utf8_percent_encode(name, RESERVED));
        self.query.push('=');
        self.query.extend(utf8_percent_encode(value, RESERVED));
        self
    }

    /// Sets the body, a JSON text.
    #[must_use]
    pub fn with_json(mut self, body: SecretBytes) -> Self {
        self.body = Some(body);
        self
    }

    /// The HTTP request of this call to the cloud at `base`, with `token` as its bearer token unless it is made
    /// without one.
    ///
    /// It asks for JSON, without which the cloud answers some refusals with a redirect to its login page.
    ///
    /// # Errors
    ///
    /// If `token` is missing where it is needed, or cannot stand in a header.
    pub fn to_http<'a>(
        &self,
        base: &BaseUrl,
        token: impl Into<Option<&'a Secret>>,
    ) -> Result<Request<Bytes>, ParseError> {
        let mut url = format!("{base}{}", self.path);
        if let Some(segment) = &self.secret_segment {
            push_segment(&mut url, segment.expose());
        }
        url.push_str(&self.query);
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(url)
            .header(header::ACCEPT, HeaderValue::from_static("application/json"));
        if self.needs_token {
            let token = token
                .into()
                .ok_or_else(|| ParseError::new("request", "it has no token"))?;
            request = request.header(header::AUTHORIZATION, token.to_bearer_header()?);
        }
        if self.body.is_some() {
            request = request.header(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        let body = self
            .body
            .clone()
            .map_or_else(Bytes::new, SecretBytes::into_bytes);
        request
            .body(body)
            .map_err(|_| ParseError::new("request", "its URL is too long"))
    }
}

fn push_segment(path: &mut String, segment: &str) {
    path.push('/');
    match segment {
        // A URL parser on the way would take these for steps, percent-encoded or not.
        "." | ".." => path.push_str("%20"),
        _ => path.extend(utf8_percent_encode(segment, RESERVED)),
    }
}

/// Why an answer is not what was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnswerError {
    /// The server refused.
    Refused(Box<ApiError>),
    /// The server agreed, but in a form that this operation does not know.
    Unreadable(ReadError),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Unreadable(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AnswerError {}

/// A success whose body is not the JSON of the operation's answer. It names the place, not the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    operation: &'static str,
    problem: String,
}

impl ReadError {
    pub(crate) fn new(operation: &'static str, problem: impl Into<String>) -> Self {
        Self {
            operation,
            problem: problem.into(),
        }
    }

    /// The operation whose answer it is, by its id in the API description.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the answer to `{}` cannot be read: {}",
            self.operation, self.problem
        )
    }
}

impl std::error::Error for ReadError {}

/// Reads `body` as JSON, and says where it fails without saying what stands there.
pub(crate) fn read_json<T: DeserializeOwned>(
    operation: &'static str,
    body: &[u8],
) -> Result<T, ReadError> {
    read_json_described(body).map_err(|problem| ReadError { operation, problem })
}

/// Like [`read_json`], with the problem as a clause of its own.
///
/// To keep account of the place costs more than reading does, so that only what fails is read once more with it.
pub(crate) fn read_json_described<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    // All of it, since serde_json does not look at the texts of what it skips (RFC 8259, section 8.1).
    let Ok(text) = str::from_utf8(body) else {
        return Err("it is not UTF-8".to_owned());
    };
    serde_json::from_str(text).or_else(|_| read_json_placed(text))
}

/// A place as `data[0].options.path`. What is no name as the API has them is the server's invention, and not shown.
fn place(path: &serde_path_to_error::Path) -> String {
    let is_name = |name: &str| {
        let is_of_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        name.len() <= 32 && name.bytes().all(is_of_name)
    };
    let mut place = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => place.push_str(&format!("[{index}]")),
            Segment::Map { key: name } | Segment::Enum { variant: name } if is_name(name) => {
                place.push_str(&format!(".{name}"));
            }
            Segment::Map { .. } | Segment::Enum { .. } | Segment::Unknown => place.push_str(".?"),
        }
    }
    match place.strip_prefix('.') {
        Some(place) => place.to_owned(),
        None if place.is_empty() => ".".to_owned(),
        None => place,
    }
}

fn read_json_placed<T: DeserializeOwned>(body: &str) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_str(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = place(error.path());
        let cause = error.into_inner();
        let text = cause.to_string();
        // Only this text is known to hold a name from our own types alone.
        let problem = match text
            .split_once('`')
            .filter(|_| text.starts_with("missing field `"))
        {
            Some((_, rest)) => format!(
                "the field `{}` is missing",
                rest.split('`').next().unwrap_or_default()
            ),
            None if cause.is_data() => "a value has the wrong form".to_owned(),
            None if body.is_empty() => return "it is empty".to_owned(),
            None if api_error::is_html(body.as_bytes()) => {
                return "it is a page of HTML".to_owned();
            }
            None => "it is not JSON".to_owned(),
        };
        format!(
            "{problem} at `{path}` (line {}, column {})",
            cause.line(),
            cause.column()
        )
    })?;
    json.end()
        .map_err(|_| "something follows the JSON".to_owned())?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(segments: &[&str]) -> String {
        let base = "http://127.0.0.1:8090/api".parse().unwrap();
        let request = ApiRequest::new(Method::GET, segments.iter().copied());
        request
            .to_http(&base, &Secret::from("t"))
            .unwrap()
            .uri()
            .to_string()
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        assert_eq!(
            uri(&["gateways", "a/../../services?x=1#y"]),
            "http://127.0.0.1:8090/api/gateways/a%2F..%2F..%2Fservices%3Fx%3D1%23y"
        );
        assert_eq!(
            uri(&["gateways", "..", "."]),
            "http://127.0.0.1:8090/api/gateways/%20/%20"
        );
        assert_eq!(
            uri(&["gateways", "a\r\nb\0\u{e9}"]),
            "http://127.0.0.1:8090/api/gateways/a%0D%0Ab%00%C3%A9"
        );
    }

    #[test]
    fn a_request_asks_for_json_and_hides_its_token() {
        let base = "https://api.runbeam.io".parse().unwrap();
        let body = SecretBytes::from_json(&["canary"]).unwrap();
        let request = ApiRequest::new(Method::POST, ["x"])
            .with_query("a b", "c&d")
            .with_json(body);
        let http = request.to_http(&base, &Secret::from("1|canary")).unwrap();
        assert_eq!(http.uri(), "https://api.runbeam.io/api/x?a%20b=c%26d");
        assert_eq!(http.headers()["accept"], "application/json");
        assert_eq!(http.headers()["content-type"], "application/json");
        assert_eq!(http.headers()["authorization"], "Bearer 1|canary");
        assert_eq!(http.body(), "[\"canary\"]".as_bytes());
        assert!(!format!("{request:?} {:?}", http.headers()).contains("canary"));
    }

    #[test]
    fn an_unreadable_answer_is_named_by_place_not_content() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code, reason = "only its reading is tested")]
        struct Answer {
            token: String,
            list: Vec<u8>,
        }
        let check = |body: &str, expected: &str| {
            assert_eq!(
                read_json_described::<Answer>(body.as_bytes()).unwrap_err(),
                expected
            );
        };
        check(
            r#"{"list":[]}"#,
            "the field `token` is missing at `.` (line 1, column 11)",
        );
        check(
            r#"{"token":"t","list":["canary"]}"#,
            "a value has the wrong form at `list[0]` (line 1, column 29)",
        );
        check("canary", "it is not JSON at `.` (line 1, column 1)");
        check("\n<html>canary", "it is a page of HTML");
        check("", "it is empty");
        check(
            r#"{"token":"t","list":[]} canary"#,
            "something follows the JSON",
        );
    }

    #[test]
    fn a_text_that_is_not_unicode_is_refused_even_where_nobody_reads_it() {
        let read =
            |body: &[u8]| read_json_described::<std::collections::BTreeMap<String, u8>>(body);
        assert_eq!(read(b"{\"a\":1}").unwrap().len(), 1);
        assert_eq!(read(b"{\"\xb3\":1}").unwrap_err(), "it is not UTF-8");
        let skipped = read_json_described::<serde::de::IgnoredAny>(b"[\"\xb3\"]");
        assert_eq!(skipped.unwrap_err(), "it is not UTF-8");
    }

    #[test]
    fn a_name_that_the_server_invents_is_not_shown() {
        type Answer = std::collections::BTreeMap<String, Vec<u8>>;
        for (name, shown) in [
            ("path_1", "path_1"),
            ("", "."),
            ("\\u001b[2J", "?"),
            ("Canary", "?"),
        ] {
            let body = format!(r#"{{"{name}":[1,"a"]}}"#);
            let problem = read_json_described::<Answer>(body.as_bytes()).unwrap_err();
            let place = format!("at `{shown}[1]` ").replace("`.[", "`[");
            assert!(problem.contains(&place), "{problem}");
        }
    }
}
