//! The exchange of a user's token for a gateway's machine token, and its end.

use http::Method;
use serde::{Deserialize, Serialize};

use crate::lenient::{lenient, lenient_object};
use crate::operation::read_json;
use crate::{
    ApiRequest, GatewayCode, GatewayId, Operation, ReadError, Secret, SecretBytes, Timestamp,
    UserId,
};

/// Exchanges a user's token (JWT or Sanctum) for a machine token of the gateway.
///
/// The user's token goes into the body, too: servers differ in where they read it.
#[derive(Debug, Clone, Serialize)]
pub struct AuthorizeGateway {
    #[serde(serialize_with = "Secret::serialize_exposed")]
    token: Secret,
    gateway_code: GatewayCode,
    machine_public_key: Option<String>,
    metadata: Option<Vec<String>>,
}

impl AuthorizeGateway {
    /// Authorizes the gateway `gateway_code` in the name of the owner of `user_token`. An unknown code creates
    /// a gateway in the user's team.
    #[must_use]
    pub fn new(user_token: Secret, gateway_code: GatewayCode) -> Self {
        Self {
            token: user_token,
            gateway_code,
            machine_public_key: None,
            metadata: None,
        }
    }

    /// Names the gateway's own public key.
    #[must_use]
    pub fn with_machine_public_key(mut self, key: impl Into<Option<String>>) -> Self {
        self.machine_public_key = key.into();
        self
    }

    /// Adds facts about the gateway, each as `name=value`.
    #[must_use]
    pub fn with_metadata(mut self, metadata: impl Into<Option<Vec<String>>>) -> Self {
        self.metadata = metadata.into();
        self
    }
}

impl Operation for AuthorizeGateway {
    const NAME: &'static str = "authorizeGateway";
    type Answer = AuthorizeResponse;

    fn request(&self) -> ApiRequest {
        let body = SecretBytes::from_json(self).unwrap_or_default();
        ApiRequest::new(Method::POST, ["harmony", "authorize"]).with_json(body)
    }

    fn read(&self, body: &[u8]) -> Result<AuthorizeResponse, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// A machine token and the gateway that it is for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct AuthorizeResponse {
    /// What the gateway calls the API with from now on.
    pub machine_token: Secret,
    /// Its life in seconds: 2592000, thirty days.
    #[serde(default, deserialize_with = "lenient")]
    pub expires_in: f64,
    /// When it stops to work.
    pub expires_at: Timestamp,
    /// The gateway that it is for.
    pub gateway: GatewayInfo,
    /// What it may do.
    #[serde(default, deserialize_with = "lenient")]
    pub abilities: Vec<String>,
}

/// The gateway that a machine token is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct GatewayInfo {
    /// The gateway's id.
    pub id: GatewayId,
    /// The short name that its operator chose.
    pub code: GatewayCode,
    /// The gateway's name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// Who authorized it.
    #[serde(default, deserialize_with = "lenient")]
    pub authorized_by: Option<AuthorizedBy>,
}

/// Who authorized a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AuthorizedBy {
    /// The user's id.
    pub id: UserId,
    /// The user's name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The user's e-mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub email: String,
}

lenient_object!(AuthorizedBy);

/// Ends every machine token of a gateway at once.
#[derive(Debug, Clone, Serialize)]
pub struct RevokeGateway {
    gateway_code: GatewayCode,
}

impl RevokeGateway {
    /// Revokes the gateway `gateway_code`.
    #[must_use]
    pub fn new(gateway_code: GatewayCode) -> Self {
        Self { gateway_code }
    }
}

impl Operation for RevokeGateway {
    const NAME: &'static str = "revokeGateway";
    type Answer = RevokeResponse;

    fn request(&self) -> ApiRequest {
        let body = SecretBytes::from_json(self).unwrap_or_default();
        ApiRequest::new(Method::POST, ["harmony", "revoke"]).with_json(body)
    }

    fn read(&self, body: &[u8]) -> Result<RevokeResponse, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// The server's word that a gateway's tokens are ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RevokeResponse {
    /// One line for a person.
    #[serde(deserialize_with = "lenient")]
    pub message: String,
    /// How many tokens were ended, where the server says so.
    #[serde(deserialize_with = "lenient")]
    pub revoked: Option<u64>,
}
