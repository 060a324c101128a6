//! The revision of a stored secret: opaque, and equal only for equal states.

use std::fmt;

use sha2::{Digest, Sha256};

/// Which state of an entry was seen. Two revisions are equal if and only if what is stored was the same.
///
/// Its `Debug` shows nothing: the digest of a weak secret would let it be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision([u8; 32]);

impl Revision {
    pub(crate) fn of(stored: &[u8]) -> Self {
        Self(Sha256::digest(stored).into())
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revision(..)")
    }
}
