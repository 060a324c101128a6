//! The verifier: the only place that turns a token into something to be trusted.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use runbeam_model::{Clock, SystemClock, Timestamp};
use serde::de::DeserializeOwned;

use crate::jws::KnownHeader;
use crate::policy::{Candidate, KeySource};
use crate::token_cache::{Remembered, TokenCache, TokenCacheLimits, TokenCacheStatus, Voucher};
use crate::{BuildError, Claims, Error, Jws, Rejection, TrustPolicy, base64url, json};

/// Claims whose signature, issuer, audience and dates a verifier has checked. Nothing else can make one.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified<C>(C);

impl<C> Verified<C> {
    /// The claims, without the proof that they were verified.
    #[must_use]
    pub fn into_inner(self) -> C {
        self.0
    }
}

impl<C> Deref for Verified<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

impl<C> Verified<C> {
    /// Accepts a candidate, if `check` finds its signature good, and remembers it; `read` says what is given out.
    pub(crate) fn accept<'a>(
        candidate: Candidate<'a>,
        check: impl FnOnce(Jws<'a>) -> Result<(Vec<u8>, Voucher), Error>,
        known: &KnownHeader,
        tokens: Option<(&TokenCache, Timestamp)>,
        read: impl FnOnce(Good<'a>) -> Result<C, Error>,
    ) -> Result<Self, Error> {
        let Candidate {
            token,
            jws,
            claims,
            issuer,
        } = candidate;
        let key_id = tokens.and_then(|_| jws.key_id().map(Box::from));
        let new_header = jws.new_header();
        let (payload, voucher) = check(jws)?;
        if let Some(header) = new_header {
            known.remember(header);
        }
        if let Some((tokens, now)) = tokens {
            let remembered = Remembered {
                claims: claims.clone(),
                issuer,
                key_id,
                voucher,
            };
            tokens.insert(token, remembered, now);
        }
        let good = Good {
            claims: Cow::Owned(claims),
            payload: Payload::Decoded(payload),
        };
        read(good).map(Self)
    }

    /// Accepts a token that is remembered and still good.
    pub(crate) fn again(
        token: &str,
        claims: &Claims,
        read: impl FnOnce(Good<'_>) -> Result<C, Error>,
    ) -> Result<Self, Error> {
        let good = Good {
            claims: Cow::Borrowed(claims),
            payload: Payload::Within(token),
        };
        read(good).map(Self)
    }
}

/// What a token says that is found good.
pub(crate) struct Good<'a> {
    claims: Cow<'a, Claims>,
    payload: Payload<'a>,
}

enum Payload<'a> {
    Decoded(Vec<u8>),
    /// As it stands in the token.
    Within(&'a str),
}

/// Reads the claims as they are known here.
pub(crate) fn own_claims(good: Good<'_>) -> Result<Claims, Error> {
    Ok(good.claims.into_owned())
}

/// Reads the claims as a type of the caller's.
pub(crate) fn claims_of_caller<C: DeserializeOwned>(good: Good<'_>) -> Result<C, Error> {
    let payload = match good.payload {
        Payload::Decoded(bytes) => Some(bytes),
        Payload::Within(token) => token.split('.').nth(1).and_then(base64url::decode),
    };
    payload
        .and_then(|payload| json::read(&payload).ok())
        .ok_or_else(|| {
            Error::rejected(
                Rejection::Claim,
                "its claims are not of the form that was asked for",
            )
        })
}

/// Verifies tokens against keys at hand. It does no I/O.
///
/// ```
/// use runbeam_auth::{JwkSet, Rejection, TrustPolicy, TrustedIssuer, Verifier};
///
/// let keys = JwkSet::parse(br#"{"keys":[]}"#)?;
/// let issuer = TrustedIssuer::exact("https://auth.example.com").with_keys(keys);
/// let verifier = Verifier::new(TrustPolicy::new(issuer))?;
/// let error = verifier.verify("eyJhbGciOiJub25lIn0.e30.").unwrap_err();
/// assert_eq!(error.rejection(), Some(Rejection::Algorithm));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    policy: TrustPolicy,
    clock: Arc<dyn Clock>,
    tokens: Option<Arc<TokenCache>>,
    known_header: Arc<KnownHeader>,
}

