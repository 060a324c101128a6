//! A key, tokens signed with it, and a server that publishes it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use httpmock::{Mock, MockServer};
use runbeam_auth::{
    Claims, Error, JwkSet, RemoteVerifier, RemoteVerifierBuilder, TrustPolicy, TrustedIssuer,
    Verified, Verifier,
};
use runbeam_emulator::SigningKey;
use runbeam_model::{ManualClock, Timestamp};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const NOW: i64 = 1_768_205_731;

pub(crate) fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(SigningKey::generate)
}

pub(crate) fn other_key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(SigningKey::generate)
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new(Timestamp::from_unix_seconds(NOW))
}

pub(crate) fn header() -> Value {
    json!({"typ": "JWT", "alg": "RS256", "kid": key().key_id()})
}

pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "sub": "u1", "exp": NOW + 3600, "iat": NOW, "nbf": NOW})
}

/// `base` with the members of `changes` put in, or taken out where they are null.
pub(crate) fn with(mut base: Value, changes: Value) -> Value {
    let object = base.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => object.remove(name),
            value => object.insert(name.clone(), value.clone()),
        };
    }
    base
}

pub(crate) fn token(changes: Value) -> String {
    key().sign_raw(&header().to_string(), &with(claims(), changes).to_string())
}

pub(crate) fn token_with_header(changes: Value) -> String {
    key().sign_raw(&with(header(), changes).to_string(), &claims().to_string())
}

pub(crate) fn jwks(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub(crate) fn key_set() -> JwkSet {
    JwkSet::parse(jwks(&[key().jwk()]).as_bytes()).unwrap()
}

pub(crate) fn policy() -> TrustPolicy {
    TrustPolicy::new(TrustedIssuer::exact(ISSUER).with_keys(key_set()))
}

pub(crate) fn verify_by(policy: TrustPolicy, token: &str) -> Result<Verified<Claims>, Error> {
    Verifier::new(policy)
        .unwrap()
        .with_clock(Arc::new(clock()))
        .verify(token)
}

pub(crate) fn verify(token: &str) -> Result<Verified<Claims>, Error> {
    verify_by(policy(), token)
}

/// A verifier that fetches the keys of [`ISSUER`] from `server`, by a clock that stands still.
pub(crate) fn remote(server: &MockServer, clock: &ManualClock) -> RemoteVerifierBuilder {
    let issuer = TrustedIssuer::exact(ISSUER)
        .with_jwks_url(&server.url("/keys"))
        .unwrap();
    RemoteVerifier::builder(TrustPolicy::new(issuer)).with_clock(Arc::new(clock.clone()))
}

pub(crate) async fn serve_body<'a>(server: &'a MockServer, body: &str) -> Mock<'a> {
    serve(server, 200, body, Duration::ZERO).await
}

pub(crate) async fn serve<'a>(
    server: &'a MockServer,
    status: u16,
    body: &str,
    delay: Duration,
) -> Mock<'a> {
    server
        .mock_async(|when, then| {
            when.path("/keys");
            then.status(status).body(body).delay(delay);
        })
        .await
}
