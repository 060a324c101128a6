//! Where clients of a team send their further calls.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{abilities::Ability, authenticate::Caller, cloud::Cloud, problem::Problem};

pub(crate) async fn base_url(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    caller.require_in_harmony(Ability::Read)?;
    let base = format!("{}/api", cloud.origin);
    Ok(Json(json!({
        "base_url": base,
        "changes_path": "/",
        "full_url": base,
    })))
}
