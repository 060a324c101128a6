//! The target of a migration, and what it did.

/// Where an instance keeps its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The keyring of the operating system.
    Keyring,
    /// Files sealed with age.
    Files,
}

/// What [`Store::migrate`](crate::Store::migrate) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Migration {
    /// How many entries were copied to the target, and removed where they were.
    pub moved: usize,
    /// How many entries the target held already.
    pub kept: usize,
}
