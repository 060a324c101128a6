//! How long the emulator waits for a client, on a clock that jumps whenever everybody waits.

use runbeam_emulator::Emulator;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{client::Response, start};

/// Sends `bytes` and waits for the emulator to close: what it answered, and after how many seconds.
async fn wait_for_the_end(emulator: &Emulator, bytes: &str) -> (String, u64) {
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let begin = Instant::now();
    let mut answer = String::new();
    let closed = tokio::time::timeout(
        Duration::from_secs(3600),
        stream.read_to_string(&mut answer),
    );
    closed
        .await
        .expect("the connection does not stay for ever")
        .unwrap();
    (answer, begin.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn headers_must_arrive_within_30_seconds() {
    let emulator = start().await;
    let (_, seconds) = wait_for_the_end(&emulator, "GET /api/gateways HTTP/1.1\r\nHost:").await;
    assert_eq!(seconds, 30);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let emulator = start().await;
    let request = "GET /api/.well-known/jwks.json HTTP/1.1\r\nHost: h\r\n\r\n";
    let (answer, seconds) = wait_for_the_end(&emulator, request).await;
    assert_eq!(Response::parse(&answer).status, 200);
    assert_eq!(seconds, 30);
}

#[tokio::test(start_paused = true)]
async fn a_body_must_arrive_within_10_seconds() {
    let emulator = start().await;
    let request = format!(
        "POST /api/gateways HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Length: 2\r\n\r\n{{",
        emulator.mint_jwt()
    );
    let (answer, seconds) = wait_for_the_end(&emulator, &request).await;
    assert_eq!(Response::parse(&answer).status, 408);
    assert_eq!(seconds, 10);
}
