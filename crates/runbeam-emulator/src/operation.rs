//! The operations that the emulator serves, in one table.

use axum::routing::MethodFilter;

/// An operation of the cloud, named as the `operationId` of the API description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `GET /api/.well-known/jwks.json`
    Jwks,
    /// `POST /api/harmony/authorize`
    AuthorizeGateway,
    /// `POST /api/harmony/revoke`
    RevokeGateway,
    /// `GET /api/gateways`
    GatewaysIndex,
    /// `POST /api/gateways`
    GatewaysStore,
    /// `GET /api/gateways/{gateway}`
    GatewaysShow,
    /// `PUT` or `PATCH /api/gateways/{gateway}`
    GatewaysUpdate,
    /// `DELETE /api/gateways/{gateway}`
    GatewaysDestroy,
}

/// Where an operation is found, and how it is called.
struct Entry {
    id: &'static str,
    path: &'static str,
    filter: MethodFilter,
    verbs: &'static [&'static str],
}

impl Operation {
    const ALL: [Self; 8] = [
        Self::Jwks,
        Self::AuthorizeGateway,
        Self::RevokeGateway,
        Self::GatewaysIndex,
        Self::GatewaysStore,
        Self::GatewaysShow,
        Self::GatewaysUpdate,
        Self::GatewaysDestroy,
    ];

    const fn entry(self) -> Entry {
        const READ: &[&str] = &["GET", "HEAD"];
        const POST: &[&str] = &["POST"];
        const CHANGE: &[&str] = &["PUT", "PATCH"];
        const DELETE: &[&str] = &["DELETE"];
        let put_or_patch = MethodFilter::PUT.or(MethodFilter::PATCH);
        let (id, path, filter, verbs) = match self {
            Self::Jwks => ("jwks", "/.well-known/jwks.json", MethodFilter::GET, READ),
            Self::AuthorizeGateway => (
                "authorizeGateway",
                "/harmony/authorize",
                MethodFilter::POST,
                POST,
            ),
            Self::RevokeGateway => ("revokeGateway", "/harmony/revoke", MethodFilter::POST, POST),
            Self::GatewaysIndex => ("gatewaysIndex", "/gateways", MethodFilter::GET, READ),
            Self::GatewaysStore => ("gatewaysStore", "/gateways", MethodFilter::POST, POST),
            Self::GatewaysShow => (
                "gatewaysShow",
                "/gateways/{gateway}",
                MethodFilter::GET,
                READ,
            ),
            Self::GatewaysUpdate => (
                "gatewaysUpdate",
                "/gateways/{gateway}",
                put_or_patch,
                CHANGE,
            ),
            Self::GatewaysDestroy => (
                "gatewaysDestroy",
                "/gateways/{gateway}",
                MethodFilter::DELETE,
                DELETE,
            ),
        };
        Entry {
            id,
            path,
            filter,
            verbs,
        }
    }

    /// The `operationId`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.entry().id
    }

    /// The path below a mount.
    pub(crate) const fn path(self) -> &'static str {
        self.entry().path
    }

    pub(crate) const fn filter(self) -> MethodFilter {
        self.entry().filter
    }

    /// All methods that `path`, which is below a mount, answers to.
    pub(crate) fn verbs_at(path: &str) -> Vec<&'static str> {
        Self::ALL
            .into_iter()
            .filter(|operation| operation.path() == path)
            .flat_map(|operation| operation.entry().verbs)
            .copied()
            .collect()
    }
}
