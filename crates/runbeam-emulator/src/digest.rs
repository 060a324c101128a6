//! SHA-256, the only form in which opaque tokens are kept.

use ring::digest::{SHA256, digest};

/// A SHA-256 value.
///
/// Tokens are found by looking their digest up, so that the time of a search says nothing about the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// Hashes `bytes`.
    pub(crate) fn of(bytes: impl AsRef<[u8]>) -> Self {
        let mut value = [0; 32];
        value.copy_from_slice(digest(&SHA256, bytes.as_ref()).as_ref());
        Self(value)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    pub(crate) fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads what [`Digest::to_hex`] wrote.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut value = [0; 32];
        for (place, byte) in value.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
        }
        Some(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_and_read() {
        let digest = Digest::of("harbour");
        assert_eq!(digest.to_hex().len(), 64);
        assert_eq!(Digest::from_hex(&digest.to_hex()), Some(digest));
        assert_eq!(Digest::from_hex("ab"), None);
        assert_eq!(Digest::from_hex(&"g".repeat(64)), None);
    }
}
