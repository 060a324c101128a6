//! The flat names of the earlier SDK, for those who come from it: change `runbeam_sdk::RunbeamClient` to
//! `runbeam_sdk::compat::RunbeamClient`, and calls such as `client.list_gateways(token)` stay as they are.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cloud = runbeam_emulator::Emulator::start().await?;
//! # let (api_url, token) = (cloud.url(), cloud.mint_sanctum_token());
//! use runbeam_sdk::compat::RunbeamClient;
//!
//! let client = RunbeamClient::new(api_url);
//! for gateway in client.list_gateways(&token).await?.data {
//!     println!("{} ({})", gateway.name, gateway.code);
//!     let shown = client.get_gateway(&token, gateway.id.as_str()).await?;
//!     println!("{}", shown.data.enabled);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every method takes the token first. Lists are first pages. The types are those of this SDK, under the names that the
//! earlier one had at its root.

use runbeam_model as model;
use runbeam_model::{
    AcknowledgeResponse, AuthorizeResponse, Change, ChangeStatusResponse, MeshTokenResponse,
    ResolveResponse, Secret, StoreConfigResponse, StoreConfiguration,
};

pub use runbeam_auth::{Claims as JwtClaims, extract_bearer_token};
pub use runbeam_model::{
    AcknowledgeChanges as AcknowledgeChangesRequest,
    AcknowledgeResponse as AcknowledgeChangesResponse, Authentication, Backend, BaseUrlResponse,
    ChangeStatusResponse as ChangeAppliedResponse, ChangeStatusResponse as ChangeFailedResponse,
    Endpoint, Gateway, GatewayConfiguration, GatewayInfo, Middleware, Network,
    Page as PaginatedResponse, PageLinks as PaginationLinks, PageMeta as PaginationMeta, Pipeline,
    Policy, ResolvedResource, ResourceReference, Service, TeamInfo, Transform, UserInfo, UserToken,
};

pub use crate::Error as RunbeamError;
pub use crate::{
    JwtValidationOptions, MachineToken, clear_machine_token, clear_token, load_machine_token,
    load_token, save_machine_token, save_token, save_token_with_key, validate_jwt_token,
};

/// One resource, in the envelope of the API.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ResourceResponse<T> {
    /// The resource.
    pub data: T,
}

/// The earlier SDK's client: every operation by a flat name, with its token as the first argument.
#[derive(Debug, Clone)]
pub struct RunbeamClient {
    client: crate::RunbeamClient,
    base_url: String,
}

impl RunbeamClient {
    /// A client of the cloud at `base_url`. See [`crate::RunbeamClient::new`].
    #[must_use]
    pub fn new(base_url: impl Into<String>) -> Self {
        let base_url = base_url.into();
        crate::RunbeamClient::new(&base_url).into_compat(base_url)
    }

    /// The address that it was made with, or that was discovered.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// This SDK's own client, which shares the connections.
    #[must_use]
    pub fn client(&self) -> &crate::RunbeamClient {
        &self.client
    }

