//! Everything that is remembered: dumped, seeded and forgotten; rate limits; changes.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Wanted, control};
use crate::{
    changes::{Change, ChangeKind, ChangeSpec},
    clock::wire,
    cloud::Cloud,
    input::Input,
    kind::Kind,
    limits::RateLimits,
    problem::Problem,
};

/// Enough to see that it is up, and what is in it.
pub(super) async fn status(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    let records = cloud.read();
    let counts: serde_json::Map<String, Value> = Kind::ALL
        .into_iter()
        .map(|kind| {
            let count = records.table(kind).all().count();
            (kind.definition().plural.to_owned(), json!(count))
        })
        .collect();
    Json(json!({
        "url": cloud.origin,
        "version": env!("CARGO_PKG_VERSION"),
        "now": wire(cloud.now()),
        "frozen": cloud.clock.is_frozen(),
        "data_file": cloud.data_file().map(|file| file.path().display().to_string()),
        "resources": counts,
    }))
}

pub(super) async fn dump(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    Json(control::dump(&cloud).into())
}

pub(super) async fn seed(
    State(cloud): State<Arc<Cloud>>,
    Input(document): Input,
) -> Result<StatusCode, Problem> {
    control::seed(&cloud, &document).map_err(|error| Problem::invalid("body", &error))?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn reset(State(cloud): State<Arc<Cloud>>) -> StatusCode {
    control::reset(&cloud);
    StatusCode::NO_CONTENT
}

pub(super) async fn limits(State(cloud): State<Arc<Cloud>>) -> Json<RateLimits> {
    Json(cloud.limiter.limits())
}

pub(super) async fn set_limits(
    State(cloud): State<Arc<Cloud>>,
    Wanted(limits): Wanted<RateLimits>,
) -> Json<RateLimits> {
    cloud.limiter.set(limits);
    Json(limits)
}

pub(super) async fn changes(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    let records = cloud.read();
    let rows: Vec<Value> = records
        .changes()
        .newest_first()
        .map(Change::detail)
        .collect();
    Json(json!({ "changes": rows }))
}

/// A change to queue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Queued {
    gateway_id: String,
    #[serde(default = "gateway")]
    kind: ChangeKind,
    toml: String,
    #[serde(default)]
    resource_id: Option<String>,
    #[serde(default)]
    resource_name: Option<String>,
}

const fn gateway() -> ChangeKind {
    ChangeKind::Gateway
}

pub(super) async fn queue(
    State(cloud): State<Arc<Cloud>>,
    Wanted(queued): Wanted<Queued>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut spec = ChangeSpec::new(queued.kind, queued.toml);
    if let (Some(id), name) = (queued.resource_id, queued.resource_name) {
        let name = name.unwrap_or_else(|| id.clone());
        spec = spec.with_resource(id, name);
    }
    cloud.change(|records| {
        let change = records
            .queue(spec, &queued.gateway_id, cloud.now())
            .ok_or_else(Problem::no_gateway)?;
        Ok((StatusCode::CREATED, Json(change.detail())))
    })
}
