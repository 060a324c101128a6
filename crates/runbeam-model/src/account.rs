//! Who a token speaks for.

use serde::{Deserialize, Serialize};

use crate::lenient::{lenient, lenient_object};
use crate::{TeamId, UserId};

/// A user of Runbeam Cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// The user's id.
    pub id: UserId,
    /// The user's e-mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub email: String,
    /// The user's name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
}

/// A team of Runbeam Cloud: the owner of gateways and of all other resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TeamInfo {
    /// The team's id.
    pub id: TeamId,
    /// The team's name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
}

impl UserInfo {
    /// A user of this id, e-mail address and name.
    #[must_use]
    pub fn new(id: UserId, email: impl Into<String>, name: impl Into<String>) -> Self {
        let (email, name) = (email.into(), name.into());
        Self { id, email, name }
    }
}

impl TeamInfo {
    /// A team of this id and name.
    #[must_use]
    pub fn new(id: TeamId, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { id, name }
    }
}

lenient_object!(UserInfo);
