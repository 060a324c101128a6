//! Any refusal: a line with the status, lines of headers, an empty line, and a body.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use runbeam_model::{ApiError, Secret};

/// What the longest text of a server is cut at, and how many fields it may name.
const MAX_TEXT: usize = 500;
const MAX_FIELDS: usize = 50;

/// What the cloud could repeat of a request.
const TOKEN: &str = "12|canary5d1fcanary";

/// Whatever the server says is cut, holds no control character, and shows no token; both forms of the wait are read.
pub fn api_error(data: &[u8]) {
    let Some(place) = data.windows(2).position(|two| two == b"\n\n") else {
        return;
    };
    let Ok(head) = str::from_utf8(&data[..place]) else {
        return;
    };
    let body = &data[place + 2..];
    let mut lines = head.lines();
    let status = lines.next().unwrap_or_default();
    let Ok(status) = StatusCode::from_bytes(status.as_bytes()) else {
        return;
    };
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Some((name, value)) = line.split_once(": ")
            && let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), value.parse::<HeaderValue>())
        {
            headers.insert(name, value);
        }
    }
    let error = ApiError::from_answer(status, &headers, body);
    assert_eq!(error.status, status);
    for text in texts(&error) {
        assert!(text.chars().count() <= MAX_TEXT && !text.chars().any(char::is_control));
    }
    assert!(error.fields.len() <= MAX_FIELDS);
    assert!(error.fields.values().all(|texts| texts.len() <= MAX_FIELDS));
    assert!(!error.is_login_redirect() || status.is_redirection());
    assert_eq!(error.is_html, body.trim_ascii_start().starts_with(b"<"));
    if let Some(wait) = headers
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        && wait.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(seconds) = wait.parse::<u64>()
    {
        assert_eq!(error.retry_after.unwrap().as_secs(), seconds);
    }
    let error = error.without(&Secret::from(TOKEN));
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(TOKEN), "a token is shown");
}

fn texts(error: &ApiError) -> impl Iterator<Item = &String> {
    let alone = [
        &error.message,
        &error.name,
        &error.request_id,
        &error.location,
    ];
    let fields = error.fields.iter();
    let fields = fields.flat_map(|(field, texts)| std::iter::once(field).chain(texts));
    alone.into_iter().flatten().chain(fields)
}
