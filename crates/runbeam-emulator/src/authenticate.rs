//! Who is calling: reads the bearer token of a request and finds its holder.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use jiff::Timestamp;

use crate::{
    abilities::{Abilities, Ability},
    accounts::User,
    cloud::Cloud,
    digest::Digest,
    jwt,
    problem::Problem,
    request_log::Notebook,
};

/// The holder of a valid token.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) team_id: String,
    pub(crate) holder: Holder,
    abilities: Abilities,
    token: Digest,
}

/// Whom a token speaks for, besides a team.
#[derive(Debug)]
pub(crate) enum Holder {
    User(User),
    /// The team itself.
    Team,
    /// The gateway with this id.
    Gateway(String),
}

impl Caller {
    pub(crate) fn may(&self, ability: Ability) -> bool {
        self.abilities.contain(ability)
    }

    /// Refuses a caller who lacks an ability, in the words of the resources.
    pub(crate) fn require(&self, ability: Ability) -> Result<(), Problem> {
        if self.may(ability) {
            Ok(())
        } else {
            Err(Problem::Forbidden)
        }
    }

    /// Refuses a caller who lacks an ability, in the words of what lies below `/harmony`.
    pub(crate) fn require_in_harmony(&self, ability: Ability) -> Result<(), Problem> {
        if self.may(ability) {
            Ok(())
        } else {
            Err(Problem::HarmonyForbidden(Problem::UNAUTHORIZED_ACTION))
        }
    }

    /// The person behind the token.
    pub(crate) const fn user(&self) -> Option<&User> {
        match &self.holder {
            Holder::User(user) => Some(user),
            Holder::Team | Holder::Gateway(_) => None,
        }
    }

    /// The id of the gateway that calls.
    pub(crate) fn gateway_id(&self) -> Option<&str> {
        match &self.holder {
            Holder::Gateway(id) => Some(id),
            Holder::User(_) | Holder::Team => None,
        }
    }

    /// Whether `text` is the token of the header.
    pub(crate) fn presented(&self, text: &str) -> bool {
        self.token == Digest::of(text)
    }

    fn note(&self) -> String {
        match &self.holder {
            Holder::User(user) => format!("user {}", user.email()),
            Holder::Team => format!("team {}", self.team_id),
            Holder::Gateway(id) => format!("gateway {id}"),
        }
    }

    fn of_user(user: &User, abilities: Abilities, token: Digest) -> Self {
        Self {
            team_id: user.team().id().to_owned(),
            holder: Holder::User(user.clone()),
            abilities,
            token,
        }
    }
}

impl FromRequestParts<Arc<Cloud>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, cloud: &Arc<Cloud>) -> Result<Self, Problem> {
        let caller = bearer(&parts.headers)
            .and_then(|token| find(cloud, token, cloud.now()))
            .ok_or_else(|| {
                if accepts_json(&parts.headers) {
                    Problem::Unauthenticated
                } else {
                    Problem::SignIn(format!("{}/login", cloud.origin))
                }
            })?;
        if let Some(notebook) = parts.extensions.get::<Notebook>() {
            notebook.write(|notes| notes.caller = Some(caller.note()));
        }
        Ok(caller)
    }
}

/// Who is limited together: the bearers of one token, or an address without one.
pub(crate) fn client(headers: &HeaderMap, address: Option<IpAddr>) -> Digest {
    match (bearer(headers), address) {
        (Some(token), _) => Digest::of(token),
        (None, Some(address)) => Digest::of(address.to_string()),
        (None, None) => Digest::of(""),
    }
}

/// The forms of a bearer token, told apart without looking anything up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Form<'a> {
    Sanctum { id: &'a str, secret: &'a str },
    Jwt,
    Machine,
}

impl<'a> Form<'a> {
    pub(crate) fn of(token: &'a str) -> Self {
        match token.split_once('|') {
            Some((id, secret))
                if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                Self::Sanctum { id, secret }
            }
            _ if jwt::has_form(token) => Self::Jwt,
            _ => Self::Machine,
        }
    }
}

fn find(cloud: &Cloud, token: &str, now: Timestamp) -> Option<Caller> {
    let digest = Digest::of(token);
    match Form::of(token) {
        Form::Sanctum { id, secret } => {
            let records = cloud.read();
            let found = records.tokens().sanctum(id, secret, now)?;
            Some(Caller::of_user(
                &found.user,
                found.abilities.clone(),
                digest,
            ))
        }
        Form::Jwt => {
            let bearer = jwt::verify(token, |key_id| cloud.keyring.find(key_id), now)?;
            let records = cloud.read();
            let accounts = records.accounts();
            if let Some(user) = accounts.user(&bearer.subject) {
                let is_member = bearer.team_id.is_none_or(|team| team == user.team().id());
                return is_member.then(|| Caller::of_user(user, Abilities::All, digest));
            }
            let team = accounts.team(&bearer.subject)?;
            (bearer.team_id.as_deref() == Some(team.id())).then(|| Caller {
                team_id: team.id().to_owned(),
                holder: Holder::Team,
                abilities: Abilities::All,
                token: digest,
            })
        }
        Form::Machine => {
            let records = cloud.read();
            let found = records.tokens().machine(token, now)?;
            Some(Caller {
                team_id: found.team_id.clone(),
                holder: Holder::Gateway(found.gateway_id.clone()),
                abilities: Abilities::Only(vec![Ability::Read]),
                token: digest,
            })
        }
    }
}

/// The token of the one `Authorization` header (RFC 6750, section 2.1); two headers speak for nobody.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Whether the client takes JSON: it says so, it takes anything, or it does not say.
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter().peekable();
    accepted.peek().is_none()
        || accepted
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|range| range.split(';').next())
            .map(|range| range.trim().to_ascii_lowercase())
            .any(|range| range.ends_with("/json") || range.ends_with("+json") || range == "*/*")
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, values: &[&'static str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_form_of_a_token() {
        let check = |token: &str, expected: Form<'_>| assert_eq!(Form::of(token), expected);
        check(
            "12|secret",
            Form::Sanctum {
                id: "12",
                secret: "secret",
            },
        );
        check(
            "12|a|b",
            Form::Sanctum {
                id: "12",
                secret: "a|b",
            },
        );
        check("|secret", Form::Machine);
        check("x1|secret", Form::Machine);
        check("eyJhbGciOiJSUzI1NiJ9.e30.", Form::Jwt);
        check("gw_token_1", Form::Machine);
        check("a.b.c", Form::Machine);
    }

    #[test]
    fn one_bearer_header_is_needed() {
        let check = |values: &[&'static str], expected: Option<&str>| {
            assert_eq!(bearer(&headers(header::AUTHORIZATION, values)), expected);
        };
        check(&["Bearer abc"], Some("abc"));
        check(&["bearer   abc "], Some("abc"));
        check(&[], None);
        check(&["Bearer"], None);
        check(&["Bearer  "], None);
        check(&["Basic abc"], None);
        check(&["Bearer abc", "Bearer abc"], None);
    }

    #[test]
    fn only_clients_that_refuse_json_are_sent_to_the_login() {
        let check = |values: &[&'static str], expected: bool| {
            assert_eq!(
                accepts_json(&headers(header::ACCEPT, values)),
                expected,
                "{values:?}"
            );
        };
        check(&[], true);
        check(&["*/*"], true);
        check(&["application/json"], true);
        check(&["text/html, application/vnd.api+json;q=0.5"], true);
        check(&["text/html", "Application/JSON"], true);
        check(&["text/html"], false);
        check(&["text/*;q=1, image/png"], false);
    }
}
