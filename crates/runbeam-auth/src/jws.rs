//! A signed text in compact form (RFC 7515, section 7.1), read before anything in it is believed.

mod header;

use std::fmt;

pub(crate) use self::header::{Algorithm, Header, KnownHeader};

use crate::shared_secret::SharedSecret;
use crate::token_cache::Voucher;
use crate::{Error, JwkSet, Rejection, base64url};

pub(crate) const MAX_TOKEN_BYTES: usize = 16 << 10;

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
    header: Header,
    /// The header as it stands in the token, if it is not known.
    new_header: Option<&'a str>,
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
        let is_allowed = |algorithm| algorithm == Algorithm::Rs256;
        Unsigned::parse(token, is_allowed, &KnownHeader::default())?.into_jws()
    }

    /// The key that it names.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.text.header.key_id.as_deref()
    }

    /// Its header, if it is not known: to be remembered once the signature is found good.
    pub(crate) fn new_header(&self) -> Option<(&'a str, Header)> {
        let text = self.text.new_header?;
        Some((text, self.text.header.clone()))
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
    /// Reads the header and the payload of `token`, for the algorithms that the policy allows. A header that is
    /// `known` was read before, by the same policy.
    pub(crate) fn parse(
        token: &'a str,
        is_allowed: impl Fn(Algorithm) -> bool,
        known: &KnownHeader,
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
        let signed = &token[..header.len() + 1 + payload.len()];
        let (header, new_header) = match known.find(header) {
            Some(known) => (known, None),
            None => (Header::parse(header, is_allowed)?, Some(header)),
        };
        Ok(Self {
            signed,
            payload: decode(payload)?,
            signature,
            header,
            new_header,
        })
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.header.algorithm
    }

    /// Whether its payload is a token itself, by its header.
    pub(crate) fn is_nesting(&self) -> bool {
        self.header.is_nesting
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

fn decode(part: &str) -> Result<Vec<u8>, Error> {
    base64url::decode(part).ok_or_else(|| malformed("a part of it is not canonical base64url"))
}

fn malformed(problem: &'static str) -> Error {
    Error::rejected(Rejection::Malformed, problem)
}

impl fmt::Debug for Jws<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jws")
            .field("bytes", &self.text.signed.len())
            .finish_non_exhaustive()
    }
}
