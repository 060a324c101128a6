//! Keys (RFC 7517, RFC 7518 section 6.3): which of a set can verify RS256.

mod der;
mod pem;
mod roca;
mod rsa_arithmetic;
mod rsa_key;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use runbeam_model::ParseError;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

pub(crate) use self::rsa_key::RsaKey;

use crate::json::{self, Problem, Text};
use crate::{Error, Rejection, base64url};

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
        let set: Document<'_> = json::read(document).map_err(|problem| match problem {
            Problem::Member(_) => unusable("it has no list of up to 512 keys"),
            Problem::Malformed | Problem::Type => {
                unusable("it is not a JSON object in which every name stands once")
            }
        })?;
        let keys: Vec<_> = match (set.keys, set.kty) {
            // What is wrong with one key is no fault of its neighbours (RFC 7517, section 5).
            (Some(Jwks(keys)), _) => keys.into_iter().filter_map(Entry::from_json).collect(),
            (None, Some(_)) => Entry::read(document).into_iter().collect(),
            (None, None) => return Err(unusable("it has no list of keys")),
        };
        let mut key_ids = HashSet::new();
        let usable = keys.iter().filter(|entry| entry.key.is_some());
        let mut named = usable.filter_map(|entry| entry.key_id.as_deref());
        if !named.all(|key_id| key_ids.insert(key_id)) {
            return Err(unusable("it has two keys of one key id"));
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
    fn from_json(jwk: &RawValue) -> Option<Self> {
        Self::read(jwk.get().as_bytes())
    }

    /// A key of RSA; `None` for any other kind, and for what is no key at all.
    fn read(jwk: &[u8]) -> Option<Self> {
        let jwk: Jwk<'_> = json::read(jwk).ok()?;
        if text(jwk.kty?)? != "RSA" {
            return None;
        }
        let key_id = match jwk.kid {
            None => None,
            Some(key_id) => Some(text(key_id)?.into_owned()),
        };
        let key = jwk.rsa_key().map(Arc::new);
        Some(Self { key_id, key })
    }
}

/// A key set, or a single key.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default, deserialize_with = "json::present")]
    keys: Option<Jwks<'a>>,
    #[serde(default, deserialize_with = "json::present")]
    kty: Option<IgnoredAny>,
}

/// The texts of the keys of a set, no more of them than are allowed.
struct Jwks<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Jwks<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(JwksVisitor).map(Self)
    }
}

struct JwksVisitor;

impl<'de> Visitor<'de> for JwksVisitor {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of keys")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut jwks: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(jwk) = jwks.next_element()? {
            if all.len() == MAX_KEYS {
                return Err(A::Error::custom("more than 512 keys"));
            }
            all.push(jwk);
        }
        Ok(all)
    }
}

/// What is looked at in a key. A member of a wrong type makes the key unusable, and nothing else.
#[derive(Deserialize)]
struct Jwk<'a> {
    #[serde(borrow, default, deserialize_with = "json::present")]
    kty: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    kid: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "use", deserialize_with = "json::present")]
    public_use: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    alg: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    key_ops: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    n: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    e: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "json::present")]
    oth: Option<IgnoredAny>,
}

impl Jwk<'_> {
    /// The key of the numbers `n` and `e` (RFC 7518, section 6.3.1), if it may verify RS256 and can.
    fn rsa_key(&self) -> Option<RsaKey> {
        let is = |member: Option<&RawValue>, expected| {
            member.is_none_or(|it| text(it).is_some_and(|it| it == expected))
        };
        // Keys of more than two primes are not supported, and then must not be used (RFC 7518, section 6.3.2.7).
        let may_verify = is(self.public_use, "sig")
            && is(self.alg, "RS256")
            && self.key_ops.is_none_or(allow_to_verify)
            && self.oth.is_none();
        let number = |member| base64url::decode(&text(member)?);
        may_verify
            .then(|| RsaKey::from_numbers(&number(self.n?)?, &number(self.e?)?))
            .flatten()
    }
}

/// Whether `key_ops` is a list of different texts, with `verify` and nothing that is not for signatures (RFC 7517,
/// section 4.3). Operations that nobody has registered are no reason to refuse.
fn allow_to_verify(key_ops: &RawValue) -> bool {
    const OTHER_USES: [&str; 6] = [
        "encrypt",
        "decrypt",
        "wrapKey",
        "unwrapKey",
        "deriveKey",
        "deriveBits",
    ];
    let operations: Option<Vec<Text<'_>>> = json::read(key_ops.get().as_bytes()).ok();
    operations.is_some_and(|operations| {
        let mut seen = HashSet::new();
        let mut names = operations.iter().map(|Text(name)| &**name);
        names.all(|name| !OTHER_USES.contains(&name) && seen.insert(name))
            && seen.contains("verify")
    })
}

fn text(member: &RawValue) -> Option<Cow<'_, str>> {
    let Text(text) = json::read(member.get().as_bytes()).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests;
