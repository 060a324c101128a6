//! A gateway as Runbeam Cloud knows it.

use crate::definition::{draft, kind, record};
use crate::{AnyJson, GatewayCode, GatewayId, Known, NetworkId};

record! {
    /// A gateway as Runbeam Cloud knows it.
    Gateway(GatewayId) tagged "gateway" {
        /// Whether it serves. One created over the API starts disabled.
        enabled: Known<bool>,
        /// Where it keeps its pipelines.
        pipelines_path: Option<String>,
        /// Where it keeps its transforms.
        transforms_path: Option<String>,
        /// How long it keeps key sets, in hours (1 to 168).
        jwks_cache_duration_hours: Option<u32>,
        /// Whether its management API is on.
        management_enabled: Option<bool>,
        /// The first segment of its management API's paths.
        management_base_path: Option<String>,
        /// The network that its management API listens on.
        management_network_id: Option<NetworkId>,
        /// Its names in the DNS.
        dns: Vec<String>,
        /// Further settings, as the server gives them.
        settings: AnyJson,
    }
}

draft! {
    /// What a gateway is created or updated from. Its name has lower-case letters, digits, hyphens and underscores,
    /// and is unique in the team.
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
    GatewayDraft {
        ;
        /// Chooses the code. Not every cloud takes it: one that does not derives it from the name.
        with_code(code: GatewayCode),
        /// Whether it serves.
        with_enabled(enabled: bool),
        /// Where it keeps its pipelines.
        with_pipelines_path(pipelines_path: text),
        /// Where it keeps its transforms.
        with_transforms_path(transforms_path: text),
        /// How long it keeps key sets, in hours (1 to 168).
        with_jwks_cache_duration_hours(jwks_cache_duration_hours: u32),
        /// Whether its management API is on.
        with_management_enabled(management_enabled: bool),
        /// The first segment of its management API's paths.
        with_management_base_path(management_base_path: text),
        /// The network that its management API listens on.
        with_management_network_id(management_network_id: NetworkId),
        /// Its names in the DNS.
        with_dns(dns: texts),
        /// Further settings: a JSON object.
        with_settings(settings: AnyJson),
    }
}

kind!(Gateway(GatewayId, GatewayDraft): "gateway" in "gateways");
