//! One question to where the keys are, and what its answer means (RFC 9110, section 13; RFC 9111, section 4.3).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use runbeam_http::{HttpClient, Limits, RetryPolicy};
use runbeam_model::Origin;

use super::address::Address;
use super::discovery::Discovery;
use super::freshness;
use super::kept_set::KeptSet;
use crate::policy::{KeyUrl, Reach};
use crate::{BuildError, JwkSet};

/// A set of keys is small and near: a server that is silent for so long will not go on.
const MAX_IDLE: Duration = Duration::from_secs(5);
const MAX_ETAG_BYTES: usize = 1024;

pub(crate) struct KeyEndpoint {
    url: KeyUrl,
    reach: Reach,
    way: Way,
    deadline: Duration,
}

enum Way {
    Stated(Address),
    Discovered {
        discovery: Discovery,
        /// Where the last set came from.
        known: Mutex<Option<Arc<Address>>>,
    },
}

pub(crate) enum Answer {
    Fetched(Fetched),
    /// The set that the question was about is the current one.
    Unchanged {
        kept: Arc<KeptSet>,
        life: Option<Duration>,
    },
}

pub(crate) struct Fetched {
    /// Where it came from.
    pub(super) url: Arc<str>,
    pub(super) keys: JwkSet,
    pub(super) document: Bytes,
    pub(super) etag: Option<HeaderValue>,
    /// How long it is good, if its source says so.
    pub(super) life: Option<Duration>,
}

impl KeyEndpoint {
    pub(super) fn new(
        url: &KeyUrl,
        reach: &Reach,
        client: &HttpClient,
        deadline: Duration,
    ) -> Result<Self, BuildError> {
        let limits = Limits::new()
            .with_total(deadline)
            .with_idle(deadline.min(MAX_IDLE));
        // When to ask again is decided here, for all who wait for the keys.
        let client = client
            .with_limits(limits)
            .with_retries(RetryPolicy::never());
        let way = match url {
            KeyUrl::Set(url) => Way::Stated(Address::new(url, &client, reach)?),
            KeyUrl::Issuer(issuer) => Way::Discovered {
                discovery: Discovery::new(issuer, &client, reach)?,
                known: Mutex::default(),
            },
        };
        Ok(Self {
            url: url.clone(),
            reach: reach.clone(),
            way,
            deadline,
        })
    }

    /// What the policy says about it.
    pub(super) fn place(&self) -> (&KeyUrl, &Reach) {
        (&self.url, &self.reach)
    }

    /// The server that the policy names.
    pub(super) fn server(&self) -> &Origin {
        match &self.way {
            Way::Stated(address) => address.server(),
            Way::Discovered { discovery, .. } => discovery.server(),
        }
    }

    /// Whether a key set of `url` may be one of here.
    pub(super) fn admits(&self, url: &str) -> bool {
        match &self.way {
            Way::Stated(address) => &**address.written() == url,
            Way::Discovered { discovery, .. } => discovery.admit(url).is_ok(),
        }
    }

    /// Asks for the key set, or whether it is another than `kept`. The error is the problem in words.
    ///
    /// If the set kept `is_young`, an address that was discovered is taken for the current one.
    pub(super) async fn ask(
        &self,
        kept: Option<Arc<KeptSet>>,
        is_young: bool,
    ) -> Result<Answer, String> {
        let exchange = async {
            match &self.way {
                Way::Stated(address) => self.ask_at(address, kept).await,
                Way::Discovered { discovery, known } => {
                    let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
                    // If this fails or is broken off, nothing is known any more.
                    let last = lock().take();
                    let address = match last.filter(|_| is_young) {
                        Some(address) => address,
                        None => Arc::new(discovery.ask().await?),
                    };
                    let answer = self.ask_at(&address, kept).await?;
                    *lock() = Some(address);
                    Ok(answer)
                }
            }
        };
        tokio::time::timeout(self.deadline, exchange)
            .await
            .unwrap_or_else(|_| {
                let (server, deadline) = (self.server(), self.deadline);
                Err(format!(
                    "no complete answer in time from {server}: finding and fetching its keys took longer than {deadline:?}"
                ))
            })
    }

    async fn ask_at(
        &self,
        address: &Address,
        kept: Option<Arc<KeptSet>>,
    ) -> Result<Answer, String> {
        let server = address.server();
        let url = address.written();
        // What a tag means, only the address knows that gave it.
        let kept = kept.filter(|kept| kept.url() == &**url);
        let etag = kept.as_ref().and_then(|kept| kept.etag());
        let response = address
            .get("application/json, application/jwk-set+json", etag)
            .await?;
        let (head, document) = response.into_parts();
        let life = freshness::told_by(&head.headers);
        match (head.status, kept.filter(|kept| kept.etag().is_some())) {
            (StatusCode::OK, _) => {}
            (StatusCode::NOT_MODIFIED, Some(kept)) => return Ok(Answer::Unchanged { kept, life }),
            (StatusCode::NOT_MODIFIED, None) => {
                return Err(format!(
                    "{server} answered 304 Not Modified, and was not asked about a key set"
                ));
            }
            (status, _) => return Err(format!("{server} answered {status} instead of a key set")),
        }
        let etag = head.headers.get(header::ETAG).cloned();
        Ok(Answer::Fetched(Fetched {
            url: url.clone(),
            keys: read(&document).map_err(|problem| format!("{server}: {problem}"))?,
            document,
            etag: etag.filter(|etag| etag.len() <= MAX_ETAG_BYTES),
            life,
        }))
    }
}

/// A set that nothing can be verified with is as bad as none.
pub(super) fn read(document: &[u8]) -> Result<JwkSet, String> {
    let keys = JwkSet::parse(document).map_err(|error| error.to_string())?;
    if keys.is_empty() {
        return Err("the key set has no key for RS256".to_owned());
    }
    Ok(keys)
}
