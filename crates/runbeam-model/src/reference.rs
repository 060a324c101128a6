//! References to resources of any provider, and what the cloud finds by them.

use std::fmt;
use std::str::FromStr;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::lenient::lenient;
use crate::open_enum::open_enum;
use crate::operation::read_json;
use crate::{
    ApiRequest, BackendId, EndpointId, GatewayId, MeshId, Operation, ParseError, PipelineId,
    ReadError, ResourceId, ServiceId, TeamId, Timestamp,
};

open_enum! {
    /// The kind of what a reference leads to.
    ReferenceKind {
        /// Where a mesh comes in.
        Ingress = "ingress",
        /// Where a mesh goes out.
        Egress = "egress",
        /// A pipeline.
        Pipeline = "pipeline",
        /// An endpoint.
        Endpoint = "endpoint",
        /// A backend.
        Backend = "backend",
        /// A mesh.
        Mesh = "mesh",
    }
}

/// A reference to a resource: parts between dots.
///
/// | form | meaning |
/// |---|---|
/// | `x` | the local resource of the name `x` |
/// | `provider.name.x`, `provider.id.x` | a resource of a provider |
/// | `provider.team.id.x` | the same, of a team; an id alone can stand here |
/// | `provider.team.kind.name.x`, `provider.team.kind.id.x` | the same, of a [`ReferenceKind`] in any case |
///
/// No part is empty, and none holds a dot or a control character. It displays in the same form, with the kind in lower
/// case.
///
/// ```
/// # use runbeam_model::{Lookup, ReferenceKind, ResourceReference};
/// let reference: ResourceReference = "runbeam.atlantic.Ingress.name.studies".parse()?;
/// assert_eq!(reference.kind(), Some(&ReferenceKind::Ingress));
/// assert_eq!(reference.lookup(), &Lookup::Name("studies".into()));
/// assert_eq!(reference.to_string(), "runbeam.atlantic.ingress.name.studies");
/// assert!("studies".parse::<ResourceReference>()?.is_local());
/// # Ok::<_, runbeam_model::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ResourceReference {
    provider: Option<Box<str>>,
    team: Option<Box<str>>,
    kind: Option<ReferenceKind>,
    lookup: Lookup,
}

/// What a resource is looked up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lookup {
    /// Its id.
    Id(Box<str>),
    /// Its name.
    Name(Box<str>),
}

impl ResourceReference {
    /// Whether it is a bare name, which this gateway resolves and no provider.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.provider.is_none()
    }

    /// The provider, such as `runbeam`, unless it is local.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The team, by id or name, if it is stated.
    #[must_use]
    pub fn team(&self) -> Option<&str> {
        self.team.as_deref()
    }

    /// The kind, if it is stated.
    #[must_use]
    pub fn kind(&self) -> Option<&ReferenceKind> {
        self.kind.as_ref()
    }

    /// What the resource is looked up by.
    #[must_use]
    pub fn lookup(&self) -> &Lookup {
        &self.lookup
    }
}

impl FromStr for ResourceReference {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let invalid = |problem| Err(ParseError::new("resource reference", problem));
        if text.chars().any(char::is_control) {
            return invalid("it holds a control character");
        }
        let parts: Vec<&str> = text.split('.').collect();
        if parts.iter().any(|part| part.trim().is_empty()) {
            return invalid("a part between dots is empty");
        }
        let (provider, team, kind, by, value) = match parts[..] {
            [name] => (None, None, None, "name", name),
            [provider, by, value] => (Some(provider), None, None, by, value),
            [_, _, "name", _] => {
                return invalid(
                    "with a team and without a kind it looks up by `id` alone; add the kind before `name`",
                );
            }
            [provider, team, by, value] => (Some(provider), Some(team), None, by, value),
            [provider, team, kind, by, value] => {
                let kind = ReferenceKind::from(kind.to_ascii_lowercase());
                if matches!(kind, ReferenceKind::Other(_)) {
                    return invalid(
                        "its kind is none of ingress, egress, pipeline, endpoint, backend and mesh",
                    );
                }
                (Some(provider), Some(team), Some(kind), by, value)
            }
            _ => return invalid("it has none of 1, 3, 4 and 5 parts between dots"),
        };
        let lookup = match by {
            "name" => Lookup::Name(value.into()),
            "id" => Lookup::Id(value.into()),
            _ => return invalid("it says neither `name` nor `id` before its last part"),
        };
        Ok(Self {
            provider: provider.map(Into::into),
            team: team.map(Into::into),
            kind,
            lookup,
        })
    }
}

