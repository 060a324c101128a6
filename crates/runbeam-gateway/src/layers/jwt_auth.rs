//! The method `jwt-auth`: a JWT as a bearer token (RFC 6750, section 2.1; RFC 7519).

use http::HeaderMap;
use runbeam_sdk::auth::{ErrorKind, RemoteVerifier, extract_bearer_token};

use super::Principal;
use super::authorization::Authorization;
use super::method::Outcome;

/// Authenticates by a JWT in `Authorization: Bearer …`. A token in a query or in a body is not looked at (RFC 6750,
/// sections 2.2 and 2.3).
///
/// ```
/// use runbeam_gateway::layers::JwtAuth;
/// use runbeam_sdk::auth::{RemoteVerifier, TokenCacheLimits, TrustPolicy, TrustedIssuer};
///
/// let issuer = TrustedIssuer::exact("https://auth.example.com")
///     .with_jwks_url("https://auth.example.com/.well-known/jwks.json")?;
/// let policy = TrustPolicy::new(issuer).with_audience("harmony-api");
/// let verifier = RemoteVerifier::builder(policy)
///     .with_token_cache(TokenCacheLimits::new())
///     .build()?;
/// let method = JwtAuth::new(verifier);
/// # Ok::<_, runbeam_sdk::auth::BuildError>(())
/// ```
#[derive(Debug, Clone)]
pub struct JwtAuth {
    verifier: RemoteVerifier,
}

impl JwtAuth {
    /// Lets pass whose token `verifier` accepts.
    #[must_use]
    pub fn new(verifier: RemoteVerifier) -> Self {
        Self { verifier }
    }

    /// The public keys that were fetched so far.
    pub(super) fn key_snapshot(&self) -> Vec<u8> {
        self.verifier.snapshot()
    }

    pub(super) async fn judge(&self, headers: &HeaderMap) -> Outcome {
        let field = match Authorization::of(headers, "Bearer") {
            Authorization::Missing => return Outcome::Missing,
            Authorization::Malformed(problem) => return Outcome::Invalid(problem.into()),
            Authorization::Credentials { field, .. } => field,
        };
        let verified = match extract_bearer_token(field) {
            Ok(token) => self.verifier.verify(token).await,
            Err(error) => Err(error),
        };
        match verified {
            Ok(claims) => Outcome::Valid(Principal::Token(Box::new(claims))),
            Err(error) => {
                let reason = error.to_string().into();
                match error.kind() {
                    ErrorKind::KeysUnavailable => Outcome::CannotCheck(reason),
                    _ => Outcome::Invalid(reason),
                }
            }
        }
    }
}
