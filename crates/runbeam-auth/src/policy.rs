//! Which issuers are trusted, and which audience is ours.

mod trusted_issuer;

use std::time::Duration;

use runbeam_model::Timestamp;

pub(crate) use self::trusted_issuer::KeySource;
pub use self::trusted_issuer::TrustedIssuer;
#[cfg(feature = "fetch")]
pub(crate) use self::trusted_issuer::{KeyUrl, Reach};

use crate::claims::{self, Said, Terms};
use crate::jws::{KnownHeader, Unsigned};
use crate::shared_secret::SharedSecret;
use crate::token_cache::{Remembered, Voucher};
use crate::{Claims, Error, JwkSet, Jws, Rejection};

const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);
const MAX_LEEWAY: Duration = Duration::from_secs(300);

/// What makes a token trustworthy. There is no policy that trusts any issuer.
///
/// ```
/// use runbeam_auth::{TrustPolicy, TrustedIssuer};
///
/// let issuer = TrustedIssuer::exact("https://auth.example.com")
///     .with_jwks_url("https://auth.example.com/.well-known/jwks.json")?;
/// let policy = TrustPolicy::new(issuer).with_audience("harmony-api");
/// # Ok::<_, runbeam_auth::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TrustPolicy {
    issuers: Vec<TrustedIssuer>,
    audience: Option<String>,
    required_claims: Vec<String>,
    leeway: Duration,
}

impl TrustPolicy {
    /// Trusts `issuer`, for any audience, with a leeway of 60 seconds.
    #[must_use]
    pub fn new(issuer: TrustedIssuer) -> Self {
        Self {
            issuers: vec![issuer],
            audience: None,
            required_claims: Vec::new(),
            leeway: DEFAULT_LEEWAY,
        }
    }

    /// Trusts `issuer`, too.
    #[must_use]
    pub fn with_issuer(mut self, issuer: TrustedIssuer) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Requires that the token names this audience, exactly (RFC 7519, section 4.1.3). Without this, the
    /// audience of a token is not looked at: a token that the same issuer signed for somebody else, such as that of
    /// a mesh (`mesh:…`), passes for one of a user. Whoever must tell them apart asks for an audience, or looks at
    /// [`Claims::aud`] and [`Claims::user`].
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Requires that the token has these claims, whatever their values, besides `iss` and `exp`.
    #[must_use]
    pub fn with_required_claims<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.required_claims = names.into_iter().map(Into::into).collect();
        self
    }

    /// How far the clocks of issuer and verifier may differ: 60 seconds unless set, 300 at most.
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.min(MAX_LEEWAY);
        self
    }

    /// The trusted issuers, in the order they were given.
    #[must_use]
    pub fn issuers(&self) -> &[TrustedIssuer] {
        &self.issuers
    }

    /// Checks everything about a token that needs no key. What fails here causes no work elsewhere. The header that is
    /// `known` is one that this policy has let pass.
    pub(crate) fn examine<'a>(
        &self,
        token: &'a str,
        now: Timestamp,
        known: &KnownHeader,
    ) -> Result<Candidate<'a>, Error> {
        let is_allowed = |algorithm| {
            self.issuers
                .iter()
                .any(|issuer| issuer.algorithm() == algorithm)
        };
        let text = Unsigned::parse(token, is_allowed, known)?;
        if text.is_nesting() {
            return Err(Error::rejected(
                Rejection::Malformed,
                "its content is another token, by its header (RFC 7519, section 7.2)",
            ));
        }
        let payload = text.payload();
        let said = Said::parse(payload)?;
        let issuer = self.check(&said.terms()?, now)?;
        if self.issuers[issuer].algorithm() != text.algorithm() {
            return Err(Error::rejected(
                Rejection::Algorithm,
                "its algorithm is not the one of its issuer",
            ));
        }
        let claims = said.into_claims()?;
        claims::require(&self.required_claims, payload)?;
        Ok(Candidate {
            token,
            jws: text.into_jws()?,
            claims,
            issuer,
        })
    }

    /// Whether a candidate still meets the policy, when it had to wait for keys.
    #[cfg(feature = "fetch")]
    pub(crate) fn check_again(
        &self,
        candidate: &Candidate<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.check(&candidate.claims.terms(), now).map(drop)
    }

    /// Whether what was once found good still is, but for its key.
    pub(crate) fn still_accepts(&self, remembered: &Remembered, now: Timestamp) -> bool {
        let claims = &remembered.claims;
        // The leeway is for clocks that differ; it is no reason to remember a token for longer.
        claims.exp > now
            && self
                .check(&claims.terms(), now)
                .is_ok_and(|issuer| issuer == remembered.issuer)
    }

    /// Checks everything but who signed the token, and gives the place of its issuer in the policy.
    fn check<A: AsRef<str>>(&self, terms: &Terms<'_, A>, now: Timestamp) -> Result<usize, Error> {
        let issuer = self
            .issuers
            .iter()
            .position(|issuer| issuer.is_issuer(terms.issuer))
            .ok_or_else(|| Error::rejected(Rejection::Issuer, "its issuer is not trusted"))?;
        if terms.exp.saturating_add(self.leeway) <= now {
            return Err(Error::rejected(Rejection::Expired, "it has expired"));
        }
        let latest_start = now.saturating_add(self.leeway);
        if terms.nbf.is_some_and(|start| start > latest_start) {
            return Err(Error::rejected(
                Rejection::NotYetValid,
                "it is not valid yet",
            ));
        }
        if terms.iat.is_some_and(|issued| issued > latest_start) {
            return Err(Error::rejected(
                Rejection::IssuedInFuture,
                "it was issued in the future",
            ));
        }
        match &self.audience {
            Some(audience) if !names(terms.audience, audience) => Err(Error::rejected(
                Rejection::Audience,
                "it is for another audience",
            )),
            _ => Ok(issuer),
        }
    }
}

fn names<A: AsRef<str>>(audiences: &[A], audience: &str) -> bool {
    audiences.iter().any(|named| named.as_ref() == audience)
}

/// A token that meets the policy, if only its signature is its issuer's.
pub(crate) struct Candidate<'a> {
    pub(crate) token: &'a str,
    pub(crate) jws: Jws<'a>,
    pub(crate) claims: Claims,
    /// The place of its issuer in the policy.
    pub(crate) issuer: usize,
}

/// Keys of an issuer that are at hand.
#[derive(Debug, Clone)]
pub(crate) enum KeysAtHand {
    Set(JwkSet),
    Secret(SharedSecret),
}

impl KeysAtHand {
    /// Whether they have the key still that vouched for a token.
    pub(crate) fn still_vouch(&self, remembered: &Remembered) -> bool {
        match (self, &remembered.voucher) {
            (Self::Set(keys), Voucher::Key(key)) => keys.has(remembered.key_id.as_deref(), key),
            (Self::Secret(_), Voucher::SharedSecret) => true,
            (Self::Set(_), Voucher::SharedSecret) | (Self::Secret(_), Voucher::Key(_)) => false,
        }
    }

    /// Checks the signature, and gives out the payload and whose signature it is.
    pub(crate) fn check(&self, jws: Jws<'_>) -> Result<(Vec<u8>, Voucher), Error> {
        match self {
            Self::Set(keys) => jws.verify_with_keys(keys),
            Self::Secret(secret) => jws.verify_with_secret(secret),
        }
    }
}
