//! Authorizing a gateway, which gives it a machine token, and revoking all its tokens.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::changes::FOREIGN_GATEWAY;
use crate::{
    abilities::Ability,
    authenticate::Caller,
    clock,
    cloud::Cloud,
    input::Input,
    kind::Kind,
    problem::Problem,
    record::Record,
    records::Records,
    table::{Coded, slug, unique},
    validate::{Fields, Letters},
};

/// What no source documents; the set that the contract chose.
const MACHINE_ABILITIES: [&str; 3] = ["harmony:send", "harmony:receive", "harmony:config"];

pub(crate) async fn authorize(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Input(sent): Input,
) -> Result<impl IntoResponse, Problem> {
    person_who_may(&caller, Ability::Create)?;
    let code = validate_authorize(&sent, &caller)?;
    cloud.change(|records| {
        let now = cloud.now();
        let gateway = match records.gateways().with_code(&caller.team_id, &code) {
            Coded::Own(gateway) => gateway.clone(),
            Coded::Foreign => return Err(FOREIGN_GATEWAY),
            Coded::Free => create(records, &caller.team_id, &code, now),
        };
        let lifetime = cloud.settings.machine_lifetime;
        let issued = records.issue_machine((&gateway.id, &gateway.team_id), lifetime, now);
        let body = json!({
            "machine_token": issued.secret,
            "expires_in": lifetime.as_secs_f64(),
            "expires_at": clock::wire(issued.token.expires_at),
            "gateway": {
                "id": gateway.id,
                "code": gateway.code,
                "name": gateway.title(),
                "authorized_by": caller.user(),
            },
            "abilities": MACHINE_ABILITIES,
        });
        Ok((StatusCode::CREATED, Json(body)))
    })
}

/// Creates an enabled gateway for a code that nobody has used.
fn create(records: &mut Records, team_id: &str, code: &str, now: Timestamp) -> Record {
    let gateways = records.gateways();
    let name = unique(&slug(code, "gateway"), |name| {
        gateways.id_of_name(team_id, name).is_some()
    });
    let mut gateway = Record::new(Kind::Gateway, team_id, code.into(), name, now);
    gateway.set("enabled", json!(true));
    gateway.title = Some(format!("Gateway {code}"));
    records.insert(gateway.clone());
    gateway
}

pub(crate) async fn revoke(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Input(sent): Input,
) -> Result<impl IntoResponse, Problem> {
    person_who_may(&caller, Ability::Delete)?;
    let code = validate_revoke(&sent, &caller)?;
    cloud.change(|records| {
        let gateway_id = match records.gateways().with_code(&caller.team_id, &code) {
            Coded::Own(gateway) => gateway.id.clone(),
            Coded::Foreign => return Err(FOREIGN_GATEWAY),
            Coded::Free => return Err(Problem::no_gateway()),
        };
        let revoked = records.revoke_machine(&gateway_id, cloud.now());
        Ok(Json(json!({
            "success": true,
            "message": "Gateway tokens revoked successfully",
            "revoked": revoked,
        })))
    })
}

/// A gateway can neither authorize nor revoke, not even itself.
fn person_who_may(caller: &Caller, ability: Ability) -> Result<(), Problem> {
    if caller.gateway_id().is_some() {
        return Err(Problem::HarmonyForbidden(Problem::UNAUTHORIZED_ACTION));
    }
    caller.require_in_harmony(ability)
}

/// Checks an `AuthorizeRequest` and gives its gateway code.
fn validate_authorize(sent: &Map<String, Value>, caller: &Caller) -> Result<String, Problem> {
    let mut fields = Fields::of(sent);
    same_token(&mut fields, caller);
    let code = fields.required_text("gateway_code", Letters::Any);
    fields.nullable_long_text("machine_public_key");
    // The first versions send an object, later ones a list of texts.
    if !sent.get("metadata").is_some_and(Value::is_object) {
        fields.nullable_texts("metadata");
    }
    fields.finish()?;
    Ok(code.unwrap_or_default())
}

/// Checks a `RevokeRequest` and gives its gateway code.
fn validate_revoke(sent: &Map<String, Value>, caller: &Caller) -> Result<String, Problem> {
    let mut fields = Fields::of(sent);
    same_token(&mut fields, caller);
    let code = fields.required_text("gateway_code", Letters::Any);
    fields.finish()?;
    Ok(code.unwrap_or_default())
}

/// A token in the body is the token of the header, or the request contradicts itself.
fn same_token(fields: &mut Fields<'_>, caller: &Caller) {
    if fields
        .long_text("token")
        .is_some_and(|token| !caller.presented(&token))
    {
        fields.fail("token", "The :field field must match the bearer token.");
    }
}
