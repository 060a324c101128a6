//! The claims of a user's token (RFC 7519, section 4), and what is said about the user.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use runbeam_model::{Origin, TeamId, TeamInfo, Timestamp, UserId, UserInfo};
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::json::{self, Problem, Text};
use crate::{Error, Rejection};

/// The claims of a token. Those that are not named here are ignored.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Claims {
    /// Who issued the token. The cloud's tokens carry a URL below its origin.
    pub iss: String,
    /// Whom it speaks for: the id of a user or of a team.
    pub sub: Option<String>,
    /// For whom it is meant; empty where it does not say.
    pub aud: Vec<String>,
    /// When it stops to be valid.
    pub exp: Timestamp,
    /// When it starts to be valid.
    pub nbf: Option<Timestamp>,
    /// When it was issued.
    pub iat: Option<Timestamp>,
    /// Its own id.
    pub jti: Option<String>,
    /// The user that it speaks for.
    pub user: Option<UserInfo>,
    /// The team that it speaks for.
    pub team: Option<TeamInfo>,
}

impl Claims {
    /// The address of the API that issued the token: the origin of `iss`, or `iss` itself if it is no URL.
    #[must_use]
    pub fn api_base_url(&self) -> String {
        Origin::of(&self.iss).map_or_else(|_| self.iss.clone(), |origin| origin.to_string())
    }

    pub(crate) fn terms(&self) -> Terms<'_, String> {
        Terms {
            issuer: &self.iss,
            audience: &self.aud,
            exp: self.exp,
            nbf: self.nbf,
            iat: self.iat,
        }
    }
}

/// What a payload says, before anyone believes it.
#[derive(serde::Deserialize)]
pub(crate) struct Said<'a> {
    #[serde(borrow, default, deserialize_with = "json::present")]
    iss: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    sub: Option<Text<'a>>,
    #[serde(borrow, default)]
    aud: Audience<'a>,
    #[serde(default, deserialize_with = "date")]
    exp: Option<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    nbf: Option<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    iat: Option<Timestamp>,
    #[serde(borrow, default, deserialize_with = "json::present")]
    jti: Option<Text<'a>>,
    // What is the cloud's own may be `null`: its servers write that for none.
    #[serde(borrow, default)]
    user: Option<SaidUser<'a>>,
    #[serde(borrow, default)]
    team: Option<SaidTeam<'a>>,
}

/// What the claim `user` holds, each of the right type: a token is not read as leniently as an answer of the API.
#[derive(serde::Deserialize)]
struct SaidUser<'a> {
    id: UserId,
    #[serde(borrow)]
    email: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}

/// What the claim `team` holds.
#[derive(serde::Deserialize)]
struct SaidTeam<'a> {
    id: TeamId,
    #[serde(borrow)]
    name: Text<'a>,
}

/// One audience, or a list of them (RFC 7519, section 4.1.3).
#[derive(Default)]
struct Audience<'a>(Vec<Text<'a>>);

/// The claims that a policy is about.
pub(crate) struct Terms<'a, A> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a [A],
    pub(crate) exp: Timestamp,
    pub(crate) nbf: Option<Timestamp>,
    pub(crate) iat: Option<Timestamp>,
}

impl<'a> Said<'a> {
    /// Reads a payload. A claim of a wrong type is an error, never an absent claim.
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, Error> {
        json::read(payload).map_err(|problem| match problem {
            Problem::Member(name) => wrong_type(&name),
            Problem::Malformed | Problem::Type => ambiguous(),
        })
    }

    /// What a policy is about in it.
    pub(crate) fn terms(&self) -> Result<Terms<'_, Text<'a>>, Error> {
        Ok(Terms {
            issuer: self.iss.as_ref().ok_or_else(|| missing("iss"))?.as_ref(),
            audience: &self.aud.0,
            exp: self.exp.ok_or_else(|| missing("exp"))?,
            nbf: self.nbf,
            iat: self.iat,
        })
    }

    /// What is given out of it once it is found good.
    pub(crate) fn into_claims(self) -> Result<Claims, Error> {
        let owned = |Text(text): Text<'_>| text.into_owned();
        let user = self
            .user
            .map(|SaidUser { id, email, name }| UserInfo::new(id, owned(email), owned(name)));
        let team = self
            .team
            .map(|SaidTeam { id, name }| TeamInfo::new(id, owned(name)));
        Ok(Claims {
            iss: self.iss.map(owned).ok_or_else(|| missing("iss"))?,
            sub: self.sub.map(owned),
            aud: self.aud.0.into_iter().map(owned).collect(),
            exp: self.exp.ok_or_else(|| missing("exp"))?,
            nbf: self.nbf,
            iat: self.iat,
            jti: self.jti.map(owned),
            user,
            team,
        })
    }
}

/// Finds out that a payload has these claims, of whatever value.
pub(crate) fn require(names: &[String], payload: &[u8]) -> Result<(), Error> {
    if names.is_empty() {
        return Ok(());
    }
    let claims: HashMap<Text<'_>, Option<IgnoredAny>> =
        json::read(payload).map_err(|_| ambiguous())?;
    let is_missing = |name: &&String| claims.get(name.as_str()).is_none_or(Option::is_none);
    names
        .iter()
        .find(is_missing)
        .map_or(Ok(()), |name| Err(missing(name)))
}

impl<'de: 'a, 'a> Deserialize<'de> for Audience<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor).map(Self)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Vec<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an audience or a list of them")
    }

    fn visit_borrowed_str<E>(self, audience: &'de str) -> Result<Self::Value, E> {
        Ok(vec![Text(Cow::Borrowed(audience))])
    }

    fn visit_str<E>(self, audience: &str) -> Result<Self::Value, E> {
        Ok(vec![Text(Cow::Owned(audience.to_owned()))])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut audiences: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(audience) = audiences.next_element()? {
            all.push(audience);
        }
        Ok(all)
    }
}

/// A date in seconds since the Unix epoch, with or without a fraction (RFC 7519, section 2).
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    deserializer.deserialize_any(DateVisitor).map(Some)
}

struct DateVisitor;

impl Visitor<'_> for DateVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds")
    }

    fn visit_i64<E>(self, seconds: i64) -> Result<Timestamp, E> {
        Ok(Timestamp::from_unix_seconds(seconds))
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Timestamp, E> {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Ok(Timestamp::from_unix_seconds(seconds))
    }

    fn visit_f64<E>(self, seconds: f64) -> Result<Timestamp, E> {
        Ok(Timestamp::from_unix_seconds_f64(seconds))
    }
}

fn wrong_type(name: &str) -> Error {
    Error::rejected(
        Rejection::Claim,
        format!("its claim `{name}` has a wrong type"),
    )
}

fn ambiguous() -> Error {
    Error::rejected(
        Rejection::Malformed,
        "its claims are not a JSON object in which every name stands once",
    )
}

fn missing(name: &str) -> Error {
    Error::rejected(Rejection::Claim, format!("its claim `{name}` is missing"))
}
