//! The verifier: the only place that turns a token into something to be trusted.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use runbeam_model::{Clock, SystemClock};
use serde::de::DeserializeOwned;

use crate::policy::{Candidate, KeySource};
use crate::{BuildError, Claims, Error, Jws, Rejection, TrustPolicy};

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
    /// Accepts a candidate, if `check` finds its signature good and gives out the payload that it signs; `read`
    /// says what is given out.
    pub(crate) fn accept<'a>(
        candidate: Candidate<'a>,
        check: impl FnOnce(Jws<'a>) -> Result<Vec<u8>, Error>,
        read: impl FnOnce(Claims, &[u8]) -> Result<C, Error>,
    ) -> Result<Self, Error> {
        let payload = check(candidate.jws)?;
        read(candidate.claims, &payload).map(Self)
    }
}

/// Reads the claims as they are known here.
pub(crate) fn own_claims(claims: Claims, _: &[u8]) -> Result<Claims, Error> {
    Ok(claims)
}

/// Reads the claims as a type of the caller's.
pub(crate) fn claims_of_caller<C: DeserializeOwned>(_: Claims, payload: &[u8]) -> Result<C, Error> {
    serde_json::from_slice(payload).map_err(|_| {
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
        })
    }

    /// Takes the time from `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
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
        read: impl FnOnce(Claims, &[u8]) -> Result<C, Error>,
    ) -> Result<Verified<C>, Error> {
        let candidate = self.policy.examine(token, self.clock.now())?;
        match self.policy.issuers()[candidate.issuer].keys() {
            KeySource::AtHand(keys) => Verified::accept(candidate, |jws| keys.check(jws), read),
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
