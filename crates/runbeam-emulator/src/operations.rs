//! What the operations do.

pub(crate) mod authorize;
pub(crate) mod base_url;
pub(crate) mod changes;
pub(crate) mod config_changes;
pub(crate) mod configuration;
pub(crate) mod keys;
pub(crate) mod legacy_changes;
pub(crate) mod login;
pub(crate) mod mesh;
pub(crate) mod resolve;
pub(crate) mod resources;
pub(crate) mod store_config;
