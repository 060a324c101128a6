//! Changes under the third set of names, which clients from 0.3.1 to 0.4.0 call: `/harmony/config-changes`.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{
    changes::{list, may_report, one, report},
    resources::Key,
};
use crate::{
    authenticate::Caller, changes::Report, clock::wire, cloud::Cloud, input::Input,
    problem::Problem, validate::Fields,
};

/// A bare list without pages.
pub(crate) async fn index(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let rows = list(&cloud, &caller, |change| {
        json!({
            "id": change.id,
            "timestamp": wire(change.created_at),
            "summary": change.summary(),
        })
    })?;
    Ok(Json(json!(rows)))
}

pub(crate) async fn show(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    let change = one(
        &cloud,
        &caller,
        &key,
        |change| json!({ "id": change.id, "content": change.toml, "metadata": null }),
    )?;
    Ok(Json(change))
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
