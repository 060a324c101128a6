//! The keys of one source, fetched when they are needed and kept while they are good.
//!
//! A look-up whose key is known takes no lock and waits for nothing. One fetch at most is in flight, in a task of
//! its own: callers wait for it together, and one that gives up does not end it. Ages are measured by the
//! monotonic clock.
//!
//! Where the policy asks for discovery, finding the address of the set is the first part of a fetch and fails with it.
//!
//! There is no list of key ids that are unknown. Within the cool-down nothing is fetched for an unknown key id,
//! so that the answer costs one look at the set kept; a list would cost memory that strangers fill, and could
//! hide the key of a rotation.

mod address;
mod discovery;
mod flight;
mod freshness;
mod jitter;
mod kept_set;
mod key_endpoint;
mod key_server;
#[cfg(test)]
mod schedules;
mod shared_state;
mod snapshot;
mod status;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use runbeam_http::HttpClient;
use runbeam_model::Clock;
use tokio::sync::watch;

pub(crate) use self::snapshot::{SavedSet, Snapshot};
pub use self::status::KeySourceStatus;

use self::flight::Flight;
use self::kept_set::{KeptSet, Stage};
use self::key_endpoint::{Answer, KeyEndpoint};
use self::key_server::KeyServer;
use self::shared_state::{ArcSwapOption, Mutex, MutexGuard, spawn};
use crate::jwk::RsaKey;
use crate::policy::{KeyUrl, Reach};
use crate::{BuildError, Error, JwkSet, Rejection};

/// When keys are fetched again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refresh {
    /// How long a set is good at most. The source may say less.
    pub(crate) ttl: Duration,
    /// How long a set may be used past that, while no new one can be had.
    pub(crate) stale_limit: Duration,
    /// The least time between two fetches while there is a good set, and the most between two tries of a source
    /// that fails.
    pub(crate) cool_down: Duration,
    /// How long one fetch may take.
    pub(crate) deadline: Duration,
}

impl Refresh {
    /// However short a source says its keys live, they are not fetched more often than this.
    pub(crate) const MIN_TTL: Duration = Duration::from_secs(60);

    /// How long a set is good whose source says `told`.
    fn life(&self, told: Option<Duration>) -> Duration {
        told.unwrap_or(self.ttl).min(self.ttl).max(Self::MIN_TTL)
    }
}

pub(crate) struct JwksCache<S: KeyServer = KeyEndpoint> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    endpoint: S,
    clock: Arc<dyn Clock>,
    refresh: Refresh,
    current: ArcSwapOption<KeptSet>,
    flight: Mutex<Flight>,
    hits: AtomicU64,
}

impl JwksCache {
    /// A cache that starts with the set that a snapshot has of it, if that may still be used.
    pub(crate) fn new(
        place: (&KeyUrl, &Reach),
        client: &HttpClient,
        clock: Arc<dyn Clock>,
        refresh: Refresh,
        snapshot: &Snapshot,
    ) -> Result<Self, BuildError> {
        let endpoint = KeyEndpoint::new(place.0, place.1, client, refresh.deadline)?;
        let current = snapshot
            .find(place.0, place.1)
            .filter(|saved| endpoint.admits(saved.url()))
            .map(|saved| saved.restore(&*clock, &refresh))
            .filter(|set| set.stage(clock.monotonic(), refresh.stale_limit) != Stage::Over);
        Ok(Self::starting_with(current, endpoint, clock, refresh))
    }

    /// Where the keys are, as the policy has it.
    pub(crate) fn place(&self) -> (&KeyUrl, &Reach) {
        self.shared.endpoint.place()
    }

    /// The set that is kept, as it can be written down.
    pub(crate) fn save(&self) -> Option<SavedSet> {
        let set = self.shared.current.load_full()?;
        let (url, reach) = self.place();
        Some(SavedSet::of(url, reach, &set, &*self.shared.clock))
    }
}

