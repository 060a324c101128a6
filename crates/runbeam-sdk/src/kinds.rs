//! The table of kinds: how each is called on a client, and what the earlier SDK called its operations.

use runbeam_model as model;

use crate::{Resources, RunbeamClient};

/// Calls a macro with every kind.
macro_rules! for_each_kind {
    ($callback:ident) => {
        $callback! {
            gateways Gateway: list_gateways get_gateway create_gateway update_gateway delete_gateway;
            services Service: list_services get_service create_service update_service delete_service;
            endpoints Endpoint: list_endpoints get_endpoint create_endpoint update_endpoint delete_endpoint;
            backends Backend: list_backends get_backend create_backend update_backend delete_backend;
            pipelines Pipeline: list_pipelines get_pipeline create_pipeline update_pipeline delete_pipeline;
            middlewares Middleware: list_middlewares get_middleware create_middleware update_middleware delete_middleware;
            transforms Transform: list_transforms get_transform create_transform update_transform delete_transform;
            policies Policy: list_policies get_policy create_policy update_policy delete_policy;
            rules Rule: list_rules get_rule create_rule update_rule delete_rule;
            networks Network: list_networks get_network create_network update_network delete_network;
            authentications Authentication: list_authentications get_authentication create_authentication update_authentication delete_authentication;
            peers Peer: list_peers get_peer create_peer update_peer delete_peer;
            targets Target: list_targets get_target create_target update_target delete_target;
            meshes Mesh: list_meshes get_mesh create_mesh update_mesh delete_mesh;
        }
    };
}
#[cfg(any(feature = "blocking", feature = "compat"))]
pub(crate) use for_each_kind;

macro_rules! accessors {
    ($($name:ident $kind:ident: $($flat:ident)*;)*) => {
        impl RunbeamClient {
            $(
                #[doc = concat!("The ", stringify!($name), " of the token's team.")]
                #[must_use]
                pub fn $name(&self) -> Resources<'_, model::$kind> {
                    Resources::new(self)
                }
            )*
        }
    };
}

for_each_kind!(accessors);
