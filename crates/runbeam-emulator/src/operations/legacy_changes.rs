//! Changes under the names and in the shape of the first clients that had them: `/gateway/changes`.

use std::sync::Arc;

use axum::{Json, extract::State, http::Uri, response::Response};
use serde_json::{Value, json};

use super::{
    changes::{list, one, page},
    resources::Key,
};
use crate::{authenticate::Caller, changes::Change, cloud::Cloud, problem::Problem};

pub(crate) async fn index(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Problem> {
    let rows = list(&cloud, &caller, Change::legacy)?;
    Ok(page(&cloud, &uri, rows))
}

pub(crate) async fn show(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    let change = one(&cloud, &caller, &key, Change::legacy)?;
    Ok(Json(json!({ "data": change })))
}