impl<S: KeyServer> JwksCache<S> {
    fn starting_with(
        current: Option<KeptSet>,
        endpoint: S,
        clock: Arc<dyn Clock>,
        refresh: Refresh,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                endpoint,
                clock,
                refresh,
                current: ArcSwapOption::from_pointee(current),
                flight: Mutex::default(),
                hits: AtomicU64::new(0),
            }),
        }
    }

    /// The set kept, if a token that names `key_id` can be checked with it without waiting.
    pub(crate) fn at_once(&self, key_id: Option<&str>) -> Option<Arc<KeptSet>> {
        let set = self.shared.at_once(key_id)?;
        self.shared.hits.fetch_add(1, Ordering::Relaxed);
        Some(set)
    }

    /// The set to check a token with that names `key_id` where there is none [at once](Self::at_once): the one kept is
    /// too old or does not have the key, so a new one is waited for, if it is not too soon to ask for it.
    pub(crate) async fn after_fetch(&self, key_id: Option<&str>) -> Result<Arc<KeptSet>, Error> {
        if let Some(mut landing) = self.shared.fetch() {
            // An error means that the task is over: it drops its end instead of sending anything.
            let _ = landing.changed().await;
        }
        let set = self.shared.usable()?;
        // If the last fetch failed, what it would have brought may well be the key.
        if is_unknown(set.keys(), key_id) && self.shared.flight().is_failing() {
            return Err(self.shared.unavailable());
        }
        Ok(set)
    }

    /// Whether `key` is the one of this id, by a set that may be used without waiting.
    pub(crate) fn has(&self, key_id: Option<&str>, key: &RsaKey) -> bool {
        self.shared
            .at_once(key_id)
            .is_some_and(|set| set.keys().has(key_id, key))
    }

    pub(crate) fn status(&self) -> KeySourceStatus {
        let shared = &self.shared;
        let now = shared.clock.monotonic();
        let set = shared.current.load_full();
        let flight = shared.flight();
        let remaining = set.as_ref().map(|set| set.remaining(now));
        KeySourceStatus {
            server: shared.endpoint.server().to_string(),
            jwks_url: set.as_ref().map(|set| set.url().to_owned()),
            keys: set.as_ref().map_or(0, |set| set.keys().len()),
            age: set.as_ref().map(|set| set.age(now)),
            expires_in: remaining.and_then(Result::ok),
            stale_for: remaining.and_then(Result::err),
            hits: shared.hits.load(Ordering::Relaxed),
            fetches: flight.fetches(),
            failures: flight.failures(),
            last_problem: flight.last_problem().map(str::to_owned),
        }
    }
}

impl<S: KeyServer> Drop for JwksCache<S> {
    fn drop(&mut self) {
        self.shared.flight().abort();
    }
}

fn is_unknown(keys: &JwkSet, key_id: Option<&str>) -> bool {
    keys.find(key_id)
        .is_err_and(|error| error.rejection() == Some(Rejection::UnknownKey))
}