    /// See [`crate::RunbeamClient::authorize_gateway`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn authorize_gateway(
        &self,
        user_token: impl Into<Secret> + Send,
        gateway_code: impl AsRef<str> + Send,
        machine_public_key: Option<String>,
        metadata: Option<Vec<String>>,
    ) -> Result<AuthorizeResponse, RunbeamError> {
        self.client
            .authorize_gateway(user_token, gateway_code, machine_public_key, metadata)
            .await
    }

    /// Where the cloud wants to be called.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn get_base_url(
        &self,
        token: impl Into<Secret> + Send,
    ) -> Result<BaseUrlResponse, RunbeamError> {
        self.client.with_token(token).base_url_response().await
    }

    /// The same client at the address where the cloud wants to be called.
    ///
    /// # Errors
    ///
    /// As [`crate::RunbeamClient::discover_base_url`].
    pub async fn discover_base_url(
        &self,
        token: impl Into<Secret> + Send,
    ) -> Result<Self, RunbeamError> {
        let client = self.client.with_token(token).discover_base_url().await?;
        let base_url = client.base_url()?.to_string();
        Ok(client.into_compat(base_url))
    }

    /// The first page of all changes.
    ///
    /// # Errors
    ///
    /// As [`Changes::list`](crate::Changes::list).
    pub async fn list_changes(
        &self,
        token: impl Into<Secret> + Send,
    ) -> Result<PaginatedResponse<Change>, RunbeamError> {
        self.client.with_token(token).changes().list().await
    }

    /// The first page of the changes that wait for a gateway.
    ///
    /// # Errors
    ///
    /// As [`Changes::list_for_gateway`](crate::Changes::list_for_gateway).
    pub async fn list_changes_for_gateway(
        &self,
        token: impl Into<Secret> + Send,
        gateway_id: impl Into<String> + Send,
    ) -> Result<PaginatedResponse<Change>, RunbeamError> {
        let client = self.client.with_token(token);
        client.changes().list_for_gateway(gateway_id.into()).await
    }

    /// A change with its content.
    ///
    /// # Errors
    ///
    /// As [`Changes::get`](crate::Changes::get).
    pub async fn get_change(
        &self,
        token: impl Into<Secret> + Send,
        change_id: impl Into<String> + Send,
    ) -> Result<ResourceResponse<Change>, RunbeamError> {
        let client = self.client.with_token(token);
        let data = client.changes().get(change_id.into()).await?;
        Ok(ResourceResponse { data })
    }

    /// Says that changes were seen.
    ///
    /// # Errors
    ///
    /// As [`Changes::acknowledge`](crate::Changes::acknowledge).
    pub async fn acknowledge_changes(
        &self,
        token: impl Into<Secret> + Send,
        change_ids: Vec<String>,
    ) -> Result<AcknowledgeResponse, RunbeamError> {
        let client = self.client.with_token(token);
        client.changes().acknowledge(change_ids).await
    }

    /// Says that a change is applied.
    ///
    /// # Errors
    ///
    /// As [`Changes::applied`](crate::Changes::applied).
    pub async fn mark_change_applied(
        &self,
        token: impl Into<Secret> + Send,
        change_id: impl Into<String> + Send,
    ) -> Result<ChangeStatusResponse, RunbeamError> {
        let client = self.client.with_token(token);
        client.changes().applied(change_id.into()).await
    }

    /// Says that a change failed, and why.
    ///
    /// # Errors
    ///
    /// As [`Changes::failed`](crate::Changes::failed).
    pub async fn mark_change_failed(
        &self,
        token: impl Into<Secret> + Send,
        change_id: impl Into<String> + Send,
        error: String,
        details: Option<Vec<String>>,
    ) -> Result<ChangeStatusResponse, RunbeamError> {
        let client = self.client.with_token(token);
        let changes = client.changes();
        changes.failed(change_id.into(), error, details).await
    }

    /// Pushes the configuration of one resource.
    ///
    /// # Errors
    ///
    /// As [`crate::RunbeamClient::store_configuration`].
    pub async fn store_config(
        &self,
        token: impl Into<Secret> + Send,
        config_type: impl Into<String> + Send,
        id: Option<String>,
        config: impl Into<String> + Send,
    ) -> Result<StoreConfigResponse, RunbeamError> {
        let id = id.map(model::ResourceId::try_from).transpose()?;
        let push = StoreConfiguration::new(config_type.into(), config.into()).with_id(id);
        self.client
            .with_token(token)
            .store_configuration(&push)
            .await
    }

    /// A token for a destination in a mesh.
    ///
    /// # Errors
    ///
    /// As [`crate::RunbeamClient::mesh_token`].
    pub async fn request_mesh_token(
        &self,
        token: impl Into<Secret> + Send,
        mesh_id: impl Into<String> + Send,
        destination_url: impl Into<String> + Send,
    ) -> Result<MeshTokenResponse, RunbeamError> {
        let client = self.client.with_token(token);
        let url: String = destination_url.into();
        client.mesh_token(mesh_id.into(), url).await
    }

    /// What a reference leads to.
    ///
    /// # Errors
    ///
    /// As [`crate::RunbeamClient::resolve`].
    pub async fn resolve_reference(
        &self,
        token: impl Into<Secret> + Send,
        reference: impl Into<String> + Send,
    ) -> Result<ResolveResponse, RunbeamError> {
        let client = self.client.with_token(token);
        client.resolve(reference.into()).await
    }
}

impl crate::RunbeamClient {
    fn into_compat(self, base_url: String) -> RunbeamClient {
        RunbeamClient {
            client: self,
            base_url,
        }
    }
}

macro_rules! flat_names {
    ($($plural:ident $kind:ident: $list:ident $get:ident $create:ident $update:ident $delete:ident;)*) => {
        impl RunbeamClient {
            $(
                #[doc = concat!("The first page of the ", stringify!($plural), " of the token's team.")]
                ///
                /// # Errors
                ///
                /// As [`Resources::list`](crate::Resources::list).
                pub async fn $list(
                    &self,
                    token: impl Into<Secret> + Send,
                ) -> Result<PaginatedResponse<model::$kind>, RunbeamError> {
                    self.client.with_token(token).$plural().list().await
                }

                /// The one of this id.
                ///
                /// # Errors
                ///
                /// As [`Resources::get`](crate::Resources::get).
                pub async fn $get(
                    &self,
                    token: impl Into<Secret> + Send,
                    id: impl Into<String> + Send,
                ) -> Result<ResourceResponse<model::$kind>, RunbeamError> {
                    let data = self.client.with_token(token).$plural().get(id.into()).await?;
                    Ok(ResourceResponse { data })
                }

                /// Creates one.
                ///
                /// # Errors
                ///
                /// As [`Resources::create`](crate::Resources::create).
                pub async fn $create(
                    &self,
                    token: impl Into<Secret> + Send,
                    draft: &<model::$kind as model::Resource>::Draft,
                ) -> Result<ResourceResponse<model::$kind>, RunbeamError> {
                    let data = self.client.with_token(token).$plural().create(draft).await?;
                    Ok(ResourceResponse { data })
                }

                /// Updates the one of this id.
                ///
                /// # Errors
                ///
                /// As [`Resources::update`](crate::Resources::update).
                pub async fn $update(
                    &self,
                    token: impl Into<Secret> + Send,
                    id: impl Into<String> + Send,
                    draft: &<model::$kind as model::Resource>::Draft,
                ) -> Result<ResourceResponse<model::$kind>, RunbeamError> {
                    let client = self.client.with_token(token);
                    let data = client.$plural().update(id.into(), draft).await?;
                    Ok(ResourceResponse { data })
                }

                /// Deletes the one of this id.
                ///
                /// # Errors
                ///
                /// As [`Resources::delete`](crate::Resources::delete).
                pub async fn $delete(
                    &self,
                    token: impl Into<Secret> + Send,
                    id: impl Into<String> + Send,
                ) -> Result<model::Deleted, RunbeamError> {
                    self.client.with_token(token).$plural().delete(id.into()).await
                }
            )*
        }
    };
}

crate::kinds::for_each_kind!(flat_names);
