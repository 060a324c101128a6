//! The whole gateway: it listens, has an identity, and keeps in step with the cloud.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use runbeam_gateway::identity::{MachineIdentity, Standing};
use runbeam_gateway::layers::{FailureLimiter, HashingPool, KeptKeys};
use runbeam_gateway::management::{Connection, Management, ManagementAddress};
use runbeam_gateway::sync::ChangeFeed;
use runbeam_sdk::RunbeamClient;
use runbeam_sdk::auth::{CredentialsError, CredentialsProvider};
use runbeam_sdk::model::{Clock, Secret};
use runbeam_sdk::store::{InstanceId, Store};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use toml::Value;

use crate::edge::Edge;
use crate::settings::{Settings, Surroundings};

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How often public keys that were fetched are looked for, to be kept.
const KEEP_KEYS_EVERY: Duration = Duration::from_secs(1);

/// How long requests may take to end when the gateway stops.
const GRACE: Duration = Duration::from_secs(5);

/// How to start.
pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    pub(crate) management: ManagementAddress,
    pub(crate) api_url: String,
    pub(crate) config: PathBuf,
    /// A file that holds a user's token to authorize the gateway again with.
    pub(crate) renew_with: Option<PathBuf>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A gateway that runs.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) management: SocketAddr,
    pub(crate) instance: InstanceId,
    pub(crate) identity: MachineIdentity,
    pub(crate) feed: ChangeFeed,
    edge: Edge,
    keys: Arc<KeptKeys<Store>>,
    stop: tokio::sync::watch::Sender<bool>,
    servers: JoinSet<std::io::Result<()>>,
    _helpers: JoinSet<()>,
}

impl Gateway {
    pub(crate) async fn start(options: Options) -> Outcome<Self> {
        let around = Surroundings {
            api_url: options.api_url.clone(),
            clock: options.clock.clone(),
            limiter: FailureLimiter::new().with_clock(options.clock.clone()),
            hashing: HashingPool::new()?,
        };
        let settings = Settings::read(options.config)?;
        // The file alone says which instance it is, and so what is kept of it.
        let first = settings.build(&around, Vec::new())?;
        let name = first.proxy.get("id").and_then(Value::as_str);
        let instance: InstanceId = name.unwrap_or("harmony").parse()?;
        let seconds = first.runbeam.get("poll_interval_secs");
        let seconds = seconds.and_then(Value::as_integer).unwrap_or(30);
        let prefix = first.management.get("base_path").and_then(Value::as_str);
        let prefix = prefix.unwrap_or("admin").parse()?;

        let store = options.store;
        let keys = Arc::new(KeptKeys::new(store.clone(), instance.clone()));
        // A start does not fail for what can be fetched again.
        let kept = keys.load().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "starts without the public keys that are kept");
            Vec::new()
        });
        let edge = Edge::start(settings, around, kept)?;

        let client = RunbeamClient::new(&options.api_url);
        client.base_url()?;
        let mut identity =
            MachineIdentity::builder(client.clone(), store.clone(), instance.clone())
                .with_clock(options.clock.clone());
        if let Some(file) = options.renew_with {
            identity = identity.with_renewal(instance.as_str().parse()?, TokenFile(file));
        }
        let identity = identity.start().await?;

        let applied = edge.clone();
        let feed = ChangeFeed::builder(
            client.clone(),
            identity.clone(),
            store.clone(),
            instance.clone(),
        )
        .with_poll_interval(Duration::from_secs(seconds.try_into()?))
        .with_clock(options.clock.clone())
        .start(move |update| {
            let edge = applied.clone();
            async move { edge.apply(&update) }
        })
        .await?;

        let management = Management::builder(
            edge.clone(),
            client,
            identity.clone(),
            store,
            instance.clone(),
        )
        .with_prefix(prefix)
        .with_clock(options.clock)
        .with_encryption_keys()
        .build()?
        .with_connection(|request| {
            let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
            Some(Connection::plain(*peer))
        });

        let public = TcpListener::bind(options.listen).await?;
        let private = TcpListener::from_std(options.management.listen()?)?;
        let addresses = (public.local_addr()?, private.local_addr()?);
        let served = edge.clone();
        let answer = move |request| {
            let edge = served.clone();
            async move { edge.serve(request).await }
        };
        let stop = tokio::sync::watch::Sender::new(false);
        let mut servers = JoinSet::new();
        for (listener, router) in [
            (public, Router::new().fallback(answer)),
            (private, Router::new().fallback_service(management)),
        ] {
            let mut stopped = stop.subscribe();
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            servers.spawn(async move {
                let until = async move {
                    // An error says that the gateway is gone.
                    let _ = stopped.wait_for(|stops| *stops).await;
                };
                axum::serve(listener, service)
                    .with_graceful_shutdown(until)
                    .await
            });
        }

        let mut helpers = JoinSet::new();
        helpers.spawn(poll_when_authorized(identity.clone(), feed.clone()));
        helpers.spawn(keep_keys(edge.clone(), keys.clone()));
        Ok(Self {
            address: addresses.0,
            management: addresses.1,
            instance,
            identity,
            feed,
            edge,
            keys,
            stop,
            servers,
            _helpers: helpers,
        })
    }

    /// Ends what is being answered, and then itself.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        let ended = async { while self.servers.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
        keep(&self.edge, &self.keys).await;
    }
}

/// A gateway that was just authorized does not wait for its next turn to be configured.
async fn poll_when_authorized(identity: MachineIdentity, feed: ChangeFeed) {
    let mut states = identity.watch();
    let mut was_good = states.borrow().standing == Standing::Good;
    while states.changed().await.is_ok() {
        let is_good = states.borrow_and_update().standing == Standing::Good;
        if is_good && !was_good {
            // What goes wrong is in the log, and tried again.
            let _ = feed.poll_now().await;
        }
        was_good = is_good;
    }
}

async fn keep_keys(edge: Edge, keys: Arc<KeptKeys<Store>>) {
    loop {
        tokio::time::sleep(KEEP_KEYS_EVERY).await;
        keep(&edge, &keys).await;
    }
}

async fn keep(edge: &Edge, keys: &KeptKeys<Store>) {
    if let Err(error) = keys.keep(&edge.runtime().authenticator).await {
        tracing::warn!(%error, "public keys are not kept");
    }
}

/// A file that somebody keeps up to date.
struct TokenFile(PathBuf);

impl CredentialsProvider for TokenFile {
    async fn bearer_token(&self) -> Result<Secret, CredentialsError> {
        let text = std::fs::read_to_string(&self.0);
        let text = text.map(|text| Secret::from(text.trim()));
        text.map_err(|error| CredentialsError::new(format!("the user's token: {error}")))
    }
}
