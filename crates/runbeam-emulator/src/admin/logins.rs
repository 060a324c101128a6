//! Device logins: listed, and decided without a browser.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Wanted;
use crate::{clock::wire, cloud::Cloud, logins::Decision, problem::Problem};

pub(super) async fn list(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    let now = cloud.now();
    let records = cloud.read();
    let logins: Vec<Value> = records
        .logins
        .newest_first()
        .into_iter()
        .map(|(token, login)| {
            json!({
                "device_token": token,
                "device": login.device,
                "address": login.address,
                "started_at": wire(login.started_at),
                "expires_at": wire(login.expires_at()),
                "status": login.status(now),
            })
        })
        .collect();
    Json(json!({ "logins": logins }))
}

/// What to do with a login; without a user it is the default one who approves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    approve: bool,
    #[serde(default)]
    user_id: Option<String>,
}

pub(super) async fn decide(
    State(cloud): State<Arc<Cloud>>,
    Path(token): Path<String>,
    Wanted(wish): Wanted<Wish>,
) -> Result<Json<Value>, Problem> {
    let now = cloud.now();
    let mut records = cloud.read();
    let decision = if wish.approve {
        let id = wish
            .user_id
            .as_deref()
            .unwrap_or_else(|| cloud.settings.default_user.id());
        let user = records.accounts().user(id);
        let user = user.ok_or_else(|| Problem::invalid("user_id", "There is no such user."))?;
        Decision::Approved(user.id().to_owned())
    } else {
        Decision::Denied
    };
    if !records.logins.decide(&token, decision, now) {
        return Err(Problem::no("Open login"));
    }
    let status = records.logins.find(&token).map(|login| login.status(now));
    Ok(Json(json!({ "status": status })))
}
