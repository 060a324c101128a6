//! The client: sends operations to one cloud and reads their answers.

use std::fmt;
use std::sync::Arc;

use runbeam_http::{Attempts, HttpClient};
use runbeam_model::{
    AnswerError, AuthorizeGateway, AuthorizeResponse, BaseUrl, GatewayCode, Operation,
    RevokeGateway, RevokeResponse, Secret,
};

use crate::{Error, RunbeamClientBuilder};

/// A client of Runbeam Cloud. Clones, and clients of other tokens made with [`RunbeamClient::with_token`], share
/// its connections.
///
/// Every call takes a JWT, a Sanctum token or a machine token alike.
#[derive(Clone)]
pub struct RunbeamClient {
    cloud: Result<Arc<Cloud>, Arc<Error>>,
    token: Option<Secret>,
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
                token: None,
            })
    }

    /// Starts to build a client of the cloud at `base_url`.
    pub fn builder(base_url: impl AsRef<str>) -> RunbeamClientBuilder {
        RunbeamClientBuilder::new(base_url)
    }

    pub(crate) fn from_parts(base_url: BaseUrl, http: HttpClient, token: Option<Secret>) -> Self {
        Self {
            cloud: Ok(Arc::new(Cloud { base_url, http })),
            token,
        }
    }

    /// The same client, calling with another token. This is cheap.
    #[must_use]
    pub fn with_token(&self, token: impl Into<Secret>) -> Self {
        Self {
            cloud: self.cloud.clone(),
            token: Some(token.into()),
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
    /// [`SignIn`](crate::ErrorKind::SignIn) if the user's token is not accepted,
    /// [`NotAllowed`](crate::ErrorKind::NotAllowed) if the gateway belongs to another team, and what else may
    /// befall a call.
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
    /// [`NotFound`](crate::ErrorKind::NotFound) if there is no such gateway in the user's team, and what else
    /// may befall a call.
    pub async fn revoke_gateway(
        &self,
        gateway_code: impl AsRef<str>,
    ) -> Result<RevokeResponse, Error> {
        self.send(&RevokeGateway::new(gateway_code.as_ref().parse()?))
            .await
    }

    /// Sends any operation of the API, with the client's token.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration) if the client has no token, and what may befall a
    /// call: see [`ErrorKind`](crate::ErrorKind).
    pub async fn send<O: Operation + Sync>(&self, operation: &O) -> Result<O::Answer, Error> {
        self.send_with(operation, self.token.as_ref()).await
    }

    async fn send_with<O: Operation + Sync>(
        &self,
        operation: &O,
        token: Option<&Secret>,
    ) -> Result<O::Answer, Error> {
        let cloud = self.cloud()?;
        let request = operation.request();
        if request.needs_token() && token.is_none() {
            return Err(Error::configuration(
                "the client has no token: give it one with `with_token`",
            ));
        }
        let request = request.to_http(&cloud.base_url, token)?;
        let response = cloud
            .http
            .send(request)
            .await
            .map_err(|error| Error::sending(O::NAME, error))?;
        let status = response.status().as_u16();
        tracing::debug!(operation = O::NAME, status, "called Runbeam Cloud");
        operation.answer(&response).map_err(|error| {
            let error = match (error, token) {
                (AnswerError::Refused(refusal), Some(token)) => {
                    AnswerError::Refused(Box::new(refusal.without(token)))
                }
                (other, _) => other,
            };
            Error::answered(O::NAME, error).after(Attempts::of(&response))
        })
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
            .field("token", &self.token)
            .finish()
    }
}
