//! Calls as they were written for the earlier SDK.

use runbeam_emulator::{ChangeKind, ChangeSpec, Emulator};
use runbeam_sdk::compat::{PaginatedResponse, ResourceResponse, RunbeamClient};
use runbeam_sdk::model::{Change, Gateway, GatewayDraft, Service, ServiceDraft};

#[tokio::test]
async fn flat_names_call_the_same_operations() {
    let cloud = Emulator::start().await.unwrap();
    let client = RunbeamClient::new(cloud.url());
    assert_eq!(client.base_url(), cloud.url());
    let user_token = cloud.mint_sanctum_token();
    let auth = client
        .authorize_gateway(&user_token, "gateway-123", None, None)
        .await
        .unwrap();
    let token = auth.machine_token.expose().to_owned();

    let gateways: PaginatedResponse<Gateway> = client.list_gateways(&user_token).await.unwrap();
    for gateway in &gateways.data {
        let shown: ResourceResponse<Gateway> = client
            .get_gateway(&user_token, gateway.id.as_str())
            .await
            .unwrap();
        assert_eq!(
            format!("{}: {}", shown.data.name, shown.data.enabled),
            "gateway-123: true"
        );
    }
    let draft = ServiceDraft::new("imaging").with_gateway_id(auth.gateway.id.clone());
    let service = client
        .create_service(&user_token, &draft)
        .await
        .unwrap()
        .data;
    let services: PaginatedResponse<Service> = client.list_services(&user_token).await.unwrap();
    assert_eq!(
        services.data[0].gateway_id.to_string(),
        auth.gateway.id.as_str()
    );
    let shown = client
        .get_service(&user_token, service.id.as_str())
        .await
        .unwrap();
    assert_eq!(shown.data.service_type, None);
    let changed = GatewayDraft::new("edge-porto");
    let id = auth.gateway.id.as_str();
    assert_eq!(
        client
            .update_gateway(&user_token, id, &changed)
            .await
            .unwrap()
            .data
            .name,
        "edge-porto"
    );
    client
        .delete_service(&user_token, service.id.as_str())
        .await
        .unwrap();

    let queued = cloud
        .queue_change(id, ChangeSpec::new(ChangeKind::Gateway, "x = 1\n"))
        .unwrap();
    let waiting: PaginatedResponse<Change> =
        client.list_changes_for_gateway(&token, id).await.unwrap();
    let count = waiting.data.len();
    assert_eq!(client.list_changes(&token).await.unwrap().data.len(), count);
    let change = client.get_change(&token, &queued).await.unwrap().data;
    assert_eq!(change.toml_config.as_deref(), Some("x = 1\n"));
    let acknowledged = client
        .acknowledge_changes(&token, vec![queued.clone()])
        .await
        .unwrap();
    assert_eq!(acknowledged.acknowledged.len(), 1);
    let failed = client
        .mark_change_failed(&token, &queued, "why".to_owned(), None)
        .await;
    assert!(failed.unwrap().success);
    let stored = client
        .store_config(&token, "pipeline", None, "[pipelines.studies]\n")
        .await
        .unwrap();
    assert!(stored.success);
    assert!(
        client
            .get_base_url(&token)
            .await
            .unwrap()
            .base_url
            .ends_with("/api")
    );
    let discovered = client.discover_base_url(&token).await.unwrap();
    assert_eq!(discovered.base_url(), cloud.url());
    assert!(
        discovered
            .resolve_reference(&token, "runbeam.name.studies")
            .await
            .is_ok()
    );
    assert!(
        discovered
            .request_mesh_token(&token, "unknown", "https://h")
            .await
            .is_err()
    );
    assert!(
        discovered
            .mark_change_applied(&token, "unknown")
            .await
            .is_err()
    );
}
