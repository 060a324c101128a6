//! What a gateway runs by: its own file, and on top of it what the cloud says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use runbeam_gateway::layers::{AuthConfig, AuthLayer, Authenticator, FailureLimiter, HashingPool};
use runbeam_gateway::sync::{LastGood, Rejection};
use runbeam_sdk::model::{Change, Clock, GatewayConfiguration};
use toml::{Table, Value};

/// A text of configuration, and where it is from.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The gateway's own file with all that the cloud changed since.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) path: PathBuf,
    pub(crate) file: Source,
    /// What the cloud said, the newest of each.
    from_cloud: Table,
    /// The text of the cloud in which the chain stands, if one does.
    chain_from_cloud: Option<Source>,
}

/// What does not change while the gateway runs. Who failed too often is held back by the next configuration, too.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) api_url: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limiter: FailureLimiter,
    pub(crate) hashing: HashingPool,
}

/// What requests are answered by.
pub(crate) struct Runtime {
    pub(crate) authenticator: Authenticator,
    pub(crate) layer: AuthLayer,
    pub(crate) pipelines: BTreeMap<String, Table>,
    pub(crate) proxy: Table,
    pub(crate) runbeam: Table,
    pub(crate) management: Table,
}

impl Source {
    fn table(&self) -> Result<Table, Rejection> {
        self.text.parse().map_err(|error: toml::de::Error| {
            Rejection::new(format!("{}: {}", self.name, error.message()))
        })
    }
}

impl Settings {
    pub(crate) fn read(path: PathBuf) -> Result<Self, Rejection> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Rejection::new(format!("{name} cannot be read: {error}")))?;
        Ok(Self {
            path,
            file: Source { name, text },
            from_cloud: Table::new(),
            chain_from_cloud: None,
        })
    }

    /// The same with another text of its own file.
    pub(crate) fn reread(&self) -> Result<Self, Rejection> {
        let read = Self::read(self.path.clone())?;
        Ok(Self {
            file: read.file,
            ..self.clone()
        })
    }

    pub(crate) fn with_last_good(mut self, last_good: &LastGood) -> Result<Self, Rejection> {
        if let Some(whole) = &last_good.configuration {
            self = self.with_whole(whole);
        }
        last_good.changes.iter().try_fold(self, Self::with_change)
    }

    /// Everything in place of all that the cloud said before. The cloud's pipelines are those of the files.
    pub(crate) fn with_whole(mut self, whole: &GatewayConfiguration) -> Self {
        let list = |names: Vec<&String>| {
            let names = names.into_iter().map(|name| Value::from(name.as_str()));
            Value::Array(names.collect())
        };
        let pipelines = whole.pipelines.iter().map(|pipeline| {
            let mut table = Table::new();
            let endpoints = list(pipeline.endpoints.keys().collect());
            for (name, value) in [
                ("id", pipeline.id.as_str().into()),
                ("description", pipeline.description.as_str().into()),
                ("networks", list(pipeline.networks.iter().collect())),
                ("endpoints", endpoints),
            ] {
                table.insert(name.into(), value);
            }
            (pipeline.name.clone(), Value::Table(table))
        });
        let pipelines = Value::Table(pipelines.collect());
        self.from_cloud = Table::from_iter([("pipelines".to_owned(), pipelines)]);
        self.chain_from_cloud = None;
        self
    }

    pub(crate) fn with_change(mut self, change: &Change) -> Result<Self, Rejection> {
        let Some(text) = &change.toml_config else {
            return Err(Rejection::new("the change has no configuration"));
        };
        let source = Source {
            name: format!("change {}", change.id),
            text: text.to_string(),
        };
        let table = source.table()?;
        if table.contains_key("middleware") {
            self.chain_from_cloud = Some(source);
        }
        merge(&mut self.from_cloud, table);
        Ok(self)
    }

    /// What requests are answered by from then on. The public keys of a former one are taken over.
    pub(crate) fn build(&self, around: &Surroundings, keys: Vec<u8>) -> Result<Runtime, Rejection> {
        let mut all = self.file.table()?;
        merge(&mut all, self.from_cloud.clone());
        let chain = self.chain_from_cloud.as_ref().unwrap_or(&self.file);
        // From the text, so that an error names the line.
        let api_url = around.api_url.clone();
        let authenticator = AuthConfig::parse(chain.text.as_str(), &chain.name)
            .map(|config| {
                config
                    .with_clock(around.clock.clone())
                    .with_key_snapshot(keys)
                    .with_variables(move |name| variable(name, &api_url))
            })
            .and_then(|config| config.chain())
            .and_then(|chain| {
                chain
                    .with_failure_limiter(around.limiter.clone())
                    .with_hashing_pool(around.hashing.clone())
                    .build()
            })
            .map_err(|error| Rejection::new(error.to_string()))?;
        let table = |name: &str| all.get(name).and_then(Value::as_table).cloned();
        let pipelines = table("pipelines").unwrap_or_default();
        let pipelines = pipelines.into_iter().map(|(name, value)| match value {
            Value::Table(table) => Ok((name, table)),
            _ => Err(Rejection::new(format!("pipelines.{name} is not a table"))),
        });
        Ok(Runtime {
            layer: AuthLayer::new(authenticator.clone()).with_peer(|request| {
                let axum::extract::ConnectInfo(peer) = request.extensions.get()?;
                let peer: &std::net::SocketAddr = peer;
                Some(peer.ip())
            }),
            authenticator,
            pipelines: pipelines.collect::<Result<_, _>>()?,
            proxy: table("proxy").unwrap_or_default(),
            runbeam: table("runbeam").unwrap_or_default(),
            management: table("management").unwrap_or_default(),
        })
    }
}

impl Runtime {
    /// A flag that is off unless the configuration says otherwise.
    pub(crate) fn flag(table: &Table) -> bool {
        table.get("enabled").and_then(Value::as_bool) == Some(true)
    }

    /// The pipeline of a path: its name is the first segment.
    pub(crate) fn pipeline(&self, path: &str) -> Option<(&str, &Table)> {
        let name = path.trim_start_matches('/').split('/').next()?;
        let (name, table) = self.pipelines.get_key_value(name)?;
        Some((name, table))
    }
}

/// `${RUNBEAM_API_URL}` is the cloud that the gateway was started with.
#[allow(
    clippy::disallowed_methods,
    reason = "configuration says by its name which variable it wants"
)]
fn variable(name: &str, api_url: &str) -> Option<String> {
    match name {
        "RUNBEAM_API_URL" => Some(api_url.to_owned()),
        _ => std::env::var(name).ok(),
    }
}

/// Tables are merged, and everything else is replaced; but a pipeline is changed as a whole.
fn merge(all: &mut Table, table: Table) {
    for (name, value) in table {
        match (all.get_mut(&name), value) {
            (Some(Value::Table(former)), Value::Table(new)) => former.extend(new),
            (_, value) => {
                all.insert(name, value);
            }
        }
    }
}
