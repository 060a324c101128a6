//! A gateway with a management API, and what it answers.

use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use runbeam_gateway::identity::MachineIdentity;
use runbeam_gateway::management::{
    ConfigStatus, Connection, ManagedGateway, Management, ManagementBuilder, Reloaded,
};
use runbeam_gateway::sync::Rejection;
use runbeam_sdk::RunbeamClient;
use runbeam_sdk::model::{ConfigKind, ManagedPipeline, ManagedRoute, StoreConfiguration};
use runbeam_sdk::store::{MemoryStore, SecretStore};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::times::{CODE, Times, instance};

/// What the gateway of a test says and does.
#[derive(Clone, Default)]
pub(crate) struct Edge(Arc<Switches>);

#[derive(Default)]
pub(crate) struct Switches {
    pub(crate) is_hidden: AtomicBool,
    pub(crate) is_off: AtomicBool,
    pub(crate) is_unwell: AtomicBool,
    pub(crate) panics: AtomicBool,
}

impl std::ops::Deref for Edge {
    type Target = Switches;

    fn deref(&self) -> &Switches {
        &self.0
    }
}

impl Switches {
    fn judge(&self) -> Result<(), Rejection> {
        assert!(
            !self.panics.load(Ordering::SeqCst),
            "the gateway has a fault"
        );
        match self.is_unwell.load(Ordering::SeqCst) {
            true => Err(Rejection::new("edge.toml:3: no such backend")),
            false => Ok(()),
        }
    }
}

impl ManagedGateway for Edge {
    fn is_managed(&self) -> bool {
        !self.is_hidden.load(Ordering::SeqCst)
    }

    fn is_integrated(&self) -> bool {
        !self.is_off.load(Ordering::SeqCst)
    }

    fn pipelines(&self) -> Vec<ManagedPipeline> {
        let mut pipeline = ManagedPipeline::new("studies");
        pipeline.endpoints = vec!["studies-in".into()];
        vec![pipeline]
    }

    fn routes(&self) -> Vec<ManagedRoute> {
        let mut first = ManagedRoute::new("/admin/info", ["GET"]);
        first.description = Some("System information".into());
        vec![
            ManagedRoute::new("/studies/{*rest}", ["GET", "POST"]),
            first,
        ]
    }

    fn status(&self) -> ConfigStatus {
        let mut status = ConfigStatus::new("/etc/edge.toml", CODE);
        let network = json!({ "bind_address": "127.0.0.1", "bind_port": 8080, "interface": null });
        status.current_networks.insert("default".into(), network);
        status
    }

    async fn configuration(&self) -> Result<Vec<StoreConfiguration>, Rejection> {
        self.judge()?;
        Ok(vec![
            StoreConfiguration::new(ConfigKind::Gateway, "[proxy]\nlog_level = 'info'"),
            StoreConfiguration::new(ConfigKind::Pipeline, "[pipelines.studies]\nnetworks = []"),
        ])
    }

    async fn reload(&self) -> Result<Reloaded, Rejection> {
        self.judge()?;
        let mut reloaded = Reloaded::new();
        reloaded.diff.insert("zero_downtime_changes".into(), 2);
        Ok(reloaded)
    }
}

/// A gateway without a token, at first.
pub(crate) struct Managed<S = MemoryStore> {
    pub(crate) times: Times,
    pub(crate) edge: Edge,
    pub(crate) store: S,
    pub(crate) identity: MachineIdentity,
    pub(crate) management: Management,
}

pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answered {
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap()
    }
}

impl Managed {
    pub(crate) async fn start() -> Self {
        Self::start_with(MemoryStore::new(), |builder| builder).await
    }
}

impl<S: SecretStore + Clone + 'static> Managed<S> {
    pub(crate) async fn start_with(
        store: S,
        configure: impl FnOnce(ManagementBuilder<Edge, S>) -> ManagementBuilder<Edge, S>,
    ) -> Self {
        let times = Times::start().await;
        let client = times.client();
        Self::start_by(times, client, store, configure).await
    }

    pub(crate) async fn start_by(
        times: Times,
        client: RunbeamClient,
        store: S,
        configure: impl FnOnce(ManagementBuilder<Edge, S>) -> ManagementBuilder<Edge, S>,
    ) -> Self {
        let edge = Edge::default();
        let identity = times.identity(store.clone()).start().await.unwrap();
        let builder = Management::builder(
            edge.clone(),
            client,
            identity.clone(),
            store.clone(),
            instance(),
        );
        let builder = builder
            .with_clock(times.clock.clone())
            .with_attempts_a_minute(NonZero::new(10_000).unwrap());
        Self {
            management: configure(builder).build().unwrap(),
            times,
            edge,
            store,
            identity,
        }
    }

    /// Asks from this machine.
    pub(crate) async fn ask(&self, line: &str, fields: &[(&str, &str)], body: &str) -> Answered {
        self.ask_over(Some(here()), line, fields, body).await
    }

    pub(crate) async fn ask_over(
        &self,
        connection: Option<Connection>,
        line: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Answered {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let mut request = request
            .body(Full::<bytes::Bytes>::from(body.to_owned()))
            .unwrap();
        if let Some(connection) = connection {
            request.extensions_mut().insert(connection);
        }
        let answer = self.management.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answered {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap(),
        }
    }

    /// Asks to be authorized by a user's token.
    pub(crate) async fn authorize(&self, token: &str, body: &Value) -> Answered {
        let bearer = format!("Bearer {token}");
        let fields = [("authorization", bearer.as_str())];
        self.ask("POST /admin/authorize", &fields, &body.to_string())
            .await
    }

    /// The body that hands over a token of the cloud.
    pub(crate) async fn token_form(&self) -> Value {
        let token = self.times.authorize().await;
        serde_json::from_slice(token.to_json().expose()).unwrap()
    }
}

pub(crate) fn here() -> Connection {
    Connection::plain(SocketAddr::from(([127, 0, 0, 1], 50_000)))
}

pub(crate) fn elsewhere() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 50_000))
}

pub(crate) fn code() -> Value {
    json!({ "gateway_code": CODE })
}
