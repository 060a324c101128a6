//! Changes under the third set of names, which clients from 0.3.1 to 0.4.0 call: `/harmony/config-changes`.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{
    changes::{find, may_report, report, visible},
    resources::Key,
};
use crate::{
    abilities::Ability, authenticate::Caller, changes::Report, clock::wire, cloud::Cloud,
    input::Input, problem::Problem, validate::Fields,
};

/// A bare list without pages.
pub(crate) async fn index(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    caller.require_in_harmony(Ability::Read)?;
    let records = cloud.read();
    let rows: Vec<Value> = visible(&records, &caller)
        .map(|change| {
            json!({
                "id": change.id,
                "timestamp": wire(change.created_at),
                "summary": change.summary(),
            })
        })
        .collect();
    Ok(Json(json!(rows)))
}

pub(crate) async fn show(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    caller.require_in_harmony(Ability::Read)?;
    let records = cloud.read();
    let change = find(&records, &caller, &key)?;
    Ok(Json(json!({
        "id": change.id,
        "content": change.toml,
        "metadata": null,
    })))
}

pub(crate) async fn acknowledge(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    tell(&cloud, &caller, &key, Report::Acknowledged)
}

pub(crate) async fn applied(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    tell(&cloud, &caller, &key, Report::Applied)
}

/// The description knows no 422 here, so that a missing text becomes an empty one.
pub(crate) async fn failed(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
    Input(sent): Input,
) -> Result<Json<Value>, Problem> {
    let failure = Report::Failed {
        error: Fields::of(&sent).long_text("error").unwrap_or_default(),
        details: None,
    };
    tell(&cloud, &caller, &key, failure)
}

fn tell(cloud: &Cloud, caller: &Caller, key: &str, what: Report) -> Result<Json<Value>, Problem> {
    may_report(caller)?;
    report(cloud, caller, key, what)?;
    Ok(Json(json!({ "success": true, "message": null })))
}
