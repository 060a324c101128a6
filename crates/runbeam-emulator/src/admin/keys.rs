//! The keys that sign and verify: listed, rotated, withdrawn, and given a neighbour.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::{Wanted, control};
use crate::{cloud::Cloud, issuer::SigningKey, keyring::Withdrawal, problem::Problem};

pub(super) async fn list(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    let keys: Vec<Value> = cloud
        .keyring
        .all()
        .iter()
        .enumerate()
        .map(|(place, key)| json!({ "kid": key.key_id(), "signs": place == 0 }))
        .collect();
    Json(json!({ "keys": keys }))
}

pub(super) async fn rotate(
    State(cloud): State<Arc<Cloud>>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let key = spawn_blocking(SigningKey::generate)
        .await
        .map_err(|_| Problem::NotStored)?;
    let answer = json!({ "kid": key.key_id() });
    control::rotate_to(&cloud, key);
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(super) async fn withdraw(
    State(cloud): State<Arc<Cloud>>,
    Path(key_id): Path<String>,
) -> Result<Json<Value>, Problem> {
    match control::withdraw(&cloud, &key_id) {
        Ok(()) => Ok(list(State(cloud)).await),
        Err(Withdrawal::Last) => Err(Problem::invalid(
            "key",
            "The last key cannot be withdrawn: rotate first.",
        )),
        Err(_) => Err(Problem::no("Key")),
    }
}

/// Whether an elliptic-curve key stands beside ours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Neighbour {
    published: bool,
}

pub(super) async fn set_neighbour(
    State(cloud): State<Arc<Cloud>>,
    Wanted(wanted): Wanted<Neighbour>,
) -> Json<Value> {
    cloud.keyring.set_neighbour(wanted.published);
    Json(cloud.keyring.to_jwks())
}
