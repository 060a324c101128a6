//! The options of `jwt-auth`.

use std::time::Duration;

use runbeam_sdk::auth::{
    self, JwkSet, RemoteVerifier, RemoteVerifierBuilder, TokenCacheLimits, TrustPolicy,
    TrustedIssuer,
};
use runbeam_sdk::model::Origin;

use super::Method;
use super::table::{Setting, Table};
use crate::BuildError;
use crate::layers::JwtAuth;

const MAX_LEEWAY_SECONDS: u64 = 300;

/// Where the keys of the issuers are.
enum Keys {
    Url(Setting<String>),
    Set(JwkSet),
    Secret(Setting<String>),
}

/// Who is trusted.
enum Issuers {
    Exact(Setting<String>),
    Listed(Vec<Setting<String>>),
    OriginOf(Setting<String>),
}

pub(super) fn jwt(mut options: Table<'_>) -> Result<Method, BuildError> {
    let keys = keys(&mut options)?;
    let issuers = issuers(&mut options, &keys)?;
    let audience = options.text("audience")?;
    let leeway = leeway(&mut options)?;
    let required_claims = options.texts("required_claims")?.unwrap_or_default();
    if options.flag("validate_expiry")? == Some(false) {
        return Err(options.error(
            "`validate_expiry = false` is not supported: a token that never expires cannot be taken back",
        ));
    }

    let mut trusted = Vec::new();
    for (issuer, line) in issuers.trusted()? {
        let issuer = keys.give_to(issuer);
        trusted.push(issuer.map_err(|error| options.place(error.into(), keys.line(line)))?);
    }
    let (config, line) = (options.config(), options.line());
    options.finish()?;

    let mut trusted = trusted.into_iter();
    let first = trusted.next().ok_or_else(|| {
        config.error_at(
            line,
            "`trusted_issuers` is empty: it would refuse everybody",
        )
    })?;
    let mut policy = trusted.fold(TrustPolicy::new(first), TrustPolicy::with_issuer);
    if let Some(audience) = audience {
        policy = policy.with_audience(audience.value);
    }
    if let Some(leeway) = leeway {
        policy = policy.with_leeway(leeway);
    }
    policy = policy.with_required_claims(required_claims.into_iter().map(|claim| claim.value));
    let mut verifier = verifier(policy, &config.key_snapshot)
        .with_clock(config.clock.clone())
        .with_token_cache(TokenCacheLimits::new());
    if let Some(client) = &config.client {
        verifier = verifier.with_http_client(client.clone());
    }
    let verifier = verifier
        .build()
        .map_err(|error| BuildError::from(error).at(&config.file, line))?;
    Ok(JwtAuth::new(verifier).into())
}

/// A verifier with the keys of a snapshot, if it reads.
fn verifier(policy: TrustPolicy, snapshot: &[u8]) -> RemoteVerifierBuilder {
    let builder = RemoteVerifier::builder(policy.clone());
    if snapshot.is_empty() {
        return builder;
    }
    builder.with_snapshot(snapshot).unwrap_or_else(|error| {
        tracing::warn!(%error, "the keys that were kept do not read, and are fetched anew");
        RemoteVerifier::builder(policy)
    })
}

/// The keys, of which exactly one kind has to be there: that of the algorithm.
fn keys(options: &mut Table<'_>) -> Result<Keys, BuildError> {
    let is_hs256 = is_hs256(options)?;
    let url = either(options, "jwks_url", "jwks_uri")?;
    let path = options
        .text("public_key_path")?
        .filter(|path| !path.value.is_empty());
    let key = options.text("public_key")?;
    let secret = either(options, "secret", "hs256_secret")?;
    let read = |key: Setting<String>| -> Result<Keys, BuildError> {
        public_key(&key.value)
            .map(Keys::Set)
            .map_err(|error| options.place(error, key.line))
    };
    match (is_hs256, secret, url, path, key) {
        (true, Some(secret), None, None, None) => Ok(Keys::Secret(secret)),
        (true, None, ..) => Err(options.error(
            "HS256 needs the `secret` that is shared with the issuer, such as \"${RUNBEAM_JWT_SECRET}\": there is none built in",
        )),
        (true, Some(secret), ..) => Err(options.place(
            BuildError::new("there are keys for RS256, too: a token could choose; leave them or HS256 out"),
            secret.line,
        )),
        (false, Some(secret), ..) => Err(options.place(
            BuildError::new("a secret is for HS256 alone, which has to be asked for: `algorithm = \"HS256\"`"),
            secret.line,
        )),
        (false, None, Some(url), None, None) => Ok(Keys::Url(url)),
        (false, None, None, Some(path), None) => {
            let text = std::fs::read_to_string(&path.value).map_err(|error| {
                let problem = format!("the public key {} cannot be read", path.value);
                options.place(BuildError::new(problem).with_source(error), path.line)
            })?;
            let line = path.line;
            read(Setting { value: text, line })
        }
        (false, None, None, None, Some(key)) => read(key),
        (false, None, None, None, None) => Err(options.error(
            "RS256 needs to know where the keys are: `jwks_url`, `public_key_path` or `public_key`",
        )),
        (false, None, ..) => Err(options.error(
            "`jwks_url`, `public_key_path` and `public_key` exclude each other",
        )),
    }
}

