//! Rules of what goes wrong.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde_json::{Value, json};

use super::Wanted;
use crate::{cloud::Cloud, faults::FaultRule, problem::Problem};

pub(super) async fn list(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    Json(json!({ "faults": cloud.faults.rules() }))
}

pub(super) async fn add(
    State(cloud): State<Arc<Cloud>>,
    Wanted(rule): Wanted<FaultRule>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    if let Some(objection) = rule.objection() {
        return Err(Problem::invalid("fault", &objection));
    }
    let id = cloud.faults.add(rule);
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))))
}

pub(super) async fn clear(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    cloud.faults.clear();
    list(State(cloud)).await
}

pub(super) async fn end(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let ended = id.parse().is_ok_and(|id| cloud.faults.remove(id));
    if !ended {
        return Err(Problem::no("Fault"));
    }
    Ok(list(State(cloud)).await)
}
