//! The operations that the emulator serves, in one table.

use axum::routing::MethodFilter;

use crate::kind::Kind;

/// How an operation is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    /// `PUT`, and `PATCH` as its twin.
    Put,
    Delete,
}

impl Verb {
    pub(crate) const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT.or(MethodFilter::PATCH),
            Self::Delete => MethodFilter::DELETE,
        }
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Get => &["GET", "HEAD"],
            Self::Post => &["POST"],
            Self::Put => &["PUT", "PATCH"],
            Self::Delete => &["DELETE"],
        }
    }
}

/// What an operation does to a kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Index,
    Store,
    Show,
    Update,
    Destroy,
}

/// One row of the table.
struct Row {
    id: &'static str,
    verb: Verb,
    /// The paths below a mount, the canonical one first.
    paths: &'static [&'static str],
    resource: Option<(Kind, Action)>,
}

macro_rules! operations {
    (
        alone { $($variant:ident $id:literal $verb:ident $path:literal $($also:literal)*;)+ }
        resources { $($kind:ident $plural:literal $one:literal: $index:ident $store:ident $show:ident $update:ident $destroy:ident;)+ }
    ) => {
        /// An operation of the cloud, named as the `operationId` of the API description.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            $(
                #[doc = concat!("`", stringify!($verb), " /api", $path, "`")]
                $variant,
            )+
            $(
                #[doc = concat!("`GET /api/", $plural, "`")]
                $index,
                #[doc = concat!("`POST /api/", $plural, "`")]
                $store,
                #[doc = concat!("`GET /api/", $plural, "/{", $one, "}`")]
                $show,
                #[doc = concat!("`PUT` or `PATCH /api/", $plural, "/{", $one, "}`")]
                $update,
                #[doc = concat!("`DELETE /api/", $plural, "/{", $one, "}`")]
                $destroy,
            )+
        }

        impl Operation {
            /// Every operation, in the order of the description.
            pub const ALL: &'static [Self] = &[
                $(Self::$variant,)+
                $(Self::$index, Self::$store, Self::$show, Self::$update, Self::$destroy,)+
            ];

            const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        id: $id,
                        verb: Verb::$verb,
                        paths: &[$path $(, $also)*],
                        resource: None,
                    },)+
                    $(
                        Self::$index => Row {
                            id: concat!($plural, "Index"),
                            verb: Verb::Get,
                            paths: &[concat!("/", $plural)],
                            resource: Some((Kind::$kind, Action::Index)),
                        },
                        Self::$store => Row {
                            id: concat!($plural, "Store"),
                            verb: Verb::Post,
                            paths: &[concat!("/", $plural)],
                            resource: Some((Kind::$kind, Action::Store)),
                        },
                        Self::$show => Row {
                            id: concat!($plural, "Show"),
                            verb: Verb::Get,
                            paths: &[concat!("/", $plural, "/{", $one, "}")],
                            resource: Some((Kind::$kind, Action::Show)),
                        },
                        Self::$update => Row {
                            id: concat!($plural, "Update"),
                            verb: Verb::Put,
                            paths: &[concat!("/", $plural, "/{", $one, "}")],
                            resource: Some((Kind::$kind, Action::Update)),
                        },
                        Self::$destroy => Row {
                            id: concat!($plural, "Destroy"),
                            verb: Verb::Delete,
                            paths: &[concat!("/", $plural, "/{", $one, "}")],
                            resource: Some((Kind::$kind, Action::Destroy)),
                        },
                    )+
                }
            }
        }
    };
}