fn is_hs256(options: &mut Table<'_>) -> Result<bool, BuildError> {
    let uses_hs256 = options.flag("use_hs256")?;
    let one = options.text("algorithm")?;
    let mut list = options.texts("algorithms")?.unwrap_or_default();
    list.extend(one);
    let mut is_hs256 = uses_hs256.unwrap_or(false);
    for (number, Setting { value, line }) in list.into_iter().enumerate() {
        let named = match value.as_str() {
            "RS256" => false,
            "HS256" => true,
            _ => {
                let problem = "an algorithm that is not supported: RS256 and HS256 are";
                return Err(options.place(BuildError::new(problem), line));
            }
        };
        if (number > 0 || uses_hs256.is_some_and(|uses| uses || named)) && named != is_hs256 {
            let problem = "RS256 and HS256 exclude each other: a token could choose";
            return Err(options.place(BuildError::new(problem), line));
        }
        is_hs256 = named;
    }
    Ok(is_hs256)
}

fn issuers(options: &mut Table<'_>, keys: &Keys) -> Result<Issuers, BuildError> {
    match (
        options.text("issuer")?,
        options.texts("trusted_issuers")?,
        keys,
    ) {
        (Some(issuer), None, _) if issuer.value.is_empty() => Err(options.place(
            BuildError::new("`issuer` is empty: name whose tokens are trusted"),
            issuer.line,
        )),
        (Some(issuer), None, _) => Ok(Issuers::Exact(issuer)),
        (None, Some(issuers), _) => Ok(Issuers::Listed(issuers)),
        (Some(issuer), Some(_), _) => Err(options.place(
            BuildError::new("`issuer` and `trusted_issuers` exclude each other"),
            issuer.line,
        )),
        (None, None, Keys::Url(url)) => Origin::of(&url.value)
            .map(|_| Issuers::OriginOf(url.clone()))
            .map_err(|error| options.place(error.into(), url.line)),
        (None, None, Keys::Set(_) | Keys::Secret(_)) => {
            Err(options.error("`issuer` is missing: name whose tokens are trusted"))
        }
    }
}

impl Issuers {
    /// The issuers without their keys, and the lines where they stand.
    fn trusted(self) -> Result<Vec<(TrustedIssuer, usize)>, BuildError> {
        let origin_or_exact = |Setting { value, line }: Setting<String>| {
            // Only what says no more than an origin stands for one.
            let origin = Origin::of(&value).ok();
            let origin = origin.filter(|origin| origin.to_string() == value.trim_end_matches('/'));
            let issuer = origin.map_or_else(|| TrustedIssuer::exact(value), TrustedIssuer::origin);
            (issuer, line)
        };
        Ok(match self {
            Self::Exact(Setting { value, line }) => vec![(TrustedIssuer::exact(value), line)],
            Self::Listed(listed) => listed.into_iter().map(origin_or_exact).collect(),
            Self::OriginOf(url) => vec![(TrustedIssuer::origin(Origin::of(&url.value)?), url.line)],
        })
    }
}

impl Keys {
    fn give_to(&self, issuer: TrustedIssuer) -> Result<TrustedIssuer, auth::BuildError> {
        match self {
            Self::Url(url) => issuer.with_jwks_url(&url.value),
            Self::Set(keys) => Ok(issuer.with_keys(keys.clone())),
            Self::Secret(secret) => issuer.with_shared_secret(secret.value.as_str()),
        }
    }

    /// Where they stand, or else the line of their issuer.
    fn line(&self, issuer: usize) -> usize {
        match self {
            Self::Url(Setting { line, .. }) | Self::Secret(Setting { line, .. }) => *line,
            Self::Set(_) => issuer,
        }
    }
}

/// Reads PEM (RFC 7468), a JWK or a JWK set (RFC 7517).
fn public_key(text: &str) -> Result<JwkSet, BuildError> {
    let keys = if text.trim_start().starts_with('{') {
        JwkSet::parse(text.as_bytes())?
    } else {
        JwkSet::from_pem(text)?
    };
    if keys.is_empty() {
        return Err(BuildError::new("the public key has no key for RS256"));
    }
    Ok(keys)
}

fn leeway(options: &mut Table<'_>) -> Result<Option<Duration>, BuildError> {
    let seconds = options.number("leeway_secs")?;
    let old = options.number("leeway_seconds")?;
    let Some(Setting { value, line }) = seconds.or(old) else {
        return Ok(None);
    };
    if value > MAX_LEEWAY_SECONDS {
        let problem = format!(
            "a leeway of {value} seconds is more than the {MAX_LEEWAY_SECONDS} that are allowed"
        );
        return Err(options.place(BuildError::new(problem), line));
    }
    Ok(Some(Duration::from_secs(value)))
}

/// An option that has two names.
fn either(
    options: &mut Table<'_>,
    one: &str,
    other: &str,
) -> Result<Option<Setting<String>>, BuildError> {
    match (options.text(one)?, options.text(other)?) {
        (Some(_), Some(setting)) => Err(options.place(
            BuildError::new(format!("`{one}` and `{other}` are two names of one option")),
            setting.line,
        )),
        (one, other) => Ok(one.or(other)),
    }
}
