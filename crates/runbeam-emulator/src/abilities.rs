//! What a Sanctum token may do.

/// One of the four abilities that Sanctum tokens of the cloud carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ability {
    /// List and show.
    Read,
    /// Create resources and authorize gateways.
    Create,
    /// Change resources.
    Update,
    /// Delete resources and revoke the tokens of gateways.
    Delete,
}

/// A set of abilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Abilities {
    /// Laravel's `*`.
    All,
    Only(Vec<Ability>),
}

impl Abilities {
    pub(crate) fn contain(&self, ability: Ability) -> bool {
        match self {
            Self::All => true,
            Self::Only(abilities) => abilities.contains(&ability),
        }
    }
}
