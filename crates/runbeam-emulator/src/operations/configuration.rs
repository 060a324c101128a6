//! Everything of one gateway in one answer, which is an extension of the emulator.

use std::sync::Arc;

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use ulid::Ulid;

use super::resources::{Key, find};
use crate::{
    abilities::Ability, authenticate::Caller, clock::wire, cloud::Cloud, digest::Digest,
    kind::Kind, problem::Problem, record::Record,
};

/// The lists of a configuration.
const LISTS: [Kind; 12] = [
    Kind::Peer,
    Kind::Target,
    Kind::Service,
    Kind::Endpoint,
    Kind::Backend,
    Kind::Pipeline,
    Kind::Middleware,
    Kind::Transform,
    Kind::Policy,
    Kind::Rule,
    Kind::Network,
    Kind::Authentication,
];

pub(crate) async fn show(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    caller.require(Ability::Read)?;
    let records = cloud.read();
    let gateway = find(&records, Kind::Gateway, &caller, &key)?;
    if caller.gateway_id().is_some_and(|id| id != gateway.id) {
        return Err(Problem::Forbidden);
    }
    let mut configuration = Map::new();
    configuration.insert("gateway".into(), json!(gateway));
    for kind in LISTS {
        let rows: Vec<&Record> = records
            .table(kind)
            .of_team(&caller.team_id)
            .filter(|record| belongs(record, gateway))
            .collect();
        configuration.insert(kind.definition().plural.into(), json!(rows));
    }
    configuration.insert("runbeam".into(), runbeam(gateway, &cloud.origin));
    Ok(Json(Value::Object(configuration)))
}

/// A record that names no gateway is for all of the team.
fn belongs(record: &Record, gateway: &Record) -> bool {
    record
        .gateway_id
        .as_ref()
        .is_none_or(|id| *id == gateway.id)
}

/// How the gateway talks to the cloud.
fn runbeam(gateway: &Record, origin: &str) -> Value {
    json!({
        "type": "runbeam",
        "id": derived_id(&gateway.id, gateway.created_at),
        "code": "runbeam",
        "name": "Runbeam",
        "team_id": gateway.team_id,
        "gateway_id": gateway.id,
        "enabled": true,
        "cloud_api_base_url": format!("{origin}/api"),
        "poll_interval_secs": 30,
        "created_at": wire(gateway.created_at),
        "updated_at": wire(gateway.updated_at),
    })
}

/// An id that is always the same for the same gateway.
fn derived_id(gateway_id: &str, created_at: Timestamp) -> String {
    let digest = Digest::of(format!("runbeam {gateway_id}"));
    let mut random = [0; 16];
    random.copy_from_slice(&digest.as_bytes()[..16]);
    let milliseconds = u64::try_from(created_at.as_millisecond()).unwrap_or_default();
    Ulid::from_parts(milliseconds, u128::from_be_bytes(random))
        .to_string()
        .to_ascii_lowercase()
}
