//! The five verbs on a kind of resource.

use runbeam_emulator::Emulator;
use runbeam_sdk::model::GatewayDraft;
use runbeam_sdk::{ErrorKind, RunbeamClient};

#[tokio::test]
async fn a_gateway_is_created_listed_shown_updated_and_deleted() {
    let cloud = Emulator::start().await.unwrap();
    let client = RunbeamClient::new(cloud.url()).with_token(cloud.mint_sanctum_token());
    let draft = GatewayDraft::new("edge-porto")
        .with_dns(["porto.example.test"])
        .with_jwks_cache_duration_hours(24);
    let created = client.gateways().create(&draft).await.unwrap();
    assert_eq!(
        (created.name.as_str(), created.enabled.into_option()),
        ("edge-porto", Some(false))
    );
    assert_eq!(created.dns, ["porto.example.test"]);

    let update = GatewayDraft::new("edge-porto").with_enabled(true);
    let updated = client
        .gateways()
        .update(&created.id, &update)
        .await
        .unwrap();
    assert_eq!(
        (updated.enabled.into_option(), updated.dns),
        (Some(true), created.dns.clone())
    );
    assert_eq!(
        client
            .gateways()
            .get(created.id.as_str())
            .await
            .unwrap()
            .enabled,
        Some(true)
    );

    let deleted = client.gateways().delete(&created.id).await.unwrap();
    assert_eq!(deleted.message, "Gateway deleted successfully");
    assert_eq!(
        client.gateways().get(&created.id).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn pages_follow_each_other_to_the_last() {
    let cloud = Emulator::start().await.unwrap();
    let client = RunbeamClient::new(cloud.url()).with_token(cloud.mint_sanctum_token());
    let before = client.gateways().list().await.unwrap().meta.unwrap().total;
    for index in 0..7 {
        client
            .gateways()
            .create(&GatewayDraft::new(format!("edge-{index}")))
            .await
            .unwrap();
    }
    let (mut names, mut next) = (Vec::new(), Some(1));
    while let Some(number) = next {
        let page = client.gateways().list_page(number, 3).await.unwrap();
        next = page.next_page();
        names.extend(page.data.into_iter().map(|gateway| gateway.name));
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len() as u64, before + 7);
}

#[tokio::test]
async fn what_the_server_finds_wrong_is_told_by_field() {
    let cloud = Emulator::start().await.unwrap();
    let client = RunbeamClient::new(cloud.url()).with_token(cloud.mint_sanctum_token());
    let draft = GatewayDraft::new("").with_jwks_cache_duration_hours(1000);
    let error = client.gateways().create(&draft).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Refused, Some(422))
    );
    let fields: Vec<_> = error.field_errors().unwrap().keys().collect();
    assert_eq!(fields, ["jwks_cache_duration_hours", "name"]);
}