impl Verifier {
    /// A verifier of this policy, by the system's clock.
    ///
    /// # Errors
    ///
    /// If the keys of an issuer are not at hand ([`TrustedIssuer::with_keys`](crate::TrustedIssuer::with_keys)).
    pub fn new(policy: TrustPolicy) -> Result<Self, BuildError> {
        for issuer in policy.issuers() {
            if !matches!(issuer.keys(), KeySource::AtHand(_)) {
                let name = issuer.name();
                return Err(BuildError::new(format!(
                    "the keys of the issuer {name} are not at hand: give them with `with_keys`, or take a `RemoteVerifier`",
                )));
            }
        }
        Ok(Self {
            policy,
            clock: Arc::new(SystemClock),
            tokens: None,
            known_header: Arc::default(),
        })
    }

    /// Takes the time from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Remembers tokens that were found good, up to `limits`, and spares itself the arithmetic when one comes again.
    /// Clones share what is remembered. Without this, nothing is.
    ///
    /// The dates and the policy are checked each time. A token is forgotten when it expires, whatever the leeway.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes.
    pub fn with_token_cache(mut self, limits: TokenCacheLimits) -> Result<Self, BuildError> {
        self.tokens = Some(Arc::new(TokenCache::new(limits)?));
        Ok(self)
    }

    /// How the cache of verified tokens does, if there is one.
    #[must_use]
    pub fn token_cache(&self) -> Option<TokenCacheStatus> {
        self.tokens.as_ref().map(|tokens| tokens.status())
    }

    /// Verifies a token.
    ///
    /// # Errors
    ///
    /// If the token is not to be trusted; [`Error::rejection`] says which clause it fails.
    pub fn verify(&self, token: &str) -> Result<Verified<Claims>, Error> {
        self.accept(token, own_claims)
    }

    /// Verifies a token, and reads its claims as a type of the caller's: the registered ones and any others.
    ///
    /// ```
    /// # use runbeam_auth::Verifier;
    /// #[derive(serde::Deserialize)]
    /// struct MeshClaims {
    ///     sub: String,
    ///     mesh_id: String,
    /// }
    ///
    /// # fn example(verifier: &Verifier, token: &str) -> Result<(), runbeam_auth::Error> {
    /// let claims = verifier.verify_as::<MeshClaims>(token)?;
    /// println!("{} in {}", claims.sub, claims.mesh_id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`], and if the claims do not read as a `C`.
    pub fn verify_as<C: DeserializeOwned>(&self, token: &str) -> Result<Verified<C>, Error> {
        self.accept(token, claims_of_caller)
    }

    fn accept<C>(
        &self,
        token: &str,
        read: impl FnOnce(Good<'_>) -> Result<C, Error>,
    ) -> Result<Verified<C>, Error> {
        let now = self.clock.now();
        let tokens = self.tokens.as_deref();
        let is_good = |remembered: &Remembered| {
            let keys = self.policy.issuers()[remembered.issuer].keys();
            self.policy.still_accepts(remembered, now)
                && matches!(keys, KeySource::AtHand(keys) if keys.still_vouch(remembered))
        };
        if let Some(remembered) = tokens.and_then(|tokens| tokens.find(token, is_good)) {
            return Verified::again(token, &remembered.claims, read);
        }
        let candidate = self.policy.examine(token, now, &self.known_header)?;
        match self.policy.issuers()[candidate.issuer].keys() {
            KeySource::AtHand(keys) => {
                let tokens = tokens.map(|tokens| (tokens, now));
                let check = |jws: Jws<'_>| keys.check(jws);
                Verified::accept(candidate, check, &self.known_header, tokens, read)
            }
            // `new` lets no other source pass.
            KeySource::Unstated | KeySource::Url(_) => Err(Error::rejected(
                Rejection::UnknownKey,
                "the keys of its issuer are not at hand",
            )),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
