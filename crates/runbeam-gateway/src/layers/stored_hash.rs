//! Passwords and keys as they are kept: only by their hash.

use std::fmt;

use bcrypt::HashParts;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::BuildError;

/// What bcrypt reads of a password. It would ignore the rest, so that a longer one is never good.
pub(super) const MAX_BCRYPT_BYTES: usize = 72;

/// With each step the time doubles. The highest that is allowed takes some four seconds; 31 takes a day.
const MAX_COST: u32 = 16;
const MIN_COST: u32 = 4;

/// The hash of a password or of an API key. `Debug` shows its kind alone.
///
/// | form | what |
/// |---|---|
/// | `$2a$`, `$2b$`, `$2y$` and 56 characters more | bcrypt, with a cost from 4 to 16 |
/// | 64 hexadecimal digits, with or without `sha256:` before them | SHA-256 (FIPS 180-4), for keys that nobody can guess |
///
/// ```
/// # use runbeam_gateway::layers::StoredHash;
/// let hash = StoredHash::parse("$2b$04$7T2KuY/nGU0JOtneBfdffe7DJMvJrlJZurASznYsPt6nq7pOAIq3y")?;
/// assert!(hash.matches("pä:ss".as_bytes()));
/// # Ok::<_, runbeam_gateway::BuildError>(())
/// ```
#[derive(Clone)]
pub struct StoredHash(Kind);

#[derive(Clone)]
pub(super) enum Kind {
    Sha256(Sha256Digest),
    Bcrypt(BcryptHash),
}

/// A hash by bcrypt that is known to be one.
#[derive(Clone)]
pub(super) struct BcryptHash {
    text: String,
    cost: u32,
}

/// Compared in the same time wherever two differ.
#[derive(Clone, Copy)]
pub(super) struct Sha256Digest([u8; 32]);

impl StoredHash {
    /// Reads a hash.
    ///
    /// # Errors
    ///
    /// If it has none of the forms above. The error does not tell what it has.
    pub fn parse(text: &str) -> Result<Self, BuildError> {
        if text.starts_with('$') {
            return BcryptHash::parse(text).map(|hash| Self(Kind::Bcrypt(hash)));
        }
        Sha256Digest::parse(text.strip_prefix("sha256:").unwrap_or(text))
            .map(|digest| Self(Kind::Sha256(digest)))
            .ok_or_else(|| {
                BuildError::new(
                    "it is neither a hash by bcrypt (`$2b$…`, 60 characters: `htpasswd -nB USER`) \
                     nor one by SHA-256 (64 hexadecimal digits: `printf %s KEY | sha256sum`)",
                )
            })
    }

    /// Whether it is the hash of `secret`. A hash by bcrypt takes the time that its cost says, and blocks.
    #[must_use]
    pub fn matches(&self, secret: &[u8]) -> bool {
        match &self.0 {
            Kind::Sha256(digest) => digest.is(&Sha256Digest::of(secret)).into(),
            Kind::Bcrypt(hash) => hash.matches(secret),
        }
    }

    pub(super) fn into_kind(self) -> Kind {
        self.0
    }
}

impl BcryptHash {
    fn parse(text: &str) -> Result<Self, BuildError> {
        let bytes = text.as_bytes();
        let is_known = matches!(bytes, [b'$', b'2', b'a' | b'b' | b'y', b'$', ..]);
        if !is_known {
            return Err(BuildError::new(
                "it is a hash of a kind that is not supported: use bcrypt, `$2a$`, `$2b$` or `$2y$`",
            ));
        }
        let malformed = || {
            BuildError::new(
                "it is no hash by bcrypt: that has 60 characters, `$2b$`, two digits of cost, `$`, and 53 of `./A-Za-z0-9`",
            )
        };
        // The parser takes a sign for a digit, too.
        let has_cost = matches!(bytes, [_, _, _, _, tens, ones, b'$', ..]
            if tens.is_ascii_digit() && ones.is_ascii_digit());
        let parts: HashParts = text.parse().map_err(|_| malformed())?;
        if !has_cost {
            return Err(malformed());
        }
        match parts.get_cost() {
            cost @ MIN_COST..=MAX_COST => Ok(Self {
                text: text.to_owned(),
                cost,
            }),
            cost => Err(BuildError::new(format!(
                "its cost is {cost}, and {MIN_COST} to {MAX_COST} are allowed: 12 is usual, and each more doubles the time"
            ))),
        }
    }

    pub(super) fn cost(&self) -> u32 {
        self.cost
    }

    pub(super) fn matches(&self, secret: &[u8]) -> bool {
        // A NUL ends the password for some implementations, and for others not.
        let is_usable = secret.len() <= MAX_BCRYPT_BYTES && !secret.contains(&0);
        is_usable && bcrypt::verify(secret, &self.text).unwrap_or(false)
    }
}

impl Sha256Digest {
    pub(super) fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, digits) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = digits else { return None };
            let digit = |digit: &u8| char::from(*digit).to_digit(16);
            *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
        }
        Some(Self(digest))
    }

    pub(super) fn is(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Sha256(digest) => fmt::Debug::fmt(digest, f),
            Kind::Bcrypt(hash) => fmt::Debug::fmt(hash, f),
        }
    }
}

impl fmt::Debug for BcryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bcrypt(cost {})", self.cost)
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `key`.
    const SHA256: &str = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683";

    #[test]
    fn a_digest_is_read_with_and_without_its_prefix() {
        for text in [
            SHA256.to_owned(),
            format!("sha256:{SHA256}"),
            SHA256.to_ascii_uppercase(),
        ] {
            let hash = StoredHash::parse(&text).unwrap();
            assert!(hash.matches(b"key"));
            assert!(!hash.matches(b"Key"));
            assert!(!hash.matches(text.as_bytes()));
        }
    }

    #[test]
    fn what_is_no_hash_is_refused_without_showing_it() {
        for text in [
            "",
            "canary",
            &SHA256[1..],
            &format!("{SHA256}0"),
            &format!("sha256:sha256:{SHA256}"),
            &SHA256.replace('2', "canary"),
            &SHA256.replace('2', "+"),
            "é".repeat(32).as_str(),
            "$2x$04$7T2KuY/nGU0JOtneBfdffe7DJMvJrlJZurASznYsPt6nq7pOAIq3y",
            "$argon2id$v=19$canary",
        ] {
            let error = StoredHash::parse(text).unwrap_err();
            assert!(!format!("{error:?} {error}").contains("canary"), "{error}");
        }
    }
}
