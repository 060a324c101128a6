//! What a caller learns when something fails, and what nobody must learn.

use std::error::Error as _;

use httpmock::MockServer;
use runbeam_sdk::{
    ErrorKind, JwtValidationOptions, RunbeamClient, load_token, save_token, validate_jwt_token,
};

fn chain(error: &runbeam_sdk::Error) -> String {
    let mut text = format!("{error:?} {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(" <- {error} {error:?}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_client_that_cannot_be_built_says_so_at_every_call() {
    for base in [
        "",
        "api.runbeam.io",
        "http://api.runbeam.io",
        "ftp://h",
        "https://user:canary@h",
        "https://h?q",
    ] {
        let client = RunbeamClient::new(base).with_token("1|t");
        for _ in 0..2 {
            let error = client.gateways().list().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("invalid base URL: "), "{error}");
            assert!(!chain(&error).contains("canary"));
        }
        assert!(!format!("{client:?}").contains("canary"));
        assert!(RunbeamClient::builder(base).build().is_err());
    }
    assert!(
        RunbeamClient::builder("http://api.runbeam.io")
            .dangerous_allow_plaintext()
            .build()
            .is_ok()
    );
}

#[tokio::test]
async fn arguments_are_checked_before_anything_is_sent() {
    let client = RunbeamClient::new("http://127.0.0.1:1");
    let no_token = client.gateways().list().await.unwrap_err();
    assert_eq!(no_token.kind(), ErrorKind::Configuration);
    assert!(no_token.to_string().contains("`with_token`"));
    for token in ["", "canary\r\nx: y", "canary canary"] {
        let error = client
            .authorize_gateway(token, "gateway-123", None, None)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(!chain(&error).contains("canary"), "{error}");
    }
    for code in ["", "a/b", "..", &"x".repeat(256)] {
        let error = client
            .authorize_gateway("1|t", code, None, None)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{code}");
    }
    for instance in ["", "../escaped", "/etc", "a/b"] {
        assert_eq!(
            load_token(instance).await.unwrap_err().kind(),
            ErrorKind::Storage,
            "{instance}"
        );
        let token = "mt_canary".parse().unwrap();
        let error = save_token(instance, &token).await.unwrap_err();
        assert!(!chain(&error).contains("canary"), "{error}");
    }
}

#[tokio::test]
async fn a_token_never_shows_wherever_the_server_repeats_it() {
    const TOKEN: &str = "12|canary5d1f";
    for status in [200, 302, 400, 401, 422, 500] {
        let server = MockServer::start_async().await;
        let body = format!(
            r#"{{"message":"{TOKEN}","error":"{TOKEN}","errors":{{"{TOKEN}":["{TOKEN}"]}},"machine_token":"{TOKEN}"}}"#
        );
        server
            .mock_async(|_, then| {
                then.status(status)
                    .header("x-request-id", TOKEN)
                    .header("location", format!("/{TOKEN}"))
                    .body(body);
            })
            .await;
        let client = RunbeamClient::new(server.base_url());
        let error = client
            .authorize_gateway(TOKEN, "gateway-123", None, None)
            .await
            .unwrap_err();
        assert!(
            !chain(&error).contains("canary"),
            "{status}: {}",
            chain(&error)
        );
    }
}

#[tokio::test]
async fn a_rejected_token_is_not_repeated_either() {
    let options = JwtValidationOptions::new().with_trusted_issuers(["http://127.0.0.1:1"]);
    for token in ["canary", "12|canary", "canary.canary.canary", ""] {
        let error = validate_jwt_token(token, &options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignIn);
        assert!(!chain(&error).contains("canary"), "{}", chain(&error));
    }
    for bad in [
        options.clone().with_jwks_uri("http://keys.example.com"),
        options.with_jwks_uri("keys"),
    ] {
        let error = validate_jwt_token("a.b.c", bad).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}
