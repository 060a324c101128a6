//! The answers of the contract's examples, which the emulator did not make.

use httpmock::MockServer;
use runbeam_sdk::http::RetryPolicy;
use runbeam_sdk::model::GatewayDraft;
use runbeam_sdk::{ErrorKind, RunbeamClient};

use crate::shared_files;

const TOKEN: &str = "12|p0LmXw3rT8";

fn example(name: &str) -> Option<String> {
    shared_files::read(&format!("contract/examples/cloud-{name}.json"))
}

/// A client of a server that gives one answer to one request, for both usual bases.
async fn check<T>(
    method: &'static str,
    path: &str,
    status: u16,
    body: &str,
    call: impl AsyncFn(RunbeamClient) -> T,
    expect: impl Fn(T),
) {
    for base in ["", "/api"] {
        let server = MockServer::start_async().await;
        let mock = server
            .mock_async(|when, then| {
                when.method(method)
                    .path(path)
                    .header("authorization", format!("Bearer {TOKEN}"))
                    .header("accept", "application/json");
                then.status(status)
                    .header("content-type", "application/json")
                    .body(body);
            })
            .await;
        // One example, one request, whatever its status is.
        let client = RunbeamClient::builder(server.url(base))
            .with_token(TOKEN)
            .with_retries(RetryPolicy::never());
        expect(call(client.build().unwrap()).await);
        mock.assert_calls_async(1).await;
    }
}

#[tokio::test]
async fn an_authorization_is_read() {
    let Some(body) = example("authorize-201") else {
        return;
    };
    let call = async |client: RunbeamClient| {
        let metadata = Some(vec!["version=0.11.0".to_owned(), "os=linux".to_owned()]);
        client
            .authorize_gateway(TOKEN, "edge-lisbon", None, metadata)
            .await
            .unwrap()
    };
    check(
        "POST",
        "/api/harmony/authorize",
        201,
        &body,
        call,
        |response| {
            assert_eq!(
                response.machine_token.expose(),
                "mt_fe7f7ccc3fc17be1d0804567821a101836b66dd8eb03ed76"
            );
            assert_eq!(
                response.expires_at.to_string(),
                "2026-02-11T08:15:30.000000Z"
            );
            assert_eq!(response.gateway.id, "01kctftk2mdjffee5fqs6capf6");
            assert_eq!(response.gateway.authorized_by.unwrap().name, "Ines Prado");
            assert_eq!(
                response.abilities,
                ["harmony:send", "harmony:receive", "harmony:config"]
            );
        },
    )
    .await;
}

#[tokio::test]
async fn an_authorization_is_asked_for_in_the_documented_form() {
    let (Some(request), Some(answer)) = (example("authorize-request"), example("authorize-201"))
    else {
        return;
    };
    let expected: serde_json::Value = serde_json::from_str(&request).unwrap();
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.json_body(expected)
                .header("content-type", "application/json");
            then.status(201).body(answer);
        })
        .await;
    let metadata = Some(vec!["version=0.11.0".to_owned(), "os=linux".to_owned()]);
    let client = RunbeamClient::new(server.base_url());
    client
        .authorize_gateway(TOKEN, "edge-lisbon", None, metadata)
        .await
        .unwrap();
    mock.assert_calls_async(1).await;
}

#[tokio::test]
async fn gateways_are_read() {
    let (Some(index), Some(two_pages), Some(empty)) = (
        example("gateways-index"),
        example("gateways-index-two-pages"),
        example("gateways-index-empty"),
    ) else {
        return;
    };
    let list = async |client: RunbeamClient| client.gateways().list().await.unwrap();
    check("GET", "/api/gateways", 200, &index, list, |page| {
        assert!(
            page.data
                .iter()
                .any(|gateway| gateway.code == "edge-lisbon" && gateway.enabled == Some(true))
        );
    })
    .await;
    check("GET", "/api/gateways", 200, &two_pages, list, |page| {
        assert_eq!(
            (page.data.len(), page.next_page(), page.meta.unwrap().total),
            (1, Some(2), 2)
        );
    })
    .await;
    check("GET", "/api/gateways", 200, &empty, list, |page| {
        assert_eq!((page.data.len(), page.next_page()), (0, None))
    })
    .await;
}

#[tokio::test]
async fn one_gateway_is_shown_created_and_deleted() {
    let (Some(show), Some(store), Some(destroy)) = (
        example("gateway-show"),
        example("gateway-store-201"),
        example("gateway-destroy"),
    ) else {
        return;
    };
    let id = "01kctftk2mdjffee5fqs6capf6";
    let path = format!("/api/gateways/{id}");
    let get = async |client: RunbeamClient| client.gateways().get(id).await.unwrap();
    check("GET", &path, 200, &show, get, |gateway| {
        assert_eq!(gateway.settings["log_level"], "info");
        assert_eq!(
            gateway.updated_at.unwrap().to_string(),
            "2026-01-12T09:02:11.000000Z"
        );
    })
    .await;
    let create = async |client: RunbeamClient| {
        client
            .gateways()
            .create(&GatewayDraft::new("edge-porto"))
            .await
            .unwrap()
    };
    check("POST", "/api/gateways", 201, &store, create, |gateway| {
        assert_eq!(gateway.enabled, Some(false))
    })
    .await;
    let delete = async |client: RunbeamClient| client.gateways().delete(id).await.unwrap();
    check("DELETE", &path, 200, &destroy, delete, |deleted| {
        assert_eq!(deleted.message, "Gateway deleted successfully")
    })
    .await;
}

#[tokio::test]
async fn a_revocation_is_read() {
    let Some(body) = example("revoke-200") else {
        return;
    };
    let revoke = async |client: RunbeamClient| client.revoke_gateway("edge-lisbon").await.unwrap();
    check(
        "POST",
        "/api/harmony/revoke",
        200,
        &body,
        revoke,
        |answer| assert_eq!(answer.revoked, Some(1)),
    )
    .await;
}

#[tokio::test]
async fn every_refusal_has_its_kind() {
    let refusals = [
        ("error-401", 401, ErrorKind::SignIn, false),
        ("error-403", 403, ErrorKind::NotAllowed, false),
        ("error-403-harmony", 403, ErrorKind::NotAllowed, false),
        ("error-404", 404, ErrorKind::NotFound, false),
        ("error-422", 422, ErrorKind::Refused, false),
        ("error-429", 429, ErrorKind::RateLimited, true),
    ];
    for (name, status, kind, is_transient) in refusals {
        let Some(body) = example(name) else { return };
        let list = async |client: RunbeamClient| client.gateways().list().await.unwrap_err();
        check("GET", "/api/gateways", status, &body, list, |error| {
            assert_eq!(
                (error.kind(), error.status(), error.is_transient()),
                (kind, Some(status), is_transient)
            );
            let said = error.refusal().unwrap().to_string();
            let message =
                serde_json::from_str::<serde_json::Value>(&body).unwrap()["message"].clone();
            assert!(said.contains(message.as_str().unwrap()), "{said}");
        })
        .await;
    }
}
