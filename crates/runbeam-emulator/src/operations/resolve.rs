//! Finding out what a resource reference refers to.

use std::sync::Arc;

use axum::{Json, extract::State, http::Uri};
use serde_json::{Value, json};

use crate::{
    abilities::Ability, authenticate::Caller, clock::wire, cloud::Cloud, kind::Kind,
    problem::Problem, record::Record, records::Records,
};

/// What a reference may refer to, in the order in which a bare name is looked for.
const KINDS: [Kind; 6] = [
    Kind::Ingress,
    Kind::Egress,
    Kind::Pipeline,
    Kind::Endpoint,
    Kind::Backend,
    Kind::Mesh,
];

/// A reference in its parts: `x`, `p.by.x`, `p.team.by.x` or `p.team.type.by.x`.
#[derive(Debug, PartialEq, Eq)]
struct Reference<'a> {
    provider: Option<&'a str>,
    team: Option<&'a str>,
    kind: Option<Kind>,
    by: By,
    value: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Name,
    Id,
}

impl<'a> Reference<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        let (provider, team, kind, by, value) = match parts[..] {
            [value] => (None, None, None, By::Name, value),
            [provider, by, value] => (Some(provider), None, None, parse_by(by)?, value),
            [provider, team, by, value] if parse_by(by)? == By::Id => {
                (Some(provider), Some(team), None, By::Id, value)
            }
            [provider, team, kind, by, value] => {
                let kind = parse_kind(kind)?;
                (Some(provider), Some(team), Some(kind), parse_by(by)?, value)
            }
            _ => return None,
        };
        Some(Self {
            provider,
            team,
            kind,
            by,
            value,
        })
    }
}

fn parse_by(text: &str) -> Option<By> {
    match text {
        "name" => Some(By::Name),
        "id" => Some(By::Id),
        _ => None,
    }
}

fn parse_kind(text: &str) -> Option<Kind> {
    KINDS
        .into_iter()
        .find(|kind| kind.definition().tag.eq_ignore_ascii_case(text))
}

pub(crate) async fn resolve(
    State(cloud): State<Arc<Cloud>>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    caller.require_in_harmony(Ability::Read)?;
    let query = uri.query().unwrap_or_default();
    let text = form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, value)| (name == "ref").then(|| value.into_owned()))
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Problem::invalid("ref", "The ref field is required."))?;
    let reference = Reference::parse(&text)
        .ok_or_else(|| Problem::invalid("ref", "The ref field format is invalid."))?;

    let records = cloud.read();
    if let Some(team) = reference.team {
        let own = records.accounts().team(&caller.team_id);
        // Whether the other team exists is not said.
        if own.is_none_or(|own| own.id() != team && own.name() != team) {
            return Err(Problem::HarmonyForbidden("The team is not yours"));
        }
    }
    let found = Some(&reference)
        .filter(|reference| reference.provider.is_none_or(|name| name == "runbeam"))
        .and_then(|reference| find(&records, &caller.team_id, reference))
        .ok_or_else(|| Problem::no("Resource"))?;
    Ok(Json(json!({
        "data": resolved(&records, found),
        "meta": { "provider": "runbeam", "resolved_at": wire(cloud.now()) },
    })))
}

fn find<'a>(records: &'a Records, team_id: &str, reference: &Reference<'_>) -> Option<&'a Record> {
    let is_meant = |record: &&Record| match reference.by {
        By::Id => record.id == reference.value,
        By::Name => record.name == reference.value || record.code == reference.value,
    };
    KINDS
        .into_iter()
        .filter(|kind| reference.kind.is_none_or(|wanted| wanted == *kind))
        .find_map(|kind| records.table(kind).of_team(team_id).find(is_meant))
}

/// What the cloud knows about a record, and about its neighbours where it names them.
fn resolved(records: &Records, record: &Record) -> Value {
    let named = |kind: Kind, name: Option<&str>| {
        let name = name.filter(|name| !name.is_empty())?;
        let mut rows = records.table(kind).of_team(&record.team_id);
        rows.find(|row| row.code == name || row.name == name)
    };
    let mut meshes = records.table(Kind::Mesh).of_team(&record.team_id);
    let list = record.kind.definition().tag;
    let mesh = meshes.find(|mesh| {
        let names = mesh.value(list).as_array();
        names.is_some_and(|names| names.iter().any(|name| *name == record.name))
    });
    let pipeline = named(Kind::Pipeline, record.text("pipeline"));
    let id = |record: Option<&Record>| record.map(|record| record.id.clone());
    let protocol = match record.kind {
        Kind::Endpoint | Kind::Backend => record.value("connection")["protocol"].as_str(),
        _ => record.text("type"),
    };
    let is_in_mesh = matches!(record.kind, Kind::Ingress | Kind::Egress);
    let provider = match record.kind {
        Kind::Mesh => record.text("provider"),
        _ => mesh.and_then(|mesh| mesh.text("provider")),
    };
    let auth_type = match record.kind {
        Kind::Mesh => record.text("auth_type"),
        _ => mesh.and_then(|mesh| mesh.text("auth_type")),
    };
    let mut found = json!({
        "type": record.kind.definition().tag,
        "id": record.id,
        "name": record.name,
        "team_id": record.team_id,
        "enabled": record.is_enabled(),
        "gateway_id": record.gateway_id,
        "pipeline_id": id(pipeline),
        "mesh_id": is_in_mesh.then(|| id(mesh)).flatten(),
        "urls": [],
        "protocol": protocol,
        "mode": record.text("mode"),
        "backend_id": id(named(Kind::Backend, record.text("backend"))),
        "service_id": record.text("service_id"),
        "endpoint_id": id(named(Kind::Endpoint, record.text("endpoint"))),
        "description": record.text("description").filter(|text| !text.is_empty()),
        "provider": provider,
        "auth_type": auth_type,
    });
    if let urls @ Value::Array(_) = record.value("urls") {
        found["urls"] = urls.clone();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_one_three_four_or_five_parts() {
        let check = |text: &str, expected: Option<(By, &str, Option<Kind>)>| {
            let parsed = Reference::parse(text);
            let seen = parsed
                .as_ref()
                .map(|found| (found.by, found.value, found.kind));
            assert_eq!(seen, expected, "{text}");
        };
        check("studies", Some((By::Name, "studies", None)));
        check("runbeam.name.x", Some((By::Name, "x", None)));
        check("runbeam.id.x", Some((By::Id, "x", None)));
        check("runbeam.t.id.x", Some((By::Id, "x", None)));
        check("runbeam.t.name.x", None);
        let mesh = Some((By::Name, "x", Some(Kind::Mesh)));
        check("runbeam.t.MESH.name.x", mesh);
        check("runbeam.t.gateway.name.x", None);
        check("a.b", None);
        check("a.b.c.d.e.f", None);
        check("runbeam..x", None);
        check("", None);
        check("runbeam.code.x", None);
    }
}
