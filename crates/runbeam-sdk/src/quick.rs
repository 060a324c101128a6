//! The usual case of trust in one call: the claims of a user's token.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use runbeam_auth::{Claims, RemoteVerifier, TrustPolicy, TrustedIssuer, Verified, Verifier};
use runbeam_model::{BaseUrl, Secret};

use crate::{Error, environment};

/// Verifies a user's JWT and gives out its claims.
///
/// It trusts what the options say; given a number alone, it keeps keys for that many hours and trusts exactly
/// the configured cloud: the origin of `RUNBEAM_API_URL`, or else `https://api.runbeam.io`. What the token says
/// about itself decides nothing. Keys are kept for the life of the process.
///
/// ```no_run
/// # async fn example(user_token: &str) -> Result<(), runbeam_sdk::Error> {
/// let claims = runbeam_sdk::validate_jwt_token(user_token, 24).await?;
/// println!("{}", claims.api_base_url());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`SignIn`](crate::ErrorKind::SignIn) if the token is not to be trusted,
/// [`CannotVerify`](crate::ErrorKind::CannotVerify) if the keys cannot be had,
/// [`Configuration`](crate::ErrorKind::Configuration) if the options or the environment are of no use.
pub async fn validate_jwt_token(
    token: &str,
    options: impl Into<JwtValidationOptions>,
) -> Result<Verified<Claims>, Error> {
    let options = options.into();
    if options.uses_shared_secret {
        let policy =
            options.policy(options.cloud()?.as_ref(), Some(&environment::jwt_secret()?))?;
        return Ok(Verifier::new(policy)?.verify(token)?);
    }
    Ok(verifier_for(options)?.verify(token).await?)
}

/// What [`validate_jwt_token`] trusts.
///
/// A whole number stands for the hours that keys are kept, with everything else by default.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JwtValidationOptions {
    trusted_issuers: Vec<String>,
    jwks_uri: Option<String>,
    audience: Option<String>,
    leeway_seconds: u64,
    jwks_cache_duration_hours: u64,
    uses_shared_secret: bool,
    allows_any_address: bool,
}

impl JwtValidationOptions {
    /// The configured cloud is trusted, for any audience; a leeway of 60 seconds; keys are kept for 24 hours.
    #[must_use]
    pub fn new() -> Self {
        Self {
            trusted_issuers: Vec::new(),
            jwks_uri: None,
            audience: None,
            leeway_seconds: 60,
            jwks_cache_duration_hours: 24,
            uses_shared_secret: false,
            allows_any_address: false,
        }
    }

    /// Trusts these issuers instead of the configured cloud. An origin (`https://api.runbeam.io`) stands for all
    /// issuers of that scheme, host and port; anything else for the issuer that is the same text. Keys are at
    /// `{origin}/api/.well-known/jwks.json` unless [`with_jwks_uri`](Self::with_jwks_uri) says otherwise.
    #[must_use]
    pub fn with_trusted_issuers<I: Into<String>>(
        mut self,
        issuers: impl IntoIterator<Item = I>,
    ) -> Self {
        self.trusted_issuers = issuers.into_iter().map(Into::into).collect();
        self
    }

    /// Fetches the keys from this address, used as it is written.
    #[must_use]
    pub fn with_jwks_uri(mut self, uri: impl Into<String>) -> Self {
        self.jwks_uri = Some(uri.into());
        self
    }

    /// Requires that the token names this audience.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// How far the clocks of issuer and verifier may differ, at most 300 seconds.
    #[must_use]
    pub fn with_leeway_seconds(mut self, seconds: u64) -> Self {
        self.leeway_seconds = seconds;
        self
    }

    /// How many hours keys are kept: up to 24, and a minute at least.
    #[must_use]
    pub fn with_jwks_cache_duration_hours(mut self, hours: u64) -> Self {
        self.jwks_cache_duration_hours = hours;
        self
    }

    /// Trusts HS256 with the secret of `RUNBEAM_JWT_SECRET`, which has at least 32 bytes, and not RS256. There is no
    /// built-in secret: without the variable, every validation is an error of configuration that names it.
    #[must_use]
    pub fn with_shared_secret_of_environment(mut self) -> Self {
        self.uses_shared_secret = true;
        self
    }

    /// Allows that the host names that keys are fetched from lead to any address, such as those of a cloud in a
    /// private network. By default they lead to public addresses alone; an address that stands in the URL itself, and
    /// `localhost`, need no permission. See
    /// [`TrustedIssuer`](runbeam_auth::TrustedIssuer#where-keys-are-fetched-from).
    #[must_use]
    pub fn dangerous_allow_any_address(mut self) -> Self {
        self.allows_any_address = true;
        self
    }

