//! The client: sends operations to one cloud and reads their answers.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode};
use runbeam_auth::{Credentials, CredentialsProvider};
use runbeam_http::{Attempts, HttpClient, RequestOptions};
use runbeam_model::{
    AnswerError, ApiRequest, AuthorizeGateway, AuthorizeResponse, BaseUrl, BaseUrlResponse,
    DiscoverBaseUrl, DiscoverBaseUrlByOldName, GatewayCode, MeshId, MeshTokenResponse, Operation,
    RequestMeshToken, ResolveReference, ResolveResponse, Resource, ResourceReference,
    RevokeGateway, RevokeResponse, Secret, StoreConfigResponse, StoreConfiguration,
};

use crate::{Changes, Error, ErrorKind, RawRequest, Resources, RunbeamClientBuilder};

/// A client of Runbeam Cloud. Clones, and clients of other tokens made with [`RunbeamClient::with_token`], share
/// its connections.
///
/// Every call takes a JWT, a Sanctum token or a machine token alike.
#[derive(Clone)]
pub struct RunbeamClient {
    cloud: Result<Arc<Cloud>, Arc<Error>>,
    credentials: Option<Credentials>,
}

/// What the client talks to.
struct Cloud {
    base_url: BaseUrl,
    http: HttpClient,
}

impl RunbeamClient {
    /// A client of the cloud at `base_url`, such as `https://api.runbeam.io`, with all defaults.
    ///
    /// An unusable address is the error of every call; [`RunbeamClient::builder`] tells it at once.
    #[must_use]
    pub fn new(base_url: impl AsRef<str>) -> Self {
        Self::builder(base_url)
            .build()
            .unwrap_or_else(|error| Self {
                cloud: Err(Arc::new(error)),
                credentials: None,
            })
    }

    /// Starts to build a client of the cloud at `base_url`.
    pub fn builder(base_url: impl AsRef<str>) -> RunbeamClientBuilder {
        RunbeamClientBuilder::new(base_url)
    }

    pub(crate) fn from_parts(base_url: BaseUrl, http: HttpClient, token: Option<Secret>) -> Self {
        Self {
            cloud: Ok(Arc::new(Cloud { base_url, http })),
            credentials: token.map(Credentials::token),
        }
    }

    /// The same client, calling with another token. This is cheap.
    #[must_use]
    pub fn with_token(&self, token: impl Into<Secret>) -> Self {
        Self {
            cloud: self.cloud.clone(),
            credentials: Some(Credentials::token(token)),
        }
    }

    /// The same client, calling with the token that `provider` yields at each call. A call that the cloud answers with
    /// 401 is made once more if the provider says that there is another token by now. This is cheap.
    #[must_use]
    pub fn with_credentials(&self, provider: impl CredentialsProvider) -> Self {
        Self {
            cloud: self.cloud.clone(),
            credentials: Some(Credentials::provider(provider)),
        }
    }

    /// The cloud's address, without `/api`.
    ///
    /// # Errors
    ///
    /// If the address that the client was made with is of no use.
    pub fn base_url(&self) -> Result<&BaseUrl, Error> {
        Ok(&self.cloud()?.base_url)
    }

    /// Exchanges a user's token, JWT or Sanctum, for a machine token of the gateway `gateway_code`. An unknown
    /// code creates a gateway in the user's team.
    ///
    /// `machine_public_key` is the gateway's own public key, if it has one; `metadata` are facts about it, each
    /// as `name=value`.
    ///
    /// # Errors
    ///
    /// [`SignIn`](ErrorKind::SignIn) if the user's token is not accepted, [`NotAllowed`](ErrorKind::NotAllowed) if the
    /// gateway belongs to another team, and what else may befall a call.
    pub async fn authorize_gateway(
        &self,
        user_token: impl Into<Secret>,
        gateway_code: impl AsRef<str>,
        machine_public_key: Option<String>,
        metadata: Option<Vec<String>>,
    ) -> Result<AuthorizeResponse, Error> {
        let user_token = user_token.into();
        let code: GatewayCode = gateway_code.as_ref().parse()?;
        let operation = AuthorizeGateway::new(user_token.clone(), code)
            .with_machine_public_key(machine_public_key)
            .with_metadata(metadata);
        self.send_with(&operation, Some(&user_token)).await
    }

    /// Ends every machine token of the gateway `gateway_code` at once. It takes a user's token: give the client
    /// one with [`RunbeamClient::with_token`].
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if there is no such gateway in the user's team, and what else may befall a
    /// call.
    pub async fn revoke_gateway(
        &self,
        gateway_code: impl AsRef<str>,
    ) -> Result<RevokeResponse, Error> {
        self.send(&RevokeGateway::new(gateway_code.as_ref().parse()?))
            .await
    }

