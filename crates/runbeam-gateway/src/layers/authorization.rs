//! The `Authorization` field of a request (RFC 9110, section 11.6.2).

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// What the field has for one scheme.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Authorization<'a> {
    /// Nothing: the field is not there, or is of another scheme.
    Missing,
    /// There is no telling what it has, or for whom.
    Malformed(&'static str),
    /// The field as it stands, and what follows the scheme.
    Credentials { field: &'a str, rest: &'a str },
}

impl<'a> Authorization<'a> {
    /// Reads the credentials for `scheme`, whatever its case (RFC 9110, section 11.1).
    pub(super) fn of(headers: &'a HeaderMap, scheme: &str) -> Self {
        let mut fields = headers.get_all(AUTHORIZATION).iter();
        let field = match (fields.next(), fields.next()) {
            (None, _) => return Self::Missing,
            (Some(field), None) => field,
            // Which of the two another server would take is its own choice.
            (Some(_), Some(_)) => return Self::Malformed("there are two Authorization fields"),
        };
        let Ok(field) = field.to_str() else {
            return Self::Malformed("the Authorization field holds more than visible ASCII");
        };
        let end = field.bytes().position(|byte| !is_token(byte));
        let (named, rest) = field.split_at(end.unwrap_or(field.len()));
        if named.is_empty() || !(rest.is_empty() || rest.starts_with(' ')) {
            return Self::Malformed("the Authorization field does not begin with a scheme");
        }
        if !named.eq_ignore_ascii_case(scheme) {
            return Self::Missing;
        }
        let rest = rest.trim_matches(' ');
        Self::Credentials { field, rest }
    }
}

/// Whether a byte may stand in a scheme (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(fields: &[&str], expected: &str) {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(
                AUTHORIZATION,
                HeaderValue::from_bytes(field.as_bytes()).unwrap(),
            );
        }
        let found = match Authorization::of(&headers, "Bearer") {
            Authorization::Missing => "missing".to_owned(),
            Authorization::Malformed(_) => "malformed".to_owned(),
            Authorization::Credentials { rest, .. } => format!("credentials {rest}"),
        };
        assert_eq!(found, expected, "{fields:?}");
    }

    #[test]
    fn another_scheme_is_missing_and_what_has_none_is_malformed() {
        check(&[], "missing");
        check(&["Bearer abc"], "credentials abc");
        check(&["bEARER   abc "], "credentials abc");
        check(&["Bearer"], "credentials ");
        check(&["Bearer a b"], "credentials a b");
        check(&["Basic abc"], "missing");
        check(&["abc"], "missing");
        check(&["BearerBearer abc"], "missing");
        check(&[""], "malformed");
        check(&["Bearer\tabc"], "malformed");
        check(&["Bearer=abc"], "malformed");
        check(&["Bearer,abc"], "malformed");
        check(&["Bearer é"], "malformed");
        check(&["Basic é"], "malformed");
        check(&["Bearer abc", "Bearer abc"], "malformed");
        check(&["Basic abc", "Bearer abc"], "malformed");
    }
}
