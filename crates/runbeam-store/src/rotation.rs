//! What a rotation of the encryption key did.

/// What [`Store::rotate`](crate::Store::rotate) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rotation {
    /// How many entries were sealed anew.
    pub resealed: usize,
    /// How many entries were sealed with the first identity, and with no other one, already.
    pub current: usize,
    /// Whether the instance keeps secrets in the keyring. They have no key of ours, so there is nothing to seal anew.
    pub in_keyring: bool,
}
