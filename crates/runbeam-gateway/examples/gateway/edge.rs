//! What requests are answered with, and what the management API asks.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};
use runbeam_gateway::layers::Authenticated;
use runbeam_gateway::management::{ConfigStatus, ManagedGateway, Reloaded};
use runbeam_gateway::sync::{Rejection, Update};
use runbeam_sdk::model::{ConfigKind, ManagedPipeline, ManagedRoute, StoreConfiguration};
use serde_json::json;
use tokio::sync::watch;
use toml::{Table, Value};
use tower::{Layer, ServiceExt, service_fn};

use crate::settings::{Runtime, Settings, Surroundings};

/// The part of the gateway that requests meet. Clones share it.
#[derive(Clone)]
pub(crate) struct Edge(Arc<Inner>);

struct Inner {
    around: Surroundings,
    settings: Mutex<Settings>,
    runtime: watch::Sender<Arc<Runtime>>,
}

impl Edge {
    pub(crate) fn start(
        settings: Settings,
        around: Surroundings,
        keys: Vec<u8>,
    ) -> Result<Self, Rejection> {
        let runtime = settings.build(&around, keys)?;
        Ok(Self(Arc::new(Inner {
            around,
            settings: Mutex::new(settings),
            runtime: watch::Sender::new(Arc::new(runtime)),
        })))
    }

    pub(crate) fn runtime(&self) -> Arc<Runtime> {
        self.0.runtime.borrow().clone()
    }

    /// Runs by other settings from the next request on, or by the former ones if they are not good.
    fn change(
        &self,
        change: impl FnOnce(&Settings) -> Result<Settings, Rejection>,
    ) -> Result<Arc<Runtime>, Rejection> {
        let mut settings = self
            .0
            .settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let changed = change(&settings)?;
        let keys = self.runtime().authenticator.key_snapshot();
        let runtime = Arc::new(changed.build(&self.0.around, keys.unwrap_or_default())?);
        *settings = changed;
        self.0.runtime.send_replace(runtime.clone());
        Ok(runtime)
    }

    /// Takes over what the cloud says.
    pub(crate) fn apply(&self, update: &Update) -> Result<(), Rejection> {
        self.change(|settings| {
            let settings = settings.clone();
            match update {
                Update::LastGood(last_good) => settings.with_last_good(last_good),
                Update::Whole(whole) => Ok(settings.with_whole(whole)),
                Update::Change { change, .. } => settings.with_change(change),
                _ => Err(Rejection::new("this gateway does not know such an update")),
            }
        })?;
        Ok(())
    }

    /// Answers a request: by its pipeline, if the chain lets it through.
    pub(crate) async fn serve(&self, request: Request<Body>) -> Response {
        let runtime = self.runtime();
        let layer = runtime.layer.clone();
        let behind = service_fn(move |request: Request<Body>| {
            let answer = answer(&runtime, &request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let Ok(answer) = layer.layer(behind).oneshot(request).await;
        answer.map(Body::new)
    }
}

fn answer(runtime: &Runtime, request: &Request<Body>) -> Response {
    let Some((name, pipeline)) = runtime.pipeline(request.uri().path()) else {
        return (StatusCode::NOT_FOUND, "no such pipeline\n").into_response();
    };
    let caller: Option<&Authenticated> = request.extensions().get();
    let claims = caller.and_then(Authenticated::claims);
    let body = json!({
        "pipeline": name,
        "description": text(pipeline, "description"),
        "subject": claims.and_then(|claims| claims.sub.clone()),
    });
    axum::Json(body).into_response()
}

impl ManagedGateway for Edge {
    fn is_managed(&self) -> bool {
        Runtime::flag(&self.runtime().management)
    }

    fn is_integrated(&self) -> bool {
        Runtime::flag(&self.runtime().runbeam)
    }

    fn pipelines(&self) -> Vec<ManagedPipeline> {
        let runtime = self.runtime();
        let pipelines = runtime.pipelines.iter().map(|(name, table)| {
            let mut pipeline = ManagedPipeline::new(name);
            pipeline.description = text(table, "description");
            pipeline.networks = texts(table, "networks");
            pipeline.endpoints = texts(table, "endpoints");
            pipeline.backends = texts(table, "backends");
            pipeline.middleware = texts(table, "middleware");
            pipeline
        });
        pipelines.collect()
    }

    fn routes(&self) -> Vec<ManagedRoute> {
        let runtime = self.runtime();
        let routes = runtime.pipelines.iter().map(|(name, table)| {
            let mut route = ManagedRoute::new(format!("/{name}/{{*rest}}"), ["GET", "POST"]);
            route.description = Some(text(table, "description"));
            route.endpoint_name = texts(table, "endpoints")
                .into_iter()
                .next()
                .unwrap_or_default();
            route.service_type = "http".into();
            route.pipeline = name.clone();
            route
        });
        routes.collect()
    }

    fn status(&self) -> ConfigStatus {
        let runtime = self.runtime();
        let settings = self
            .0
            .settings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut status = ConfigStatus::new(&settings.file.name, text(&runtime.proxy, "id"));
        status.log_level = Some(text(&runtime.proxy, "log_level"));
        status
    }

    /// Itself, and each pipeline: one that the cloud knows has its id.
    async fn configuration(&self) -> Result<Vec<StoreConfiguration>, Rejection> {
        let runtime = self.runtime();
        let file = |heading: &str, inner: Value| {
            let mut file = Table::new();
            file.insert(heading.into(), inner);
            file.to_string()
        };
        let proxy = file("proxy", Value::Table(runtime.proxy.clone()));
        let mut files = vec![StoreConfiguration::new(ConfigKind::Gateway, proxy)];
        for (name, table) in &runtime.pipelines {
            let mut named = Table::new();
            named.insert(name.clone(), Value::Table(table.clone()));
            let text = file("pipelines", Value::Table(named));
            let id = table.get("id").and_then(Value::as_str);
            let id = id.and_then(|id| id.parse().ok());
            files.push(StoreConfiguration::new(ConfigKind::Pipeline, text).with_id(id));
        }
        Ok(files)
    }

    async fn reload(&self) -> Result<Reloaded, Rejection> {
        let former = self.runtime();
        let runtime = self.change(Settings::reread)?;
        let changed = |name: &&String| former.pipelines.get(*name) != runtime.pipelines.get(*name);
        let names = former.pipelines.keys().chain(runtime.pipelines.keys());
        let changed: std::collections::BTreeSet<&String> = names.filter(changed).collect();
        let mut reloaded = Reloaded::new();
        reloaded
            .diff
            .insert("zero_downtime_changes".into(), changed.len() as u64);
        reloaded.diff.insert("adapter_restarts_required".into(), 0);
        reloaded.last_reload = Some(self.0.around.clock.now());
        Ok(reloaded)
    }
}

fn text(table: &Table, name: &str) -> String {
    let value = table.get(name).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

fn texts(table: &Table, name: &str) -> Vec<String> {
    let list = table.get(name).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}
