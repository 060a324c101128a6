//! Changes under the names and in the shape of the first clients that had them: `/gateway/changes`.

use std::sync::Arc;

use axum::{Json, extract::State, http::Uri, response::Response};
use serde_json::{Value, json};

use super::{
    changes::{find, page, visible},
    resources::Key,
};
use crate::{
    abilities::Ability, authenticate::Caller, changes::Change, cloud::Cloud, problem::Problem,
};

pub(crate) async fn index(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Problem> {
    caller.require_in_harmony(Ability::Read)?;
    let records = cloud.read();
    let rows = visible(&records, &caller).map(Change::legacy).collect();
    Ok(page(&cloud, &uri, rows))
}

pub(crate) async fn show(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    caller.require_in_harmony(Ability::Read)?;
    let records = cloud.read();
    let change = find(&records, &caller, &key)?;
    Ok(Json(json!({ "data": change.legacy() })))
}
