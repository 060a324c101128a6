//! Listing, creating, showing, changing and deleting gateways.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{StatusCode, Uri, request::Parts},
    response::IntoResponse,
};
use serde_json::{Value, json};

use crate::{
    abilities::Ability,
    authenticate::Caller,
    clock,
    cloud::Cloud,
    gateway_request::GatewayChanges,
    gateways::{Gateway, Gateways},
    input::Input,
    pages::{self, PageRequest},
    problem::Problem,
};

pub(crate) async fn index(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    require(&caller, Ability::Read)?;
    let records = cloud.records();
    let rows: Vec<&Gateway> = records.gateways.of_team(&caller.team_id).collect();
    let path = format!("{}{}", cloud.origin, uri.path());
    Ok(Json(pages::render(
        PageRequest::from_query(uri.query()),
        &rows,
        &path,
    )))
}

pub(crate) async fn store(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Input(sent): Input,
) -> Result<impl IntoResponse, Problem> {
    require(&caller, Ability::Create)?;
    let mut records = cloud.records();
    let changes = GatewayChanges::validate(&sent, &records.gateways, &caller.team_id, None)?;
    let gateway = records
        .gateways
        .create(&caller.team_id, changes, clock::now());
    Ok((StatusCode::CREATED, resource(gateway)))
}

pub(crate) async fn show(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    require(&caller, Ability::Read)?;
    let records = cloud.records();
    find(&records.gateways, &caller, &key).map(resource)
}

pub(crate) async fn update(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
    Input(sent): Input,
) -> Result<Json<Value>, Problem> {
    require(&caller, Ability::Update)?;
    let mut records = cloud.records();
    let gateways = &mut records.gateways;
    let id = find(gateways, &caller, &key)?.id.clone();
    let changes = GatewayChanges::validate(&sent, gateways, &caller.team_id, Some(&id))?;
    gateways
        .update(&id, changes, clock::now())
        .map(resource)
        .ok_or_else(Problem::no_gateway)
}

pub(crate) async fn destroy(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    require(&caller, Ability::Delete)?;
    let mut records = cloud.records();
    let id = find(&records.gateways, &caller, &key)?.id.clone();
    records.gateways.delete(&id);
    records.tokens.revoke_machine(&id, clock::now());
    Ok(Json(json!({ "message": "Gateway deleted successfully" })))
}

/// The id or the code of a gateway in the path.
pub(crate) struct Key(String);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Only text that is no UTF-8 is refused here, and no gateway has such a key.
        let Path(key) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::no_gateway())?;
        Ok(Self(key))
    }
}

fn require(caller: &Caller, ability: Ability) -> Result<(), Problem> {
    if caller.may(ability) {
        Ok(())
    } else {
        Err(Problem::Forbidden)
    }
}

/// What belongs to another team does not exist for the caller.
fn find<'a>(
    gateways: &'a Gateways,
    caller: &Caller,
    id_or_code: &str,
) -> Result<&'a Gateway, Problem> {
    gateways
        .find(&caller.team_id, id_or_code)
        .ok_or_else(Problem::no_gateway)
}

fn resource(gateway: &Gateway) -> Json<Value> {
    Json(json!({ "data": gateway }))
}
