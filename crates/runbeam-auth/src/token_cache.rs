//! Tokens that were verified lately, so that the arithmetic is not done again for each request of one session.
//!
//! A token is found by a keyed hash and a comparison of all of it, so that a stranger can neither fill one place of
//! the table nor find out by trying how a token in it begins. What is found is a claim to be looked at again: whoever
//! asks checks the dates, the policy and whether the key is still the issuer's.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use highway::{HighwayHasher, Key};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};
use ring::rand::{SecureRandom, SystemRandom};
use runbeam_model::{Secret, Timestamp};

use crate::jwk::RsaKey;
use crate::{BuildError, Claims};

/// What an entry takes beside the texts in it: its place in the table, and the hull of its claims.
const OVERHEAD: usize = 640;

/// What each of the audiences takes beside its text.
const AUDIENCE: usize = 56;

/// How often expired tokens are looked for that nobody asks for any more.
const SWEEP_SECONDS: i64 = 60;

/// How much is remembered of verified tokens.
///
/// A token takes about its own length for itself, once more for its claims, and 640 bytes: 1.8 KiB for a token of
/// 700 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenCacheLimits {
    entries: usize,
    bytes: usize,
}

impl TokenCacheLimits {
    /// 10,000 tokens and 32 MiB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            entries: 10_000,
            bytes: 32 << 20,
        }
    }

    /// At most this many tokens, and one at least.
    #[must_use]
    pub fn with_entries(mut self, entries: usize) -> Self {
        self.entries = entries.max(1);
        self
    }

    /// At most this many bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }
}

impl Default for TokenCacheLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// How a cache of verified tokens does, for metrics and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenCacheStatus {
    /// How many tokens are remembered.
    pub entries: usize,
    /// How many bytes they take, at most.
    pub bytes: u64,
    /// How many verifications were spared.
    pub hits: u64,
    /// How many were not.
    pub misses: u64,
}

/// A token that was found good, and what makes it so.
pub(crate) struct Remembered {
    pub(crate) claims: Claims,
    /// The place of its issuer in the policy.
    pub(crate) issuer: usize,
    pub(crate) key_id: Option<Box<str>>,
    pub(crate) voucher: Voucher,
}

/// Who signed a token.
#[derive(Clone)]
pub(crate) enum Voucher {
    Key(Arc<RsaKey>),
    SharedSecret,
}

pub(crate) struct TokenCache {
    tokens: Cache<Token, Arc<Remembered>, Weight, KeyedHash>,
    hits: AtomicU64,
    misses: AtomicU64,
    next_sweep: AtomicI64,
}

/// The text of a token, zeroized when it is forgotten.
#[derive(Clone, PartialEq, Eq)]
struct Token(Secret);

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose().hash(state);
    }
}

impl Borrow<str> for Token {
    fn borrow(&self) -> &str {
        self.0.expose()
    }
}

/// HighwayHash under a key that nobody else knows.
#[derive(Clone)]
struct KeyedHash([u64; 4]);

impl BuildHasher for KeyedHash {
    type Hasher = HighwayHasher;

    fn build_hasher(&self) -> HighwayHasher {
        HighwayHasher::new(Key(self.0))
    }
}

/// An entry weighs as many bytes as it has, and enough that no more fit in than are allowed.
#[derive(Clone)]
struct Weight {
    least: u64,
}

impl Weighter<Token, Arc<Remembered>> for Weight {
    fn weight(&self, token: &Token, remembered: &Arc<Remembered>) -> u64 {
        let audiences = remembered.claims.aud.len() * AUDIENCE;
        let bytes = token.0.expose().len() * 2 + audiences + OVERHEAD;
        self.least.max(bytes as u64)
    }
}

impl TokenCache {
    pub(crate) fn new(limits: TokenCacheLimits) -> Result<Self, BuildError> {
        let mut key = [0; 32];
        SystemRandom::new()
            .fill(&mut key)
            .map_err(|_| BuildError::new("the system gives no random bytes"))?;
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(key.chunks_exact(8)) {
            *word = bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
        let TokenCacheLimits { entries, bytes } = limits;
        // An entry that takes all there is would not be let in.
        let least = bytes.div_ceil(entries).min(bytes - bytes / 32) as u64;
        // The limits are those of all shards together: a small cache has one.
        let shards = if entries < 4096 { 1 } else { 16 };
        let options = OptionsBuilder::new()
            .estimated_items_capacity(entries.min(bytes / OVERHEAD))
            .weight_capacity(bytes as u64)
            .shards(shards)
            .build()
            .map_err(|_| BuildError::new("the limits of the token cache are of no use"))?;
        let tokens = Cache::with_options(
            options,
            Weight { least },
            KeyedHash(words),
            DefaultLifecycle::default(),
        );
        Ok(Self {
            tokens,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            next_sweep: AtomicI64::new(i64::MIN),
        })
    }

    /// What is remembered of `token`, if `is_good` finds that it still holds; else it is forgotten.
    pub(crate) fn find(
        &self,
        token: &str,
        is_good: impl FnOnce(&Remembered) -> bool,
    ) -> Option<Arc<Remembered>> {
        let found = self.tokens.get(token);
        if let Some(found) = found {
            if is_good(&found) {
                self.hits.fetch_add(1, Ordering::Relaxed);
                return Some(found);
            }
            self.tokens.remove(token);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// Remembers a token that was verified, until it expires at the latest.
    pub(crate) fn insert(&self, token: &str, remembered: Remembered, now: Timestamp) {
        self.sweep(now);
        // What is good by the leeway alone would not be found good again.
        if remembered.claims.exp > now {
            let token = Token(token.into());
            self.tokens.insert(token, Arc::new(remembered));
        }
    }

    /// Forgets, once a minute, what has expired.
    fn sweep(&self, now: Timestamp) {
        let seconds = now.as_unix_seconds();
        let due = self.next_sweep.load(Ordering::Relaxed);
        let next = seconds.saturating_add(SWEEP_SECONDS);
        // A time that is too far ahead is that of a clock that was set back since.
        let is_due = seconds >= due || due > next;
        let is_mine = || {
            self.next_sweep
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        if is_due && is_mine() {
            self.tokens.retain(|_, entry| entry.claims.exp > now);
        }
    }

    pub(crate) fn status(&self) -> TokenCacheStatus {
        TokenCacheStatus {
            entries: self.tokens.len(),
            bytes: self.tokens.weight(),
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
