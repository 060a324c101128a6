//! A gateway pushes one of its configuration files.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Map, Value, json};

use super::{changes::FOREIGN_GATEWAY, resources};
use crate::{
    abilities::Ability,
    authenticate::Caller,
    changes::{ChangeKind, ChangeSpec},
    cloud::Cloud,
    config_text::{Pushed, record_kind},
    input::Input,
    kind::Kind,
    problem::Problem,
    record::Record,
    records::Records,
    resource_request::{Changes, Subject},
    validate::Fields,
};

/// What a gateway asks for.
struct Push {
    kind: ChangeKind,
    id: Option<String>,
    file: Pushed,
}

pub(crate) async fn store(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    Input(sent): Input,
) -> Result<Json<Value>, Problem> {
    if caller.gateway_id().is_none() {
        caller.require_in_harmony(Ability::Update)?;
    }
    let push = validate(&sent)?;
    cloud.change(|records| {
        let kind = record_kind(push.kind);
        match target(records, &caller, kind, push.id.as_deref())? {
            Some(record) => {
                let record = update(records, &caller, record, &push.file, &cloud)?;
                Ok(stored(push.kind, &record, "updated", None))
            }
            None => {
                let mut request = push.file.to_request(None);
                if let Some(id) = caller.gateway_id() {
                    request.insert("gateway_id".into(), json!(id));
                }
                let record =
                    resources::create(records, kind, &caller.team_id, &request, cloud.now())
                        .map_err(about_config)?;
                // The change tells the gateway which id the cloud gave to what it pushed.
                let gateway_id = record.gateway_id.clone();
                let mut spec = ChangeSpec::new(push.kind, push.file.with_id(&record.id))
                    .with_resource(&record.id, &record.name);
                spec.operation = "create";
                spec.payload = json!(record);
                let change = gateway_id.and_then(|id| records.queue(spec, &id, cloud.now()));
                let row = change.map(|change| change.metadata());
                Ok(stored(push.kind, &record, "created", row))
            }
        }
    })
}

/// The answer in the shapes of both generations of clients.
fn stored(kind: ChangeKind, record: &Record, action: &str, change: Option<Value>) -> Json<Value> {
    Json(json!({
        "success": true,
        "message": "Configuration stored",
        "data": {
            "id": record.id,
            "type": kind,
            "action": action,
            "model": { "id": record.id, "type": kind, "action": action },
            "change": change,
        },
    }))
}

/// The record that the file is for; `None` for one that does not exist yet.
fn target(
    records: &Records,
    caller: &Caller,
    kind: Kind,
    id: Option<&str>,
) -> Result<Option<Record>, Problem> {
    let id = match (kind, id, caller.gateway_id()) {
        (_, Some(id), _) => id,
        (Kind::Gateway, None, Some(own)) => own,
        (Kind::Gateway, None, None) => {
            return Err(Problem::invalid("id", "The id field is required."));
        }
        (_, None, _) => return Ok(None),
    };
    let table = records.table(kind);
    let Some(record) = table.find(&caller.team_id, id) else {
        return Err(match table.with_id(id) {
            Some(_) if kind == Kind::Gateway => FOREIGN_GATEWAY,
            _ => Problem::no(kind.definition().model),
        });
    };
    let gateway_id = match kind {
        Kind::Gateway => Some(&record.id),
        _ => record.gateway_id.as_ref(),
    };
    let is_other = |own| gateway_id.is_some_and(|id| id != own);
    if caller.gateway_id().is_some_and(is_other) {
        return Err(Problem::HarmonyForbidden(
            "A gateway stores its own configuration alone",
        ));
    }
    Ok(Some(record.clone()))
}

fn update(
    records: &mut Records,
    caller: &Caller,
    mut record: Record,
    file: &Pushed,
    cloud: &Cloud,
) -> Result<Record, Problem> {
    let request = file.to_request(Some(&record));
    let subject = Subject {
        kind: record.kind,
        team_id: &caller.team_id,
        id: Some(&record.id),
    };
    let table = records.table(record.kind);
    let changes =
        Changes::validate(&request, &subject, table, records.gateways()).map_err(about_config)?;
    record.merge(changes, cloud.now());
    records.insert(record.clone());
    Ok(record)
}

/// What is wrong within a file is wrong with the field that holds it.
fn about_config(problem: Problem) -> Problem {
    match problem {
        Problem::Invalid(errors) => {
            let mut about = crate::problem::FieldErrors::default();
            about.append_below("config", errors);
            Problem::Invalid(about)
        }
        other => other,
    }
}

/// Checks a `StoreConfigRequest`.
fn validate(sent: &Map<String, Value>) -> Result<Push, Problem> {
    let mut fields = Fields::of(sent);
    let kind = fields.required_long_text("type").and_then(|name| {
        let kind = serde_json::from_value(json!(name)).ok();
        if kind.is_none() {
            fields.fail("type", "The selected :field is invalid.");
        }
        kind
    });
    let id = fields.nullable_text("id").flatten();
    let file = fields.required_long_text("config").and_then(|text| {
        let read = Pushed::read(record_kind(kind?), &text);
        read.map_err(|text| fields.fail("config", text)).ok()
    });
    fields.finish()?;
    match (kind, file) {
        (Some(kind), Some(file)) => Ok(Push { kind, id, file }),
        // Not reached: what is missing has been refused above.
        _ => Err(Problem::invalid("config", "The config field is required.")),
    }
}
