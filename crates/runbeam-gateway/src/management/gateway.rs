//! What only the gateway itself knows and does.

use std::collections::BTreeMap;

use runbeam_sdk::model::{ManagedPipeline, ManagedRoute, StoreConfiguration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::sync::Rejection;

/// A gateway, as its management API sees it.
///
/// What a [`Rejection`] says is shown to whoever asked.
pub trait ManagedGateway: Send + Sync + 'static {
    /// Whether the management API is on: `[management] enabled`. Where it is not, nothing of it exists: 404.
    fn is_managed(&self) -> bool {
        true
    }

    /// Whether its configuration says `[runbeam] enabled = true`.
    fn is_integrated(&self) -> bool;

    /// The pipelines that it runs.
    fn pipelines(&self) -> Vec<ManagedPipeline>;

    /// The routes that it serves.
    fn routes(&self) -> Vec<ManagedRoute>;

    /// What it runs by.
    fn status(&self) -> ConfigStatus;

    /// Its configuration, to be uploaded: what is referred to goes first.
    ///
    /// # Errors
    ///
    /// If it cannot be told at present.
    fn configuration(
        &self,
    ) -> impl Future<Output = Result<Vec<StoreConfiguration>, Rejection>> + Send;

    /// Reads its configuration from disk anew, and runs by it.
    ///
    /// # Errors
    ///
    /// If it does not; it runs by the former one then.
    fn reload(&self) -> impl Future<Output = Result<Reloaded, Rejection>> + Send;
}

/// What a reload did.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Reloaded {
    status: &'static str,
    /// What is different, in numbers by a name, such as `zero_downtime_changes`.
    pub diff: BTreeMap<String, u64>,
    /// The networks that were started anew.
    pub restarted_networks: Vec<String>,
    /// When the configuration was read.
    pub last_reload: Option<Timestamp>,
}

impl Reloaded {
    /// A reload that changed nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            status: "reloaded",
            diff: BTreeMap::new(),
            restarted_networks: Vec::new(),
            last_reload: None,
        }
    }
}

impl Default for Reloaded {
    fn default() -> Self {
        Self::new()
    }
}

/// What a gateway runs by.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ConfigStatus {
    /// The file of its configuration.
    pub config_file_path: String,
    /// When that was written.
    pub config_last_modified: Option<Timestamp>,
    /// Its networks by name, each with what is known of it: `bind_address`, `bind_port` and the like.
    pub current_networks: BTreeMap<String, Value>,
    /// The networks that run.
    pub running_networks: Vec<String>,
    /// Its instance.
    pub proxy_id: String,
    /// How much it logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<String>,
}

impl ConfigStatus {
    /// That of the instance `proxy_id`, whose configuration is at `file`.
    #[must_use]
    pub fn new(file: impl Into<String>, proxy_id: impl Into<String>) -> Self {
        Self {
            config_file_path: file.into(),
            config_last_modified: None,
            current_networks: BTreeMap::new(),
            running_networks: Vec::new(),
            proxy_id: proxy_id.into(),
            log_level: None,
        }
    }
}
