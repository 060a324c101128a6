//! What was measured on the earlier SDK: each row fails there and passes here.

use std::time::Duration;

use httpmock::MockServer;
use runbeam_auth::{ErrorKind, Rejection, TrustPolicy, TrustedIssuer};
use runbeam_model::BaseUrl;
use serde_json::{Value, json};

use crate::fixture::{
    NOW, clock, jwks, key, key_set, other_key, remote, serve, serve_body, token, token_with_header,
    verify, verify_by, with,
};

fn rejection(token: &str) -> Option<Rejection> {
    verify(token).err().and_then(|error| error.rejection())
}

#[test]
fn an_audience_as_text_or_list_is_no_obstacle() {
    assert_eq!(rejection(&token(json!({"aud": "runbeam-cli"}))), None);
    assert_eq!(
        rejection(&token(json!({"aud": ["runbeam-cli", "runbeam-api"]}))),
        None
    );
}

#[test]
fn an_issuer_that_the_trusted_one_is_a_prefix_of_is_not_trusted() {
    let base: BaseUrl = "http://127.0.0.1:4297".parse().unwrap();
    let policy = TrustPolicy::new(TrustedIssuer::cloud(&base).with_keys(key_set()));
    assert!(
        verify_by(
            policy.clone(),
            &token(json!({"iss": "http://127.0.0.1:4297/x"}))
        )
        .is_ok()
    );
    let error = verify_by(policy, &token(json!({"iss": "http://127.0.0.1:42971"}))).unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::Issuer));
}

#[test]
fn a_token_of_tomorrow_is_refused() {
    assert_eq!(
        rejection(&token(json!({"nbf": NOW + 86_400}))),
        Some(Rejection::NotYetValid)
    );
    assert_eq!(
        rejection(&token(json!({"iat": NOW + 86_400}))),
        Some(Rejection::IssuedInFuture)
    );
}

#[tokio::test]
async fn an_expired_or_foreign_token_fetches_nothing() {
    let server = MockServer::start_async().await;
    let mock = serve_body(&server, &jwks(&[key().jwk()])).await;
    let verifier = remote(&server, &clock()).build().unwrap();
    for _ in 0..200 {
        assert!(
            verifier
                .verify(&token(json!({"exp": NOW - 3600})))
                .await
                .is_err()
        );
        assert!(
            verifier
                .verify(&token(json!({"iss": "https://evil.test"})))
                .await
                .is_err()
        );
        assert!(
            verifier
                .verify(&token_with_header(json!({"alg": "HS256"})))
                .await
                .is_err()
        );
    }
    mock.assert_calls_async(0).await;
}

#[tokio::test]
async fn a_forged_token_during_an_outage_does_not_cost_the_good_keys() {
    let server = MockServer::start_async().await;
    let up = serve_body(&server, &jwks(&[key().jwk()])).await;
    let verifier = remote(&server, &clock()).build().unwrap();
    assert!(verifier.verify(&token(json!({}))).await.is_ok());
    up.delete_async().await;
    let down = serve(&server, 500, "", Duration::ZERO).await;
    let forged = other_key().sign_raw(
        &crate::fixture::header().to_string(),
        &crate::fixture::claims().to_string(),
    );
    for _ in 0..200 {
        assert_eq!(
            verifier.verify(&forged).await.unwrap_err().rejection(),
            Some(Rejection::Signature)
        );
        assert!(verifier.verify(&token(json!({}))).await.is_ok());
    }
    down.assert_calls_async(0).await;
}

#[tokio::test]
async fn a_foreign_key_in_the_set_does_not_cost_the_set() {
    let ec = json!({"kty": "EC", "kid": "ec", "crv": "P-256", "x": "AA", "y": "AA"});
    let without_id = with(other_key().jwk(), json!({"kid": Value::Null}));
    for neighbour in [ec, without_id] {
        let server = MockServer::start_async().await;
        serve_body(&server, &jwks(&[neighbour, key().jwk()])).await;
        let verifier = remote(&server, &clock()).build().unwrap();
        assert!(verifier.verify(&token(json!({}))).await.is_ok());
    }
}

#[test]
fn unknown_extensions_and_keys_for_other_uses_are_refused() {
    assert_eq!(
        rejection(&token_with_header(
            json!({"crit": ["unknown"], "unknown": 1})
        )),
        Some(Rejection::Critical)
    );
    for other_use in [json!({"use": "enc"}), json!({"alg": "RS512"})] {
        let set = jwks(&[with(key().jwk(), other_use)]);
        let keys = runbeam_auth::JwkSet::parse(set.as_bytes()).unwrap();
        let policy = TrustPolicy::new(TrustedIssuer::exact(crate::fixture::ISSUER).with_keys(keys));
        let error = verify_by(policy, &token(json!({}))).unwrap_err();
        assert_eq!(error.rejection(), Some(Rejection::UnusableKey));
    }
}

#[test]
fn a_huge_token_or_key_id_is_refused_without_work_and_without_an_echo() {
    let huge_token = token(json!({"x": "x".repeat(16 << 20)}));
    let huge_key_id = token_with_header(json!({"kid": "x".repeat(12 << 20)}));
    for token in [&huge_token, &huge_key_id] {
        let error = verify(token).unwrap_err();
        assert_eq!(error.rejection(), Some(Rejection::TooLarge));
        assert!(error.to_string().len() < 200);
    }
}

#[tokio::test]
async fn a_redirect_of_the_key_server_is_not_followed() {
    let target = MockServer::start_async().await;
    let at_target = serve_body(&target, &jwks(&[key().jwk()])).await;
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start_async().await;
        let location = target.url("/keys");
        server
            .mock_async(|when, then| {
                when.path("/keys");
                then.status(status)
                    .header("location", &location)
                    .body(jwks(&[key().jwk()]));
            })
            .await;
        let verifier = remote(&server, &clock()).build().unwrap();
        assert_eq!(
            verifier.verify(&token(json!({}))).await.unwrap_err().kind(),
            ErrorKind::KeysUnavailable
        );
    }
    at_target.assert_calls_async(0).await;
}
