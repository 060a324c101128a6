//! Configuration changes that wait for a gateway, and what becomes of them.

use http::Method;
use serde::{Deserialize, Serialize};

use crate::lenient::{lenient, lenient_object};
use crate::open_enum::open_enum;
use crate::operation::{One, read_json};
use crate::paged::Listing;
use crate::{
    AnyJson, ApiRequest, ChangeId, ConfigText, GatewayId, Operation, Page, Paged, PipelineId,
    ReadError, SecretBytes, Timestamp,
};

open_enum! {
    /// How far a change has come.
    ChangeStatus {
        /// It waits for its gateway.
        Pending = "pending" | "queued",
        /// Its gateway has seen it.
        Acknowledged = "acknowledged",
        /// Its gateway runs by it.
        Applied = "applied",
        /// Its gateway could not apply it.
        Failed = "failed",
    }
}

open_enum! {
    /// What a configuration is of.
    ConfigKind {
        /// A gateway.
        Gateway = "gateway",
        /// A pipeline.
        Pipeline = "pipeline",
        /// A transform.
        Transform = "transform",
        /// A mesh.
        Mesh = "mesh",
    }
}

/// A configuration change. Lists leave its content out: [`ShowChange`] has all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// How far it has come.
    #[serde(default, deserialize_with = "lenient")]
    pub status: ChangeStatus,
    /// What is changed.
    #[serde(rename = "type", default, deserialize_with = "lenient")]
    pub kind: ConfigKind,
    /// The gateway that it is for.
    #[serde(default, deserialize_with = "lenient")]
    pub gateway_id: Option<GatewayId>,
    /// The pipeline that is changed.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub pipeline_id: Option<PipelineId>,
    /// The whole new configuration of what is changed.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub toml_config: Option<ConfigText>,
    /// Facts about it, as the server gives them.
    #[serde(default, skip_serializing_if = "is_null")]
    pub metadata: AnyJson,
    /// When it was made.
    #[serde(default, deserialize_with = "lenient")]
    pub created_at: Option<Timestamp>,
    /// When its gateway had seen it.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub acknowledged_at: Option<Timestamp>,
    /// When it was applied.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub applied_at: Option<Timestamp>,
    /// When it failed.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub failed_at: Option<Timestamp>,
    /// Why it failed, in one line.
    #[serde(
        default,
        deserialize_with = "lenient",
        skip_serializing_if = "Option::is_none"
    )]
    pub error_message: Option<String>,
    /// Why it failed, as it was reported.
    #[serde(default, skip_serializing_if = "is_null")]
    pub error_details: AnyJson,
}

fn is_null(json: &AnyJson) -> bool {
    json.is_null()
}

lenient_object!(Change);

/// Lists changes, newest first: all of a team, or those that wait for one gateway. With a machine token, all are
/// those of its gateway.
#[derive(Debug, Clone, Default)]
pub struct ListChanges {
    listing: Listing,
}

impl ListChanges {
    /// The first page, in the size that the server chooses (15).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Paged for ListChanges {
    type Row = Change;

    fn with_page(mut self, page: u32) -> Self {
        self.listing.page = Some(page);
        self
    }

    fn with_per_page(mut self, rows: u32) -> Self {
        self.listing.per_page = Some(rows);
        self
    }
}

impl Operation for ListChanges {
    const NAME: &'static str = "changesIndex";
    type Answer = Page<Change>;

    fn request(&self) -> ApiRequest {
        self.listing
            .add_to(ApiRequest::new(Method::GET, ["harmony", "changes"]))
    }

    fn read(&self, body: &[u8]) -> Result<Page<Change>, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// Lists the changes that wait for a gateway, newest first.
#[derive(Debug, Clone)]
pub struct ListGatewayChanges {
    gateway_id: GatewayId,
    listing: Listing,
}

impl ListGatewayChanges {
    /// The first page of those of this gateway, in the size that the server chooses (15).
    #[must_use]
    pub fn new(gateway_id: GatewayId) -> Self {
        Self {
            gateway_id,
            listing: Listing::default(),
        }
    }
}

impl Paged for ListGatewayChanges {
    type Row = Change;

    fn with_page(mut self, page: u32) -> Self {
        self.listing.page = Some(page);
        self
    }

    fn with_per_page(mut self, rows: u32) -> Self {
        self.listing.per_page = Some(rows);
        self
    }
}

impl Operation for ListGatewayChanges {
    const NAME: &'static str = "changesForGateway";
    type Answer = Page<Change>;

