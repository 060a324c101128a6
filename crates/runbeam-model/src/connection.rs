//! Where something is reached, and where something listens.

use serde::{Deserialize, Serialize};

use crate::lenient::{all_lenient_object, lenient};

/// Where an endpoint, a backend, a peer or a target is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ConnectionConfig {
    /// The name or address of the machine.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The port.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The protocol, such as `https`.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// What goes before every path.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub base_path: Option<String>,
}

impl ConnectionConfig {
    /// Nothing said yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name or address of the machine.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The port.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The protocol, such as `https`.
    #[must_use]
    pub fn with_protocol(mut self, protocol: impl Into<String>) -> Self {
        self.protocol = Some(protocol.into());
        self
    }

    /// What goes before every path.
    #[must_use]
    pub fn with_base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = Some(path.into());
        self
    }
}

/// Where a network listens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TcpConfig {
    /// The address.
    #[serde(deserialize_with = "lenient")]
    pub bind_address: Option<String>,
    /// The port.
    #[serde(deserialize_with = "lenient")]
    pub bind_port: Option<u16>,
}

all_lenient_object!(ConnectionConfig TcpConfig);
