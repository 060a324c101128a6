//! What a Sanctum token may do.

use serde::{Deserialize, Serialize};

/// One of the four abilities that Sanctum tokens of the cloud carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// Laravel's list of names, in which `*` stands for all.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Name {
    One(Ability),
    Other(String),
}

impl Serialize for Abilities {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => ["*"].serialize(serializer),
            Self::Only(abilities) => abilities.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Abilities {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut only = Vec::new();
        for name in Vec::<Name>::deserialize(deserializer)? {
            match name {
                Name::One(ability) => only.push(ability),
                Name::Other(name) if name == "*" => return Ok(Self::All),
                Name::Other(name) => {
                    return Err(serde::de::Error::custom(format!(
                        "'{name}' is no ability: use read, create, update, delete or *"
                    )));
                }
            }
        }
        Ok(Self::Only(only))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn abilities_are_written_as_laravel_does() {
        let check = |abilities: Abilities, written: serde_json::Value| {
            assert_eq!(json!(abilities), written);
            assert_eq!(from_value::<Abilities>(written).unwrap(), abilities);
        };
        check(Abilities::All, json!(["*"]));
        check(
            Abilities::Only(vec![Ability::Read, Ability::Delete]),
            json!(["read", "delete"]),
        );
        check(Abilities::Only(vec![]), json!([]));
        let error = from_value::<Abilities>(json!(["write"])).unwrap_err();
        assert!(
            error.to_string().contains("'write' is no ability"),
            "{error}"
        );
    }
}
