//! What is done for each page.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use runbeam_sdk::RunbeamClient;
use runbeam_sdk::auth::{CredentialsProvider, RemoteVerifier};
use runbeam_sdk::model::{
    BaseUrl, Clock, ConfigKind, ManagedPipelines, ManagedRoutes, Secret, SecretBytes,
    StoreConfiguration, Timestamp,
};
use runbeam_sdk::store::{self, InstanceId, SecretStore};
use serde_json::json;
use tokio::sync::Mutex;

use super::answer::{self, Answer, Refusal};
use super::paths::Page;
use super::{Connection, ManagedGateway};
use crate::identity::MachineIdentity;
use crate::layers::FailureLimiter;

pub(super) type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Makes a key the instance's own.
pub(super) type AdoptKey = Box<dyn Fn(Secret) -> Task<Result<(), store::Error>> + Send + Sync>;

/// Everything that the pages need.
pub(super) struct Operations<G, S> {
    pub(super) gateway: G,
    pub(super) client: RunbeamClient,
    pub(super) cloud: BaseUrl,
    pub(super) identity: MachineIdentity,
    pub(super) store: S,
    pub(super) instance: InstanceId,
    pub(super) version: String,
    pub(super) verifier: RemoteVerifier,
    pub(super) adopt_key: Option<AdoptKey>,
    pub(super) attempts: FailureLimiter,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) started: Timestamp,
    /// What changes the gateway is done one after the other.
    pub(super) turn: Mutex<()>,
}

/// A request that may change something.
pub(super) struct Call {
    pub(super) headers: HeaderMap,
    pub(super) connection: Option<Connection>,
    pub(super) body: SecretBytes,
}

/// The same without the types of the gateway and of its store.
pub(super) trait Pages: Send + Sync {
    fn are_served(&self) -> bool;
    fn show(&self, page: Page) -> Answer;
    fn act(self: Arc<Self>, page: Page, call: Call) -> Task<Result<Answer, Refusal>>;
}

impl<G: ManagedGateway, S: SecretStore + 'static> Pages for Operations<G, S> {
    fn are_served(&self) -> bool {
        self.gateway.is_managed()
    }

    fn show(&self, page: Page) -> Answer {
        let ok = StatusCode::OK;
        match page {
            Page::Pipelines => answer::json(ok, &ManagedPipelines::new(self.gateway.pipelines())),
            Page::Routes => answer::json(ok, &ManagedRoutes::new(self.gateway.routes())),
            Page::Status => answer::json(ok, &self.gateway.status()),
            Page::Info => {
                let info = json!({
                    "version": self.version,
                    "uptime": self.started.as_unix_seconds().max(0),
                    "os": std::env::consts::OS,
                    "arch": std::env::consts::ARCH,
                });
                answer::json(ok, &info)
            }
            Page::Authorize | Page::Token | Page::Update | Page::Reload => answer::not_found(),
        }
    }

    fn act(self: Arc<Self>, page: Page, call: Call) -> Task<Result<Answer, Refusal>> {
        Box::pin(async move {
            match page {
                Page::Authorize => self.authorize(call).await,
                Page::Token => self.take_token(call).await,
                Page::Update => self.update().await,
                Page::Reload => self.reload().await,
                _ => Ok(answer::not_found()),
            }
        })
    }
}

impl<G: ManagedGateway, S: SecretStore + 'static> Operations<G, S> {
    /// The command line looks for these words.
    pub(super) fn require_integration(&self) -> Result<(), Refusal> {
        if self.gateway.is_integrated() {
            return Ok(());
        }
        let message = "Runbeam Cloud integration is disabled here: set `enabled = true` in `[runbeam]` (runbeam.enabled) \
            and reload the configuration";
        Err(Refusal::new(StatusCode::FORBIDDEN, message))
    }

    /// Counts an attempt; those whose peer is not known count together.
    pub(super) fn count_attempt(&self, connection: Option<&Connection>) -> Result<(), Refusal> {
        let unknown = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        let peer = connection.map_or(unknown, Connection::peer);
        if let Some(wait) = self.attempts.wait(peer) {
            tracing::info!(%peer, "refused to authorize: too many attempts");
            let too_many = Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many attempts to authorize",
            );
            return Err(too_many.after(Some(wait)));
        }
        self.attempts.count(peer);
        Ok(())
    }

    async fn update(&self) -> Result<Answer, Refusal> {
        self.require_integration()?;
        let _turn = self.turn.lock().await;
        if let Err(error) = self.identity.bearer_token().await {
            return Err(Refusal::unauthorized(error.to_string()));
        }
        let files = self.gateway.configuration().await;
        let files = files.map_err(|rejection| {
            Refusal::bad_request(format!("The configuration is not good: {rejection}"))
        })?;
        let client = self.client.with_credentials(self.identity.clone());
        for file in &files {
            let stored = client.store_configuration(file).await;
            stored.map_err(|error| {
                tracing::warn!(instance = %self.instance, %error, "the configuration was not uploaded");
                Refusal::of_cloud(&error, StatusCode::SERVICE_UNAVAILABLE)
            })?;
            self.identity.note_accepted().await;
        }
        let of = |wanted: ConfigKind| {
            let all = files.iter().map(StoreConfiguration::kind);
            all.filter(|kind| **kind == wanted).count()
        };
        let size: usize = files.iter().map(|file| file.config().len()).sum();
        let uploaded = json!({
            "success": true,
            "message": "Configuration uploaded",
            "config_size": size,
            "pipeline_count": of(ConfigKind::Pipeline),
            "transform_count": of(ConfigKind::Transform),
            "mesh_count": of(ConfigKind::Mesh),
        });
        Ok(answer::json(StatusCode::OK, &uploaded))
    }

    async fn reload(&self) -> Result<Answer, Refusal> {
        let _turn = self.turn.lock().await;
        let reloaded = self.gateway.reload().await;
        let reloaded = reloaded.map_err(|rejection| {
            tracing::warn!(instance = %self.instance, %rejection, "the configuration was not reloaded");
            Refusal::bad_request(format!("The configuration is not good: {rejection}"))
        })?;
        Ok(answer::json(StatusCode::OK, &reloaded))
    }
}
