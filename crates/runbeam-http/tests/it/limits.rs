//! Nothing waits for ever, and nothing grows without a bound.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use runbeam_http::{ErrorKind, HttpClient, Limits, Phase, RequestOptions, RetryPolicy};
use tokio::net::{TcpSocket, TcpStream};

use crate::raw_server::{Answer, RawServer, get};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

fn head(more: &str) -> Vec<u8> {
    [HEAD, more.as_bytes(), b"\r\n"].concat()
}

async fn check(answer: Answer, limits: Limits, expected: ErrorKind) -> String {
    let server = RawServer::start(answer).await;
    let start = Instant::now();
    let error = server.ask(limits).await.unwrap_err();
    assert_eq!(error.kind(), expected, "{error:?}");
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    error.to_string()
}

#[tokio::test]
async fn a_server_that_never_answers_ends_at_the_total_deadline() {
    let limits = Limits::new().with_total(Duration::from_millis(100));
    let text = check(
        Answer::Hang(vec![]),
        limits,
        ErrorKind::Timeout(Phase::Total),
    )
    .await;
    assert!(
        text.contains("the exchange took longer than 100ms"),
        "{text}"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_begin_ends_at_the_idle_deadline() {
    let limits = Limits::new().with_idle(Duration::from_millis(100));
    for begun in [b"".as_slice(), b"HTTP/1.1 200", HEAD] {
        let hanging = Answer::Hang(begun.to_vec());
        let text = check(hanging, limits, ErrorKind::Timeout(Phase::Answer)).await;
        let expected = "the start of its answer took longer than 100ms";
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn headers_that_drip_end_at_the_idle_deadline() {
    let drip = Answer::Drip(
        HEAD.to_vec(),
        b"x: y\r\n".to_vec(),
        Duration::from_millis(20),
    );
    let limits = Limits::new().with_idle(Duration::from_millis(300));
    check(drip, limits, ErrorKind::Timeout(Phase::Answer)).await;
}

#[tokio::test]
async fn a_request_may_have_a_limit_of_its_own() {
    let body = vec![b'x'; 3 << 20];
    let server = RawServer::start(Answer::Bytes([&head(""), body.as_slice()].concat())).await;
    let client = HttpClient::builder().build().unwrap();
    let ask = |options: RequestOptions| {
        let request = Request::get(&server.url).extension(options);
        client.send(request.body(Bytes::new()).unwrap())
    };
    let error = ask(RequestOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(
        error.to_string().contains("more than 1048576 bytes"),
        "{error}"
    );
    let large = RequestOptions::new().with_body_limit(16 << 20);
    assert_eq!(ask(large).await.unwrap().body(), &body);
}

#[tokio::test]
async fn a_body_that_stalls_ends_at_the_idle_deadline() {
    let limits = Limits::new().with_idle(Duration::from_millis(100));
    let text = check(
        Answer::Hang(head("content-length: 10\r\n")),
        limits,
        ErrorKind::Timeout(Phase::Body),
    )
    .await;
    assert!(
        text.contains("the next part of its body took longer than 100ms"),
        "{text}"
    );
}

#[tokio::test]
async fn a_body_that_drips_ends_at_the_total_deadline() {
    let drip = Answer::Drip(
        head("content-length: 1000\r\n"),
        b"x".to_vec(),
        Duration::from_millis(20),
    );
    check(
        drip,
        Limits::new().with_total(Duration::from_millis(300)),
        ErrorKind::Timeout(Phase::Total),
    )
    .await;
}

#[tokio::test]
async fn an_address_where_nobody_answers_ends_at_the_connect_deadline() {
    // Once its queue is full, a listener that accepts nobody lets further connections wait.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(connected) =
        tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
    {
        queue.push(connected.unwrap());
    }

    let limits = Limits::new().with_connect(Duration::from_millis(100));
    let client = HttpClient::builder()
        .with_limits(limits)
        .with_retries(RetryPolicy::never())
        .build()
        .unwrap();
    let start = Instant::now();
    let error = get(&client, &format!("http://{address}/"))
        .await
        .unwrap_err();
    assert!(
        error.is_transient() && start.elapsed() < Duration::from_secs(2),
        "{error:?}"
    );
    assert_eq!(
        error.kind(),
        ErrorKind::Timeout(Phase::Connect),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_silent_tls_handshake_ends_at_the_connect_deadline() {
    let server = RawServer::start(Answer::Hang(vec![])).await;
    let limits = Limits::new().with_connect(Duration::from_millis(100));
    let client = HttpClient::builder()
        .with_limits(limits)
        .with_retries(RetryPolicy::never())
        .build()
        .unwrap();
    let error = get(&client, &server.url.replace("http:", "https:"))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Timeout(Phase::Connect),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("connecting took longer than 100ms"),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_is_limited_whether_it_is_announced_or_not() {
    let limits = Limits::new().with_body(1000);
    let announced = Answer::Hang(head("content-length: 1000000000000\r\n"));
    check(announced, limits, ErrorKind::TooLarge).await;
    let endless = Answer::Drip(head(""), vec![b'x'; 600], Duration::from_millis(1));
    check(endless, limits, ErrorKind::TooLarge).await;

    let body = vec![b'x'; 1000];
    let server = RawServer::start(Answer::Bytes([head(""), body.clone()].concat())).await;
    assert_eq!(server.ask(limits).await.unwrap().body(), &body);
}

#[tokio::test]
async fn headers_are_limited_in_bytes_and_in_number() {
    let large = [HEAD, b"x: ", &[b'x'; 1_000_000], b"\r\n\r\n"].concat();
    check(Answer::Bytes(large), Limits::new(), ErrorKind::TooLarge).await;
    check(
        Answer::Bytes(head(&"x: y\r\n".repeat(200))),
        Limits::new(),
        ErrorKind::TooLarge,
    )
    .await;
}

#[tokio::test]
async fn a_derived_client_has_its_own_limits() {
    let server = RawServer::start(Answer::Bytes([head(""), vec![b'x'; 100]].concat())).await;
    let client = HttpClient::builder().build().unwrap();
    let strict = client.with_limits(client.limits().with_body(99));
    assert_eq!(
        get(&strict, &server.url).await.unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    assert_eq!(get(&client, &server.url).await.unwrap().body().len(), 100);
}
