//! The keys of one issuer, fetched when they are needed and kept while they are good.
//!
//! A look-up whose key is known takes no lock. One fetch at most is in flight, in a task of its own: callers
//! wait for it together, and one that gives up does not end it. Ages are measured by the monotonic clock.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use runbeam_http::{HttpClient, Limits};
use runbeam_model::{Clock, Origin};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::{BuildError, Error, JwkSet, Rejection};

/// A set of keys is small and near; who waits for it wants to answer somebody.
const LIMITS: Limits = Limits::new()
    .with_total(Duration::from_secs(10))
    .with_idle(Duration::from_secs(5));

/// When keys are fetched again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refresh {
    /// How long a set is good.
    pub(crate) ttl: Duration,
    /// How long a set may be used past that, while no new one can be had.
    pub(crate) stale_limit: Duration,
    /// The least time between two fetches that an unknown key id causes, and the most between two tries of a
    /// source that fails.
    pub(crate) cool_down: Duration,
}

pub(crate) struct JwksCache {
    shared: Arc<Shared>,
}

struct Shared {
    url: Uri,
    server: Origin,
    client: HttpClient,
    clock: Arc<dyn Clock>,
    refresh: Refresh,
    current: ArcSwapOption<Fetched>,
    flight: Mutex<Flight>,
}

struct Fetched {
    keys: JwkSet,
    at: Duration,
}

#[derive(Default)]
struct Flight {
    started: Option<Duration>,
    failures: u32,
    last_problem: String,
    landing: Option<watch::Receiver<()>>,
    task: Option<AbortHandle>,
}

impl JwksCache {
    pub(crate) fn new(
        url: &str,
        client: &HttpClient,
        clock: Arc<dyn Clock>,
        refresh: Refresh,
    ) -> Result<Self, BuildError> {
        let server = Origin::of(url)?;
        let url = url
            .parse()
            .map_err(|_| BuildError::new("invalid address of keys"))?;
        let client = client.with_limits(LIMITS);
        let (current, flight) = (ArcSwapOption::empty(), Mutex::default());
        Ok(Self {
            shared: Arc::new(Shared {
                url,
                server,
                client,
                clock,
                refresh,
                current,
                flight,
            }),
        })
    }

    /// Gives `verify` the keys to check a token with that names `key_id`: those that are kept, and new ones if
    /// they are too old or do not have it.
    pub(crate) async fn with_keys<T>(
        &self,
        key_id: Option<&str>,
        verify: impl FnOnce(&JwkSet) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(fetched) = self
            .fresh()
            .filter(|fetched| !is_unknown(&fetched.keys, key_id))
        {
            return verify(&fetched.keys);
        }
        if let Some(mut landing) = self.shared.fetch() {
            // An error means that the task ended with its runtime: the next look-up starts another.
            let _ = landing.changed().await;
        }
        match self.fresh().or_else(|| self.stale()) {
            // The last fetch failed: what it would have brought may well be the key.
            Some(fetched)
                if is_unknown(&fetched.keys, key_id) && self.shared.flight().failures > 0 =>
            {
                Err(self.shared.unavailable())
            }
            Some(fetched) => verify(&fetched.keys),
            None => Err(self.shared.unavailable()),
        }
    }

    fn fresh(&self) -> Option<Arc<Fetched>> {
        self.younger_than(self.shared.refresh.ttl)
    }

    fn stale(&self) -> Option<Arc<Fetched>> {
        let refresh = self.shared.refresh;
        self.younger_than(refresh.ttl.saturating_add(refresh.stale_limit))
    }

    fn younger_than(&self, age: Duration) -> Option<Arc<Fetched>> {
        let now = self.shared.clock.monotonic();
        self.shared
            .current
            .load_full()
            .filter(|fetched| now.saturating_sub(fetched.at) < age)
    }
}

impl Drop for JwksCache {
    fn drop(&mut self) {
        if let Some(task) = self.shared.flight().task.take() {
            task.abort();
        }
    }
}

fn is_unknown(keys: &JwkSet, key_id: Option<&str>) -> bool {
    keys.find(key_id)
        .is_err_and(|error| error.rejection() == Some(Rejection::UnknownKey))
}

impl Shared {
    fn flight(&self) -> std::sync::MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the fetch in flight, or starts one if that is not too soon.
    fn fetch(self: &Arc<Self>) -> Option<watch::Receiver<()>> {
        let now = self.clock.monotonic();
        let mut flight = self.flight();
        if let Some(landing) = flight
            .landing
            .as_ref()
            .filter(|landing| landing.has_changed().is_ok())
        {
            return Some(landing.clone());
        }
        let pause = self.pause(flight.failures, now);
        if flight
            .started
            .is_some_and(|started| now.saturating_sub(started) < pause)
        {
            return None;
        }
        let (landed, landing) = watch::channel(());
        let shared = self.clone();
        let task = tokio::spawn(async move {
            shared.refresh().await;
            // Dropped at the end, it tells those who wait that the fetch is over.
            drop(landed);
        });
        flight.started = Some(now);
        flight.task = Some(task.abort_handle());
        flight.landing = Some(landing.clone());
        Some(landing)
    }

    /// The least time since the last fetch was started. Without any usable keys nobody is served, so the first
    /// tries follow each other faster.
    fn pause(&self, failures: u32, now: Duration) -> Duration {
        let current = self.current.load();
        let is_good = current
            .as_ref()
            .is_some_and(|fetched| now.saturating_sub(fetched.at) < self.refresh.ttl);
        if is_good {
            return self.refresh.cool_down;
        }
        match failures {
            0 => Duration::ZERO,
            failures => {
                Duration::from_secs(1 << (failures - 1).min(16)).min(self.refresh.cool_down)
            }
        }
    }

    async fn refresh(&self) {
        let at = self.clock.monotonic();
        let outcome = self.download().await;
        let mut flight = self.flight();
        match outcome {
            Ok(keys) => {
                tracing::debug!(server = %self.server, keys = keys.len(), "fetched a key set");
                flight.failures = 0;
                self.current.store(Some(Arc::new(Fetched { keys, at })));
            }
            Err(problem) => {
                tracing::warn!(server = %self.server, problem, "cannot fetch a key set");
                flight.failures = flight.failures.saturating_add(1);
                flight.last_problem = problem;
            }
        }
    }

    async fn download(&self) -> Result<JwkSet, String> {
        let request = Request::get(self.url.clone())
            .header(header::ACCEPT, "application/json, application/jwk-set+json")
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        if response.status() != StatusCode::OK {
            return Err(format!(
                "{} answered {} instead of a key set",
                self.server,
                response.status()
            ));
        }
        let keys =
            JwkSet::parse(response.body()).map_err(|error| format!("{}: {error}", self.server))?;
        if keys.is_empty() {
            return Err(format!(
                "the key set of {} has no key for RS256",
                self.server
            ));
        }
        Ok(keys)
    }

    fn unavailable(&self) -> Error {
        let problem = self.flight().last_problem.clone();
        let problem = if problem.is_empty() {
            format!("no key set of {} was fetched", self.server)
        } else {
            problem
        };
        Error::keys_unavailable(problem, None)
    }
}

impl fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksCache")
            .field("server", &self.shared.server)
            .finish_non_exhaustive()
    }
}
