//! A client of one gateway's management API.

use std::time::Duration;

use runbeam_model::{
    BaseUrl, DeliverToken, Delivered, MachineToken, ManagedPipelines, ManagedRoutes,
    ManagementInfo, ManagementPrefix, Operation, ProbeIntegration, ReloadConfiguration, Secret,
    ShowManagementInfo, ShowPipelines, ShowRoutes, UploadConfiguration, Uploaded,
};
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, RunbeamClient, RunbeamClientBuilder};

/// A client of one gateway's management API, which takes no token: whoever can reach it may use it.
///
/// ```no_run
/// # async fn example() -> Result<(), runbeam_sdk::Error> {
/// use runbeam_sdk::ManagementClient;
///
/// let gateway = ManagementClient::new("http://127.0.0.1:8081", "admin")?;
/// println!("{}", gateway.info().await?.version);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ManagementClient {
    client: RunbeamClient,
    prefix: ManagementPrefix,
    takes_secrets: bool,
}

impl ManagementClient {
    /// A client of the gateway at `address` (scheme, host and port) whose management API lies below `prefix`.
    ///
    /// # Errors
    ///
    /// If one of the two is of no use.
    pub fn new(address: &str, prefix: &str) -> Result<Self, Error> {
        Self::with_builder(RunbeamClient::builder(address), address, prefix)
    }

    /// The same by a builder that was told of roots, a name or a time of its own.
    ///
    /// Plain `http` to another machine is fine for all calls that carry no secret; [`deliver_token`](Self::deliver_token)
    /// refuses it.
    ///
    /// # Errors
    ///
    /// If `address` or `prefix` is of no use.
    pub fn with_builder(
        builder: RunbeamClientBuilder,
        address: &str,
        prefix: &str,
    ) -> Result<Self, Error> {
        let prefix = prefix.parse()?;
        let takes_secrets = address.parse::<BaseUrl>().is_ok();
        let builder = if takes_secrets {
            builder
        } else {
            builder.dangerous_allow_plaintext()
        };
        Ok(Self {
            client: builder.with_timeout(TIMEOUT).build()?,
            prefix,
            takes_secrets,
        })
    }

    /// Whether secrets may be sent there: over TLS, or to this machine.
    #[must_use]
    pub fn takes_secrets(&self) -> bool {
        self.takes_secrets
    }

    /// Facts about the gateway's process.
    ///
    /// # Errors
    ///
    /// What may befall a call: see [`ErrorKind`](crate::ErrorKind).
    pub async fn info(&self) -> Result<ManagementInfo, Error> {
        self.send(&ShowManagementInfo::new(self.prefix.clone()))
            .await
    }

    /// The pipelines that it runs.
    ///
    /// # Errors
    ///
    /// What may befall a call.
    pub async fn pipelines(&self) -> Result<ManagedPipelines, Error> {
        self.send(&ShowPipelines::new(self.prefix.clone())).await
    }

    /// The routes that it serves.
    ///
    /// # Errors
    ///
    /// What may befall a call.
    pub async fn routes(&self) -> Result<ManagedRoutes, Error> {
        self.send(&ShowRoutes::new(self.prefix.clone())).await
    }

    /// Lets it read its configuration from disk anew.
    ///
    /// # Errors
    ///
    /// What may befall a call.
    pub async fn reload(&self) -> Result<Map<String, Value>, Error> {
        self.send(&ReloadConfiguration::new()).await
    }

    /// Lets it upload its configuration to the cloud.
    ///
    /// # Errors
    ///
    /// [`SignIn`](crate::ErrorKind::SignIn) if it has no machine token that works, and what else may befall a call.
    pub async fn upload_configuration(&self) -> Result<Uploaded, Error> {
        self.send(&UploadConfiguration::new(self.prefix.clone()))
            .await
    }

    /// Hands it its machine token, which it then keeps: sealed with `encryption_key`, or else with a key of its own.
    /// `cloud` is the one that the token is for.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration) if the way there is neither TLS nor loopback; nothing was sent
    /// then. [`NotAllowed`](crate::ErrorKind::NotAllowed) if its Runbeam integration is off, and what else may befall
    /// a call.
    pub async fn deliver_token(
        &self,
        token: &MachineToken,
        encryption_key: Option<Secret>,
        cloud: &BaseUrl,
    ) -> Result<Delivered, Error> {
        if !self.takes_secrets {
            return Err(Error::configuration(
                "the gateway is reached over plain http on another machine, where anyone on the way reads the token; use https, or do it on the gateway's machine",
            ));
        }
        let operation = DeliverToken::new(self.prefix.clone(), token.clone())
            .with_encryption_key(encryption_key)
            .with_cloud(cloud);
        self.send(&operation).await
    }

    /// Whether its Runbeam integration is on, without which it takes no token. It asks by handing over none.
    ///
    /// # Errors
    ///
    /// What may befall a call, but for the two refusals that are the answer.
    pub async fn is_integration_enabled(&self) -> Result<bool, Error> {
        let probe = ProbeIntegration::new(self.prefix.clone());
        match self.send(&probe).await {
            Ok(()) => Ok(true),
            Err(error) if Self::says_disabled(&error) => Ok(false),
            Err(error) if matches!(error.kind(), ErrorKind::Refused | ErrorKind::NotAllowed) => {
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a gateway refused because its Runbeam integration is off. It says so in words alone.
    #[must_use]
    pub fn says_disabled(error: &Error) -> bool {
        let message = error
            .refusal()
            .and_then(|refusal| refusal.message.as_deref());
        error.kind() == ErrorKind::NotAllowed
            && message.is_some_and(|message| {
                message.contains("Runbeam Cloud integration is disabled")
                    || message.contains("runbeam.enabled")
            })
    }

    async fn send<O: Operation + Sync>(&self, operation: &O) -> Result<O::Answer, Error> {
        self.client.send(operation).await
    }
}

/// It is a local call, but an upload asks the cloud in turn.
const TIMEOUT: Duration = Duration::from_secs(20);
