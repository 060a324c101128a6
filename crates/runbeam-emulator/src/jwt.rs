//! User tokens: how the emulator mints them, and how it recognizes its own.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{accounts::User, cloud::Cloud, issuer::SigningKey, random};

/// What to put into a user token: by default what a login of the default user gives.
#[derive(Clone, Debug, Default)]
pub struct JwtSpec {
    user: Option<User>,
    lifetime: Option<Duration>,
    age: Duration,
    claims: BTreeMap<String, Option<Value>>,
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
        self.user = Some(user.clone());
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

/// Signs a token with the claims that the cloud gives to a user after a device login.
pub(crate) fn mint(cloud: &Cloud, spec: JwtSpec, now: Timestamp) -> String {
    let user = spec.user.as_ref().unwrap_or(&cloud.default_user);
    let lifetime = spec.lifetime.unwrap_or(cloud.jwt_lifetime);
    let issued_at = now.as_second().saturating_sub_unsigned(spec.age.as_secs());
    let key_id = cloud.signing_key.key_id();
    let mut claims = json!({
        "iss": format!("{}/api/cli/check-login/dt_{}", cloud.origin, random::alphanumeric(10)),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at.saturating_add_unsigned(lifetime.as_secs()),
        "jti": random::alphanumeric(10),
        "sub": user.id(),
        // Clients of the first versions look for the key id here.
        "kid": key_id,
        "user": user,
        "team": user.team(),
    });
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
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": key_id });
    cloud
        .signing_key
        .sign_raw(&header.to_string(), &claims.to_string())
}

/// Whose token this is, and of which team, if the emulator signed it and `now` lies within its life.
pub(crate) fn verify(token: &str, key: &SigningKey, now: Timestamp) -> Option<Bearer> {
    let (input, signature) = token.rsplit_once('.')?;
    let (header, payload) = input.split_once('.')?;
    let header = decode(header)?;
    let is_ours = header.get("alg")? == "RS256"
        && header.get("kid")? == key.key_id()
        && !header.contains_key("crit");
    if !is_ours || !key.verifies(input.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?) {
        return None;
    }
    let claims = decode(payload)?;
    let is_current = now < moment(claims.get("exp")?)?
        && claims.get("nbf").is_none_or(|nbf| starts_by(nbf, now));
    is_current.then_some(Bearer {
        user_id: claims.get("sub")?.as_str()?.to_owned(),
        team_id: match claims.get("team") {
            Some(team) => Some(team.get("id")?.as_str()?.to_owned()),
            None => None,
        },
    })
}

/// Whom a verified token speaks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) user_id: String,
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
