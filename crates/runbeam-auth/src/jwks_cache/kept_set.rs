//! A key set that was fetched, and its age.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;

use super::jitter;
use super::key_endpoint::Fetched;
use crate::JwkSet;

pub(crate) struct KeptSet {
    /// Where it was fetched from.
    url: Arc<str>,
    keys: JwkSet,
    /// What `keys` was read from.
    document: Bytes,
    etag: Option<HeaderValue>,
    /// By the monotonic clock.
    since: Duration,
    /// How old it was then: more than nothing if it is from a snapshot.
    age_then: Duration,
    life: Duration,
    /// The age from which on it is fetched anew ahead of its end.
    due: Duration,
}

/// What may be done with a set at its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Used.
    Fresh,
    /// Used, and fetched anew beside that.
    Due,
    /// Used while no new one can be had.
    Stale,
    /// Not used.
    Over,
}

impl KeptSet {
    pub(super) fn new(
        fetched: Fetched,
        since: Duration,
        age_then: Duration,
        life: Duration,
    ) -> Self {
        Self {
            url: fetched.url,
            keys: fetched.keys,
            document: fetched.document,
            etag: fetched.etag,
            since,
            age_then,
            life,
            due: jitter::between(life.mul_f64(0.8), life.mul_f64(0.9)),
        }
    }

    /// The same set with a new life (RFC 9111, section 4.3.4).
    pub(super) fn renewed(&self, since: Duration, life: Duration) -> Self {
        let fetched = Fetched {
            url: self.url.clone(),
            keys: self.keys.clone(),
            document: self.document.clone(),
            etag: self.etag.clone(),
            life: None,
        };
        Self::new(fetched, since, Duration::ZERO, life)
    }

    pub(super) fn stage(&self, now: Duration, stale_limit: Duration) -> Stage {
        let age = self.age(now);
        if age < self.due {
            Stage::Fresh
        } else if age < self.life {
            Stage::Due
        } else if age < self.life.saturating_add(stale_limit) {
            Stage::Stale
        } else {
            Stage::Over
        }
    }

    pub(super) fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since).saturating_add(self.age_then)
    }

    /// How long it is still good, or else since when it is not.
    pub(super) fn remaining(&self, now: Duration) -> Result<Duration, Duration> {
        let age = self.age(now);
        if age < self.life {
            Ok(self.life - age)
        } else {
            Err(age - self.life)
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn keys(&self) -> &JwkSet {
        &self.keys
    }

    pub(super) fn document(&self) -> &Bytes {
        &self.document
    }

    pub(super) fn etag(&self) -> Option<&HeaderValue> {
        self.etag.as_ref()
    }

    pub(super) fn life(&self) -> Duration {
        self.life
    }
}
