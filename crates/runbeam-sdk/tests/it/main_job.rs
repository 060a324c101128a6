//! Authorize a gateway with a user's token, and call the API with the machine token.

use runbeam_emulator::{Emulator, Operation};
use runbeam_sdk::{
    ErrorKind, JwtValidationOptions, MachineToken, RunbeamClient, validate_jwt_token,
};

async fn authorize(
    cloud: &Emulator,
    base_url: String,
    user_token: &str,
) -> (RunbeamClient, MachineToken) {
    let client = RunbeamClient::new(base_url);
    let metadata = Some(vec!["version=0.1.0".to_owned()]);
    let response = client
        .authorize_gateway(user_token, "gateway-123", None, metadata)
        .await
        .unwrap();
    assert_eq!(response.expires_in, 2_592_000.0);
    assert_eq!(response.gateway.code, "gateway-123");
    assert_eq!(
        response.gateway.authorized_by.as_ref().unwrap().email,
        cloud.user().email()
    );
    let token = MachineToken::new(
        response.machine_token,
        response.expires_at,
        response.gateway.id,
        response.gateway.code,
        response.abilities,
    );
    (client, token)
}

async fn check_main_job(cloud: &Emulator, base_url: String, user_token: &str) {
    let (client, token) = authorize(cloud, base_url, user_token).await;
    assert!(token.is_valid() && !token.is_expired());

    let as_machine = client.with_token(&token.machine_token);
    let gateways = as_machine.gateways().list().await.unwrap();
    assert!(
        gateways
            .data
            .iter()
            .any(|gateway| gateway.code == "gateway-123")
    );
    let gateway = as_machine
        .gateways()
        .get(token.gateway_id.get().unwrap())
        .await
        .unwrap();
    assert_eq!(
        (gateway.code.as_str(), gateway.enabled.into_option()),
        ("gateway-123", Some(true))
    );

    let revoked = client
        .with_token(user_token)
        .revoke_gateway("gateway-123")
        .await
        .unwrap();
    assert_eq!(revoked.revoked, Some(1));
    let error = as_machine.gateways().list().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.is_transient()),
        (ErrorKind::SignIn, Some(401), false)
    );
    assert!(
        error.to_string().contains("authorize the gateway"),
        "{error}"
    );
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn with_a_sanctum_token_and_every_spelling_of_the_base() {
    let cloud = Emulator::start().await.unwrap();
    for suffix in ["", "/", "/api", "/api/", "/api/api"] {
        check_main_job(&cloud, cloud.url() + suffix, &cloud.mint_sanctum_token()).await;
    }
}

#[tokio::test]
async fn with_a_jwt_that_is_verified_first() {
    let cloud = Emulator::start().await.unwrap();
    let token = cloud.mint_jwt();
    let options = JwtValidationOptions::new().with_trusted_issuers([cloud.url()]);
    let claims = validate_jwt_token(&token, &options).await.unwrap();
    assert_eq!(claims.api_base_url(), cloud.url());
    assert_eq!(claims.user.as_ref().unwrap().email, cloud.user().email());
    assert_eq!(claims.team.as_ref().unwrap().name, cloud.team().name());
    check_main_job(&cloud, claims.api_base_url(), &token).await;

    for _ in 0..100 {
        validate_jwt_token(&token, &options).await.unwrap();
    }
    assert_eq!(cloud.requests(Operation::Jwks), 1);
}

#[tokio::test]
async fn a_stranger_is_not_trusted_without_being_named() {
    let cloud = Emulator::start().await.unwrap();
    // The default is the configured cloud, which is not this one.
    let error = validate_jwt_token(&cloud.mint_jwt(), 24).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert_eq!(cloud.requests(Operation::Jwks), 0);

    let other = Emulator::start().await.unwrap();
    let trusting = JwtValidationOptions::new().with_trusted_issuers([cloud.url()]);
    let header =
        serde_json::json!({"alg": "RS256", "kid": cloud.signing_key().key_id()}).to_string();
    let claims = serde_json::json!({"iss": cloud.issuer(), "sub": "u1", "exp": 4_102_444_800u32})
        .to_string();
    let genuine = cloud.signing_key().sign_raw(&header, &claims);
    assert!(validate_jwt_token(&genuine, &trusting).await.is_ok());
    let forged = other.signing_key().sign_raw(&header, &claims);
    assert_eq!(
        validate_jwt_token(&forged, &trusting)
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::SignIn
    );
}

#[tokio::test]
async fn a_cloud_that_is_gone_is_not_a_bad_token() {
    let cloud = Emulator::start().await.unwrap();
    let (url, token) = (cloud.url(), cloud.mint_jwt());
    cloud.shutdown().await;
    let options = JwtValidationOptions::new().with_trusted_issuers([&url]);
    let error = validate_jwt_token(&token, &options).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient()),
        (ErrorKind::CannotVerify, true)
    );
    let error = RunbeamClient::new(url)
        .authorize_gateway(token, "gateway-123", None, None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient()),
        (ErrorKind::Unreachable, true)
    );
}
