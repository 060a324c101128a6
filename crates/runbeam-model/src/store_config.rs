//! Configuration that is pushed to the cloud.

use http::Method;
use serde::{Deserialize, Serialize};

use crate::lenient::{all_lenient_object, lenient};
use crate::open_enum::open_enum;
use crate::operation::read_json;
use crate::{
    ApiRequest, Change, ConfigKind, ConfigText, Operation, ReadError, ResourceId, SecretBytes,
};

open_enum! {
    /// What became of a configuration that was pushed.
    StoreAction {
        /// It made something new.
        Created = "created",
        /// It changed what there was.
        Updated = "updated",
    }
}

/// Pushes the configuration of one resource.
#[derive(Debug, Clone, Serialize)]
pub struct StoreConfiguration {
    #[serde(rename = "type")]
    kind: ConfigKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ResourceId>,
    config: ConfigText,
}

impl StoreConfiguration {
    /// A new resource of this kind, described in TOML. For a gateway without an id, it is the one of the machine token
    /// that the call is made with.
    #[must_use]
    pub fn new(kind: impl Into<ConfigKind>, config: impl Into<ConfigText>) -> Self {
        Self {
            kind: kind.into(),
            id: None,
            config: config.into(),
        }
    }

    /// The resource of this id in place of a new one.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<Option<ResourceId>>) -> Self {
        self.id = id.into();
        self
    }

    /// The kind of resource.
    #[must_use]
    pub fn kind(&self) -> &ConfigKind {
        &self.kind
    }

    /// The text that describes it.
    #[must_use]
    pub fn config(&self) -> &ConfigText {
        &self.config
    }
}

impl Operation for StoreConfiguration {
    const NAME: &'static str = "storeConfig";
    type Answer = StoreConfigResponse;

    fn request(&self) -> ApiRequest {
        let body = SecretBytes::from_json(self).unwrap_or_default();
        ApiRequest::new(Method::POST, ["harmony", "update"]).with_json(body)
    }

    fn read(&self, body: &[u8]) -> Result<StoreConfigResponse, ReadError> {
        read_json(Self::NAME, body)
    }
}

/// The server's word about a configuration that was pushed. Its generations name the same facts in two places; both
/// are read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Form")]
#[non_exhaustive]
pub struct StoreConfigResponse {
    /// Whether it is stored.
    pub success: bool,
    /// One line for a person.
    pub message: String,
    /// The id of what it is of.
    pub id: Option<ResourceId>,
    /// The kind of what it is of.
    pub kind: ConfigKind,
    /// What became of it.
    pub action: StoreAction,
    /// The change that tells the gateway, if there is one.
    pub change: Option<Change>,
}

#[derive(Deserialize)]
struct Form {
    #[serde(default, deserialize_with = "lenient")]
    success: bool,
    #[serde(default, deserialize_with = "lenient")]
    message: String,
    #[serde(default, deserialize_with = "lenient")]
    data: Option<Stored>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    #[serde(deserialize_with = "lenient")]
    id: Option<ResourceId>,
    #[serde(rename = "type", deserialize_with = "lenient")]
    kind: Option<ConfigKind>,
    #[serde(deserialize_with = "lenient")]
    action: Option<StoreAction>,
    #[serde(deserialize_with = "lenient")]
    model: Option<Model>,
    #[serde(deserialize_with = "lenient")]
    change: Option<Change>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Model {
    #[serde(deserialize_with = "lenient")]
    id: Option<ResourceId>,
    #[serde(rename = "type", deserialize_with = "lenient")]
    kind: Option<ConfigKind>,
    #[serde(deserialize_with = "lenient")]
    action: Option<StoreAction>,
}

all_lenient_object!(Stored Model);

impl From<Form> for StoreConfigResponse {
    fn from(form: Form) -> Self {
        let stored = form.data.unwrap_or_default();
        let model = stored.model.unwrap_or_default();
        Self {
            success: form.success,
            message: form.message,
            id: stored.id.or(model.id),
            kind: stored.kind.or(model.kind).unwrap_or_default(),
            action: stored.action.or(model.action).unwrap_or_default(),
            change: stored.change,
        }
    }
}
