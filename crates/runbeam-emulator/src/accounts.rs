//! Teams and their users.

use jiff::Timestamp;
use serde::Serialize;

use crate::random;

/// A team: the owner of gateways and of everything else in the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Team {
    id: String,
    name: String,
}

impl Team {
    /// The lower-case ULID of the team.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name shown to people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A person who belongs to one team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    id: String,
    email: String,
    name: String,
    #[serde(skip)]
    team: Team,
}

impl User {
    /// The lower-case ULID of the user.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The address with which the user signs in.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The name shown to people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The team that the user belongs to.
    #[must_use]
    pub const fn team(&self) -> &Team {
        &self.team
    }
}

/// Everybody who may hold a token.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    users: Vec<User>,
}

impl Accounts {
    /// The user whom every emulator knows from the start, with ids that never change.
    pub(crate) fn first_user() -> User {
        User {
            id: "01kc0nd4tw0gejkw9p8mffms2g".into(),
            email: "ines@example.test".into(),
            name: "Ines Prado".into(),
            team: Team {
                id: "01kca0t1s1k5bwexvt6xvgtfcq".into(),
                name: "Atlantic Imaging".into(),
            },
        }
    }

    pub(crate) fn new_team(name: &str, now: Timestamp) -> Team {
        Team {
            id: random::id(now),
            name: name.into(),
        }
    }

    pub(crate) fn new_user(team: &Team, name: &str, email: &str, now: Timestamp) -> User {
        User {
            id: random::id(now),
            email: email.into(),
            name: name.into(),
            team: team.clone(),
        }
    }

    pub(crate) fn add(&mut self, user: User) {
        self.users.push(user);
    }

    pub(crate) fn find(&self, user_id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == user_id)
    }
}
