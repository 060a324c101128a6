//! Where Runbeam Cloud is reached.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use crate::{Origin, ParseError};

/// The address of Runbeam Cloud: an origin, and a path if the cloud lives below one.
///
/// `https` only, except on loopback. Trailing slashes and a trailing `/api` are dropped: with or without them,
/// operations go to `{base}/api/…`.
///
/// ```
/// # use runbeam_model::BaseUrl;
/// for spelling in ["https://api.runbeam.io", "https://api.runbeam.io/", "https://api.runbeam.io/api/"] {
///     assert_eq!(spelling.parse::<BaseUrl>()?.to_string(), "https://api.runbeam.io");
/// }
/// assert!("http://api.runbeam.io".parse::<BaseUrl>().is_err());
/// # Ok::<_, runbeam_model::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    origin: Origin,
    path: Box<str>,
}

impl BaseUrl {
    /// Like parsing, but takes plain `http` to any host. Whoever listens on the way then reads every token.
    ///
    /// # Errors
    ///
    /// If `text` is not an `http` or `https` URL, or if it holds user information, a query or a fragment.
    pub fn dangerous_allow_plaintext(text: &str) -> Result<Self, ParseError> {
        let invalid = |problem| ParseError::new("base URL", problem);
        let text = text.trim();
        let origin = Origin::of(text).map_err(|error| invalid_from(&error))?;
        if text.contains('#') {
            return Err(invalid("it has a fragment"));
        }
        let uri: Uri = text
            .parse()
            .map_err(|_| invalid("it is not written as RFC 3986 asks"))?;
        if uri.query().is_some() {
            return Err(invalid("it has a query"));
        }
        let mut path = uri.path().trim_end_matches('/');
        while let Some(shorter) = path.strip_suffix("/api") {
            path = shorter.trim_end_matches('/');
        }
        if path
            .split('/')
            .any(|segment| segment == "." || segment == "..")
        {
            return Err(invalid("its path has a `.` or `..` segment"));
        }
        Ok(Self {
            origin,
            path: path.into(),
        })
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The address of the cloud's public keys (RFC 7517).
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{self}/api/.well-known/jwks.json")
    }
}

fn invalid_from(error: &ParseError) -> ParseError {
    let text = error.to_string();
    ParseError::new(
        "base URL",
        text.strip_prefix("invalid URL: ")
            .unwrap_or(&text)
            .to_owned(),
    )
}

impl FromStr for BaseUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let base = Self::dangerous_allow_plaintext(text)?;
        if base.origin.is_https() || base.origin.is_loopback() {
            return Ok(base);
        }
        Err(ParseError::new(
            "base URL",
            "it is http to another machine, where anyone on the way reads the tokens; use https",
        ))
    }
}

impl TryFrom<&str> for BaseUrl {
    type Error = ParseError;

    fn try_from(text: &str) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl TryFrom<&String> for BaseUrl {
    type Error = ParseError;

    fn try_from(text: &String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(
            text.parse::<BaseUrl>().unwrap().to_string(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn every_spelling_of_one_base_is_one_base() {
        check("http://127.0.0.1:8090", "http://127.0.0.1:8090");
        check("http://127.0.0.1:8090/", "http://127.0.0.1:8090");
        check("http://127.0.0.1:8090/api", "http://127.0.0.1:8090");
        check("http://127.0.0.1:8090/api/api//", "http://127.0.0.1:8090");
        check("https://h/cloud/api", "https://h/cloud");
        check("https://h/myapi", "https://h/myapi");
        check(" https://h \n", "https://h");
    }

    #[test]
    fn what_weakens_or_confuses_is_refused_without_showing_it() {
        for text in [
            "http://h",
            "https://u:pass-5d1f@h",
            "https://h?q=pass-5d1f",
            "https://h#f",
            "https://h/a/../b",
            "h",
            "",
        ] {
            let error = text.parse::<BaseUrl>().unwrap_err();
            assert!(!error.to_string().contains("pass-5d1f"), "{error}");
            assert!(
                error.to_string().starts_with("invalid base URL: "),
                "{error}"
            );
        }
        assert!(BaseUrl::dangerous_allow_plaintext("http://h").is_ok());
    }
}
