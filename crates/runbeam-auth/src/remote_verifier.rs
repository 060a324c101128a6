//! The verifier that gets keys from where the policy says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use runbeam_http::HttpClient;
use runbeam_model::{Clock, SystemClock};
use serde::de::DeserializeOwned;

use crate::jwks_cache::{JwksCache, KeySourceStatus, Refresh, Snapshot};
use crate::jws::KnownHeader;
use crate::policy::{KeySource, KeysAtHand};
use crate::token_cache::{Remembered, TokenCache, TokenCacheLimits, TokenCacheStatus, Voucher};
use crate::verifier::{Good, claims_of_caller, own_claims};
use crate::{BuildError, Claims, Error, Jws, TrustPolicy, Verified};

const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);
const MAX_FETCH: Duration = Duration::from_secs(10);

/// Verifies tokens with keys that it fetches from where the policy says, and keeps. Clones share the keys.
///
/// - One fetch at most is in flight for a key set, however many wait for it.
/// - A key set is good as long as its server says by `Cache-Control: max-age` (RFC 9111), at least a minute and at
///   most the time of [`with_key_ttl`](RemoteVerifierBuilder::with_key_ttl). `no-store` and `no-cache` mean a
///   minute. A server that gives an `ETag` is asked only whether the set is still the same (RFC 9110, section 13).
/// - A set that is used in the last tenth of its time, or somewhat earlier by chance, is fetched anew beside that:
///   nobody waits.
/// - A token that fails for another reason than its key fetches nothing. Key ids that are unknown cause at most
///   one fetch per cool-down, however many they are, and delay no token whose key is known. The key of a rotation
///   is found within a cool-down.
/// - While the keys cannot be had, the last ones stay in use for a limited time. The tries become ever rarer, up to
///   one per cool-down.
///
/// Nothing happens but when a token asks for it, and a fetch in flight ends with the verifier. It needs a Tokio
/// runtime.
#[derive(Clone)]
pub struct RemoteVerifier {
    shared: Arc<Shared>,
}

struct Shared {
    policy: TrustPolicy,
    clock: Arc<dyn Clock>,
    /// In the order of the policy's issuers.
    keys: Vec<Keys>,
    /// One of each place, however many issuers have their keys there.
    caches: Vec<JwksCache>,
    tokens: Option<TokenCache>,
    known_header: KnownHeader,
}

#[derive(Debug)]
enum Keys {
    AtHand(KeysAtHand),
    /// The place of the cache.
    Cached(usize),
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
                deadline: MAX_FETCH,
            },
            snapshot: Snapshot::default(),
            token_cache: None,
        }
    }

    /// Verifies a token, with keys that are fetched if need be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the token is not to be trusted,
    /// [`ErrorKind::KeysUnavailable`](crate::ErrorKind::KeysUnavailable) if the keys of its issuer cannot be had.
    pub async fn verify(&self, token: &str) -> Result<Verified<Claims>, Error> {
        self.accept(token, own_claims).await
    }

    /// Verifies a token, and reads its claims as a type of the caller's, as
    /// [`Verifier::verify_as`](crate::Verifier::verify_as) does.
    ///
    /// # Errors
    ///
    /// As [`RemoteVerifier::verify`], and if the claims do not read as a `C`.
    pub async fn verify_as<C: DeserializeOwned>(&self, token: &str) -> Result<Verified<C>, Error> {
        self.accept(token, claims_of_caller).await
    }

    async fn accept<C>(
        &self,
        token: &str,
        read: impl FnOnce(Good<'_>) -> Result<C, Error>,
    ) -> Result<Verified<C>, Error> {
        let shared = &*self.shared;
        let now = shared.clock.now();
        let is_good = |remembered: &Remembered| {
            shared.policy.still_accepts(remembered, now) && shared.still_vouches(remembered)
        };
        let tokens = shared.tokens.as_ref();
        if let Some(remembered) = tokens.and_then(|tokens| tokens.find(token, is_good)) {
            return Verified::again(token, &remembered.claims, read);
        }
        let candidate = shared.policy.examine(token, now, &shared.known_header)?;
        match &shared.keys[candidate.issuer] {
            Keys::AtHand(keys) => {
                let tokens = tokens.map(|tokens| (tokens, now));
                let check = |jws: Jws<'_>| keys.check(jws);
                Verified::accept(candidate, check, &shared.known_header, tokens, read)
            }
            Keys::Cached(cache) => {
                let cache = &shared.caches[*cache];
                let key_id = candidate.jws.key_id();
                let (set, now) = match cache.at_once(key_id) {
                    Some(set) => (set, now),
                    None => {
                        let set = cache.after_fetch(key_id).await?;
                        // A fetch takes its time, and the token may have expired meanwhile.
                        let now = shared.clock.now();
                        shared.policy.check_again(&candidate, now)?;
                        (set, now)
                    }
                };
                let tokens = tokens.map(|tokens| (tokens, now));
                let check = |jws: Jws<'_>| jws.verify_with_keys(set.keys());
                Verified::accept(candidate, check, &shared.known_header, tokens, read)
            }
        }
    }

    /// How the cache of verified tokens does, if there is one.
    #[must_use]
    pub fn token_cache(&self) -> Option<TokenCacheStatus> {
        self.shared.tokens.as_ref().map(TokenCache::status)
    }

    /// How each source of keys does: one for each URL of a key set, and for each issuer with discovery, in the order
    /// of the policy's issuers.
    #[must_use]
    pub fn key_sources(&self) -> Vec<KeySourceStatus> {
        self.shared.caches.iter().map(JwksCache::status).collect()
    }

    /// The key sets that are kept, to be written down for a start without a network: see
    /// [`RemoteVerifierBuilder::with_snapshot`].
    ///
    /// It is JSON with a version number, and holds what the servers of the keys publish: nothing secret, but
    /// whoever can change it says which keys are trusted.
    #[must_use]
    pub fn snapshot(&self) -> Vec<u8> {
        Snapshot::new(self.shared.caches.iter().filter_map(JwksCache::save)).to_bytes()
    }
}

