//! What was measured on the earlier SDK: each row fails there and passes here.

use std::time::{Duration, Instant};

use httpmock::MockServer;
use runbeam_sdk::http::RetryPolicy;
use runbeam_sdk::model::{Gateway, GatewayId};
use runbeam_sdk::{
    ErrorKind, JwtValidationOptions, MachineToken, RunbeamClient, validate_jwt_token,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The address of a server that answers every connection with `head`, and then with zeros without end.
async fn endless(head: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let mut sent = stream.write_all(head.as_bytes()).await;
                while sent.is_ok() && !head.is_empty() {
                    sent = stream.write_all(&[b'0'; 65_536]).await;
                }
                tokio::time::sleep(Duration::from_secs(60)).await;
            });
        }
    });
    url
}

#[tokio::test]
async fn an_explicit_jwks_uri_is_used_as_it_is_written() {
    let cloud = runbeam_emulator::Emulator::start().await.unwrap();
    let server = MockServer::start_async().await;
    let keys = serde_json::json!({"keys": [cloud.signing_key().jwk()]});
    let mock = server
        .mock_async(|when, then| {
            when.path("/somewhere/keys");
            then.status(200).json_body(keys);
        })
        .await;
    let options = JwtValidationOptions::new()
        .with_trusted_issuers([cloud.url()])
        .with_jwks_uri(server.url("/somewhere/keys"));
    assert!(validate_jwt_token(&cloud.mint_jwt(), options).await.is_ok());
    mock.assert_calls_async(1).await;
}

#[tokio::test]
async fn a_stalled_server_ends_at_the_deadline() {
    let client = RunbeamClient::builder(endless("").await)
        .with_token("1|t")
        .with_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let start = Instant::now();
    let error = client.gateways().list().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient()),
        (ErrorKind::Unreachable, true)
    );
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn the_request_id_and_the_wait_of_a_503_are_kept() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|_, then| {
            then.status(503)
                .header("retry-after", "17")
                .header("x-request-id", "01kc");
        })
        .await;
    let client = RunbeamClient::builder(server.base_url())
        .with_token("1|t")
        .with_retries(RetryPolicy::never())
        .build()
        .unwrap();
    let error = client.gateways().list().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient()),
        (ErrorKind::ServerFailed, true)
    );
    assert_eq!(
        (error.request_id(), error.retry_after()),
        (Some("01kc"), Some(Duration::from_secs(17)))
    );
    assert_eq!(
        error.to_string(),
        "gatewaysIndex failed (status 503, request 01kc): the server is overloaded or down for maintenance; try again later (the server asks for 17 s)"
    );
}

#[tokio::test]
async fn a_redirect_to_the_login_page_is_named_for_what_it_is() {
    let server = MockServer::start_async().await;
    server
        .mock_async(|when, then| {
            when.header_missing("accept");
            then.status(302).header("location", "/login");
        })
        .await;
    server
        .mock_async(|when, then| {
            when.header("accept", "application/json");
            then.status(401).body(r#"{"message":"Unauthenticated."}"#);
        })
        .await;
    let client = RunbeamClient::new(server.base_url()).with_token("1|t");
    assert_eq!(
        client.gateways().list().await.unwrap_err().kind(),
        ErrorKind::SignIn
    );

    let always = MockServer::start_async().await;
    always
        .mock_async(|_, then| {
            then.status(302).header("location", "/login");
        })
        .await;
    let error = RunbeamClient::new(always.base_url())
        .with_token("1|t")
        .gateways()
        .list()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert!(
        error
            .refusal()
            .unwrap()
            .to_string()
            .contains("a redirect to the login page /login, which is not followed")
    );
}

#[tokio::test]
async fn a_resource_id_cannot_change_the_address() {
    let server = MockServer::start_async().await;
    let anything = server
        .mock_async(|_, then| {
            then.status(200).body("{}");
        })
        .await;
    let client = RunbeamClient::new(server.base_url()).with_token("1|t");
    let error = client
        .gateways()
        .get("a/../../services?x=1")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    anything.assert_calls_async(0).await;

    let odd: GatewayId = "a?x=1#y%2e".parse().unwrap();
    let shown = server
        .mock_async(|when, then| {
            when.path("/api/gateways/a%3Fx%3D1%23y%252e");
            then.status(404);
        })
        .await;
    anything.delete_async().await;
    assert_eq!(
        client.gateways().get(&odd).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    shown.assert_calls_async(1).await;
}

#[test]
fn debug_of_a_machine_token_hides_the_secret() {
    let token: MachineToken = r#"{"machine_token":"mt_canary","gateway_code":"edge"}"#
        .parse()
        .unwrap();
    let shown = format!("{token:?}");
    assert!(
        !shown.contains("canary") && shown.contains("edge"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_authorization_that_is_redirected_takes_no_token_along() {
    let target = MockServer::start_async().await;
    let at_target = target
        .mock_async(|_, then| {
            then.status(200).body("{}");
        })
        .await;
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start_async().await;
        server
            .mock_async(|_, then| {
                then.status(status)
                    .header("location", target.url("/api/harmony/authorize"));
            })
            .await;
        let client = RunbeamClient::new(server.base_url());
        let error = client
            .authorize_gateway("1|t", "gateway-123", None, None)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::UnexpectedAnswer, Some(status))
        );
    }
    at_target.assert_calls_async(0).await;
}

#[tokio::test]
async fn a_huge_body_is_neither_read_nor_repeated() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2147483648\r\n\r\n",
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 536870912\r\n\r\n",
    ] {
        let client = RunbeamClient::new(endless(head).await).with_token("1|t");
        let start = Instant::now();
        let error = client.gateways().list().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let text = format!("{error:?}");
        assert!(
            text.len() < 1000 && start.elapsed() < Duration::from_secs(5),
            "{text}"
        );
    }
}

#[test]
fn one_odd_row_does_not_cost_the_page() {
    let page = r#"{"data":[
        {"type":"gateway","id":17,"code":"a","name":"a","team_id":null,"enabled":1,"settings":null,"dns":null},
        {"type":"gateway","id":"b","name":"b","enabled":0,"new_field":{"x":1},"created_at":"2026-01-12T08:15:30+00:00"}
    ]}"#;
    let page: runbeam_sdk::model::Page<Gateway> = serde_json::from_str(page).unwrap();
    assert_eq!(page.data[0].id, "17");
    assert_eq!(
        (
            page.data[0].enabled.into_option(),
            page.data[0].team_id.is_none()
        ),
        (Some(true), true)
    );
    assert_eq!(
        (
            page.data[1].enabled.into_option(),
            page.data[1].code.as_str()
        ),
        (Some(false), "")
    );
}
