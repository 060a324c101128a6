//! Teams and their users.

use std::collections::BTreeMap;

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

    pub(crate) const fn with_id(id: String, name: String) -> Self {
        Self { id, name }
    }

    pub(crate) fn new(name: &str, now: Timestamp) -> Self {
        Self::with_id(random::id(now), name.into())
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

    pub(crate) const fn with_id(id: String, email: String, name: String, team: Team) -> Self {
        Self {
            id,
            email,
            name,
            team,
        }
    }

    pub(crate) fn new(team: &Team, name: &str, email: &str, now: Timestamp) -> Self {
        Self::with_id(random::id(now), email.into(), name.into(), team.clone())
    }

    /// The user whom every emulator knows from the start, with ids that never change.
    pub(crate) fn first() -> Self {
        let team = Team::with_id(
            "01kca0t1s1k5bwexvt6xvgtfcq".into(),
            "Atlantic Imaging".into(),
        );
        Self::with_id(
            "01kc0nd4tw0gejkw9p8mffms2g".into(),
            "ines@example.test".into(),
            "Ines Prado".into(),
            team,
        )
    }
}

/// Everybody who may hold a token.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    teams: BTreeMap<String, Team>,
    users: BTreeMap<String, User>,
}

impl Accounts {
    pub(crate) fn add_team(&mut self, team: Team) {
        self.teams.insert(team.id.clone(), team);
    }

    pub(crate) fn add_user(&mut self, user: User) {
        self.teams
            .entry(user.team.id.clone())
            .or_insert_with(|| user.team.clone());
        self.users.insert(user.id.clone(), user);
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.get(id)
    }

    pub(crate) fn team(&self, id: &str) -> Option<&Team> {
        self.teams.get(id)
    }

    pub(crate) fn user_with_email(&self, email: &str) -> Option<&User> {
        self.users.values().find(|user| user.email == email)
    }

    pub(crate) fn team_with_name(&self, name: &str) -> Option<&Team> {
        self.teams.values().find(|team| team.name == name)
    }

    pub(crate) fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    pub(crate) fn teams(&self) -> impl Iterator<Item = &Team> {
        self.teams.values()
    }
}
