//! Who verifies: ours, the bare arithmetic under it, and its peers, all by the same policy.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use runbeam_auth::{JwkSet, RemoteVerifier, TrustPolicy, TrustedIssuer, Verifier};
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

/// RSA and SHA-256 alone, of bytes that are decoded already.
pub(crate) fn bare_ring(cloud: &Emulator) -> Contender {
    let jwk = cloud.signing_key().jwk();
    let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let (n, e) = (number("n"), number("e"));
    Contender::new("bare ring", move || {
        let key = RsaPublicKeyComponents {
            n: n.clone(),
            e: e.clone(),
        };
        Box::new(move |token| {
            key.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                token.signed(),
                &token.signature,
            )
            .is_ok()
        })
    })
}

pub(crate) fn ours(cloud: &Emulator) -> Contender {
    let url = cloud.url();
    let set = format!(r#"{{"keys":[{}]}}"#, cloud.signing_key().jwk());
    Contender::new("ours", move || {
        let keys = JwkSet::parse(set.as_bytes()).unwrap();
        let policy = TrustPolicy::new(TrustedIssuer::exact(url.clone()).with_keys(keys));
        let verifier = Verifier::new(policy).unwrap();
        Box::new(move |token| verifier.verify(&token.text).is_ok())
    })
}

pub(crate) fn ours_with_fetched_keys(cloud: &Emulator) -> Contender {
    let url = cloud.url();
    let issuer = TrustedIssuer::exact(url)
        .with_jwks_url(&cloud.jwks_url())
        .unwrap();
    Contender::new("ours, keys fetched", move || {
        let runtime = runtime();
        let verifier = RemoteVerifier::new(TrustPolicy::new(issuer.clone())).unwrap();
        Box::new(move |token| runtime.block_on(verifier.verify(&token.text)).is_ok())
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
            let claims = earlier_sdk::validate_jwt_token(&token.text, &options);
            runtime.block_on(claims).is_ok()
        })
    })
}

/// For verifiers that are async: on the thread that asks, as nothing is waited for once the keys are there.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