impl<S: KeyServer> Shared<S> {
    fn flight(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The set kept, if a token that names `key_id` can be checked with it without waiting.
    fn at_once(self: &Arc<Self>, key_id: Option<&str>) -> Option<Arc<KeptSet>> {
        let set = self
            .current
            .load_full()
            .filter(|set| !is_unknown(set.keys(), key_id))?;
        let now = self.clock.monotonic();
        match set.stage(now, self.refresh.stale_limit) {
            Stage::Fresh => Some(set),
            Stage::Due => {
                // If the lock is taken, somebody else is about to do this.
                if let Ok(mut flight) = self.flight.try_lock() {
                    self.launch(&mut flight, now);
                }
                Some(set)
            }
            Stage::Stale => {
                let mut flight = self.flight();
                // Without word of an outage, the source is asked first: a withdrawn key dies with its set.
                if !flight.is_outage(now, self.refresh.cool_down) {
                    return None;
                }
                self.launch(&mut flight, now);
                self.warn_of_stale(&mut flight, &set, now);
                Some(set)
            }
            Stage::Over => None,
        }
    }

    /// The set kept, whatever it holds, after the source was asked.
    fn usable(&self) -> Result<Arc<KeptSet>, Error> {
        let set = self.current.load_full().ok_or_else(|| self.unavailable())?;
        let now = self.clock.monotonic();
        match set.stage(now, self.refresh.stale_limit) {
            Stage::Fresh | Stage::Due => {}
            Stage::Stale => self.warn_of_stale(&mut self.flight(), &set, now),
            Stage::Over => return Err(self.unavailable()),
        }
        Ok(set)
    }

    fn warn_of_stale(&self, flight: &mut Flight, set: &KeptSet, now: Duration) {
        if flight.is_first_use_of_stale_keys() {
            let server = self.endpoint.server();
            let age = set.age(now);
            tracing::warn!(%server, ?age, "using stale keys: no new key set can be had");
        }
    }

    fn fetch(self: &Arc<Self>) -> Option<watch::Receiver<()>> {
        self.launch(&mut self.flight(), self.clock.monotonic())
    }

    /// Joins the fetch in flight, or starts one if that is not too soon.
    fn launch(self: &Arc<Self>, flight: &mut Flight, now: Duration) -> Option<watch::Receiver<()>> {
        if let Some(landing) = flight.landing() {
            return Some(landing);
        }
        let has_good_set = self.current.load().as_ref().is_some_and(|set| {
            matches!(
                set.stage(now, self.refresh.stale_limit),
                Stage::Fresh | Stage::Due
            )
        });
        if !flight.may_start(now, has_good_set, self.refresh.cool_down) {
            return None;
        }
        let (landed, landing) = watch::channel(());
        let shared = self.clone();
        let task = spawn(async move {
            let _crash = Crash(&shared);
            shared.renew(now).await;
            // Dropped at the end, it tells those who wait that the fetch is over.
            drop(landed);
        })?;
        flight.start(now, landing.clone(), task);
        Some(landing)
    }

    /// One fetch, begun `at`, and what follows from it.
    async fn renew(&self, at: Duration) {
        let kept = self.current.load_full();
        let is_young = kept
            .as_ref()
            .is_some_and(|set| set.stage(at, self.refresh.stale_limit) == Stage::Fresh);
        let answer = self.endpoint.ask(kept, is_young).await;
        let server = self.endpoint.server();
        let set = answer.map(|answer| match answer {
            Answer::Fetched(fetched) => {
                let life = self.refresh.life(fetched.life);
                let keys = fetched.keys.len();
                tracing::debug!(%server, keys, ?life, "fetched a key set");
                KeptSet::new(fetched, at, Duration::ZERO, life)
            }
            Answer::Unchanged { kept, life } => {
                let life = self.refresh.life(life);
                tracing::debug!(%server, ?life, "revalidated the key set");
                kept.renewed(at, life)
            }
        });
        let mut flight = self.flight();
        match set {
            Ok(set) => {
                self.current.store(Some(Arc::new(set)));
                if flight.succeed() {
                    tracing::info!(%server, "key sets can be had again");
                }
            }
            Err(problem) => {
                // One warning for an outage; the tries that follow are for who looks closer.
                if flight.is_failing() {
                    tracing::debug!(%server, problem, "still cannot fetch a key set");
                } else {
                    tracing::warn!(%server, problem, "cannot fetch a key set");
                }
                flight.fail(problem, self.refresh.cool_down);
            }
        }
    }

    fn unavailable(&self) -> Error {
        let problem = self.flight().last_problem().map(str::to_owned);
        let problem = problem
            .unwrap_or_else(|| format!("no key set of {} was fetched", self.endpoint.server()));
        Error::keys_unavailable(problem, None)
    }
}

/// Counts a fetch that panics as one that failed: the next one waits its time all the same.
struct Crash<'a, S: KeyServer>(&'a Shared<S>);

impl<S: KeyServer> Drop for Crash<'_, S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let problem = format!("the fetch from {} panicked", self.0.endpoint.server());
            self.0.flight().fail(problem, self.0.refresh.cool_down);
        }
    }
}

impl<S: KeyServer> fmt::Debug for JwksCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksCache")
            .field("server", self.shared.endpoint.server())
            .finish_non_exhaustive()
    }
}