operations! {
    alone {
        Jwks "jwks" Get "/.well-known/jwks.json";
        StartLogin "startLogin" Post "/cli/start-login";
        CheckLogin "checkLogin" Get "/cli/check-login/{deviceToken}";
        AuthorizeGateway "authorizeGateway" Post "/harmony/authorize";
        RevokeGateway "revokeGateway" Post "/harmony/revoke";
        GatewayConfiguration "gatewayConfiguration" Get "/gateways/{gateway}/configuration";
        BaseUrl "baseUrl" Get "/harmony/base-url";
        ChangesIndex "changesIndex" Get "/harmony/changes";
        ChangesForGateway "changesForGateway" Get "/harmony/changes/{gateway}";
        ChangeShow "changeShow" Get "/harmony/change/{change}";
        ChangesAcknowledge "changesAcknowledge" Post "/harmony/changes/acknowledge";
        ChangeApplied "changeApplied" Post "/harmony/change/{change}/applied" "/harmony/changes/{change}/applied";
        ChangeFailed "changeFailed" Post "/harmony/change/{change}/failed" "/harmony/changes/{change}/failed";
        LegacyBaseUrl "legacyBaseUrl" Get "/gateway/base-url";
        LegacyChangesIndex "legacyChangesIndex" Get "/gateway/changes";
        LegacyChangeShow "legacyChangeShow" Get "/gateway/changes/{change}";
        LegacyAcknowledge "legacyAcknowledge" Post "/gateway/changes/acknowledge";
        LegacyApplied "legacyApplied" Post "/gateway/changes/{change}/applied";
        LegacyFailed "legacyFailed" Post "/gateway/changes/{change}/failed";
        ConfigChangesIndex "configChangesIndex" Get "/harmony/config-changes";
        ConfigChangeShow "configChangeShow" Get "/harmony/config-changes/{change}";
        ConfigChangeAcknowledge "configChangeAcknowledge" Post "/harmony/config-changes/{change}/acknowledge";
        ConfigChangeApplied "configChangeApplied" Post "/harmony/config-changes/{change}/applied";
        ConfigChangeFailed "configChangeFailed" Post "/harmony/config-changes/{change}/failed";
        StoreConfig "storeConfig" Post "/harmony/update";
        MeshToken "meshToken" Post "/harmony/mesh/token";
        Resolve "resolve" Get "/harmony/resources/resolve";
    }
    resources {
        Gateway "gateways" "gateway": GatewaysIndex GatewaysStore GatewaysShow GatewaysUpdate GatewaysDestroy;
        Service "services" "service": ServicesIndex ServicesStore ServicesShow ServicesUpdate ServicesDestroy;
        Endpoint "endpoints" "endpoint": EndpointsIndex EndpointsStore EndpointsShow EndpointsUpdate EndpointsDestroy;
        Backend "backends" "backend": BackendsIndex BackendsStore BackendsShow BackendsUpdate BackendsDestroy;
        Pipeline "pipelines" "pipeline": PipelinesIndex PipelinesStore PipelinesShow PipelinesUpdate PipelinesDestroy;
        Middleware "middlewares" "middleware": MiddlewaresIndex MiddlewaresStore MiddlewaresShow MiddlewaresUpdate MiddlewaresDestroy;
        Transform "transforms" "transform": TransformsIndex TransformsStore TransformsShow TransformsUpdate TransformsDestroy;
        Policy "policies" "policy": PoliciesIndex PoliciesStore PoliciesShow PoliciesUpdate PoliciesDestroy;
        Network "networks" "network": NetworksIndex NetworksStore NetworksShow NetworksUpdate NetworksDestroy;
        Authentication "authentications" "authentication": AuthenticationsIndex AuthenticationsStore AuthenticationsShow AuthenticationsUpdate AuthenticationsDestroy;
        Peer "peers" "peer": PeersIndex PeersStore PeersShow PeersUpdate PeersDestroy;
        Target "targets" "target": TargetsIndex TargetsStore TargetsShow TargetsUpdate TargetsDestroy;
        Rule "rules" "rule": RulesIndex RulesStore RulesShow RulesUpdate RulesDestroy;
        Mesh "meshes" "mesh": MeshesIndex MeshesStore MeshesShow MeshesUpdate MeshesDestroy;
    }
}

impl Operation {
    /// The `operationId`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.row().id
    }

    /// The operation with this `operationId`.
    #[must_use]
    pub fn with_id(id: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.id() == id)
    }

    /// The paths below a mount, the canonical one first.
    pub(crate) const fn paths(self) -> &'static [&'static str] {
        self.row().paths
    }

    pub(crate) const fn verb(self) -> Verb {
        self.row().verb
    }

    /// What it does to which kind of resource, where that is all there is to it.
    pub(crate) const fn resource(self) -> Option<(Kind, Action)> {
        self.row().resource
    }

    /// All methods that `path`, which is below a mount, answers to.
    pub(crate) fn verbs_at(path: &str) -> Vec<&'static str> {
        Self::ALL
            .iter()
            .filter(|operation| operation.paths().contains(&path))
            .flat_map(|operation| operation.verb().names())
            .copied()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_and_addresses_are_unique() {
        let ids: HashSet<_> = Operation::ALL.iter().map(|one| one.id()).collect();
        assert_eq!(ids.len(), Operation::ALL.len());
        let addresses: Vec<_> = Operation::ALL
            .iter()
            .flat_map(|one| one.paths().iter().map(|path| (one.verb().names(), *path)))
            .collect();
        let distinct: HashSet<_> = addresses.iter().collect();
        assert_eq!(distinct.len(), addresses.len());
    }

    #[test]
    fn an_operation_is_found_by_its_id() {
        for operation in Operation::ALL {
            assert_eq!(Operation::with_id(operation.id()), Some(*operation));
        }
        assert_eq!(Operation::with_id("gatewaysindex"), None);
    }
}
