//! The claims of a user's token (RFC 7519, section 4), and what is said about the user.

use runbeam_model::{Origin, TeamInfo, Timestamp, UserInfo};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Error, Rejection, json};

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

    /// Reads a payload. A claim of a wrong type is an error, never an absent claim.
    pub(crate) fn parse(payload: &[u8], required: &[String]) -> Result<Self, Error> {
        let mut claims = json::object(payload).ok_or_else(|| {
            Error::rejected(
                Rejection::Malformed,
                "its claims are not a JSON object in which every name stands once",
            )
        })?;
        if let Some(name) = required
            .iter()
            .find(|name| claims.get(*name).is_none_or(Value::is_null))
        {
            return Err(missing(name));
        }
        let audience = match claims.remove("aud") {
            None => Vec::new(),
            Some(Value::String(audience)) => vec![audience],
            Some(Value::Array(audiences)) => {
                let audiences = audiences.into_iter().map(|value| match value {
                    Value::String(audience) => Ok(audience),
                    _ => Err(wrong_type("aud")),
                });
                audiences.collect::<Result<_, _>>()?
            }
            Some(_) => return Err(wrong_type("aud")),
        };
        Ok(Self {
            iss: text(&mut claims, "iss")?.ok_or_else(|| missing("iss"))?,
            sub: text(&mut claims, "sub")?,
            aud: audience,
            exp: date(&claims, "exp")?.ok_or_else(|| missing("exp"))?,
            nbf: date(&claims, "nbf")?,
            iat: date(&claims, "iat")?,
            jti: text(&mut claims, "jti")?,
            user: object(&mut claims, "user")?,
            team: object(&mut claims, "team")?,
        })
    }
}

fn text(claims: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    match claims.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong_type(name)),
    }
}

/// A date in seconds since the Unix epoch, with or without a fraction (RFC 7519, section 2).
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Error> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    if let Some(seconds) = value.as_i64() {
        return Ok(Some(Timestamp::from_unix_seconds(seconds)));
    }
    let seconds = value.as_f64().ok_or_else(|| wrong_type(name))?;
    Ok(Some(Timestamp::from_unix_seconds_f64(seconds)))
}

/// An object of the cloud's own; its servers write `null` for none.
fn object<T: DeserializeOwned>(
    claims: &mut Map<String, Value>,
    name: &str,
) -> Result<Option<T>, Error> {
    match claims.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value)
            .map(Some)
            .map_err(|_| wrong_type(name)),
    }
}

fn missing(name: &str) -> Error {
    Error::rejected(Rejection::Claim, format!("its claim `{name}` is missing"))
}

fn wrong_type(name: &str) -> Error {
    Error::rejected(
        Rejection::Claim,
        format!("its claim `{name}` has a wrong type"),
    )
}
