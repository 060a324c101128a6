//! Any text as a bearer token, and as the value of an `Authorization` header.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runbeam_auth::{BearerToken, ErrorKind, TokenKind, extract_bearer_token};
use serde_json::Value;

use crate::shows;

/// A token comes out as it went in, its kind is what a naive reading says, and neither `Debug` nor an error shows it.
pub fn bearer(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    check_token(text);
    check_header(text);
}

fn check_token(text: &str) {
    let is_token = (1..=16 << 10).contains(&text.len())
        && text
            .chars()
            .all(|character| ('!'..='~').contains(&character));
    let token = match BearerToken::parse(text) {
        Ok(token) => token,
        Err(error) => {
            assert!(!is_token, "a token is refused: {error}");
            assert_eq!(error.kind(), ErrorKind::Rejected);
            assert!(!shows(&format!("{error} {error:?}"), text));
            return;
        }
    };
    assert!(is_token, "a token is accepted that is none");
    assert_eq!(token.secret().expose(), text);
    assert_eq!(token.kind(), naive_kind(text));
    assert!(!token.looks_mistyped() || token.kind() == TokenKind::Sanctum);
    assert!(
        !shows(&format!("{token:?}"), text),
        "`Debug` shows the token"
    );
    for header in [format!("Bearer {text}"), format!("bEARER   {text} ")] {
        assert_eq!(extract_bearer_token(&header).unwrap(), text);
        assert_eq!(BearerToken::from_header(&header).unwrap(), token);
    }
    assert_eq!(token.into_secret().expose(), text);
}

fn naive_kind(text: &str) -> TokenKind {
    let is_number = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_digit());
    if text.split_once('|').is_some_and(|(id, _)| is_number(id)) {
        return TokenKind::Sanctum;
    }
    let parts: Vec<&str> = text.split('.').collect();
    let header = URL_SAFE_NO_PAD.decode(parts[0]).unwrap_or_default();
    let header = serde_json::from_slice::<Value>(&header).unwrap_or_default();
    // A header with a name twice, which the naive reading does not see, makes no JWT.
    let is_jwt = parts.len() == 3 && header.get("alg").is_some();
    if is_jwt && !has_a_name_twice(parts[0], &header) {
        TokenKind::Jwt
    } else {
        TokenKind::Machine
    }
}

/// Whether the text has more names than what was read of it.
fn has_a_name_twice(header: &str, read: &Value) -> bool {
    let text = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let (mut colons, mut is_quoted, mut is_escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b':' if !is_quoted => colons += 1,
            _ => {}
        }
    }
    colons != names(read)
}

fn names(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.len() + object.values().map(names).sum::<usize>(),
        Value::Array(items) => items.iter().map(names).sum(),
        _ => 0,
    }
}

fn check_header(text: &str) {
    match extract_bearer_token(text) {
        Ok(token) => {
            let (scheme, rest) = text.split_once(' ').unwrap();
            assert!(scheme.eq_ignore_ascii_case("bearer"));
            assert_eq!(rest.trim_matches(' '), token);
            assert_eq!(BearerToken::parse(token).unwrap().secret().expose(), token);
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Rejected);
            assert!(!shows(&format!("{error} {error:?}"), text));
            assert!(BearerToken::from_header(text).is_err());
        }
    }
}
