//! How a refused client is told what to bring (RFC 9110, section 11.6.1).

use http::{HeaderName, HeaderValue};

/// The challenges of one method, for `WWW-Authenticate`.
#[derive(Debug, Clone)]
pub(super) struct Challenge {
    /// For a client that brought nothing: it is not told of an error (RFC 6750, section 3.1).
    usual: HeaderValue,
    /// For one whose credential is not good.
    after_invalid: HeaderValue,
}

impl Challenge {
    pub(super) fn bearer(realm: &str) -> Self {
        Self {
            usual: value(format!("Bearer realm=\"{realm}\"")),
            after_invalid: value(format!("Bearer realm=\"{realm}\", error=\"invalid_token\"")),
        }
    }

    pub(super) fn basic(realm: &str) -> Self {
        Self::alone(format!("Basic realm=\"{realm}\", charset=\"UTF-8\""))
    }

    /// No standard names a scheme for keys, but a 401 has to have a challenge.
    pub(super) fn api_key(realm: &str, header: &HeaderName) -> Self {
        Self::alone(format!("ApiKey realm=\"{realm}\", header=\"{header}\""))
    }

    fn alone(text: String) -> Self {
        let value = value(text);
        Self {
            usual: value.clone(),
            after_invalid: value,
        }
    }

    pub(super) fn value(&self, is_after_invalid: bool) -> HeaderValue {
        if is_after_invalid {
            self.after_invalid.clone()
        } else {
            self.usual.clone()
        }
    }
}

/// Whether a text may stand between quotes as it is (RFC 9110, section 5.6.4).
pub(super) fn is_realm(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

fn value(text: String) -> HeaderValue {
    // The realm was looked at before, and the rest is written here.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Bearer"))
}
