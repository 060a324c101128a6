//! The revision of a stored secret: opaque, and equal only for equal states.

use std::fmt;

use runbeam_model::SecretBytes;
use sha2::{Digest, Sha256};

use crate::generation::Generation;

/// Which state of an entry was seen. Two revisions are equal if and only if they are of one save.
///
/// It stays the same when the state is sealed with another key or moves to another backend. (What others wrote without a
/// number of the save, such as the `age` program, has a revision by its content alone.)
///
/// Its `Debug` shows nothing: the digest of a weak secret would let it be guessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision([u8; 32]);

impl Revision {
    /// For whoever writes a store: the revision of a state that `bytes` tell from all others, such as its number in
    /// a database.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub(crate) fn of_state(generation: Generation, value: &SecretBytes) -> Self {
        let digest = Sha256::new()
            .chain_update(generation.to_be_bytes())
            .chain_update(value.expose());
        Self(digest.finalize().into())
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revision(..)")
    }
}
