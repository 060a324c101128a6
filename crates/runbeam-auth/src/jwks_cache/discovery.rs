//! Where the keys of an issuer are, by its own word: OpenID Connect Discovery 1.0, sections 3 and 4.

use http::StatusCode;
use runbeam_http::HttpClient;
use runbeam_model::Origin;
use serde_json::{Map, Value};

use super::address::Address;
use crate::policy::Reach;
use crate::{BuildError, json};

const MAX_DOCUMENT_BYTES: usize = 256 << 10;
/// How much of a text that somebody else wrote is told.
const MAX_TOLD: usize = 200;

pub(super) struct Discovery {
    issuer: Box<str>,
    document: Address,
    reach: Reach,
    /// For the key set.
    client: HttpClient,
}

impl Discovery {
    pub(super) fn new(
        issuer: &str,
        client: &HttpClient,
        reach: &Reach,
    ) -> Result<Self, BuildError> {
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let url = format!("{base}/.well-known/openid-configuration");
        let limits = client.limits().with_body(MAX_DOCUMENT_BYTES);
        Ok(Self {
            issuer: issuer.into(),
            document: Address::new(&url, &client.with_limits(limits), reach)?,
            reach: reach.clone(),
            client: client.clone(),
        })
    }

    /// The server that is asked.
    pub(super) fn server(&self) -> &Origin {
        self.document.server()
    }

    /// Asks where the key set is. The error is the problem in words.
    pub(super) async fn ask(&self) -> Result<Address, String> {
        let response = self.document.get("application/json", None).await?;
        let server = self.server();
        if response.status() != StatusCode::OK {
            let status = response.status();
            return Err(format!(
                "{server} answered {status} instead of a discovery document"
            ));
        }
        let address = self
            .read(response.body())
            .map_err(|problem| format!("the discovery document of {server} {problem}"))?;
        tracing::debug!(%server, jwks_url = &**address.written(), "discovered where the keys are");
        Ok(address)
    }

    fn read(&self, document: &[u8]) -> Result<Address, String> {
        let document: Map<String, Value> = json::read(document)
            .map_err(|_| "is not a JSON object in which every name stands once")?;
        let text = |name| document.get(name).and_then(Value::as_str);
        let issuer = text("issuer").ok_or("does not say whose it is: it has no `issuer`")?;
        if issuer != &*self.issuer {
            return Err(format!(
                "is of the issuer {}, and not of {}: trust the one that is meant, written as it writes itself",
                told(issuer),
                told(&self.issuer),
            ));
        }
        let url =
            text("jwks_uri").ok_or("does not say where the keys are: it has no `jwks_uri`")?;
        self.admit(url)
    }

    /// The address of a key set, if it may be there.
    pub(super) fn admit(&self, url: &str) -> Result<Address, String> {
        let address = Address::new(url, &self.client, &self.reach)
            .map_err(|error| format!("says that the keys are at an {error}"))?;
        let (ours, theirs) = (self.server(), address.server());
        let is_safe = theirs.is_https() || theirs.is_loopback() && ours.is_loopback();
        if !is_safe {
            return Err(format!(
                "says that the keys are at {theirs}, which is not https: anyone on the way can replace them"
            ));
        }
        if theirs != ours && !self.reach.jwks_origins.contains(theirs) {
            return Err(format!(
                "says that the keys are at {theirs}, which the policy does not name: if that is right, add it with `with_jwks_origin`"
            ));
        }
        Ok(address)
    }
}

/// A text of somebody else, in one line and not too long.
fn told(text: &str) -> String {
    let mut start: String = text.chars().take(MAX_TOLD).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_loopback_and_for_issuers_that_are_there_themselves() {
        let origins = ["http://127.0.0.1:1", "http://keys.example.com"];
        let reach = Reach {
            jwks_origins: origins.map(|origin| Origin::of(origin).unwrap()).into(),
            any_address: true,
        };
        let client = HttpClient::builder().build().unwrap();
        let admits = |issuer: &str, url: &str| {
            let discovery = Discovery::new(issuer, &client, &reach).unwrap();
            discovery.admit(url).is_ok()
        };
        let public = "https://auth.example.com";
        assert!(admits(public, "https://auth.example.com/keys"));
        assert!(!admits(public, "http://auth.example.com/keys"));
        assert!(!admits(public, "http://keys.example.com/keys"));
        assert!(!admits(public, "http://127.0.0.1:1/keys"));
        assert!(admits("http://127.0.0.1:2", "http://127.0.0.1:1/keys"));
        assert!(!admits(
            "http://127.0.0.1:2",
            "http://keys.example.com/keys"
        ));
    }
}
