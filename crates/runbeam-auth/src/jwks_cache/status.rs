//! What can be told of a source of keys.

use std::time::Duration;

/// How a source of keys does, for metrics and for people: see
/// [`RemoteVerifier::key_sources`](crate::RemoteVerifier::key_sources).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeySourceStatus {
    /// The origin of the server that is asked, such as `https://api.runbeam.io`: the one that has the keys, or, with
    /// discovery, the one that says where they are.
    pub server: String,
    /// The URL that the set that is kept was fetched from; `None` if there is none.
    pub jwks_url: Option<String>,
    /// How many keys that can verify RS256 are kept.
    pub keys: usize,
    /// How long ago the set that is kept was fetched or confirmed; `None` if there is none.
    pub age: Option<Duration>,
    /// How long the set is still good; `None` if there is none, or if it is past its time.
    pub expires_in: Option<Duration>,
    /// How long the set is past its time; `None` if there is none, or if it is good. Beyond the stale limit it is
    /// not used any more.
    pub stale_for: Option<Duration>,
    /// How many tokens were checked with a set that was at hand, without waiting.
    pub hits: u64,
    /// How many fetches were started. Finding out where the keys are is part of a fetch.
    pub fetches: u64,
    /// How many of them failed.
    pub failures: u64,
    /// Why the last fetch failed; `None` if it did not.
    pub last_problem: Option<String>,
}
