//! The vocabulary of Runbeam Cloud, without I/O.
//!
//! ```
//! use runbeam_model::{BaseUrl, ListResources, Gateway, Operation, Secret};
//!
//! let base: BaseUrl = "https://api.runbeam.io".parse()?;
//! let token = Secret::from("12|p0LmXw3rT8");
//! let request = ListResources::<Gateway>::new().request().to_http(&base, &token)?;
//! assert_eq!(request.uri(), "https://api.runbeam.io/api/gateways");
//! assert!(!format!("{request:?}").contains("p0LmXw3rT8"));
//! # Ok::<_, runbeam_model::ParseError>(())
//! ```
//!
//! # Words
//!
//! - A [`Secret`] is any token, key or password: redacted in `Debug`, zeroized on drop, exposed only by an
//!   explicit call.
//! - A [`MachineToken`] is what a gateway calls the API with; a [`UserToken`] is what a person logged in with.
//! - An [`Operation`] is one call of the API, described without sending it: it says which request it makes
//!   and reads the answer from bytes. An [`ApiError`] is what the server said when it refused.
//! - A [`Clock`] tells the time to whoever needs it, so that a life of thirty days is tested in milliseconds.
//!
//! # Reading and writing
//!
//! Reading is lenient: unknown fields are ignored, unknown values of enums are kept, ids may be strings or integers, a
//! flag may be `0` or `1`, and what only informs is missing rather than wrong. Writing is canonical. What cannot be
//! read is named by its place, never by its value: an answer may hold secrets.
//!
//! # Limits
//!
//! Buffers that this crate owns are zeroized. Copies that an allocator, the TLS stack or the operating system
//! makes (reallocation of foreign buffers, swap, core dumps) are out of its reach.

mod account;
mod any_json;
mod api_error;
mod authorize;
mod base_url;
mod change;
mod clock;
mod config_text;
mod connection;
mod definition;
mod discovery;
mod gateway;
mod gateway_configuration;
mod id;
mod known;
mod lenient;
mod login;
mod management;
mod mesh;
mod network;
mod open_enum;
mod operation;
mod origin;
mod page;
mod paged;
mod parse_error;
mod pipeline;
mod policy;
mod reference;
mod resource;
mod retry_after;
mod secret;
mod service;
mod store_config;
mod timestamp;
mod token;

pub use account::{TeamInfo, UserInfo};
pub use any_json::AnyJson;
pub use api_error::ApiError;
pub use authorize::{
    AuthorizeGateway, AuthorizeResponse, AuthorizedBy, GatewayInfo, RevokeGateway, RevokeResponse,
};
pub use base_url::BaseUrl;
pub use change::{
    AcknowledgeChanges, AcknowledgeResponse, Change, ChangeStatus, ChangeStatusResponse,
    ConfigKind, ListChanges, ListGatewayChanges, ReportChangeApplied, ReportChangeFailed,
    ShowChange,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use config_text::ConfigText;
pub use connection::{ConnectionConfig, TcpConfig};
pub use discovery::{BaseUrlResponse, DiscoverBaseUrl, DiscoverBaseUrlByOldName};
pub use gateway::{Gateway, GatewayDraft};
pub use gateway_configuration::{GatewayConfiguration, Runbeam};
pub use id::{
    AuthenticationId, BackendId, ChangeId, EndpointId, GatewayCode, GatewayId, MeshEgressId,
    MeshId, MeshIngressId, MiddlewareId, NetworkId, PeerId, PipelineId, PolicyId, ResourceId,
    RuleId, RunbeamId, ServiceId, TargetId, TeamId, TransformId, UserId,
};
pub use known::Known;
pub use login::{CheckLogin, LoggedIn, LoginStatus, StartLogin, StartLoginResponse};
pub use management::{
    DeliverToken, Delivered, ManagedPipeline, ManagedPipelines, ManagedRoute, ManagedRoutes,
    ManagementInfo, ManagementPrefix, ProbeIntegration, ReloadConfiguration, ShowManagementInfo,
    ShowPipelines, ShowRoutes, UploadConfiguration, Uploaded,
};
pub use mesh::{
    Mesh, MeshDraft, MeshEgress, MeshIngress, MeshMode, MeshProtocol, MeshProvider,
    MeshTokenResponse, RequestMeshToken,
};
pub use network::{
    Authentication, AuthenticationDraft, AuthenticationMethod, Network, NetworkDraft, Peer,
    PeerDraft, Target, TargetDraft,
};
pub use operation::{AnswerError, ApiRequest, Operation, ReadError};
pub use origin::Origin;
pub use page::{Page, PageLinks, PageMeta};
pub use paged::Paged;
pub use parse_error::ParseError;
pub use pipeline::{
    Middleware, MiddlewareDraft, Pipeline, PipelineDraft, Transform, TransformDraft,
    TransformOptions,
};
pub use policy::{Policy, PolicyDraft, Rule, RuleDraft};
pub use reference::{
    Lookup, ReferenceKind, ResolutionMeta, ResolveReference, ResolveResponse, ResolvedResource,
    ResourceReference,
};
pub use resource::{
    CreateResource, DeleteResource, Deleted, ListResources, Resource, ShowResource, UpdateResource,
};
pub use retry_after::retry_after;
pub use secret::{Secret, SecretBytes};
pub use service::{Backend, BackendDraft, Endpoint, EndpointDraft, Service, ServiceDraft};
pub use store_config::{StoreAction, StoreConfigResponse, StoreConfiguration};
pub use timestamp::Timestamp;
pub use token::{MachineToken, UserToken};
