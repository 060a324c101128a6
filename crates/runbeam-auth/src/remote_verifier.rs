//! The verifier that gets keys from where the policy says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use runbeam_http::HttpClient;
use runbeam_model::{Clock, SystemClock};

use crate::jwks_cache::{JwksCache, Refresh};
use crate::policy::KeySource;
use crate::{BuildError, Claims, Error, JwkSet, TrustPolicy, Verified};

const MIN_TTL: Duration = Duration::from_secs(60);
const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// Verifies tokens with keys that it fetches from where the policy says, and keeps. Clones share the keys.
///
/// - One fetch at most is in flight for an issuer, however many wait for it.
/// - A token that fails for another reason than its key fetches nothing; one whose key id is unknown causes at
///   most one fetch per cool-down, and never delays a token whose key is known for longer than that fetch.
/// - While an issuer's keys cannot be had, the last ones stay in use for a limited time.
///
/// It needs a Tokio runtime.
#[derive(Clone)]
pub struct RemoteVerifier {
    shared: Arc<Shared>,
}

struct Shared {
    policy: TrustPolicy,
    clock: Arc<dyn Clock>,
    /// In the order of the policy's issuers.
    keys: Vec<Keys>,
}

#[derive(Debug)]
enum Keys {
    AtHand(JwkSet),
    Cached(JwksCache),
}

impl RemoteVerifier {
    /// A verifier of this policy with all defaults.
    ///
    /// # Errors
    ///
    /// As [`RemoteVerifierBuilder::build`].
    pub fn new(policy: TrustPolicy) -> Result<Self, BuildError> {
        Self::builder(policy).build()
    }

    /// Starts to build a verifier of this policy.
    pub fn builder(policy: TrustPolicy) -> RemoteVerifierBuilder {
        RemoteVerifierBuilder {
            policy,
            client: None,
            clock: Arc::new(SystemClock),
            refresh: Refresh {
                ttl: MAX_TTL,
                stale_limit: Duration::from_secs(60 * 60),
                cool_down: Duration::from_secs(30),
            },
        }
    }

    /// Verifies a token, with keys that are fetched if need be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the token is not to be trusted,
    /// [`ErrorKind::KeysUnavailable`](crate::ErrorKind::KeysUnavailable) if the keys of its issuer cannot be had.
    pub async fn verify(&self, token: &str) -> Result<Verified<Claims>, Error> {
        let candidate = self.shared.policy.examine(token, self.shared.clock.now())?;
        match &self.shared.keys[candidate.issuer] {
            Keys::AtHand(keys) => Verified::by_signature(candidate, keys),
            Keys::Cached(cache) => {
                let key_id = candidate.jws.key_id().map(str::to_owned);
                cache
                    .with_keys(key_id.as_deref(), |keys| {
                        Verified::by_signature(candidate, keys)
                    })
                    .await
            }
        }
    }
}

impl fmt::Debug for RemoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteVerifier")
            .field("policy", &self.shared.policy)
            .finish_non_exhaustive()
    }
}

/// Builds a [`RemoteVerifier`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct RemoteVerifierBuilder {
    policy: TrustPolicy,
    client: Option<HttpClient>,
    clock: Arc<dyn Clock>,
    refresh: Refresh,
}

impl RemoteVerifierBuilder {
    /// Fetches keys with `client`, such as one that trusts a root certificate of one's own. An answer may take
    /// 10 seconds and have 1 MiB all the same.
    pub fn with_http_client(mut self, client: HttpClient) -> Self {
        self.client = Some(client);
        self
    }

    /// Takes the time from `clock`.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long a key set is good, between a minute and 24 hours. Default: 24 hours.
    pub fn with_key_ttl(mut self, ttl: Duration) -> Self {
        self.refresh.ttl = ttl.clamp(MIN_TTL, MAX_TTL);
        self
    }

    /// How long a key set stays in use past its time while no new one can be had. Default: one hour.
    pub fn with_stale_limit(mut self, limit: Duration) -> Self {
        self.refresh.stale_limit = limit;
        self
    }

    /// The least time between two fetches that unknown key ids cause, at least a second. Default: 30 seconds.
    pub fn with_cool_down(mut self, cool_down: Duration) -> Self {
        self.refresh.cool_down = cool_down.max(Duration::from_secs(1));
        self
    }

    /// Builds the verifier. Nothing is fetched before a token asks for it.
    ///
    /// # Errors
    ///
    /// If the policy does not say where the keys of an issuer are, or if no HTTP client can be built.
    pub fn build(self) -> Result<RemoteVerifier, BuildError> {
        let client = match self.client {
            Some(client) => client,
            // Keys are fetched rarely, and a verifier may outlive the runtime that it fetched them on.
            None => HttpClient::builder()
                .without_kept_connections()
                .build()
                .map_err(|error| BuildError::new("no keys can be fetched").with_source(error))?,
        };
        let keys = self
            .policy
            .issuers()
            .iter()
            .map(|issuer| match issuer.keys() {
                KeySource::AtHand(keys) => Ok(Keys::AtHand(keys.clone())),
                KeySource::Url(url) => {
                    JwksCache::new(url, &client, self.clock.clone(), self.refresh).map(Keys::Cached)
                }
                KeySource::Unstated => {
                    let name = issuer.name();
                    Err(BuildError::new(format!(
                        "nothing says where the keys of the issuer {name} are: use `with_jwks_url`"
                    )))
                }
            });
        let keys = keys.collect::<Result<_, _>>()?;
        Ok(RemoteVerifier {
            shared: Arc::new(Shared {
                policy: self.policy,
                clock: self.clock,
                keys,
            }),
        })
    }
}
