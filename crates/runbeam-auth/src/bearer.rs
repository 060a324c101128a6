//! Bearer tokens (RFC 6750): where they stand, and what kind they are.

use runbeam_model::Secret;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::jws::MAX_TOKEN_BYTES;
use crate::{Error, Rejection, base64url, json};

/// A bearer token, told by its shape. Only a JWT can be verified here; the cloud decides about the others, to
/// which they are passed on untouched.
///
/// ```
/// use runbeam_auth::{BearerToken, TokenKind};
///
/// let token = BearerToken::from_header("Bearer 12|p0LmXw3rT8")?;
/// assert_eq!(token.kind(), TokenKind::Sanctum);
/// # Ok::<_, runbeam_auth::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BearerToken {
    kind: TokenKind,
    secret: Secret,
}

/// The kinds of bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// A signed JSON Web Token (RFC 7519): three parts, the first an object with an `alg`.
    Jwt,
    /// A Laravel Sanctum token: a decimal id, a bar, a secret.
    Sanctum,
    /// An opaque token that the cloud knows: everything else.
    Machine,
}

impl BearerToken {
    /// Reads the value of an `Authorization` header.
    ///
    /// # Errors
    ///
    /// As [`extract_bearer_token`].
    pub fn from_header(value: &str) -> Result<Self, Error> {
        extract_bearer_token(value).and_then(Self::parse)
    }

    /// Reads a token that stands alone.
    ///
    /// # Errors
    ///
    /// If it is empty, larger than 16 KiB, or holds anything but visible ASCII.
    pub fn parse(token: &str) -> Result<Self, Error> {
        check(token)?;
        Ok(Self {
            kind: kind_of(token),
            secret: token.into(),
        })
    }

    /// Which kind it is, by its shape.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// Whether it is a Sanctum token whose last eight characters are not the checksum of the forty before them,
    /// as Laravel writes them: most likely it was not copied whole. Advice only; the cloud decides, and a token
    /// without a checksum is never said to be mistyped.
    #[must_use]
    pub fn looks_mistyped(&self) -> bool {
        const ENTROPY: usize = 40;
        const CHECKSUM: usize = 8;
        let token = self.secret.expose();
        let Some((_, secret)) = token
            .split_once('|')
            .filter(|_| self.kind == TokenKind::Sanctum)
        else {
            return false;
        };
        // A prefix of the application's own may stand before both.
        let Some(start) = secret.len().checked_sub(ENTROPY + CHECKSUM) else {
            return false;
        };
        let (entropy, checksum) = secret.as_bytes()[start..].split_at(ENTROPY);
        let is_checksum = checksum
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_checksum && format!("{:08x}", crc32(entropy)).as_bytes() != checksum
    }

    /// The token itself.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The token itself.
    #[must_use]
    pub fn into_secret(self) -> Secret {
        self.secret
    }
}

/// The token in the value of an `Authorization` header: `Bearer`, in any case, and after spaces the token
/// (RFC 6750, section 2.1; RFC 9110, section 11.4).
///
/// # Errors
///
/// If the scheme is another one, or what follows it is empty, larger than 16 KiB, or holds anything but visible
/// ASCII.
pub fn extract_bearer_token(value: &str) -> Result<&str, Error> {
    let malformed = || {
        Error::rejected(
            Rejection::Malformed,
            "the Authorization header is not `Bearer` and a token",
        )
    };
    let (scheme, rest) = value.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(malformed());
    }
    let token = rest.trim_matches(' ');
    check(token)?;
    Ok(token)
}

fn check(token: &str) -> Result<(), Error> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Error::rejected(
            Rejection::TooLarge,
            "it is larger than 16 KiB",
        ));
    }
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::rejected(
            Rejection::Malformed,
            "it is empty or holds more than visible ASCII",
        ));
    }
    Ok(())
}