    fn request(&self) -> ApiRequest {
        let segments = ["harmony", "changes", self.gateway_id.as_str()];
        self.listing.add_to(ApiRequest::new(Method::GET, segments))
    }

    fn read(&self, body: &[u8]) -> Result<Page<Change>, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// Shows a change with its content.
#[derive(Debug, Clone)]
pub struct ShowChange {
    id: ChangeId,
}

impl ShowChange {
    /// The change of this id.
    #[must_use]
    pub fn new(id: ChangeId) -> Self {
        Self { id }
    }
}

impl Operation for ShowChange {
    const NAME: &'static str = "changeShow";
    const MAX_ANSWER: usize = crate::operation::MAX_CONFIGURATION;
    type Answer = Change;

    fn request(&self) -> ApiRequest {
        ApiRequest::new(Method::GET, ["harmony", "change", self.id.as_str()])
    }

    fn read(&self, body: &[u8]) -> Result<Change, ReadError> {
        Ok(read_json::<One<Change>>(Self::NAME, body)?.data)
    }
}

/// Says that a gateway has seen changes.
#[derive(Debug, Clone, Serialize)]
pub struct AcknowledgeChanges {
    change_ids: Vec<ChangeId>,
}

impl AcknowledgeChanges {
    /// The changes of these ids: one at least.
    #[must_use]
    pub fn new(change_ids: impl IntoIterator<Item = ChangeId>) -> Self {
        Self {
            change_ids: change_ids.into_iter().collect(),
        }
    }
}

impl Operation for AcknowledgeChanges {
    const NAME: &'static str = "changesAcknowledge";
    type Answer = AcknowledgeResponse;

    fn request(&self) -> ApiRequest {
        let body = SecretBytes::from_json(self).unwrap_or_default();
        ApiRequest::new(Method::POST, ["harmony", "changes", "acknowledge"]).with_json(body)
    }

    fn read(&self, body: &[u8]) -> Result<AcknowledgeResponse, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// Which changes the server took the acknowledgement of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AcknowledgeResponse {
    /// Those that are acknowledged now.
    #[serde(deserialize_with = "lenient")]
    pub acknowledged: Vec<ChangeId>,
    /// Those that are unknown, or of another gateway.
    #[serde(deserialize_with = "lenient")]
    pub failed: Vec<ChangeId>,
}

/// Says that a gateway runs by a change.
#[derive(Debug, Clone)]
pub struct ReportChangeApplied {
    id: ChangeId,
}

impl ReportChangeApplied {
    /// The change of this id.
    #[must_use]
    pub fn new(id: ChangeId) -> Self {
        Self { id }
    }
}

impl Operation for ReportChangeApplied {
    const NAME: &'static str = "changeApplied";
    type Answer = ChangeStatusResponse;

    fn request(&self) -> ApiRequest {
        let segments = ["harmony", "change", self.id.as_str(), "applied"];
        ApiRequest::new(Method::POST, segments)
    }

    fn read(&self, body: &[u8]) -> Result<ChangeStatusResponse, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// Says that a gateway could not apply a change, and why.
#[derive(Debug, Clone, Serialize)]
pub struct ReportChangeFailed {
    #[serde(skip)]
    id: ChangeId,
    error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Vec<String>>,
}

impl ReportChangeFailed {
    /// The change of this id failed for this reason, in one line.
    #[must_use]
    pub fn new(id: ChangeId, error: impl Into<String>) -> Self {
        Self {
            id,
            error: error.into(),
            details: None,
        }
    }

    /// Adds lines of detail.
    #[must_use]
    pub fn with_details(mut self, details: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.details = Some(details.into_iter().map(Into::into).collect());
        self
    }
}

impl Operation for ReportChangeFailed {
    const NAME: &'static str = "changeFailed";
    type Answer = ChangeStatusResponse;

    fn request(&self) -> ApiRequest {
        let body = SecretBytes::from_json(self).unwrap_or_default();
        let segments = ["harmony", "change", self.id.as_str(), "failed"];
        ApiRequest::new(Method::POST, segments).with_json(body)
    }

    fn read(&self, body: &[u8]) -> Result<ChangeStatusResponse, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// The server's word that it has recorded a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChangeStatusResponse {
    /// Whether it has.
    #[serde(deserialize_with = "lenient")]
    pub success: bool,
    /// One line for a person.
    #[serde(deserialize_with = "lenient")]
    pub message: String,
}
