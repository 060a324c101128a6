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

lenient_object!(UserInfo);
