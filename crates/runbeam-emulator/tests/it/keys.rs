//! The published keys, and the tokens that they verify.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use runbeam_emulator::{JwtSpec, Operation};
use serde_json::{Value, json};

use crate::{client::Request, start};

#[tokio::test]
async fn the_key_set_is_public_and_may_be_cached_for_an_hour() {
    let emulator = start().await;
    for target in [
        "/api/.well-known/jwks.json",
        "/.well-known/jwks.json",
        "/api/api/.well-known/jwks.json",
    ] {
        let answer = Request::new("GET", target).send(emulator.address()).await;
        answer.expect(200, json!({ "keys": [emulator.signing_key().jwk()] }));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert_eq!(emulator.requests(Operation::Jwks), 3);
    assert!(emulator.jwks_url().ends_with("/api/.well-known/jwks.json"));
}

#[tokio::test]
async fn a_published_key_verifies_a_minted_token() {
    let emulator = start().await;
    let answer = Request::new("GET", "/api/.well-known/jwks.json")
        .send(emulator.address())
        .await;
    let key = &answer.json()["keys"][0];
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();

    let token = emulator.mint_jwt();
    let (input, signature) = token.rsplit_once('.').unwrap();
    RsaPublicKeyComponents {
        n: number("n"),
        e: number("e"),
    }
    .verify(
        &RSA_PKCS1_2048_8192_SHA256,
        input.as_bytes(),
        &URL_SAFE_NO_PAD.decode(signature).unwrap(),
    )
    .unwrap();
    assert_eq!(part(&token, 0)["kid"], key["kid"]);
}

#[tokio::test]
async fn a_user_token_says_what_the_cloud_would_say() {
    let emulator = start().await;
    let claims = part(&emulator.mint_jwt(), 1);
    let device_login = format!("{}/api/cli/check-login/dt_", emulator.url());
    assert!(
        claims["iss"].as_str().unwrap().starts_with(&device_login),
        "{claims}"
    );
    assert_eq!(claims.get("aud"), None);
    assert_eq!(claims["sub"], emulator.user().id());
    assert_eq!(
        claims["team"],
        json!({ "id": emulator.team().id(), "name": "Atlantic Imaging" })
    );
    assert_eq!(claims["user"]["email"], "ines@example.test");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
    assert_eq!(claims["nbf"], claims["iat"]);
}

#[tokio::test]
async fn claims_can_be_added_changed_and_left_out() {
    let emulator = start().await;
    let spec = JwtSpec::new()
        .with_claim("aud", json!(["runbeam-cli"]))
        .with_claim("sub", 7)
        .without_claim("nbf");
    let claims = part(&emulator.mint_jwt_with(spec), 1);
    assert_eq!(claims["aud"], json!(["runbeam-cli"]));
    assert_eq!(claims["sub"], 7);
    assert_eq!(claims.get("nbf"), None);
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
