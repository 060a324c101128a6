//! Meshes of gateways, where they come in and go out, and the tokens that gateways call each other with.

use http::Method;
use serde::{Deserialize, Serialize};

use crate::definition::{draft, kind};
use crate::lenient::lenient;
use crate::open_enum::open_enum;
use crate::operation::read_json;
use crate::{
    ApiRequest, MeshEgressId, MeshId, MeshIngressId, Operation, ReadError, Secret, SecretBytes,
    Timestamp,
};

open_enum! {
    /// What gateways of a mesh speak.
    MeshProtocol {
        /// HTTP over TCP.
        Http = "http",
        /// HTTP/3.
        Http3 = "http3",
    }
}

open_enum! {
    /// Who issues the tokens of a mesh.
    MeshProvider {
        /// The gateways themselves.
        Local = "local",
        /// Runbeam Cloud.
        Runbeam = "runbeam",
    }
}

open_enum! {
    /// Who may come in or go out.
    MeshMode {
        /// Members of the mesh and others.
        Default = "default",
        /// Members of the mesh alone.
        Mesh = "mesh",
    }
}

/// A mesh: gateways that call each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Mesh {
    /// Its id.
    pub id: MeshId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// What its gateways speak.
    #[serde(rename = "type", default, deserialize_with = "lenient")]
    pub protocol: MeshProtocol,
    /// Who issues its tokens.
    #[serde(default, deserialize_with = "lenient")]
    pub provider: MeshProvider,
    /// How its gateways prove who they are. `jwt` where the server leaves it out.
    #[serde(default, deserialize_with = "lenient")]
    pub auth_type: Option<String>,
    /// The secret of a local mesh. It is never written.
    #[serde(default, skip_serializing, deserialize_with = "lenient")]
    pub jwt_secret: Option<Secret>,
    /// Where a local mesh keeps the key that signs.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub jwt_private_key_path: Option<String>,
    /// Where a local mesh keeps the key that verifies.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub jwt_public_key_path: Option<String>,
    /// The names of the places where it comes in.
    #[serde(default, deserialize_with = "lenient")]
    pub ingress: Vec<String>,
    /// The names of the places where it goes out.
    #[serde(default, deserialize_with = "lenient")]
    pub egress: Vec<String>,
    /// Whether it is used. It is where the server does not say otherwise.
    #[serde(default, deserialize_with = "lenient")]
    pub enabled: Option<bool>,
    /// What it is for.
    #[serde(default, deserialize_with = "lenient")]
    pub description: Option<String>,
}

draft! {
    /// What a mesh is created or updated from.
    MeshDraft {
        ;
        /// What its gateways speak.
        with_protocol(r#type: MeshProtocol),
        /// Who issues its tokens.
        with_provider(provider: MeshProvider),
        /// How its gateways prove who they are, such as `jwt`.
        with_auth_type(auth_type: text),
        /// The names of the places where it comes in.
        with_ingress(ingress: texts),
        /// The names of the places where it goes out.
        with_egress(egress: texts),
        /// Whether it is used.
        with_enabled(enabled: bool),
        /// What it is for.
        with_description(description: text),
    }
}

kind!(Mesh(MeshId, MeshDraft): "mesh" in "meshes");

/// Where a mesh comes in. The API has no operation for it: it occurs in configurations and is found by
/// [`ResolveReference`](crate::ResolveReference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MeshIngress {
    /// Its id.
    pub id: MeshIngressId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// What it speaks.
    #[serde(rename = "type", default, deserialize_with = "lenient")]
    pub protocol: MeshProtocol,
    /// The name of the pipeline that requests pass.
    #[serde(default, deserialize_with = "lenient")]
    pub pipeline: String,
    /// Who may come in. `default` where the server leaves it out.
    #[serde(default, deserialize_with = "lenient")]
    pub mode: Option<MeshMode>,
    /// The name of the endpoint.
    #[serde(default, deserialize_with = "lenient")]
    pub endpoint: Option<String>,
    /// The addresses that others call it at.
    #[serde(default, deserialize_with = "lenient")]
    pub urls: Vec<String>,
    /// Whether it is used. It is where the server does not say otherwise.
    #[serde(default, deserialize_with = "lenient")]
    pub enabled: Option<bool>,
    /// What it is for.
    #[serde(default, deserialize_with = "lenient")]
    pub description: Option<String>,
}

/// Where a mesh goes out. The API has no operation for it, as for [`MeshIngress`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MeshEgress {
    /// Its id.
    pub id: MeshEgressId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// What it speaks.
    #[serde(rename = "type", default, deserialize_with = "lenient")]
    pub protocol: MeshProtocol,
    /// The name of the pipeline that requests pass.
    #[serde(default, deserialize_with = "lenient")]
    pub pipeline: String,
    /// Who may go out. `default` where the server leaves it out.
    #[serde(default, deserialize_with = "lenient")]
    pub mode: Option<MeshMode>,
    /// The name of the backend.
    #[serde(default, deserialize_with = "lenient")]
    pub backend: Option<String>,
    /// Whether it is used. It is where the server does not say otherwise.
    #[serde(default, deserialize_with = "lenient")]
    pub enabled: Option<bool>,
    /// What it is for.
    #[serde(default, deserialize_with = "lenient")]
    pub description: Option<String>,
}

/// Asks for a token that a gateway calls another one of its mesh with. It takes the gateway's machine token.
#[derive(Debug, Clone, Serialize)]
pub struct RequestMeshToken {
    mesh_id: MeshId,
    destination_url: String,
}

impl RequestMeshToken {
    /// A token of the mesh `mesh_id` for `destination_url`, which an ingress of the mesh has.
    #[must_use]
    pub fn new(mesh_id: MeshId, destination_url: impl Into<String>) -> Self {
        Self {
            mesh_id,
            destination_url: destination_url.into(),
        }
    }
}

impl Operation for RequestMeshToken {
    const NAME: &'static str = "meshToken";
    type Answer = MeshTokenResponse;

    fn request(&self) -> ApiRequest {
        let body = SecretBytes::from_json(self).unwrap_or_default();
        ApiRequest::new(Method::POST, ["harmony", "mesh", "token"]).with_json(body)
    }

    fn read(&self, body: &[u8]) -> Result<MeshTokenResponse, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// A token for a destination in a mesh.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct MeshTokenResponse {
    /// A JWT of five minutes.
    pub token: Secret,
    /// When it stops to work.
    #[serde(default, deserialize_with = "lenient")]
    pub expires_at: Option<Timestamp>,
    /// The mesh that it is for.
    #[serde(default, deserialize_with = "lenient")]
    pub mesh_id: Option<MeshId>,
}
