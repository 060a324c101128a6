//! User tokens: how the emulator mints them, and how it recognizes its own.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    accounts::{Team, User},
    issuer::SigningKey,
    random,
};

/// What to put into a user token: by default what a login of the default user gives.
#[derive(Clone, Debug, Default)]
pub struct JwtSpec {
    holder: Option<Holder>,
    lifetime: Option<Duration>,
    age: Duration,
    claims: BTreeMap<String, Option<Value>>,
}

/// Whom a token speaks for.
#[derive(Clone, Debug)]
enum Holder {
    User(User),
    Team(Team),
}

impl JwtSpec {
    /// A token of the default user, issued now, with the emulator's lifetime.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A token of another user, and of that user's team.
    #[must_use]
    pub fn with_user(mut self, user: &User) -> Self {
        self.holder = Some(Holder::User(user.clone()));
        self
    }

    /// A token of a team itself, which no person stands behind: `sub` is the team.
    #[must_use]
    pub fn with_team(mut self, team: &Team) -> Self {
        self.holder = Some(Holder::Team(team.clone()));
        self
    }

    /// A token that lives this long, in whole seconds from its issue.
    #[must_use]
    pub const fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// A token that was issued this long ago; with more than its lifetime it has expired.
    #[must_use]
    pub const fn with_age(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// A token with one more claim, or with another value for one that it has.
    #[must_use]
    pub fn with_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), Some(value.into()));
        self
    }

    /// A token that lacks a claim.
    #[must_use]
    pub fn without_claim(mut self, name: impl Into<String>) -> Self {
        self.claims.insert(name.into(), None);
        self
    }
}

/// Who issues a user token, and to whom when the specification does not say.
pub(crate) struct Mint<'a> {
    pub(crate) origin: &'a str,
    pub(crate) key: &'a SigningKey,
    pub(crate) default_user: &'a User,
    pub(crate) lifetime: Duration,
}

impl Mint<'_> {
    /// Signs a token with the claims that the cloud gives to a user after a device login.
    pub(crate) fn mint(&self, spec: JwtSpec, now: Timestamp) -> String {
        let login = format!("dt_{}", random::alphanumeric(10));
        self.mint_for_login(spec, &login, now)
    }

    /// As [`Mint::mint`], for the device login with this token.
    pub(crate) fn mint_for_login(&self, spec: JwtSpec, login: &str, now: Timestamp) -> String {
        let lifetime = spec.lifetime.unwrap_or(self.lifetime);
        let issued_at = now.as_second().saturating_sub_unsigned(spec.age.as_secs());
        let mut claims = json!({
            "iss": format!("{}/api/cli/check-login/{login}", self.origin),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at.saturating_add_unsigned(lifetime.as_secs()),
            "jti": random::alphanumeric(10),
            // Clients of the first versions look for the key id here.
            "kid": self.key.key_id(),
        });
        let holder = spec
            .holder
            .unwrap_or_else(|| Holder::User(self.default_user.clone()));
        match &holder {
            Holder::User(user) => {
                claims["sub"] = json!(user.id());
                claims["user"] = json!(user);
                claims["team"] = json!(user.team());
            }
            Holder::Team(team) => {
                claims["sub"] = json!(team.id());
                claims["team"] = json!(team);
            }
        }
        for (name, value) in spec.claims {
            match value {
                Some(value) => claims[name] = value,
                None => drop(
                    claims
                        .as_object_mut()
                        .and_then(|claims| claims.remove(&name)),
                ),
            }
        }
        sign(self.key, &claims)
    }
}

/// A compact JWS of these claims, with the header of all our tokens.
pub(crate) fn sign(key: &SigningKey, claims: &Value) -> String {
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": key.key_id() });
    key.sign_raw(&header.to_string(), &claims.to_string())
}

/// Whose token this is, and of which team, if one of the emulator's keys signed it and `now` lies within its life.
///
/// `key` gives the published key with an id.
pub(crate) fn verify(
    token: &str,
    key: impl FnOnce(&str) -> Option<SigningKey>,
    now: Timestamp,
) -> Option<Bearer> {
    let (input, signature) = token.rsplit_once('.')?;
    let (header, payload) = input.split_once('.')?;
    let header = decode(header)?;
    if header.get("alg")? != "RS256" || header.contains_key("crit") {
        return None;
    }
    let key = key(header.get("kid")?.as_str()?)?;
    if !key.verifies(input.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?) {
        return None;
    }
    let claims = decode(payload)?;
    let is_current = now < moment(claims.get("exp")?)?
        && claims.get("nbf").is_none_or(|nbf| starts_by(nbf, now));
    is_current.then_some(Bearer {
        subject: claims.get("sub")?.as_str()?.to_owned(),
        team_id: match claims.get("team") {
            Some(team) => Some(team.get("id")?.as_str()?.to_owned()),
            None => None,
        },
    })
}

/// Whom a verified token speaks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// The id of a user, or of a team.
    pub(crate) subject: String,
    pub(crate) team_id: Option<String>,
}

/// Whether `text` has the form of a JWT: three parts, the first a JSON object that names an algorithm.
pub(crate) fn has_form(text: &str) -> bool {
    let mut parts = text.split('.');
    let header = parts.next().and_then(decode);
    parts.count() == 2 && header.is_some_and(|header| header.contains_key("alg"))
}

fn decode(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn starts_by(not_before: &Value, now: Timestamp) -> bool {
    moment(not_before).is_some_and(|start| start <= now)
}

fn moment(claim: &Value) -> Option<Timestamp> {
    Timestamp::from_second(claim.as_i64()?).ok()
}

#[cfg(test)]
mod tests;
