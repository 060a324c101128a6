//! Tokens with which a gateway calls another one through a mesh.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, Uri},
};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use crate::{
    authenticate::Caller,
    clock::wire,
    cloud::Cloud,
    input::Input,
    jwt,
    kind::Kind,
    problem::Problem,
    random,
    record::Record,
    records::Records,
    tokens::later,
    validate::{Fields, Letters},
};

/// Five minutes.
const LIFETIME: SignedDuration = SignedDuration::from_secs(300);

const NO_MACHINE: Problem = Problem::Named(
    StatusCode::UNAUTHORIZED,
    "Unauthenticated",
    Some("A machine token is needed"),
);
const DISABLED: Problem = Problem::Named(StatusCode::BAD_REQUEST, "Mesh is disabled", None);
const OTHER_PROVIDER: Problem = Problem::Named(
    StatusCode::BAD_REQUEST,
    "Mesh provider is not runbeam",
    None,
);
const NO_EGRESS: Problem = Problem::Named(
    StatusCode::FORBIDDEN,
    "Gateway has no egress in this mesh",
    None,
);
const NO_INGRESS: Problem = Problem::Named(
    StatusCode::FORBIDDEN,
    "No ingress of this mesh matches the destination",
    None,
);
const NO_MESH: Problem = Problem::Named(
    StatusCode::NOT_FOUND,
    "Mesh not found",
    Some("No mesh with this id in the team"),
);

pub(crate) async fn token(
    State(cloud): State<Arc<Cloud>>,
    caller: Result<Caller, Problem>,
    Input(sent): Input,
) -> Result<Json<Value>, Problem> {
    let caller = caller.map_err(|problem| match problem {
        Problem::Unauthenticated => NO_MACHINE,
        other => other,
    })?;
    let gateway_id = caller.gateway_id().ok_or(NO_MACHINE)?;
    let (mesh_id, destination) = validate(&sent)?;
    let records = cloud.read();
    let mesh = records
        .table(Kind::Mesh)
        .find(&caller.team_id, &mesh_id)
        .ok_or(NO_MESH)?;
    may_pass(&records, mesh, gateway_id, &destination)?;

    let now = cloud.now();
    let expires_at = later(now, LIFETIME);
    let claims = json!({
        "iss": cloud.origin,
        "sub": format!("gateway:{gateway_id}"),
        "aud": format!("mesh:{}", mesh.id),
        "jti": random::hex::<4>(),
        "mesh_id": mesh.id,
        "dest_url": destination,
        "source_team": caller.team_id,
        "iat": now.as_second(),
        "exp": now.as_second().saturating_add(LIFETIME.as_secs()),
    });
    Ok(Json(json!({
        "token": jwt::sign(&cloud.keyring.signing(), &claims),
        "expires_at": wire(expires_at),
        "mesh_id": mesh.id,
    })))
}

/// Whether the mesh lets this gateway out, and this destination in.
fn may_pass(
    records: &Records,
    mesh: &Record,
    gateway_id: &str,
    destination: &str,
) -> Result<(), Problem> {
    if !mesh.is_enabled() {
        return Err(DISABLED);
    }
    if mesh.text("provider") != Some("runbeam") {
        return Err(OTHER_PROVIDER);
    }
    let mut out = listed(records, mesh, "egress", Kind::Egress);
    if !out.any(|egress| egress.gateway_id.as_deref() == Some(gateway_id)) {
        return Err(NO_EGRESS);
    }
    let mut into = listed(records, mesh, "ingress", Kind::Ingress);
    let is_reached = |ingress: &Record| {
        let urls = ingress.value("urls").as_array();
        urls.is_some_and(|urls| {
            urls.iter()
                .filter_map(Value::as_str)
                .any(|url| covers(url, destination))
        })
    };
    if into.any(is_reached) {
        Ok(())
    } else {
        Err(NO_INGRESS)
    }
}

/// The enabled records of the team that a list of the mesh names.
fn listed<'a>(
    records: &'a Records,
    mesh: &'a Record,
    list: &str,
    kind: Kind,
) -> impl Iterator<Item = &'a Record> {
    let names = mesh.value(list).as_array();
    records
        .table(kind)
        .of_team(&mesh.team_id)
        .filter(move |record| {
            let is_named = |name: &Value| *name == record.name || *name == record.id;
            record.is_enabled() && names.is_some_and(|names| names.iter().any(is_named))
        })
}

/// Whether `destination` lies at or below `url`: the same origin, and the same path as far as that goes.
fn covers(url: &str, destination: &str) -> bool {
    let (Some(url), Some(destination)) = (parts(url), parts(destination)) else {
        return false;
    };
    let path = url.1.trim_end_matches('/');
    let below = destination.1.strip_prefix(path);
    url.0 == destination.0 && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Scheme, host and port of an address, and its path.
fn parts(text: &str) -> Option<((String, String, u16), String)> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = match (uri.port_u16(), scheme.as_str()) {
        (Some(port), _) => port,
        (None, "https") => 443,
        (None, "http") => 80,
        (None, _) => return None,
    };
    let host = uri.host()?.to_ascii_lowercase();
    // A path that climbs could leave the ingress again.
    let is_plain = !uri.path().split('/').any(|part| matches!(part, "." | ".."));
    is_plain.then(|| ((scheme, host, port), uri.path().to_owned()))
}

/// Checks a `MeshTokenRequest`: the mesh and the destination.
fn validate(sent: &Map<String, Value>) -> Result<(String, String), Problem> {
    let mut fields = Fields::of(sent);
    let mesh = fields.required_text("mesh_id", Letters::Any);
    let destination = fields.required_long_text("destination_url");
    if destination
        .as_deref()
        .is_some_and(|url| parts(url).is_none())
    {
        fields.fail("destination_url", "The :field field must be a valid URL.");
    }
    fields.finish()?;
    Ok((mesh.unwrap_or_default(), destination.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ingress_covers_what_lies_below_it() {
        let check = |destination: &str, expected: bool| {
            let url = "https://lisbon.example.test/studies";
            assert_eq!(covers(url, destination), expected, "{destination}");
        };
        check("https://lisbon.example.test/studies", true);
        check("https://LISBON.example.test:443/studies/7?x=1", true);
        check("https://lisbon.example.test/studiesx", false);
        check("https://lisbon.example.test/", false);
        check("http://lisbon.example.test/studies", false);
        check("https://lisbon.example.test.evil.test/studies", false);
        check("https://lisbon.example.test:444/studies", false);
        check("https://lisbon.example.test/studies/../x", false);
        check("lisbon", false);
        assert!(covers("https://h", "https://h/x"));
    }
}
