//! A signed text in compact form (RFC 7515, section 7.1), read before anything in it is believed.

use std::fmt;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::json::{self, Problem, Text};
use crate::shared_secret::SharedSecret;
use crate::token_cache::Voucher;
use crate::{Error, JwkSet, Rejection, base64url};

pub(crate) const MAX_TOKEN_BYTES: usize = 16 << 10;
const MAX_HEADER_BYTES: usize = 8 << 10;

/// The algorithms that are implemented (RFC 7518, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// A signature of RSA, which the issuer alone can make.
    Rs256,
    /// A MAC with a secret that the issuer shares.
    Hs256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }
}

/// A signed text in compact form whose header allows RS256, and whose signature is not checked yet.
///
/// This is the level below claims: whoever wants to trust a token takes a [`Verifier`](crate::Verifier).
pub struct Jws<'a> {
    text: Unsigned<'a>,
    signature: Vec<u8>,
}

/// A signed text whose signature is not even read yet: enough to find out whose keys to ask, and whether to.
pub(crate) struct Unsigned<'a> {
    signed: &'a str,
    payload: Vec<u8>,
    signature: &'a str,
    algorithm: Algorithm,
    key_id: Option<String>,
    is_nesting: bool,
}

impl<'a> Jws<'a> {
    /// Reads the three parts of `token`, and its header.
    ///
    /// Keys and addresses of keys in the header (`jwk`, `jku`, `x5u`, `x5c`) are never used.
    ///
    /// # Errors
    ///
    /// If it is too large, not in the one allowed spelling, not for RS256, or asks for an extension.
    pub fn parse(token: &'a str) -> Result<Self, Error> {
        Unsigned::parse(token, |algorithm| algorithm == Algorithm::Rs256)?.into_jws()
    }

    /// The key that it names.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.text.key_id.as_deref()
    }

    /// Checks the signature with the key of `keys` that it names, and gives out the payload.
    ///
    /// # Errors
    ///
    /// If the key is not there or not usable, or if the signature is not by it.
    pub fn verify(self, keys: &JwkSet) -> Result<Vec<u8>, Error> {
        let (payload, _) = self.verify_with_keys(keys)?;
        Ok(payload)
    }

    /// Like [`Jws::verify`], and says whose signature it is.
    pub(crate) fn verify_with_keys(self, keys: &JwkSet) -> Result<(Vec<u8>, Voucher), Error> {
        let key = keys.find(self.key_id())?;
        let payload = self.verify_by(|message, signature| key.verifies(message, signature))?;
        Ok((payload, Voucher::Key(key.clone())))
    }

    /// Checks the signature with the secret that the issuer shares, and gives out the payload.
    pub(crate) fn verify_with_secret(
        self,
        secret: &SharedSecret,
    ) -> Result<(Vec<u8>, Voucher), Error> {
        let payload = self.verify_by(|message, signature| secret.verifies(message, signature))?;
        Ok((payload, Voucher::SharedSecret))
    }

    fn verify_by(self, is_signed: impl FnOnce(&[u8], &[u8]) -> bool) -> Result<Vec<u8>, Error> {
        if is_signed(self.text.signed.as_bytes(), &self.signature) {
            return Ok(self.text.payload);
        }
        Err(Error::rejected(
            Rejection::Signature,
            "its signature is not by the issuer's key",
        ))
    }
}

impl<'a> Unsigned<'a> {
    /// Reads the header and the payload of `token`, for the algorithms that the policy allows.
    pub(crate) fn parse(
        token: &'a str,
        is_allowed: impl Fn(Algorithm) -> bool,
    ) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::rejected(
                Rejection::TooLarge,
                "it is larger than 16 KiB",
            ));
        }
        // A dot too many is in what would be the payload, where base64url has none.
        let (header, (payload, signature)) = token
            .split_once('.')
            .and_then(|(header, rest)| Some((header, rest.rsplit_once('.')?)))
            .ok_or_else(|| malformed("it does not have three parts"))?;
        let header_json = decode(header)?;
        if header_json.len() > MAX_HEADER_BYTES {
            return Err(Error::rejected(
                Rejection::TooLarge,
                "its header is larger than 8 KiB",
            ));
        }
        let (algorithm, key_id, is_nesting) = read_header(&header_json, is_allowed)?;
        Ok(Self {
            signed: &token[..header.len() + 1 + payload.len()],
            payload: decode(payload)?,
            signature,
            algorithm,
            key_id,
            is_nesting,
        })
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether its payload is a token itself, by its header.
    pub(crate) fn is_nesting(&self) -> bool {
        self.is_nesting
    }

    /// The payload, not verified: to find out whose keys to ask.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Reads the signature, too.
    pub(crate) fn into_jws(self) -> Result<Jws<'a>, Error> {
        Ok(Jws {
            signature: decode(self.signature)?,
            text: self,
        })
    }
}

/// What is looked at in a header. Keys and addresses of keys in it are passed over.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow, default, deserialize_with = "json::present")]
    alg: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    kid: Option<Text<'a>>,
    #[serde(default, deserialize_with = "json::present")]
    crit: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "json::present")]
    b64: Option<bool>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    cty: Option<&'a RawValue>,
}

impl Header<'_> {
    /// Whether it says that its payload is a token itself (RFC 7519, section 5.2).
    fn is_of_nested_token(&self) -> bool {
        let content_type: Option<Text<'_>> = self
            .cty
            .and_then(|content_type| json::read(content_type.get().as_bytes()).ok());
        content_type.is_some_and(|Text(content_type)| {
            let names = ["JWT", "application/jwt"];
            names
                .iter()
                .any(|name| content_type.eq_ignore_ascii_case(name))
        })
    }
}

/// The algorithm and the key id of a header that asks for nothing else, and whether the payload is a token itself.
fn read_header(
    header: &[u8],
    is_allowed: impl Fn(Algorithm) -> bool,
) -> Result<(Algorithm, Option<String>, bool), Error> {
    let header: Header<'_> = json::read(header).map_err(|problem| match problem {
        Problem::Member(member) if member == "alg" => other_algorithm(),
        Problem::Member(member) if member == "b64" => extension(),
        Problem::Member(_) => malformed("its key id is not a text"),
        Problem::Malformed | Problem::Type => {
            malformed("its header is not a JSON object in which every name stands once")
        }
    })?;
    let named = header.alg.as_ref().map(|Text(name)| &**name);
    let algorithm = [Algorithm::Rs256, Algorithm::Hs256]
        .into_iter()
        .find(|algorithm| Some(algorithm.name()) == named && is_allowed(*algorithm))
        .ok_or_else(other_algorithm)?;
    // No extension is implemented; `b64` (RFC 7797) would change what is signed.
    if header.crit.is_some() || header.b64 == Some(false) {
        return Err(extension());
    }
    let is_nesting = header.is_of_nested_token();
    let key_id = header.kid.map(|Text(key_id)| key_id.into_owned());
    Ok((algorithm, key_id, is_nesting))
}

fn decode(part: &str) -> Result<Vec<u8>, Error> {
    base64url::decode(part).ok_or_else(|| malformed("a part of it is not canonical base64url"))
}

fn malformed(problem: &'static str) -> Error {
    Error::rejected(Rejection::Malformed, problem)
}

fn other_algorithm() -> Error {
    Error::rejected(
        Rejection::Algorithm,
        "its algorithm is not the one that is trusted",
    )
}

fn extension() -> Error {
    Error::rejected(Rejection::Critical, "its header asks for an extension")
}

impl fmt::Debug for Jws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jws")
            .field("bytes", &self.text.signed.len())
            .finish_non_exhaustive()
    }
}