impl fmt::Display for ResourceReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (by, value) = match &self.lookup {
            Lookup::Id(id) => ("id", id),
            Lookup::Name(name) => ("name", name),
        };
        let Some(provider) = &self.provider else {
            return f.write_str(value);
        };
        write!(f, "{provider}.")?;
        if let Some(team) = &self.team {
            write!(f, "{team}.")?;
        }
        if let Some(kind) = &self.kind {
            write!(f, "{kind}.")?;
        }
        write!(f, "{by}.{value}")
    }
}

/// Asks what a reference leads to.
#[derive(Debug, Clone)]
pub struct ResolveReference {
    reference: ResourceReference,
}

impl ResolveReference {
    /// What this reference leads to.
    #[must_use]
    pub fn new(reference: ResourceReference) -> Self {
        Self { reference }
    }
}

impl Operation for ResolveReference {
    const NAME: &'static str = "resolve";
    type Answer = ResolveResponse;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::GET, ["harmony", "resources", "resolve"])
            .with_query("ref", &self.reference.to_string())
    }

    fn read(&self, body: &[u8]) -> Result<ResolveResponse, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResolveResponse {
    /// The resource.
    pub data: ResolvedResource,
    /// Who found it, and when.
    #[serde(default)]
    pub meta: ResolutionMeta,
}

/// Who resolved a reference, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ResolutionMeta {
    /// The provider.
    #[serde(deserialize_with = "lenient")]
    pub provider: String,
    /// When.
    #[serde(deserialize_with = "lenient")]
    pub resolved_at: Option<Timestamp>,
}

/// A resource that a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResolvedResource {
    /// Its kind.
    #[serde(rename = "type", default, deserialize_with = "lenient")]
    pub kind: ReferenceKind,
    /// Its id.
    pub id: ResourceId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The team that owns it.
    #[serde(default, deserialize_with = "lenient")]
    pub team_id: Option<TeamId>,
    /// Whether it is used. It is where the server does not say otherwise.
    #[serde(default, deserialize_with = "lenient")]
    pub enabled: Option<bool>,
    /// Its gateway.
    #[serde(default, deserialize_with = "lenient")]
    pub gateway_id: Option<GatewayId>,
    /// Its pipeline.
    #[serde(default, deserialize_with = "lenient")]
    pub pipeline_id: Option<PipelineId>,
    /// Its mesh.
    #[serde(default, deserialize_with = "lenient")]
    pub mesh_id: Option<MeshId>,
    /// The addresses that it is called at.
    #[serde(default, deserialize_with = "lenient")]
    pub urls: Vec<String>,
    /// Its protocol.
    #[serde(default, deserialize_with = "lenient")]
    pub protocol: Option<String>,
    /// Who may come in or go out.
    #[serde(default, deserialize_with = "lenient")]
    pub mode: Option<String>,
    /// Its backend.
    #[serde(default, deserialize_with = "lenient")]
    pub backend_id: Option<BackendId>,
    /// Its service.
    #[serde(default, deserialize_with = "lenient")]
    pub service_id: Option<ServiceId>,
    /// Its endpoint.
    #[serde(default, deserialize_with = "lenient")]
    pub endpoint_id: Option<EndpointId>,
    /// What it is for.
    #[serde(default, deserialize_with = "lenient")]
    pub description: Option<String>,
    /// Who issues the tokens of its mesh.
    #[serde(default, deserialize_with = "lenient")]
    pub provider: Option<String>,
    /// How callers prove who they are.
    #[serde(default, deserialize_with = "lenient")]
    pub auth_type: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let parsed = text.parse::<ResourceReference>();
        let shown = parsed.map(|reference| reference.to_string());
        match expected {
            Ok(printed) => assert_eq!(shown.unwrap(), printed),
            Err(problem) => {
                let error = shown.unwrap_err().to_string();
                assert!(error.contains(problem), "{text}: {error}");
            }
        }
    }

    #[test]
    fn references_have_one_three_four_or_five_parts() {
        for same in [
            "studies",
            "runbeam.name.x",
            "runbeam.id.x",
            "runbeam.t.id.x",
            "p.t.mesh.name.x y",
            "p.t.backend.id.x",
        ] {
            check(same, Ok(same));
        }
        check("p.t.INGRESS.name.x", Ok("p.t.ingress.name.x"));
        check("p.t.name.x", Err("add the kind before `name`"));
        check("p.t.gateway.name.x", Err("none of ingress, egress"));
        check("p.code.x", Err("neither `name` nor `id`"));
        check("p.t.code.x", Err("neither `name` nor `id`"));
        check("p.t.mesh.NAME.x", Err("neither `name` nor `id`"));
        check("a.b", Err("none of 1, 3, 4 and 5 parts"));
        check("a.b.c.d.e.f", Err("none of 1, 3, 4 and 5 parts"));
        for empty in ["", ".", "p..x", "p.name.", " ", "p. .x"] {
            check(empty, Err("is empty"));
        }
        check("p.name.x\n", Err("control character"));
    }
}