    /// The configured cloud, if these options name no issuer.
    fn cloud(&self) -> Result<Option<BaseUrl>, Error> {
        self.trusted_issuers
            .is_empty()
            .then(environment::api_url)
            .transpose()
    }

    /// `cloud` is trusted if these options name no issuer; `secret` is used in place of fetched keys.
    fn policy(
        &self,
        cloud: Option<&BaseUrl>,
        secret: Option<&Secret>,
    ) -> Result<TrustPolicy, Error> {
        let named = self
            .trusted_issuers
            .iter()
            .map(|text| match text.parse::<BaseUrl>() {
                Ok(base) if base.origin().to_string() == base.to_string() => {
                    TrustedIssuer::cloud(&base)
                }
                _ => TrustedIssuer::exact(text),
            });
        let issuers = named.chain(cloud.map(TrustedIssuer::cloud)).map(|issuer| {
            let issuer = if self.allows_any_address {
                issuer.dangerous_allow_any_address()
            } else {
                issuer
            };
            match (secret, &self.jwks_uri) {
                (Some(secret), _) => issuer.with_shared_secret(secret),
                (None, Some(uri)) => issuer.with_jwks_url(uri),
                (None, None) => Ok(issuer),
            }
        });
        let mut issuers = issuers.collect::<Result<Vec<_>, _>>()?.into_iter();
        let first = issuers
            .next()
            .ok_or_else(|| Error::configuration("no issuer is trusted"))?;
        let policy = issuers
            .fold(TrustPolicy::new(first), TrustPolicy::with_issuer)
            .with_leeway(Duration::from_secs(self.leeway_seconds));
        Ok(match &self.audience {
            Some(audience) => policy.with_audience(audience),
            None => policy,
        })
    }
}

impl Default for JwtValidationOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl From<&Self> for JwtValidationOptions {
    fn from(options: &Self) -> Self {
        options.clone()
    }
}

/// The hours that keys are kept. A negative number is none.
impl From<i32> for JwtValidationOptions {
    fn from(hours: i32) -> Self {
        Self::new().with_jwks_cache_duration_hours(hours.try_into().unwrap_or(0))
    }
}

/// The hours that keys are kept.
impl From<u32> for JwtValidationOptions {
    fn from(hours: u32) -> Self {
        Self::new().with_jwks_cache_duration_hours(hours.into())
    }
}

/// The hours that keys are kept.
impl From<u64> for JwtValidationOptions {
    fn from(hours: u64) -> Self {
        Self::new().with_jwks_cache_duration_hours(hours)
    }
}

/// A process asks with few different options; more than this many are not kept.
const MAX_VERIFIERS: usize = 64;

/// The verifier of these options, with the keys that it has fetched so far.
fn verifier_for(options: JwtValidationOptions) -> Result<RemoteVerifier, Error> {
    type Verifiers = HashMap<(JwtValidationOptions, Option<String>), RemoteVerifier>;
    static VERIFIERS: LazyLock<Mutex<Verifiers>> = LazyLock::new(Mutex::default);

    let cloud = options.cloud()?;
    let key = (options, cloud.as_ref().map(BaseUrl::to_string));
    let mut verifiers = VERIFIERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(verifier) = verifiers.get(&key) {
        return Ok(verifier.clone());
    }
    let options = &key.0;
    let policy = options.policy(cloud.as_ref(), None)?;
    let verifier = RemoteVerifier::builder(policy)
        .with_key_ttl(Duration::from_secs(
            options.jwks_cache_duration_hours.saturating_mul(60 * 60),
        ))
        .build()?;
    if verifiers.len() >= MAX_VERIFIERS {
        verifiers.clear();
    }
    verifiers.insert(key, verifier.clone());
    Ok(verifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_is_for_each_issuer_and_only_where_it_is_asked_for() {
        let options = JwtValidationOptions::new()
            .with_trusted_issuers(["https://a.example.com", "https://b.example.com/tenant"])
            .with_jwks_uri("https://a.example.com/keys");
        let allows = |options: &JwtValidationOptions| {
            let policy = options.policy(None, None).unwrap();
            let issuers = policy.issuers().iter();
            // What an issuer allows is told nowhere else.
            issuers
                .map(|issuer| format!("{issuer:?}").contains("any_address: true"))
                .collect::<Vec<_>>()
        };
        assert_eq!(allows(&options), [false, false]);
        assert_eq!(allows(&options.dangerous_allow_any_address()), [true, true]);
    }
}
