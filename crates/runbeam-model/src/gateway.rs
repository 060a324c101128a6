//! A gateway as Runbeam Cloud knows it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lenient::{flag, null_as_default, optional};
use crate::{GatewayCode, GatewayId, Resource, TeamId, Timestamp};

/// A gateway as Runbeam Cloud knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Gateway {
    /// The gateway's id.
    pub id: GatewayId,
    /// The short name that its operator chose. Empty where the server leaves it out.
    #[serde(default, deserialize_with = "null_as_default")]
    pub code: String,
    /// The gateway's name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// The team that owns it.
    #[serde(default, deserialize_with = "optional")]
    pub team_id: Option<TeamId>,
    /// Whether it serves. One created over the API starts disabled.
    #[serde(default, deserialize_with = "flag")]
    pub enabled: Option<bool>,
    /// Where it keeps its pipelines.
    #[serde(default)]
    pub pipelines_path: Option<String>,
    /// Where it keeps its transforms.
    #[serde(default)]
    pub transforms_path: Option<String>,
    /// How long it keeps key sets, in hours (1 to 168).
    #[serde(default)]
    pub jwks_cache_duration_hours: Option<u32>,
    /// Whether its management API is on.
    #[serde(default, deserialize_with = "flag")]
    pub management_enabled: Option<bool>,
    /// The first segment of its management API's paths.
    #[serde(default)]
    pub management_base_path: Option<String>,
    /// The network that its management API listens on.
    #[serde(default, deserialize_with = "optional")]
    pub management_network_id: Option<String>,
    /// Its names in the DNS.
    #[serde(default, deserialize_with = "null_as_default")]
    pub dns: Vec<String>,
    /// Further settings, as the server gives them.
    #[serde(default)]
    pub settings: Value,
    /// When it was created.
    #[serde(default, deserialize_with = "optional")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "optional")]
    pub updated_at: Option<Timestamp>,
}

impl Resource for Gateway {
    type Id = GatewayId;
    type Draft = GatewayDraft;
    const KIND: &'static str = "gateway";
    const COLLECTION: &'static str = "gateways";
    const OPERATIONS: [&'static str; 5] = [
        "gatewaysIndex",
        "gatewaysShow",
        "gatewaysStore",
        "gatewaysUpdate",
        "gatewaysDestroy",
    ];
}

/// What a gateway is created or updated from. Fields that are not set are not sent.
///
/// ```
/// # use runbeam_model::GatewayDraft;
/// let draft = GatewayDraft::new("edge-lisbon").with_enabled(true).with_dns(["lisbon.example.test"]);
/// assert_eq!(
///     serde_json::to_string(&draft)?,
///     r#"{"name":"edge-lisbon","enabled":true,"dns":["lisbon.example.test"]}"#,
/// );
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GatewayDraft {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<GatewayCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipelines_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transforms_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_cache_duration_hours: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    management_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    management_base_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    management_network_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dns: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Value>,
}

impl GatewayDraft {
    /// A gateway of this name: lower-case letters, digits, hyphens and underscores, unique in the team.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            code: None,
            enabled: None,
            pipelines_path: None,
            transforms_path: None,
            jwks_cache_duration_hours: None,
            management_enabled: None,
            management_base_path: None,
            management_network_id: None,
            dns: None,
            settings: None,
        }
    }

    /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
    #[must_use]
    pub fn with_code(mut self, code: GatewayCode) -> Self {
        self.code = Some(code);
        self
    }

    /// Whether it serves.
    #[must_use]
    pub fn with_enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// Where it keeps its pipelines.
    #[must_use]
    pub fn with_pipelines_path(mut self, path: impl Into<String>) -> Self {
        self.pipelines_path = Some(path.into());
        self
    }

    /// Where it keeps its transforms.
    #[must_use]
    pub fn with_transforms_path(mut self, path: impl Into<String>) -> Self {
        self.transforms_path = Some(path.into());
        self
    }

    /// How long it keeps key sets, in hours (1 to 168).
    #[must_use]
    pub fn with_jwks_cache_duration_hours(mut self, hours: u32) -> Self {
        self.jwks_cache_duration_hours = Some(hours);
        self
    }

    /// Whether its management API is on, below `base_path`, on the network `network_id`.
    #[must_use]
    pub fn with_management(
        mut self,
        enabled: bool,
        base_path: impl Into<Option<String>>,
        network_id: impl Into<Option<String>>,
    ) -> Self {
        self.management_enabled = Some(enabled);
        self.management_base_path = base_path.into();
        self.management_network_id = network_id.into();
        self
    }

    /// Its names in the DNS.
    #[must_use]
    pub fn with_dns<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.dns = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Further settings: a JSON object.
    #[must_use]
    pub fn with_settings(mut self, settings: Value) -> Self {
        self.settings = Some(settings);
        self
    }
}
