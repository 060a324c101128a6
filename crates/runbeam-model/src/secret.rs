//! The one type of a secret text, and of secret bytes.

use std::fmt;
use std::io;

use bytes::Bytes;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::error::Category;
use zeroize::optimization_barrier;

use crate::ParseError;
use crate::lenient::Lenient;

/// A token, key or password.
///
/// It is redacted in `Debug`, zeroized on drop, and neither displayed nor serialized: whoever needs its text
/// says so with [`Secret::expose`]. Comparison takes the same time wherever two secrets of one length differ.
///
/// ```
/// # use runbeam_model::Secret;
/// let secret = Secret::from("12|p0LmXw3rT8");
/// assert_eq!(format!("{secret:?}"), "Secret([redacted])");
/// assert_eq!(secret.expose(), "12|p0LmXw3rT8");
/// ```
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Secret {
    /// The text itself. Never pass it to a log, an error or a command line.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Serializes the text itself: for `#[serde(serialize_with = "Secret::serialize_exposed")]` on a field
    /// that is sent to the server or sealed in a store.
    ///
    /// # Errors
    ///
    /// Only those of the serializer.
    pub fn serialize_exposed<S: Serializer>(
        secret: &Self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    /// The value of an `Authorization` header, `Bearer …` (RFC 6750, section 2.1), marked as sensitive.
    ///
    /// # Errors
    ///
    /// If the secret is empty or holds anything but visible ASCII: no token does, and a line break would
    /// forge a header.
    pub fn to_bearer_header(&self) -> Result<HeaderValue, ParseError> {
        let text = self.expose();
        if text.is_empty() {
            return Err(ParseError::new("token", "it is empty"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ParseError::new(
                "token",
                "it holds a space, a control character or a character outside ASCII",
            ));
        }
        let mut value = SecretBytes::with_capacity("Bearer ".len() + text.len());
        value.extend_from_slice(b"Bearer ");
        value.extend_from_slice(text.as_bytes());
        let mut value = HeaderValue::from_maybe_shared(value.into_bytes())
            .map_err(|_| ParseError::new("token", "it cannot stand in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        equal_in_constant_time(self.expose().as_bytes(), other.expose().as_bytes())
    }
}

impl Eq for Secret {}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Secret {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&Self> for Secret {
    fn from(secret: &Self) -> Self {
        secret.clone()
    }
}

impl Lenient for Secret {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

/// Secret bytes: what is sealed in a store or sent as a body. Redacted in `Debug`, zeroized on drop.
#[derive(Clone, Default)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// No bytes yet, and room for `capacity` of them.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// The JSON text of `value`, indented by two spaces. No copy stays behind while it grows.
    ///
    /// # Errors
    ///
    /// If `value` has no JSON form, such as a map whose keys are not strings.
    pub fn from_json_pretty(value: &impl Serialize) -> Result<Self, ParseError> {
        let mut bytes = Self::with_capacity(512);
        serde_json::to_writer_pretty(&mut bytes, value)
            .map_err(|_| ParseError::new("value", "it has no JSON form"))?;
        Ok(bytes)
    }

    /// The compact JSON text of `value`. No copy stays behind while it grows.
    ///
    /// # Errors
    ///
    /// If `value` has no JSON form, such as a map whose keys are not strings.
    pub fn from_json(value: &impl Serialize) -> Result<Self, ParseError> {
        let mut bytes = Self::with_capacity(512);
        serde_json::to_writer(&mut bytes, value)
            .map_err(|_| ParseError::new("value", "it has no JSON form"))?;
        Ok(bytes)
    }

    /// Reads the bytes as the JSON of a `T` (RFC 8259).
    ///
    /// ```
    /// # use runbeam_model::SecretBytes;
    /// let bytes = SecretBytes::from_json(&[1, 2])?;
    /// assert_eq!(bytes.parse_json::<Vec<u8>>()?, [1, 2]);
    /// # Ok::<_, runbeam_model::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If they are not. The error tells the line and the column, and nothing of what stands there.
    pub fn parse_json<T: DeserializeOwned>(&self) -> Result<T, ParseError> {
        serde_json::from_slice(&self.0).map_err(|error| {
            let problem = match error.classify() {
                Category::Data => "the JSON has another form",
                _ => "it is not JSON",
            };
            let (line, column) = (error.line(), error.column());
            ParseError::new("value", format!("{problem} (line {line}, column {column})"))
        })
    }

    /// Appends `more`. Growing moves to a new buffer and zeroizes the old one.
    pub fn extend_from_slice(&mut self, more: &[u8]) {
        let needed = self.0.len() + more.len();
        if needed > self.0.capacity() {
            let mut grown = Vec::with_capacity(needed.max(self.0.capacity() * 2));
            grown.extend_from_slice(&self.0);
            wipe(&mut self.0);
            self.0 = grown;
        }
        self.0.extend_from_slice(more);
    }

    /// The bytes themselves. Never pass them to a log, an error or a command line.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Shares the bytes without a copy. They are zeroized when the last share is dropped.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

/// Overwrites all of `bytes`, and the room behind them, with zeros. This is what zeroize does, but not byte by byte:
/// of a body of 16 KiB, that would take longer than everything else that is done to it here.
fn wipe(bytes: &mut Vec<u8>) {
    bytes.fill(0);
    bytes.resize(bytes.capacity(), 0);
    optimization_barrier(bytes.as_slice());
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl AsRef<[u8]> for SecretBytes {
    fn as_ref(&self) -> &[u8] {
        self.expose()
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl io::Write for SecretBytes {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        equal_in_constant_time(self.expose(), other.expose())
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes([redacted; {} bytes])", self.len())
    }
}

fn equal_in_constant_time(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let difference = left
        .iter()
        .zip(right)
        .fold(0u8, |difference, (left, right)| {
            std::hint::black_box(difference | (left ^ right))
        });
    difference == 0
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn nothing_but_expose_shows_a_secret() {
        let secret = Secret::from("canary-5d1f");
        let bytes = SecretBytes::from(b"canary-5d1f".to_vec());
        let header = secret.to_bearer_header().unwrap();
        let shown = format!("{secret:?} {bytes:?} {header:?} {:?}", Some(&secret));
        assert!(!shown.contains("canary"), "{shown}");
        assert_eq!(header.as_bytes(), b"Bearer canary-5d1f");
    }

    #[test]
    fn a_token_that_would_forge_a_header_is_refused() {
        for text in ["", "a\r\nHost: evil", "a\0", "a b", "tökén", "a\u{7f}"] {
            let error = Secret::from(text).to_bearer_header().unwrap_err();
            assert!(
                text.is_empty() || !error.to_string().contains(text),
                "{error}"
            );
        }
    }

    #[test]
    fn bytes_grow_without_losing_any() {
        let mut bytes = SecretBytes::with_capacity(1);
        for part in 0..=255u8 {
            bytes.write_all(&[part; 3]).unwrap();
        }
        let expected: Vec<u8> = (0..=255u8).flat_map(|part| [part; 3]).collect();
        assert_eq!(bytes.expose(), expected);
        assert_eq!(bytes.into_bytes(), expected);
    }

    #[test]
    fn what_is_not_of_the_form_is_told_by_its_place_alone() {
        for (json, problem) in [
            ("\"canary\"", "another form (line 1, column 8)"),
            ("[\n\"canary\"]", "another form (line 2, column 8)"),
            ("{\"canary\"", "another form"),
            ("canary", "not JSON"),
            ("[1] canary", "not JSON"),
        ] {
            let bytes = SecretBytes::from(json.as_bytes().to_vec());
            let error = bytes.parse_json::<Vec<u8>>().unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(problem), "{shown}");
            assert!(!shown.contains("canary"), "{shown}");
        }
    }

    #[test]
    fn equality_is_that_of_the_text() {
        assert_eq!(Secret::from("abc"), Secret::from("abc"));
        assert_ne!(Secret::from("abc"), Secret::from("abd"));
        assert_ne!(Secret::from("abc"), Secret::from("abcd"));
        assert_ne!(Secret::from(""), Secret::from("a"));
    }
}
