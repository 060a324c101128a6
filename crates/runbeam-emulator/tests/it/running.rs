//! Starting, stopping, and what a running emulator shows of itself.

use std::{error::Error, net::SocketAddr, time::Duration};

use runbeam_emulator::{Emulator, ErrorKind, JwtSpec, SanctumSpec};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    builder,
    client::{Request, Response},
    get, start,
};

#[tokio::test]
async fn it_starts_on_a_free_port_of_127_0_0_1_with_a_key_of_its_own() {
    let (one, two) = (
        Emulator::start().await.unwrap(),
        Emulator::start().await.unwrap(),
    );
    assert!(one.url().starts_with("http://127.0.0.1:"));
    assert_ne!(one.url(), two.url());
    assert_ne!(one.signing_key().key_id(), two.signing_key().key_id());
    let foreign = Request::new("GET", "/api/gateways").bearer(&one.mint_jwt());
    assert_eq!(foreign.clone().send(one.address()).await.status, 200);
    assert_eq!(foreign.send(two.address()).await.status, 401);
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let address: SocketAddr = address.parse().unwrap();
        let error = builder().with_listen(address).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotLoopback);
        assert!(
            error
                .to_string()
                .starts_with(&format!("{address} is not a loopback address")),
            "{error}"
        );
    }
    let open = builder()
        .with_listen("0.0.0.0:0".parse().unwrap())
        .dangerous_allow_any_address();
    assert!(open.start().await.is_ok());
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let emulator = start().await;
    let error = builder()
        .with_listen(emulator.address())
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    assert!(
        error
            .to_string()
            .starts_with(&format!("{} is in use", emulator.address())),
        "{error}"
    );
    assert!(error.source().is_some());
}

#[tokio::test]
async fn the_lifetime_of_user_tokens_and_the_code_are_settings() {
    let settings = builder()
        .with_jwt_lifetime(Duration::ZERO)
        .with_gateway_code("quay");
    let emulator = settings.start().await.unwrap();
    assert_eq!(
        get(&emulator, "/api/gateways").await.status,
        401,
        "no lifetime, no access"
    );
    let hour = JwtSpec::new().with_lifetime(Duration::from_secs(3600));
    let request = Request::new("GET", "/api/gateways").bearer(&emulator.mint_jwt_with(hour));
    assert_eq!(request.send(emulator.address()).await.status, 200);
    assert_eq!(emulator.gateway_code(), "quay");
}

/// A request on an open connection, whose body has not been sent yet.
async fn half_a_request(emulator: &Emulator, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    let head = format!(
        "POST /api/gateways HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        emulator.mint_jwt(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(
        &answer, b"HTTP/1.1 100 Continue\r\n\r\n",
        "now the handler waits for the body"
    );
    stream
}

#[tokio::test]
async fn a_shutdown_lets_requests_in_flight_finish_and_accepts_no_more() {
    let emulator = start().await;
    let address = emulator.address();
    let idle = TcpStream::connect(address).await.unwrap();
    let body = r#"{"name":"edge"}"#;
    let mut stream = half_a_request(&emulator, body).await;

    let stopping = tokio::spawn(emulator.shutdown());
    let finished = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(Response::parse(&answer).status, 201);
        stopping.await.unwrap();
    };
    // After 5 seconds what is still open is cut off; here nothing needs to be.
    timeout(Duration::from_secs(4), finished)
        .await
        .expect("neither the idle connection nor the busy one delays the stop");
    drop(idle);
}

#[tokio::test]
async fn dropping_it_closes_everything() {
    let emulator = start().await;
    let address = emulator.address();
    let mut stream = half_a_request(&emulator, "{}").await;
    drop(emulator);
    let mut rest = Vec::new();
    let closed = timeout(Duration::from_secs(4), stream.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the connection ends");
    assert!(rest.is_empty(), "without an answer");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let emulator = start().await;
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    for _ in 0..3 {
        stream
            .write_all(b"HEAD /api/.well-known/jwks.json HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let emulator = start().await;
    let tokens = [emulator.mint_jwt(), emulator.mint_sanctum_token()];
    let machine = crate::post(
        &emulator,
        "/api/harmony/authorize",
        serde_json::json!({ "gateway_code": "edge" }),
    )
    .await;
    let machine = machine.json()["machine_token"].as_str().unwrap().to_owned();
    let shown = format!(
        "{emulator:?} {:?} {:?} {:?}",
        builder(),
        JwtSpec::new(),
        SanctumSpec::new()
    );
    assert!(shown.contains(&emulator.url()));
    for secret in tokens.iter().chain([&machine]) {
        assert!(!shown.contains(secret.as_str()));
    }
}
