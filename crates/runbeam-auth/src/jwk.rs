//! Keys (RFC 7517, RFC 7518 section 6.3): which of a set can verify RS256.

mod pem;
mod roca;
mod rsa_arithmetic;
mod rsa_key;

use std::sync::Arc;

use runbeam_model::ParseError;
use serde_json::{Map, Value};

pub(crate) use self::rsa_key::RsaKey;

use crate::{Error, Rejection, base64url, json};

const MAX_SET_BYTES: usize = 1 << 20;
const MAX_KEYS: usize = 512;

/// A set of keys (RFC 7517, section 5), of which those that can verify RS256 are kept.
///
/// Keys of other kinds, for other uses, or broken ones do not disturb the good ones beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwkSet {
    keys: Vec<Entry>,
    /// Whether the one key serves every token, whatever key it names.
    is_one_for_all: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    key_id: Option<String>,
    /// `None` for a key of RSA that is there, but may not or cannot verify RS256.
    key: Option<Arc<RsaKey>>,
}

impl JwkSet {
    /// Reads a key set document, or a single key.
    ///
    /// # Errors
    ///
    /// If it is larger than 1 MiB, has more than 512 keys, is not a JSON object with a list `keys` (or a key
    /// itself), or if two usable keys in it have one key id.
    pub fn parse(document: &[u8]) -> Result<Self, ParseError> {
        let unusable = |problem| ParseError::new("key set", problem);
        if document.len() > MAX_SET_BYTES {
            return Err(unusable("it is larger than 1 MiB"));
        }
        let object = json::object(document)
            .ok_or_else(|| unusable("it is not a JSON object in which every name stands once"))?;
        let jwks = match object.get("keys") {
            Some(Value::Array(keys)) if keys.len() > MAX_KEYS => {
                return Err(unusable("it has more than 512 keys"));
            }
            Some(Value::Array(keys)) => keys.iter().filter_map(Value::as_object).collect(),
            Some(_) => return Err(unusable("it has no list of keys")),
            None if object.contains_key("kty") => vec![&object],
            None => return Err(unusable("it has no list of keys")),
        };
        let keys: Vec<_> = jwks.into_iter().filter_map(Entry::from_jwk).collect();
        let usable = || keys.iter().filter(|entry| entry.key.is_some());
        for (index, entry) in usable().enumerate() {
            if entry.key_id.is_some()
                && usable()
                    .skip(index + 1)
                    .any(|other| other.key_id == entry.key_id)
            {
                return Err(unusable("it has two keys of one key id"));
            }
        }
        Ok(Self {
            keys,
            is_one_for_all: false,
        })
    }

    /// A set of one key in PEM (RFC 7468), `PUBLIC KEY` or `RSA PUBLIC KEY`. It has no key id: it serves tokens
    /// that name any key, or none.
    ///
    /// # Errors
    ///
    /// If the text is not one such key and nothing else, or if the key has fewer than 2048 or more than 8192 bits
    /// or an unsound exponent.
    pub fn from_pem(text: &str) -> Result<Self, ParseError> {
        let (modulus, exponent) = pem::rsa_numbers(text)?;
        let key = RsaKey::from_numbers(&modulus, &exponent)
            .ok_or_else(|| ParseError::new("public key", "it has an unsound size or exponent"))?;
        let entry = Entry {
            key_id: None,
            key: Some(Arc::new(key)),
        };
        Ok(Self {
            keys: vec![entry],
            is_one_for_all: true,
        })
    }

    /// How many keys in it can verify RS256.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.iter().filter(|entry| entry.key.is_some()).count()
    }

    /// Whether no key in it can verify RS256.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key that a token names. A token that names none gets the only key there is.
    pub(crate) fn find(&self, key_id: Option<&str>) -> Result<&Arc<RsaKey>, Error> {
        let usable = || {
            self.keys
                .iter()
                .filter_map(|entry| entry.key.as_ref().map(|key| (&entry.key_id, key)))
        };
        let Some(key_id) = key_id.filter(|_| !self.is_one_for_all) else {
            let mut keys = usable();
            return match (keys.next(), keys.next()) {
                (Some((_, key)), None) => Ok(key),
                (None, _) => Err(Error::rejected(
                    Rejection::UnusableKey,
                    "the key set has no key for RS256",
                )),
                _ => Err(Error::rejected(
                    Rejection::UnknownKey,
                    "it names no key, and there are several",
                )),
            };
        };
        if let Some((_, key)) = usable().find(|(id, _)| id.as_deref() == Some(key_id)) {
            return Ok(key);
        }
        let is_there = self
            .keys
            .iter()
            .any(|entry| entry.key_id.as_deref() == Some(key_id));
        Err(if is_there {
            Error::rejected(
                Rejection::UnusableKey,
                "its key may not or cannot verify RS256",
            )
        } else {
            Error::rejected(Rejection::UnknownKey, "its key is not among the issuer's")
        })
    }
}

impl JwkSet {
    /// Whether `key` is the one that a token which names `key_id` gets.
    pub(crate) fn has(&self, key_id: Option<&str>, key: &RsaKey) -> bool {
        self.find(key_id).is_ok_and(|found| **found == *key)
    }
}

impl Entry {
    /// A key of RSA; `None` for any other kind.
    fn from_jwk(jwk: &Map<String, Value>) -> Option<Self> {
        if jwk.get("kty")?.as_str()? != "RSA" {
            return None;
        }
        let key_id = match jwk.get("kid") {
            None => None,
            Some(id) => Some(id.as_str()?.to_owned()),
        };
        let key = may_verify_rs256(jwk)
            .then(|| rsa_key(jwk))
            .flatten()
            .map(Arc::new);
        Some(Self { key_id, key })
    }
}

/// The key of the numbers `n` and `e` (RFC 7518, section 6.3.1).
fn rsa_key(jwk: &Map<String, Value>) -> Option<RsaKey> {
    let number = |name| base64url::decode(jwk.get(name)?.as_str()?);
    RsaKey::from_numbers(&number("n")?, &number("e")?)
}

/// Whether `use`, `key_ops` and `alg`, where they are given, allow to verify RS256.
fn may_verify_rs256(jwk: &Map<String, Value>) -> bool {
    let is = |name, expected: &str| jwk.get(name).is_none_or(|value| value == expected);
    let may_verify = jwk.get("key_ops").is_none_or(|operations| {
        operations
            .as_array()
            .is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
    });
    is("use", "sig") && is("alg", "RS256") && may_verify
}

#[cfg(test)]
mod tests;
