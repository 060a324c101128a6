//! Listing, creating, showing, changing and deleting the records of any kind.

use axum::{
    Json,
    extract::{FromRequestParts, Path},
    http::{StatusCode, Uri, request::Parts},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    abilities::Ability,
    authenticate::Caller,
    changes::ChangeSpec,
    cloud::Cloud,
    config_text,
    input::Input,
    kind::Kind,
    pages::{self, Page, PageRequest},
    problem::Problem,
    record::Record,
    records::Records,
    resource_request::{Changes, Subject},
    table::{slug, unique},
};

pub(crate) fn index(
    cloud: &Cloud,
    kind: Kind,
    caller: &Caller,
    uri: &Uri,
) -> Result<Response, Problem> {
    caller.require(Ability::Read)?;
    let request = PageRequest::from_query(uri.query(), pages::RESOURCES);
    let path = format!("{}{}", cloud.origin, uri.path());
    let records = cloud.read();
    let table = records.table(kind);
    let total = table.len_of_team(&caller.team_id);
    let rows: Vec<&Record> = table
        .page_of_team(&caller.team_id, request.rows(total))
        .collect();
    Ok(Json(Page::new(request, rows, total, &path)).into_response())
}

pub(crate) fn store(
    cloud: &Cloud,
    kind: Kind,
    caller: &Caller,
    Input(sent): &Input,
) -> Result<Response, Problem> {
    caller.require(Ability::Create)?;
    cloud.change(|records| {
        let record = create(records, kind, &caller.team_id, sent, cloud.now())?;
        queue(records, &record, "create", cloud.now());
        Ok((StatusCode::CREATED, resource(&record)).into_response())
    })
}

pub(crate) fn show(
    cloud: &Cloud,
    kind: Kind,
    caller: &Caller,
    Key(key): &Key,
) -> Result<Response, Problem> {
    caller.require(Ability::Read)?;
    let records = cloud.read();
    find(&records, kind, caller, key).map(|record| resource(record).into_response())
}

pub(crate) fn update(
    cloud: &Cloud,
    kind: Kind,
    caller: &Caller,
    Key(key): &Key,
    Input(sent): &Input,
) -> Result<Response, Problem> {
    caller.require(Ability::Update)?;
    cloud.change(|records| {
        let mut record = find(records, kind, caller, key)?.clone();
        let subject = Subject {
            kind,
            team_id: &caller.team_id,
            id: Some(&record.id.clone()),
        };
        let changes = Changes::validate(sent, &subject, records.table(kind), records.gateways())?;
        record.merge(changes, cloud.now());
        let answer = resource(&record).into_response();
        queue(records, &record, "update", cloud.now());
        records.insert(record);
        Ok(answer)
    })
}

pub(crate) fn destroy(
    cloud: &Cloud,
    kind: Kind,
    caller: &Caller,
    Key(key): &Key,
) -> Result<Response, Problem> {
    caller.require(Ability::Delete)?;
    cloud.change(|records| {
        let id = find(records, kind, caller, key)?.id.clone();
        if let Some(record) = records.remove(kind, &id, cloud.now()) {
            queue(records, &record, "delete", cloud.now());
        }
        let message = format!("{} deleted successfully", kind.definition().model);
        Ok(Json(json!({ "message": message })).into_response())
    })
}

/// Creates a record of a team from a request.
pub(crate) fn create(
    records: &mut Records,
    kind: Kind,
    team_id: &str,
    sent: &Map<String, Value>,
    now: Timestamp,
) -> Result<Record, Problem> {
    let subject = Subject {
        kind,
        team_id,
        id: None,
    };
    let table = records.table(kind);
    let changes = Changes::validate(sent, &subject, table, records.gateways())?;
    let code = changes.code.clone().unwrap_or_else(|| {
        let wanted = slug(&changes.name, kind.definition().tag);
        unique(&wanted, |code| table.id_of_code(team_id, code).is_some())
    });
    let mut record = Record::new(kind, team_id, code, changes.name.clone(), now);
    record.merge(changes, now);
    records.insert(record.clone());
    Ok(record)
}

/// Tells the gateway of a record what has become of it, where gateways work by such a record.
fn queue(records: &mut Records, record: &Record, operation: &'static str, now: Timestamp) {
    let is_new_gateway = record.kind == Kind::Gateway && operation != "update";
    if let (Some(kind), false) = (config_text::change_kind(record.kind), is_new_gateway) {
        let gateway_id = match record.kind {
            Kind::Gateway => Some(record.id.clone()),
            _ => record.gateway_id.clone(),
        };
        let Some(gateway_id) = gateway_id else { return };
        let mut spec =
            ChangeSpec::new(kind, config_text::of(record)).with_resource(&record.id, &record.name);
        spec.operation = operation;
        spec.payload = json!(record);
        records.queue(spec, &gateway_id, now);
    }
}

/// The id or the code of a record in the path.
pub(crate) struct Key(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Only text that is no UTF-8 is refused here, and nothing has such a key.
        let Path(key) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::no("Record"))?;
        Ok(Self(key))
    }
}

/// What belongs to another team does not exist for the caller.
pub(crate) fn find<'a>(
    records: &'a Records,
    kind: Kind,
    caller: &Caller,
    id_or_code: &str,
) -> Result<&'a Record, Problem> {
    records
        .table(kind)
        .find(&caller.team_id, id_or_code)
        .ok_or_else(|| Problem::no(kind.definition().model))
}

fn resource(record: &Record) -> impl IntoResponse {
    #[derive(serde::Serialize)]
    struct Resource<'a> {
        data: &'a Record,
    }
    Json(Resource { data: record }).into_response()
}
