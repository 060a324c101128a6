//! Configuration changes of the gateways: listed, shown, acknowledged, and reported as applied or failed.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::Uri,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::resources::Key;
use crate::{
    abilities::Ability,
    authenticate::Caller,
    changes::{Change, ChangeStatus, Report},
    cloud::Cloud,
    input::Input,
    pages::{self, Page, PageRequest},
    problem::Problem,
    records::Records,
    validate::Fields,
};

pub(crate) const FOREIGN_GATEWAY: Problem =
    Problem::HarmonyForbidden("Gateway is owned by another team");

const OTHER_GATEWAY: Problem = Problem::HarmonyForbidden("A gateway sees its own changes alone");

/// All changes of the team; for a gateway, its own that wait.
pub(crate) async fn index(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Problem> {
    let rows = list(&cloud, &caller, Change::metadata)?;
    Ok(page(&cloud, &uri, rows))
}

/// The waiting changes of one gateway. Old clients look for a single change at this address.
pub(crate) async fn of_gateway(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
    uri: Uri,
) -> Result<Response, Problem> {
    caller.require_in_harmony(Ability::Read)?;
    let records = cloud.read();
    if let Some(change) = own(&records, &caller, &key) {
        return Ok(Json(json!({ "data": change.detail() })).into_response());
    }
    let gateways = records.gateways();
    let gateway = match gateways.find(&caller.team_id, &key) {
        Some(gateway) => gateway,
        None if gateways.with_id(&key).is_some() => return Err(FOREIGN_GATEWAY),
        None => return Err(Problem::no_gateway()),
    };
    if caller.gateway_id().is_some_and(|id| id != gateway.id) {
        return Err(OTHER_GATEWAY);
    }
    let rows = records
        .changes()
        .newest_first()
        .filter(|change| change.gateway_id == gateway.id)
        .filter(|change| change.status == ChangeStatus::Pending)
        .map(Change::metadata)
        .collect();
    Ok(page(&cloud, &uri, rows))
}

pub(crate) async fn show(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    let change = one(&cloud, &caller, &key, Change::detail)?;
    Ok(Json(json!({ "data": change })))
}

pub(crate) async fn acknowledge(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Input(sent): Input,
) -> Result<Json<Value>, Problem> {
    may_report(&caller)?;
    let ids = validate_ids(&sent)?;
    cloud.change(|records| {
        let (known, failed): (Vec<String>, Vec<String>) = ids
            .into_iter()
            .partition(|id| own(records, &caller, id).is_some());
        for id in &known {
            records.report(id, Report::Acknowledged, cloud.now());
        }
        Ok(Json(json!({ "acknowledged": known, "failed": failed })))
    })
}

pub(crate) async fn applied(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
) -> Result<Json<Value>, Problem> {
    may_report(&caller)?;
    report(&cloud, &caller, &key, Report::Applied)?;
    Ok(done("Change marked as applied"))
}

pub(crate) async fn failed(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Key(key): Key,
    Input(sent): Input,
) -> Result<Json<Value>, Problem> {
    may_report(&caller)?;
    find(&cloud.read(), &caller, &key)?;
    let failure = validate_failure(&sent)?;
    report(&cloud, &caller, &key, failure)?;
    Ok(done("Change marked as failed"))
}

fn done(message: &str) -> Json<Value> {
    Json(json!({ "success": true, "message": message }))
}

/// Takes a report of a caller who may see the change.
pub(crate) fn report(
    cloud: &Cloud,
    caller: &Caller,
    id: &str,
    report: Report,
) -> Result<(), Problem> {
    cloud.change(|records| {
        let id = find(records, caller, id)?.id.clone();
        records.report(&id, report, cloud.now());
        Ok(())
    })
}

/// A gateway reports on its own changes, and a person with the right to change things on those of the team.
pub(crate) fn may_report(caller: &Caller) -> Result<(), Problem> {
    match caller.gateway_id() {
        Some(_) => Ok(()),
        None => caller.require_in_harmony(Ability::Update),
    }
}

/// The changes that a caller sees in a list, newest first, each in the form that a set of names has.
pub(crate) fn list(
    cloud: &Cloud,
    caller: &Caller,
    form: fn(&Change) -> Value,
) -> Result<Vec<Value>, Problem> {
    caller.require_in_harmony(Ability::Read)?;
    let is_visible = |change: &&Change| match caller.gateway_id() {
        Some(id) => change.gateway_id == id && change.status == ChangeStatus::Pending,
        None => change.team_id == caller.team_id,
    };
    let records = cloud.read();
    let changes = records.changes().newest_first();
    Ok(changes.filter(is_visible).map(form).collect())
}

/// A change of the caller, in the form that a set of names has.
pub(crate) fn one(
    cloud: &Cloud,
    caller: &Caller,
    id: &str,
    form: fn(&Change) -> Value,
) -> Result<Value, Problem> {
    caller.require_in_harmony(Ability::Read)?;
    find(&cloud.read(), caller, id).map(form)
}

fn own<'a>(records: &'a Records, caller: &Caller, id: &str) -> Option<&'a Change> {
    let change = records.changes().find(id)?;
    let is_own = match caller.gateway_id() {
        Some(gateway) => change.gateway_id == gateway,
        None => change.team_id == caller.team_id,
    };
    is_own.then_some(change)
}

/// A change of the caller. One of another gateway of the team is refused; one of another team does not exist.
fn find<'a>(records: &'a Records, caller: &Caller, id: &str) -> Result<&'a Change, Problem> {
    own(records, caller, id).ok_or_else(|| {
        let is_of_team = records
            .changes()
            .find(id)
            .is_some_and(|change| change.team_id == caller.team_id);
        if is_of_team {
            OTHER_GATEWAY
        } else {
            Problem::no("Change")
        }
    })
}

pub(crate) fn page(cloud: &Cloud, uri: &Uri, rows: Vec<Value>) -> Response {
    let request = PageRequest::from_query(uri.query(), pages::CHANGES);
    let path = format!("{}{}", cloud.origin, uri.path());
    Json(Page::of(request, rows, &path)).into_response()
}

/// Checks an `AcknowledgeRequest`.
fn validate_ids(sent: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let mut fields = Fields::of(sent);
    let ids = fields.nullable_texts("change_ids");
    let is_missing = match &ids {
        Some(ids) => ids.as_ref().is_none_or(Vec::is_empty),
        None => !sent.contains_key("change_ids"),
    };
    if is_missing {
        fields.fail("change_ids", "The :field field is required.");
    }
    fields.finish()?;
    Ok(ids.flatten().unwrap_or_default())
}

/// Checks a `ChangeFailedRequest`.
fn validate_failure(sent: &Map<String, Value>) -> Result<Report, Problem> {
    let mut fields = Fields::of(sent);
    let error = fields.required_long_text("error");
    let details = fields.nullable_texts("details");
    fields.finish()?;
    Ok(Report::Failed {
        error: error.unwrap_or_default(),
        details: details.flatten(),
    })
}
