//! What a client may say about a gateway: the rules of `GatewayRequest`, the same for creation and change.

use serde_json::{Map, Value};

use crate::{
    gateways::Gateways,
    problem::Problem,
    validate::{Fields, Letters},
};

/// A request that met all rules. `None` stands for a field that was not sent.
#[derive(Debug)]
pub(crate) struct GatewayChanges {
    pub(crate) name: String,
    pub(crate) code: Option<String>,
    pub(crate) enabled: Option<bool>,
    pub(crate) pipelines_path: Option<Option<String>>,
    pub(crate) transforms_path: Option<Option<String>>,
    pub(crate) jwks_cache_duration_hours: Option<Option<i64>>,
    pub(crate) management_enabled: Option<bool>,
    pub(crate) management_base_path: Option<Option<String>>,
    pub(crate) management_network_id: Option<Option<String>>,
    pub(crate) dns: Option<Option<Vec<String>>>,
    pub(crate) settings: Option<Option<Value>>,
}

impl GatewayChanges {
    /// Checks `sent` against all rules; `id` is the gateway that is to change, which may keep its name and code.
    pub(crate) fn validate(
        sent: &Map<String, Value>,
        gateways: &Gateways,
        team_id: &str,
        id: Option<&str>,
    ) -> Result<Self, Problem> {
        let mut fields = Fields::of(sent);
        let name = fields.required_text("name", Letters::Slug);
        if name
            .as_ref()
            .is_some_and(|name| gateways.name_is_taken(team_id, name, id))
        {
            fields.fail("name", "The :field has already been taken.");
        }
        let code = fields.text("code", Letters::Slug);
        if code
            .as_ref()
            .is_some_and(|code| gateways.code_is_taken(team_id, code, id))
        {
            fields.fail("code", "The :field has already been taken.");
        }
        let changes = Self {
            name: name.unwrap_or_default(),
            code,
            enabled: fields.boolean("enabled"),
            pipelines_path: fields.nullable_text("pipelines_path"),
            transforms_path: fields.nullable_text("transforms_path"),
            jwks_cache_duration_hours: fields
                .nullable_integer("jwks_cache_duration_hours", 1..=168),
            management_enabled: fields.boolean("management_enabled"),
            management_base_path: fields.nullable_text("management_base_path"),
            management_network_id: fields.nullable_id("management_network_id"),
            dns: fields.nullable_texts("dns"),
            settings: fields.nullable_structure("settings"),
        };
        fields.finish()?;
        Ok(changes)
    }
}
