//! One issuer: which tokens are its own, and where its keys are.

use runbeam_model::{BaseUrl, Origin, Secret};

use super::KeysAtHand;
use crate::jws::Algorithm;
use crate::shared_secret::SharedSecret;
use crate::{BuildError, JwkSet};

/// An issuer whose tokens are trusted, and where its keys are.
///
/// # Where keys are fetched from
///
/// From `https` URLs, and from `http` URLs of loopback. Redirects are not followed. A host name leads to public
/// addresses alone: what it resolves to is judged before connecting, and the connection goes to the very address
/// that was judged. A loopback, private or link-local address is connected to where the policy names it: where it
/// stands in the URL itself, or where the URL says `localhost`. For a host name that leads there, such as one of a
/// private network, the issuer says so with
/// [`dangerous_allow_any_address`](Self::dangerous_allow_any_address).
#[derive(Debug, Clone)]
pub struct TrustedIssuer {
    rule: Rule,
    keys: KeySource,
    reach: Reach,
}

/// Where the keys of an issuer come from.
#[derive(Debug, Clone)]
pub(crate) enum KeySource {
    Unstated,
    AtHand(KeysAtHand),
    #[cfg_attr(
        not(feature = "fetch"),
        allow(dead_code, reason = "nothing is fetched then")
    )]
    Url(KeyUrl),
}

/// What a fetch of keys begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyUrl {
    /// The key set itself.
    Set(String),
    /// The issuer, whose discovery document says where the key set is.
    Issuer(String),
}

/// How far a fetch of keys may go from there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "fetch"),
    allow(dead_code, reason = "nothing is fetched then")
)]
pub(crate) struct Reach {
    /// Where the key set of a discovery document may be besides the issuer's own origin.
    pub(crate) jwks_origins: Vec<Origin>,
    /// Whether a host name may lead to other addresses than public ones.
    pub(crate) any_address: bool,
}

#[derive(Debug, Clone)]
enum Rule {
    Exact(String),
    Origin(Origin),
}

impl TrustedIssuer {
    /// Runbeam Cloud at `base`: `iss` has the origin of `base`, whatever path; its keys are at
    /// `{base}/api/.well-known/jwks.json`.
    #[must_use]
    pub fn cloud(base: &BaseUrl) -> Self {
        Self {
            rule: Rule::Origin(base.origin().clone()),
            keys: KeySource::Url(KeyUrl::Set(base.jwks_url())),
            reach: Reach::default(),
        }
    }

    /// The issuer whose `iss` is this text, byte for byte (RFC 7519, section 4.1.1).
    #[must_use]
    pub fn exact(issuer: impl Into<String>) -> Self {
        Self {
            rule: Rule::Exact(issuer.into()),
            keys: KeySource::Unstated,
            reach: Reach::default(),
        }
    }

    /// The issuer whose `iss` is a URL of this origin: same scheme, host and port, whatever path.
    #[must_use]
    pub fn origin(origin: Origin) -> Self {
        Self {
            rule: Rule::Origin(origin),
            keys: KeySource::Unstated,
            reach: Reach::default(),
        }
    }

    /// Where its keys are: the URL of a key set (RFC 7517, section 5), used as it is written.
    ///
    /// # Errors
    ///
    /// If it is not an `https` URL, or an `http` URL of loopback.
    pub fn with_jwks_url(mut self, url: &str) -> Result<Self, BuildError> {
        check_origin(url, "address of keys")?;
        self.keys = KeySource::Url(KeyUrl::Set(url.to_owned()));
        Ok(self)
    }

