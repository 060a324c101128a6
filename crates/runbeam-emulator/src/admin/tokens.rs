//! Tokens: listed without their secrets, minted, and revoked.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Wanted;
use crate::{
    abilities::Abilities, accounts::User, clock::wire, cloud::Cloud, jwt::JwtSpec,
    problem::Problem, records::Records, tokens::SanctumSpec,
};

pub(super) async fn list(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    let now = cloud.now();
    let records = cloud.read();
    let mut sanctum: Vec<_> = records.tokens().sanctum.values().collect();
    sanctum.sort_by_key(|token| token.id);
    let sanctum: Vec<Value> = sanctum
        .into_iter()
        .map(|token| {
            json!({
                "id": token.id,
                "user_id": token.user.id(),
                "abilities": token.abilities,
                "issued_at": wire(token.issued_at),
                "expires_at": token.expires_at.map(wire),
                "days_left": token.expires_at.map(|end| days_left(end, now)),
            })
        })
        .collect();
    let mut machine: Vec<_> = records.tokens().machine.values().collect();
    machine.sort_by_key(|token| token.issued_at);
    let machine: Vec<Value> = machine
        .into_iter()
        .map(|token| {
            json!({
                "gateway_id": token.gateway_id,
                "issued_at": wire(token.issued_at),
                "expires_at": wire(token.expires_at),
                "days_left": days_left(token.expires_at, now),
            })
        })
        .collect();
    Json(json!({ "sanctum_tokens": sanctum, "machine_tokens": machine }))
}

/// Whole days until `end`, and -1 or less after it.
pub(crate) fn days_left(end: Timestamp, now: Timestamp) -> i64 {
    end.duration_since(now).as_secs().div_euclid(86_400)
}

/// A user token to mint: of a user, of a team, or of the default user.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WantedJwt {
    user_id: Option<String>,
    team_id: Option<String>,
    lifetime_seconds: Option<u64>,
    age_seconds: u64,
    /// Claims to put in; null takes one out.
    claims: BTreeMap<String, Value>,
}

pub(super) async fn mint_jwt(
    State(cloud): State<Arc<Cloud>>,
    Wanted(wanted): Wanted<WantedJwt>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut spec = JwtSpec::new().with_age(Duration::from_secs(wanted.age_seconds));
    let records = cloud.read();
    if let Some(id) = &wanted.team_id {
        let team = records.accounts().team(id);
        spec = spec
            .with_team(team.ok_or_else(|| Problem::invalid("team_id", "There is no such team."))?);
    }
    if let Some(user) = user(&records, wanted.user_id.as_deref())? {
        spec = spec.with_user(user);
    }
    drop(records);
    if let Some(seconds) = wanted.lifetime_seconds {
        spec = spec.with_lifetime(Duration::from_secs(seconds));
    }
    for (name, value) in wanted.claims {
        spec = match value {
            Value::Null => spec.without_claim(name),
            value => spec.with_claim(name, value),
        };
    }
    let key = cloud.keyring.signing();
    let token = cloud.mint(&key).mint(spec, cloud.now());
    Ok((StatusCode::CREATED, Json(json!({ "token": token }))))
}

/// A Sanctum token to issue: for all that the default user may do.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WantedSanctum {
    user_id: Option<String>,
    abilities: Option<Abilities>,
    lifetime_seconds: Option<i64>,
}

pub(super) async fn issue_sanctum(
    State(cloud): State<Arc<Cloud>>,
    Wanted(wanted): Wanted<WantedSanctum>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    cloud.change(|records| {
        let mut spec = SanctumSpec::new();
        if let Some(user) = user(records, wanted.user_id.as_deref())? {
            spec = spec.with_user(user);
        }
        if let Some(Abilities::Only(abilities)) = wanted.abilities {
            spec = spec.with_abilities(abilities);
        }
        if let Some(seconds) = wanted.lifetime_seconds {
            spec = spec.with_lifetime(SignedDuration::from_secs(seconds));
        }
        let issued = records.issue_sanctum(spec, &cloud.settings.default_user, cloud.now());
        let answer = json!({ "id": issued.token.id, "token": issued.secret });
        Ok((StatusCode::CREATED, Json(answer)))
    })
}

pub(super) async fn revoke(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    cloud.change(|records| {
        let revoked = id.parse().is_ok_and(|id| records.revoke_sanctum(id));
        if revoked {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(Problem::no("Token"))
        }
    })
}

fn user<'a>(records: &'a Records, id: Option<&str>) -> Result<Option<&'a User>, Problem> {
    let Some(id) = id else {
        return Ok(None);
    };
    let user = records.accounts().user(id);
    user.map(Some)
        .ok_or_else(|| Problem::invalid("user_id", "There is no such user."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_negative_after_the_end() {
        let now = Timestamp::UNIX_EPOCH;
        let check = |seconds: i64, days: i64| {
            let end = now + SignedDuration::from_secs(seconds);
            assert_eq!(days_left(end, now), days);
        };
        check(2_592_000, 30);
        check(86_399, 0);
        check(-1, -1);
    }
}
