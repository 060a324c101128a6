//! Who verifies: ours, the bare arithmetic under it, and its peers, all by the same policy.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runbeam_auth::{
    JwkSet, RemoteVerifier, RemoteVerifierBuilder, TokenCacheLimits, TrustPolicy, TrustedIssuer,
    Verifier,
};
use runbeam_emulator::Emulator;
use serde::Deserialize;
use tokio::runtime::Runtime;

use crate::tokens::Token;

/// Whether a token is accepted.
pub(crate) type Verify = Box<dyn Fn(&Token) -> bool + Send + Sync>;

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Makes a verifier for one batch: what it may remember of a token is gone with the batch.
    pub(crate) start: Box<dyn Fn() -> Verify>,
}

impl Contender {
    fn new(name: &'static str, start: impl Fn() -> Verify + 'static) -> Self {
        Self {
            name,
            start: Box::new(start),
        }
    }
}

/// RSA and SHA-256 alone, of bytes that are decoded already, by what does the arithmetic of ours.
#[cfg(not(feature = "bench-aws-lc-rs"))]
pub(crate) fn bare(cloud: &Emulator) -> Contender {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    let (n, e) = numbers(cloud);
    Contender::new("bare ring", move || {
        let key = RsaPublicKeyComponents {
            n: n.clone(),
            e: e.clone(),
        };
        Box::new(move |token| {
            let algorithm = &RSA_PKCS1_2048_8192_SHA256;
            key.verify(algorithm, token.signed(), &token.signature)
                .is_ok()
        })
    })
}

/// RSA and SHA-256 alone, of bytes that are decoded already, by what does the arithmetic of ours.
#[cfg(feature = "bench-aws-lc-rs")]
pub(crate) fn bare(cloud: &Emulator) -> Contender {
    use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

    let (n, e) = numbers(cloud);
    let key = der(
        0x30,
        &[der(0x02, &[&[0], &n[..]].concat()), der(0x02, &e)].concat(),
    );
    Contender::new("bare aws-lc-rs, key parsed", move || {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key).unwrap();
        Box::new(move |token| key.verify_sig(token.signed(), &token.signature).is_ok())
    })
}

/// A value of DER.
#[cfg(feature = "bench-aws-lc-rs")]
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16;
    let head = match length {
        0..128 => vec![tag, length as u8],
        _ => [&[tag, 0x82], &length.to_be_bytes()[..]].concat(),
    };
    [head, content.to_vec()].concat()
}

/// Modulus and exponent of the key of all tokens.
fn numbers(cloud: &Emulator) -> (Vec<u8>, Vec<u8>) {
    let jwk = cloud.signing_key().jwk();
    let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    (number("n"), number("e"))
}

pub(crate) fn ours(cloud: &Emulator) -> Contender {
    ours_by("ours", cloud, |policy| Verifier::new(policy).unwrap())
}

pub(crate) fn ours_that_remembers(cloud: &Emulator) -> Contender {
    ours_by("ours, tokens remembered", cloud, |policy| {
        let verifier = Verifier::new(policy).unwrap();
        verifier.with_token_cache(TokenCacheLimits::new()).unwrap()
    })
}

fn ours_by(name: &'static str, cloud: &Emulator, build: fn(TrustPolicy) -> Verifier) -> Contender {
    let url = cloud.url();
    let set = format!(r#"{{"keys":[{}]}}"#, cloud.signing_key().jwk());
    Contender::new(name, move || {
        let keys = JwkSet::parse(set.as_bytes()).unwrap();
        let issuer = TrustedIssuer::exact(url.clone()).with_keys(keys);
        let verifier = build(TrustPolicy::new(issuer));
        Box::new(move |token| verifier.verify(&token.text).is_ok())
    })
}

pub(crate) fn ours_with_fetched_keys(cloud: &Emulator) -> Contender {
    ours_that_fetches("ours, keys fetched", cloud, |builder| builder)
}

pub(crate) fn ours_that_remembers_and_fetches(cloud: &Emulator) -> Contender {
    ours_that_fetches("ours, both", cloud, |builder| {
        builder.with_token_cache(TokenCacheLimits::new())
    })
}

fn ours_that_fetches(
    name: &'static str,
    cloud: &Emulator,
    set_up: fn(RemoteVerifierBuilder) -> RemoteVerifierBuilder,
) -> Contender {
    let url = cloud.url();
    let issuer = TrustedIssuer::exact(url)
        .with_jwks_url(&cloud.jwks_url())
        .unwrap();
    Contender::new(name, move || {
        let runtime = runtime();
        let builder = RemoteVerifier::builder(TrustPolicy::new(issuer.clone()));
        let verifier = set_up(builder).build().unwrap();
        Box::new(move |token| finish(&runtime, || verifier.verify(&token.text)).is_ok())
    })
}

/// What the peers read of a token: the claims that ours reads.
#[derive(Deserialize)]
#[allow(dead_code, reason = "reading them is what is measured")]
struct Claims {
    iss: String,
    sub: Option<String>,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    jti: Option<String>,
    user: Option<User>,
    team: Option<Team>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "reading them is what is measured")]
struct User {
    id: String,
    name: String,
    email: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "reading them is what is measured")]
struct Team {
    id: String,
    name: String,
}

/// Two versions of one crate with one API. The key is chosen beforehand, which ours does for each token.
macro_rules! jsonwebtoken {
    ($name:literal, $version:ident, $cloud:ident) => {{
        let jwk = $cloud.signing_key().jwk();
        let number = |name: &str| jwk[name].as_str().unwrap().to_owned();
        let (n, e, url) = (number("n"), number("e"), $cloud.url());
        Contender::new($name, move || {
            let key = $version::DecodingKey::from_rsa_components(&n, &e).unwrap();
            let mut policy = $version::Validation::new($version::Algorithm::RS256);
            policy.set_issuer(&[&url]);
            policy.validate_nbf = true;
            Box::new(move |token| $version::decode::<Claims>(&token.text, &key, &policy).is_ok())
        })
    }};
}

pub(crate) fn jsonwebtoken_9(cloud: &Emulator) -> Contender {
    jsonwebtoken!("jsonwebtoken 9 (ring)", jsonwebtoken_9, cloud)
}

pub(crate) fn jsonwebtoken_10(cloud: &Emulator) -> Contender {
    jsonwebtoken!("jsonwebtoken 10 (aws-lc)", jsonwebtoken_10, cloud)
}

/// Its keys come from the emulator once, and stay in a cache of the whole process.
pub(crate) fn earlier_sdk(cloud: &Emulator) -> Contender {
    let options = earlier_sdk::JwtValidationOptions::new().with_trusted_issuers(vec![cloud.url()]);
    let options = Arc::new(options);
    Contender::new("the earlier SDK", move || {
        let (runtime, options) = (runtime(), options.clone());
        Box::new(move |token| {
            finish(&runtime, || {
                earlier_sdk::validate_jwt_token(&token.text, &options)
            })
            .is_ok()
        })
    })
}

/// For the fetch of the keys; what comes after needs none.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Does the work of a future at once, as a task of a server would that need not wait; else in the runtime, from the
/// start.
fn finish<F: Future>(runtime: &Runtime, start: impl Fn() -> F) -> F::Output {
    let _within = runtime.enter();
    match pin!(start()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => runtime.block_on(start()),
    }
}