    /// Where its keys are, its discovery document says (OpenID Connect Discovery 1.0, section 4): the one at
    /// `{issuer}/.well-known/openid-configuration`, a slash at the end of the issuer left out.
    ///
    /// The document has 256 KiB at most, no name in it stands twice, its `issuer` is this one, byte for byte, and its
    /// `jwks_uri` is a URL of the same origin, or of one that [`with_jwks_origin`](Self::with_jwks_origin) names. It
    /// is read anew whenever the key set is renewed for its age, or could not be fetched; while the set is young, a
    /// key that it does not have is looked for at the address known. A document that cannot be had, or is not as
    /// it should be, is the same as a key set that cannot be had: the last one stays in use for the stale limit.
    ///
    /// # Errors
    ///
    /// If the issuer is not [exact](Self::exact), not an `https` URL or an `http` URL of loopback, or if it has a
    /// query or a fragment.
    pub fn with_discovery(mut self) -> Result<Self, BuildError> {
        let Rule::Exact(issuer) = &self.rule else {
            return Err(BuildError::new(
                "discovery is for one issuer and not for all of an origin: use `TrustedIssuer::exact`",
            ));
        };
        check_origin(issuer, "issuer for discovery")?;
        if issuer.contains(['?', '#']) {
            return Err(BuildError::new(
                "invalid issuer for discovery: it has a query or a fragment",
            ));
        }
        self.keys = KeySource::Url(KeyUrl::Issuer(issuer.clone()));
        Ok(self)
    }

    /// Its discovery document may say that its keys are at this origin, too, besides the issuer's own. Name only
    /// one that is to be trusted as the issuer is: whoever answers there says which keys are the issuer's.
    ///
    /// It has no meaning without [`with_discovery`](Self::with_discovery).
    #[must_use]
    pub fn with_jwks_origin(mut self, origin: Origin) -> Self {
        self.reach.jwks_origins.push(origin);
        self
    }

    /// Allows that a host name, of its key set or of its discovery document, leads to any address: loopback,
    /// private, link-local. It is for an issuer in a private network. Whoever answers for that name in the DNS can
    /// then make this program connect to whatever it can reach; what answers there is still to prove its name by TLS.
    #[must_use]
    pub fn dangerous_allow_any_address(mut self) -> Self {
        self.reach.any_address = true;
        self
    }

    /// Its keys, at hand. They are never fetched.
    #[must_use]
    pub fn with_keys(mut self, keys: JwkSet) -> Self {
        self.keys = KeySource::AtHand(KeysAtHand::Set(keys));
        self
    }

    /// The secret that it shares with us: its tokens, and no others, are signed with HS256 (RFC 7518, section 3.2).
    /// Whoever can verify such a token can make one, too; prefer RS256.
    ///
    /// # Errors
    ///
    /// If the secret has fewer than 32 bytes.
    pub fn with_shared_secret(mut self, secret: impl Into<Secret>) -> Result<Self, BuildError> {
        let secret = SharedSecret::new(secret.into())?;
        self.keys = KeySource::AtHand(KeysAtHand::Secret(secret));
        Ok(self)
    }

    /// The one algorithm that its tokens are signed with.
    pub(super) fn algorithm(&self) -> Algorithm {
        match self.keys {
            KeySource::AtHand(KeysAtHand::Secret(_)) => Algorithm::Hs256,
            KeySource::AtHand(KeysAtHand::Set(_)) | KeySource::Unstated | KeySource::Url(_) => {
                Algorithm::Rs256
            }
        }
    }

    pub(crate) fn keys(&self) -> &KeySource {
        &self.keys
    }

    #[cfg(feature = "fetch")]
    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// How the issuer is told, for errors of configuration.
    pub(crate) fn name(&self) -> String {
        match &self.rule {
            Rule::Exact(issuer) => issuer.clone(),
            Rule::Origin(origin) => origin.to_string(),
        }
    }

    pub(super) fn is_issuer(&self, claim: &str) -> bool {
        match &self.rule {
            Rule::Exact(issuer) => issuer == claim,
            Rule::Origin(origin) => origin.is_origin_of(claim),
        }
    }
}

/// Whatever says which keys to trust comes over TLS, or from this machine.
fn check_origin(url: &str, what: &str) -> Result<(), BuildError> {
    let origin =
        Origin::of(url).map_err(|error| BuildError::new(format!("invalid {what}: {error}")))?;
    if origin.is_https() || origin.is_loopback() {
        return Ok(());
    }
    Err(BuildError::new(format!(
        "invalid {what}: it is http to another machine, where anyone on the way can replace the keys; use https"
    )))
}