fn kind_of(token: &str) -> TokenKind {
    if let Some((id, _)) = token.split_once('|')
        && !id.is_empty()
        && id.bytes().all(|byte| byte.is_ascii_digit())
    {
        return TokenKind::Sanctum;
    }
    let mut parts = token.split('.');
    let header = parts.next().and_then(base64url::decode);
    let has_algorithm = || {
        header
            .and_then(|header| json::read(&header).ok())
            .is_some_and(|Header { alg }| alg.is_some())
    };
    if parts.count() == 2 && has_algorithm() {
        return TokenKind::Jwt;
    }
    TokenKind::Machine
}

/// What makes a first part the header of a JWT.
#[derive(Deserialize)]
struct Header {
    #[serde(default, deserialize_with = "json::present")]
    alg: Option<IgnoredAny>,
}

/// The checksum of ISO 3309, which PHP calls `crc32b`.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 1 {
            crc >> 1 ^ 0xedb8_8320
        } else {
            crc >> 1
        }
    };
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_shape() {
        let check = |token: &str, kind| {
            assert_eq!(BearerToken::parse(token).unwrap().kind(), kind, "{token}")
        };
        check("eyJhbGciOiJSUzI1NiJ9.e30.c2ln", TokenKind::Jwt);
        check("eyJhbGciOiJub25lIn0.e30.", TokenKind::Jwt);
        check("12|p0LmXw3rT8", TokenKind::Sanctum);
        check("12|a.b.c", TokenKind::Sanctum);
        check("|abc", TokenKind::Machine);
        check("mt_fe7f7ccc3fc17be1", TokenKind::Machine);
        check("gw_token_x|y", TokenKind::Machine);
        check("a.b.c", TokenKind::Machine);
        check("e30.e30.c2ln", TokenKind::Machine);
        check("eyJhbGciOiJSUzI1NiJ9.e30", TokenKind::Machine);
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_nothing_else_is() {
        for header in ["Bearer 1|t", "bearer 1|t", "BEARER   1|t", "Bearer 1|t "] {
            assert_eq!(extract_bearer_token(header).unwrap(), "1|t", "{header:?}");
        }
        let long = format!("Bearer {}", "x".repeat(16_385));
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer\t1|t",
            "Basic 1|t",
            "Bearer1|t",
            "1|t",
            "Bearer a b",
            "Bearer a\r\nb",
            "Bearer \u{e4}",
            &long,
        ] {
            let error = extract_bearer_token(header).unwrap_err();
            assert!(
                error.rejection().is_some() && !error.to_string().contains("1|t"),
                "{header:?}: {error}"
            );
        }
    }

    #[test]
    fn a_sanctum_token_that_was_not_copied_whole_is_noticed() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let entropy = "p0LmXw3rT8aZ5kQv9yBn2cJd7fGh4sRe6tUi1oPx";
        let checksum = format!("{:08x}", crc32(entropy.as_bytes()));
        let check = |secret: &str, expected| {
            let token = BearerToken::parse(&format!("12|{secret}")).unwrap();
            assert_eq!(token.looks_mistyped(), expected, "{secret}");
        };
        check(&format!("{entropy}{checksum}"), false);
        check(&format!("prefix_{entropy}{checksum}"), false);
        check(&format!("{}{checksum}", entropy.replace('p', "q")), true);
        // Without a checksum nothing can be said.
        check(entropy, false);
        check("p0LmXw3rT8", false);
        check(&format!("{entropy}ABCDEFGH"), false);
        assert!(
            !BearerToken::parse(&format!("mt_{entropy}{checksum}"))
                .unwrap()
                .looks_mistyped()
        );
    }

    #[test]
    fn debug_shows_the_kind_alone() {
        let shown = format!("{:?}", BearerToken::parse("12|canary").unwrap());
        assert_eq!(
            shown,
            "BearerToken { kind: Sanctum, secret: Secret([redacted]) }"
        );
    }
}
