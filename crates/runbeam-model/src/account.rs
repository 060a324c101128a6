//! Who a token speaks for.

use serde::{Deserialize, Serialize};

use crate::{TeamId, UserId};

/// A user of Runbeam Cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UserInfo {
    /// The user's id.
    pub id: UserId,
    /// The user's e-mail address.
    pub email: String,
    /// The user's name.
    pub name: String,
}

/// A team of Runbeam Cloud: the owner of gateways and of all other resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TeamInfo {
    /// The team's id.
    pub id: TeamId,
    /// The team's name.
    pub name: String,
}