    /// The resources of any kind, for code that is written for all kinds: `client.resources::<Gateway>()` is
    /// [`RunbeamClient::gateways`].
    #[must_use]
    pub fn resources<R: Resource>(&self) -> Resources<'_, R> {
        Resources::new(self)
    }

    /// Configuration changes: those that wait for a gateway, and what becomes of them.
    #[must_use]
    pub fn changes(&self) -> Changes<'_> {
        Changes::new(self)
    }

    /// Pushes the configuration of one resource. It takes the gateway's machine token.
    ///
    /// # Errors
    ///
    /// [`Refused`](ErrorKind::Refused) if the cloud finds fault with it, and what else may befall a call.
    pub async fn store_configuration(
        &self,
        configuration: &StoreConfiguration,
    ) -> Result<StoreConfigResponse, Error> {
        self.send(configuration).await
    }

    /// A token for `destination_url` in a mesh, for five minutes. It takes the gateway's machine token.
    ///
    /// # Errors
    ///
    /// [`NotAllowed`](ErrorKind::NotAllowed) if the gateway has no way out of the mesh, or the mesh no way in at the
    /// destination, [`NotFound`](ErrorKind::NotFound) if there is no such mesh, and what else may befall a call.
    pub async fn mesh_token(
        &self,
        mesh_id: impl TryInto<MeshId, Error: Into<Error>> + Send,
        destination_url: impl Into<String> + Send,
    ) -> Result<MeshTokenResponse, Error> {
        let operation =
            RequestMeshToken::new(mesh_id.try_into().map_err(Into::into)?, destination_url);
        self.send(&operation).await
    }

    /// What a reference such as `runbeam.atlantic.ingress.name.studies` leads to.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) if it is no [`ResourceReference`], [`NotFound`](ErrorKind::NotFound)
    /// if it leads nowhere, and what else may befall a call.
    pub async fn resolve(&self, reference: impl AsRef<str>) -> Result<ResolveResponse, Error> {
        let reference: ResourceReference = reference.as_ref().parse()?;
        self.send(&ResolveReference::new(reference)).await
    }

    /// The same client at the address where the cloud wants to be called. Take it from a cloud that you trust: the
    /// token goes there from then on.
    ///
    /// # Errors
    ///
    /// [`UnexpectedAnswer`](ErrorKind::UnexpectedAnswer) if the address is of no use, and what may befall a call.
    pub async fn discover_base_url(&self) -> Result<Self, Error> {
        let answer = self.base_url_response().await?;
        let base_url = answer.to_base_url().map_err(|error| {
            Error::unexpected(DiscoverBaseUrl::NAME, "the cloud names an unusable address")
                .with_cause(error)
        })?;
        let http = self.cloud()?.http.clone();
        Ok(Self {
            cloud: Ok(Arc::new(Cloud { base_url, http })),
            credentials: self.credentials.clone(),
        })
    }

    /// Asks by the name of today, and by the older one where that is not known.
    pub(crate) async fn base_url_response(&self) -> Result<BaseUrlResponse, Error> {
        match self.send(&DiscoverBaseUrl::new()).await {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound
                        | ErrorKind::Refused
                        | ErrorKind::BadRequest
                        | ErrorKind::UnexpectedAnswer
                ) =>
            {
                self.send(&DiscoverBaseUrlByOldName::new()).await
            }
            outcome => outcome,
        }
    }

    /// Any request below `/api`, for what this client has no method for. See [`RawRequest`].
    #[must_use = "a request does nothing until it is sent"]
    pub fn request(&self, method: impl AsRef<str>, path: impl AsRef<str>) -> RawRequest<'_> {
        RawRequest::new(self, method.as_ref(), path.as_ref())
    }

    /// Sends any operation of the API, with the client's token.
    ///
    /// # Errors
    ///
    /// [`Configuration`](ErrorKind::Configuration) if the client has no token, and what may befall a call: see
    /// [`ErrorKind`].
    pub async fn send<O: Operation + Sync>(&self, operation: &O) -> Result<O::Answer, Error> {
        let Some(credentials) = &self.credentials else {
            return self.send_with(operation, None).await;
        };
        let token = credentials.bearer_token().await?;
        match self.send_with(operation, Some(&token)).await {
            // The server refused before it did anything, so that even a call that changes something can be repeated.
            Err(error)
                if error.status() == Some(StatusCode::UNAUTHORIZED.as_u16())
                    && credentials.look_again(&token).await =>
            {
                let token = credentials.bearer_token().await?;
                self.send_with(operation, Some(&token)).await
            }
            outcome => outcome,
        }
    }

    async fn send_with<O: Operation + Sync>(
        &self,
        operation: &O,
        token: Option<&Secret>,
    ) -> Result<O::Answer, Error> {
        let response = self
            .exchange(O::NAME, operation.request(), O::MAX_ANSWER, token)
            .await?;
        operation.answer(&response).map_err(|error| {
            let error = match (error, token) {
                (AnswerError::Refused(refusal), Some(token)) => {
                    AnswerError::Refused(Box::new(refusal.without(token)))
                }
                (other, _) => other,
            };
            Error::answered(O::NAME, error, &response).after(Attempts::of(&response))
        })
    }

    async fn exchange(
        &self,
        name: &'static str,
        request: ApiRequest,
        max_answer: usize,
        token: Option<&Secret>,
    ) -> Result<Response<Bytes>, Error> {
        let cloud = self.cloud()?;
        if request.needs_token() && token.is_none() {
            return Err(Error::configuration(
                "the client has no token: give it one with `with_token`",
            ));
        }
        let request = request.to_http(&cloud.base_url, token)?;
        let options = RequestOptions::new().with_body_limit(max_answer);
        let response = cloud
            .http
            .send_with(request, options)
            .await
            .map_err(|error| Error::sending(name, error))?;
        let status = response.status().as_u16();
        tracing::debug!(operation = name, status, "called Runbeam Cloud");
        Ok(response)
    }

    fn cloud(&self) -> Result<&Cloud, Error> {
        self.cloud.as_deref().map_err(Error::retold)
    }
}

impl fmt::Debug for RunbeamClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base_url = self.cloud.as_ref().map(|cloud| cloud.base_url.to_string());
        f.debug_struct("RunbeamClient")
            .field("base_url", &base_url)
            .field("credentials", &self.credentials)
            .finish()
    }
}
