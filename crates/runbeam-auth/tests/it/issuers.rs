//! A token selects among the issuers of the policy, and adds none.

use std::collections::BTreeMap;

use httpmock::MockServer;
use runbeam_auth::{JwkSet, Rejection, RemoteVerifier, TrustPolicy, TrustedIssuer, Verifier};
use runbeam_model::Origin;
use serde::Deserialize;
use serde_json::json;

use crate::fixture::{
    ISSUER, clock, jwks, key, key_set, other_key, remote, serve_body, token, verify_by,
};
use crate::vectors;

fn by_origin(trusted: &str, issuer: &str) -> Option<Rejection> {
    let trusted = TrustedIssuer::origin(Origin::of(trusted).unwrap()).with_keys(key_set());
    let token = token(json!({ "iss": issuer }));
    verify_by(TrustPolicy::new(trusted), &token)
        .err()
        .map(|error| error.rejection().unwrap())
}

#[test]
fn an_origin_is_compared_whole_and_the_path_is_free() {
    let trusted = "https://api.runbeam.io";
    for issuer in [
        trusted,
        "https://api.runbeam.io/api/cli/check-login/dt_7pZr0k2Vx9",
        "https://api.runbeam.io:443/",
    ] {
        assert_eq!(by_origin(trusted, issuer), None, "{issuer}");
    }
    for issuer in [
        "https://api.runbeam.io.evil.test",
        "https://api.runbeam.io@evil.test",
        "https://api.runbeam.io:4430",
        "http://api.runbeam.io",
        "//api.runbeam.io",
        "https:api.runbeam.io",
        "https://evil.test/https://api.runbeam.io",
        "api.runbeam.io",
        "",
    ] {
        assert_eq!(
            by_origin(trusted, issuer),
            Some(Rejection::Issuer),
            "{issuer}"
        );
    }
    assert_eq!(
        by_origin("http://127.0.0.1:4297", "http://127.0.0.1:42971"),
        Some(Rejection::Issuer)
    );
}

#[test]
fn the_key_of_one_issuer_does_not_vouch_for_another() {
    let other = "https://other.example.com";
    let keys =
        |key: &runbeam_emulator::SigningKey| JwkSet::parse(jwks(&[key.jwk()]).as_bytes()).unwrap();
    let policy = TrustPolicy::new(TrustedIssuer::exact(ISSUER).with_keys(keys(key())))
        .with_issuer(TrustedIssuer::exact(other).with_keys(keys(other_key())));
    assert!(verify_by(policy.clone(), &token(json!({}))).is_ok());
    let crossed = verify_by(policy, &token(json!({ "iss": other }))).unwrap_err();
    assert_eq!(crossed.rejection(), Some(Rejection::UnknownKey));
}

#[test]
fn a_policy_without_keys_is_an_error_of_configuration() {
    let unstated = TrustPolicy::new(TrustedIssuer::exact(ISSUER));
    assert!(
        Verifier::new(unstated.clone())
            .unwrap_err()
            .to_string()
            .contains("`with_keys`")
    );
    assert!(
        RemoteVerifier::new(unstated)
            .unwrap_err()
            .to_string()
            .contains("`with_jwks_url`")
    );
    for url in [
        "http://keys.example.com/",
        "ftp://h/",
        "keys",
        "https://user:canary@h/",
    ] {
        let error = TrustedIssuer::exact(ISSUER).with_jwks_url(url).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[derive(Deserialize)]
struct Row {
    issuer: String,
    allow: Vec<String>,
    connect: bool,
    why: String,
}

#[tokio::test]
async fn only_the_issuers_of_the_policy_cause_a_connection() {
    let Some(rows) = vectors::rows::<Row>("corpora/issuer_urls.jsonl") else {
        return;
    };
    let server = MockServer::start_async().await;
    let mock = serve_body(&server, &jwks(&[key().jwk()])).await;
    let mut counted = BTreeMap::<bool, usize>::new();
    for row in rows {
        let before = mock.calls_async().await;
        let mut issuers = row.allow.iter().map(|issuer| {
            TrustedIssuer::exact(issuer)
                .with_jwks_url(&server.url("/keys"))
                .unwrap()
        });
        let policy = issuers
            .by_ref()
            .take(1)
            .map(TrustPolicy::new)
            .next()
            .unwrap();
        let policy = issuers.fold(policy, TrustPolicy::with_issuer);
        let verifier = RemoteVerifier::builder(policy)
            .with_clock(std::sync::Arc::new(clock()))
            .build()
            .unwrap();
        let outcome = verifier.verify(&token(json!({ "iss": row.issuer }))).await;
        let connections = mock.calls_async().await - before;
        assert_eq!(
            (outcome.is_ok(), connections),
            (row.connect, usize::from(row.connect)),
            "{}: {}",
            row.issuer,
            row.why
        );
        *counted.entry(row.connect).or_default() += 1;
    }
    assert!(counted[&true] > 0 && counted[&false] > 50, "{counted:?}");
}

#[tokio::test]
async fn the_address_of_keys_is_used_as_it_is_written() {
    let server = MockServer::start_async().await;
    let mock = serve_body(&server, &jwks(&[key().jwk()])).await;
    assert!(
        remote(&server, &clock())
            .build()
            .unwrap()
            .verify(&token(json!({})))
            .await
            .is_ok()
    );
    mock.assert_calls_async(1).await;
}
