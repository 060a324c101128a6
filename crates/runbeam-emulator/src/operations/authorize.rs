//! Authorizing a gateway, which gives it a machine token, and revoking all its tokens.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde_json::{Map, Value, json};

use crate::{
    abilities::Ability,
    accounts::User,
    authenticate::Caller,
    clock,
    cloud::Cloud,
    gateways::Coded,
    input::Input,
    problem::Problem,
    tokens::MACHINE_TOKEN_LIFETIME,
    validate::{Fields, Letters},
};

/// What no source documents; the set that the contract chose.
const MACHINE_ABILITIES: [&str; 3] = ["harmony:send", "harmony:receive", "harmony:config"];

const FOREIGN_GATEWAY: Problem = Problem::HarmonyForbidden("Gateway is owned by another team");

pub(crate) async fn authorize(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Input(sent): Input,
) -> Result<impl IntoResponse, Problem> {
    let user = user_who_may(&caller, Ability::Create)?;
    let code = validate_authorize(&sent, &caller)?;

    let now = clock::now();
    let mut records = cloud.records();
    let records = &mut *records;
    let gateway = match records.gateways.with_code(&caller.team_id, &code) {
        Coded::Own(gateway) => gateway,
        Coded::Foreign => return Err(FOREIGN_GATEWAY),
        Coded::Free => records
            .gateways
            .create_authorized(&caller.team_id, &code, now),
    };
    let issued = records
        .tokens
        .issue_machine(&gateway.id, &gateway.team_id, now);
    let body = json!({
        "machine_token": issued.secret,
        "expires_in": MACHINE_TOKEN_LIFETIME.as_secs_f64(),
        "expires_at": clock::wire(issued.expires_at),
        "gateway": {
            "id": gateway.id,
            "code": gateway.code,
            "name": gateway.title,
            "authorized_by": user,
        },
        "abilities": MACHINE_ABILITIES,
    });
    Ok((StatusCode::CREATED, Json(body)))
}

pub(crate) async fn revoke(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Input(sent): Input,
) -> Result<impl IntoResponse, Problem> {
    user_who_may(&caller, Ability::Delete)?;
    let code = validate_revoke(&sent, &caller)?;

    let mut records = cloud.records();
    let records = &mut *records;
    let gateway = match records.gateways.with_code(&caller.team_id, &code) {
        Coded::Own(gateway) => gateway,
        Coded::Foreign => return Err(FOREIGN_GATEWAY),
        Coded::Free => return Err(Problem::no_gateway()),
    };
    let revoked = records.tokens.revoke_machine(&gateway.id, clock::now());
    Ok(Json(json!({
        "success": true,
        "message": "Gateway tokens revoked successfully",
        "revoked": revoked,
    })))
}

/// The person behind the call: a gateway can neither authorize nor revoke, not even itself.
fn user_who_may(caller: &Caller, ability: Ability) -> Result<&User, Problem> {
    caller
        .user
        .as_ref()
        .filter(|_| caller.may(ability))
        .ok_or(Problem::HarmonyForbidden(Problem::UNAUTHORIZED_ACTION))
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
