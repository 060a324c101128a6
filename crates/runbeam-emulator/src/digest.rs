//! SHA-256, the only form in which opaque tokens are kept.

use ring::digest::{SHA256, digest};

/// A SHA-256 value.
///
/// Tokens are found by looking their digest up, so that the time of a search says nothing about the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
}
