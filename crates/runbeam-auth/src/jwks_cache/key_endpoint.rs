//! One question to where the keys are, and what its answer means (RFC 9110, section 13; RFC 9111, section 4.3).

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use runbeam_http::{HttpClient, Limits};
use runbeam_model::Origin;

use super::freshness;
use crate::{BuildError, JwkSet};

/// A set of keys is small and near: a server that is silent for so long will not go on.
const MAX_IDLE: Duration = Duration::from_secs(5);
const MAX_ETAG_BYTES: usize = 1024;

pub(super) struct KeyEndpoint {
    written: Box<str>,
    url: Uri,
    server: Origin,
    client: HttpClient,
}

pub(super) enum Answer {
    Fetched(Fetched),
    /// The set that the question was about is the current one.
    Unchanged {
        life: Option<Duration>,
    },
}

pub(super) struct Fetched {
    pub(super) keys: JwkSet,
    pub(super) document: Bytes,
    pub(super) etag: Option<HeaderValue>,
    /// How long it is good, if its source says so.
    pub(super) life: Option<Duration>,
}

impl KeyEndpoint {
    pub(super) fn new(
        url: &str,
        client: &HttpClient,
        deadline: Duration,
    ) -> Result<Self, BuildError> {
        let limits = Limits::new()
            .with_total(deadline)
            .with_idle(deadline.min(MAX_IDLE));
        Ok(Self {
            written: url.into(),
            server: Origin::of(url)?,
            url: url
                .parse()
                .map_err(|_| BuildError::new("invalid address of keys"))?,
            client: client.with_limits(limits),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.written
    }

    pub(super) fn server(&self) -> &Origin {
        &self.server
    }

    /// Asks for the key set, or whether it is another than that of `etag`. The error is the problem in words.
    pub(super) async fn ask(&self, etag: Option<&HeaderValue>) -> Result<Answer, String> {
        let mut request = Request::get(self.url.clone())
            .header(header::ACCEPT, "application/json, application/jwk-set+json");
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = request
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        let (head, document) = response.into_parts();
        let life = freshness::told_by(&head.headers);
        match head.status {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(Answer::Unchanged { life }),
            status => {
                return Err(format!(
                    "{} answered {status} instead of a key set",
                    self.server
                ));
            }
        }
        let etag = head.headers.get(header::ETAG).cloned();
        Ok(Answer::Fetched(Fetched {
            keys: read(&document).map_err(|problem| format!("{}: {problem}", self.server))?,
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