impl Shared {
    /// Whether the key of what was once found good is still its issuer's.
    fn still_vouches(&self, remembered: &Remembered) -> bool {
        match (&self.keys[remembered.issuer], &remembered.voucher) {
            (Keys::AtHand(keys), _) => keys.still_vouch(remembered),
            (Keys::Cached(cache), Voucher::Key(key)) => {
                self.caches[*cache].has(remembered.key_id.as_deref(), key)
            }
            (Keys::Cached(_), Voucher::SharedSecret) => false,
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
    snapshot: Snapshot,
    token_cache: Option<TokenCacheLimits>,
}

impl RemoteVerifierBuilder {
    /// Fetches keys with `client`, such as one that trusts a root certificate of one's own. An answer may take
    /// the time of [`with_fetch_deadline`](Self::with_fetch_deadline) and have 1 MiB all the same, and which
    /// addresses are connected to, the [policy](crate::TrustedIssuer#where-keys-are-fetched-from) says alone.
    pub fn with_http_client(mut self, client: HttpClient) -> Self {
        self.client = Some(client);
        self
    }

    /// Takes the time from `clock`.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long a key set is good at most, between a minute and 24 hours. Its server may say less. Default: 24
    /// hours.
    pub fn with_key_ttl(mut self, ttl: Duration) -> Self {
        self.refresh.ttl = ttl.clamp(Refresh::MIN_TTL, MAX_TTL);
        self
    }

    /// How long a key set stays in use past its time while no new one can be had. Default: one hour.
    pub fn with_stale_limit(mut self, limit: Duration) -> Self {
        self.refresh.stale_limit = limit;
        self
    }

    /// The least time between two fetches that unknown key ids cause, and the most between two tries of a server
    /// that fails; at least a second. Default: 30 seconds.
    pub fn with_cool_down(mut self, cool_down: Duration) -> Self {
        self.refresh.cool_down = cool_down.max(Duration::from_secs(1));
        self
    }

    /// How long a fetch may take, from connecting to the last byte, discovery included: at most 10 seconds, which is
    /// the default.
    pub fn with_fetch_deadline(mut self, deadline: Duration) -> Self {
        self.refresh.deadline = deadline.min(MAX_FETCH);
        self
    }

    /// Starts with the key sets of a [snapshot](RemoteVerifier::snapshot), each at the age that the clock gives it.
    ///
    /// A set that is past its time is used only while no new one can be had, and one that is past the stale limit
    /// not at all. One that seems to be from the future counts as just past its time. Sets of other addresses
    /// than the policy's are ignored, and so is a discovered set of an address that the policy does not allow any
    /// more. Whoever can change the snapshot says which keys are trusted: keep it where only this program can write.
    ///
    /// # Errors
    ///
    /// If the snapshot is damaged, or of another version.
    pub fn with_snapshot(mut self, snapshot: &[u8]) -> Result<Self, BuildError> {
        self.snapshot = Snapshot::parse(snapshot)?;
        Ok(self)
    }

    /// Remembers tokens that were found good, up to `limits`, and spares itself the arithmetic when one comes again.
    /// Without this, nothing is remembered.
    ///
    /// The dates, the policy and the key are checked each time: a token whose key is withdrawn is verified anew, and
    /// then refused. A token is forgotten when it expires, whatever the leeway.
    pub fn with_token_cache(mut self, limits: TokenCacheLimits) -> Self {
        self.token_cache = Some(limits);
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
        let mut caches: Vec<JwksCache> = Vec::new();
        let mut keys = Vec::new();
        for issuer in self.policy.issuers() {
            keys.push(match issuer.keys() {
                KeySource::AtHand(keys) => Keys::AtHand(keys.clone()),
                KeySource::Url(url) => {
                    let place = (url, issuer.reach());
                    if issuer.reach().any_address {
                        let issuer = issuer.name();
                        tracing::warn!(issuer, "host names of this issuer may lead to any address");
                    }
                    let known = caches.iter().position(|cache| cache.place() == place);
                    if known.is_none() {
                        let (clock, refresh) = (self.clock.clone(), self.refresh);
                        let snapshot = &self.snapshot;
                        caches.push(JwksCache::new(place, &client, clock, refresh, snapshot)?);
                    }
                    Keys::Cached(known.unwrap_or(caches.len() - 1))
                }
                KeySource::Unstated => {
                    let name = issuer.name();
                    return Err(BuildError::new(format!(
                        "nothing says where the keys of the issuer {name} are: use `with_jwks_url` or `with_discovery`"
                    )));
                }
            });
        }
        Ok(RemoteVerifier {
            shared: Arc::new(Shared {
                policy: self.policy,
                clock: self.clock,
                keys,
                caches,
                tokens: self.token_cache.map(TokenCache::new).transpose()?,
                known_header: KnownHeader::default(),
            }),
        })
    }
}
