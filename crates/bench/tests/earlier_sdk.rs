//! The earlier SDK of the same name, as it is on crates.io, works against our emulator: its reading of the contract
//! and that of the emulator agree.

use earlier_sdk::{ApiError, RunbeamClient, RunbeamError};
use runbeam_emulator::{Emulator, Operation};

async fn authorizes_and_lists(cloud: &Emulator, base: &str, user_token: &str) {
    let client = RunbeamClient::new(base);
    let response = client
        .authorize_gateway(user_token, "edge-earlier", None, None)
        .await
        .unwrap();
    assert_eq!(response.gateway.code, "edge-earlier");
    assert_eq!(response.expires_in, 2_592_000.0);
    assert!(!response.abilities.is_empty());

    let before = cloud.requests(Operation::GatewaysIndex);
    let gateways = client.list_gateways(&response.machine_token).await.unwrap();
    assert!(
        gateways
            .data
            .iter()
            .any(|gateway| gateway.code == "edge-earlier"),
        "{base}"
    );
    let gateway = client
        .get_gateway(&response.machine_token, &response.gateway.id)
        .await
        .unwrap();
    assert_eq!(gateway.data.enabled, Some(true));
    assert_eq!(cloud.requests(Operation::GatewaysIndex), before + 1);
}

#[tokio::test]
async fn it_authorizes_and_lists_gateways_with_either_base() {
    let cloud = Emulator::start().await.unwrap();
    for base in [cloud.url(), cloud.url() + "/api"] {
        authorizes_and_lists(&cloud, &base, &cloud.mint_sanctum_token()).await;
        authorizes_and_lists(&cloud, &base, &cloud.mint_jwt()).await;
    }
}

#[tokio::test]
async fn it_trusts_the_tokens_of_the_emulator() {
    let cloud = Emulator::start().await.unwrap();
    let options = earlier_sdk::JwtValidationOptions::new().with_trusted_issuers(vec![cloud.url()]);
    let claims = earlier_sdk::validate_jwt_token(&cloud.mint_jwt(), &options)
        .await
        .unwrap();
    assert_eq!(claims.api_base_url(), cloud.url());
    assert_eq!(claims.user.unwrap().email, cloud.user().email());
    assert_eq!(cloud.requests(Operation::Jwks), 1);
}

#[tokio::test]
async fn it_is_refused_where_it_must_be() {
    let cloud = Emulator::start().await.unwrap();
    let client = RunbeamClient::new(cloud.url());
    let error = client.list_gateways("mt_unknown").await.unwrap_err();
    assert!(
        matches!(error, RunbeamError::Api(ApiError::Http { status: 401, .. })),
        "{error}"
    );
}
