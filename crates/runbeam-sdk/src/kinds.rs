//! The table of kinds: how each is called on a client.

use runbeam_model as model;

use crate::{Resources, RunbeamClient};

/// Calls a macro with every kind.
macro_rules! for_each_kind {
    ($callback:ident) => {
        $callback! {
            gateways Gateway "gateways";
            services Service "services";
            endpoints Endpoint "endpoints";
            backends Backend "backends";
            pipelines Pipeline "pipelines";
            middlewares Middleware "middlewares";
            transforms Transform "transforms";
            policies Policy "policies";
            rules Rule "rules";
            networks Network "networks";
            authentications Authentication "authentications";
            peers Peer "peers";
            targets Target "targets";
            meshes Mesh "meshes";
        }
    };
}

macro_rules! accessors {
    ($($name:ident $kind:ident $words:literal;)*) => {
        impl RunbeamClient {
            $(
                #[doc = concat!("The ", $words, " of the token's team.")]
                #[must_use]
                pub fn $name(&self) -> Resources<'_, model::$kind> {
                    Resources::new(self)
                }
            )*
        }
    };
}

for_each_kind!(accessors);
