//! Compressed answers are decoded, within the limits and no further.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Request, header};
use runbeam_http::{ErrorKind, HttpClient, Limits};

use crate::raw_server::{Answer, RawServer};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn answer(coding: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {length}\r\n\r\n"
    );
    Answer::Bytes([head.as_bytes(), body].concat())
}

async fn check_refused(answer: Answer, limits: Limits, expected: ErrorKind) {
    let server = RawServer::start(answer.clone()).await;
    let error = server.ask(limits).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient()),
        (expected, false),
        "{error:?}"
    );
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[tokio::test]
async fn gzip_is_asked_for_and_decoded() {
    let plain = b"[{\"id\":1}]".repeat(10_000);
    for coding in ["gzip", "GZIP", "x-gzip"] {
        let server = RawServer::start(answer(coding, &gzip(&plain))).await;
        let response = server.ask(Limits::new()).await.unwrap();
        assert_eq!(response.body(), &plain);
        let headers = response.headers();
        assert!(!headers.contains_key(header::CONTENT_ENCODING));
        assert!(!headers.contains_key(header::CONTENT_LENGTH));
        let head = server.last_head();
        assert!(head.contains("accept-encoding: gzip\r\n"), "{head}");
    }
}

#[tokio::test]
async fn what_a_caller_asks_for_stays() {
    let server = RawServer::start(answer("identity", b"{}")).await;
    let request = Request::get(&server.url).header(header::ACCEPT_ENCODING, "identity");
    let client = HttpClient::builder().build().unwrap();
    let response = client
        .send(request.body(Bytes::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.body(), "{}");
    let head = server.last_head();
    assert!(
        head.contains("accept-encoding: identity\r\n") && !head.contains("gzip"),
        "{head}"
    );
}

#[tokio::test]
async fn a_decompression_bomb_goes_no_further_than_the_limit() {
    // 4 GiB, packed twice: the outer one alone is asked to be unpacked.
    let bomb = gzip(&vec![0; 256 << 20]);
    assert!(bomb.len() < 300 << 10, "{}", bomb.len());
    check_refused(answer("gzip", &bomb), Limits::new(), ErrorKind::TooLarge).await;
}

#[tokio::test]
async fn the_limit_holds_on_the_wire_too() {
    let limits = Limits::new().with_body(1000);
    // Stored, not compressed: the wire has more than comes out.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(&[b'x'; 990]).unwrap();
    let stored = encoder.finish().unwrap();
    assert!(stored.len() > 1000);
    check_refused(answer("gzip", &stored), limits, ErrorKind::TooLarge).await;
    let unannounced = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n".as_slice();
    let unannounced = Answer::Bytes([unannounced, &stored].concat());
    check_refused(unannounced, limits, ErrorKind::TooLarge).await;

    let exact = gzip(&[b'x'; 1000]);
    let server = RawServer::start(answer("gzip", &exact)).await;
    assert_eq!(server.ask(limits).await.unwrap().body().len(), 1000);
    let over = gzip(&[b'x'; 1001]);
    check_refused(answer("gzip", &over), limits, ErrorKind::TooLarge).await;
}

#[tokio::test]
async fn what_is_not_the_gzip_that_it_claims_to_be_is_refused() {
    let whole = gzip(b"{\"canary\":true}");
    let cut = &whole[..whole.len() - 1];
    let mut altered = whole.clone();
    let middle = whole.len() - 6;
    altered[middle] ^= 1;
    let behind = [whole.as_slice(), b"canary"].concat();
    for body in [
        b"{\"canary\":true}".as_slice(),
        cut,
        &altered,
        &behind,
        b"\x1f",
    ] {
        check_refused(answer("gzip", body), Limits::new(), ErrorKind::Undecodable).await;
    }
}

#[tokio::test]
async fn another_coding_is_refused() {
    for coding in ["br", "deflate", "zstd", "gzip, identity", "gzip, gzip"] {
        check_refused(answer(coding, b"{}"), Limits::new(), ErrorKind::Undecodable).await;
    }
    let twice = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n";
    check_refused(
        Answer::Bytes(twice.into()),
        Limits::new(),
        ErrorKind::Undecodable,
    )
    .await;
}

#[tokio::test]
async fn an_answer_without_a_body_may_tell_its_coding() {
    let head = "HTTP/1.1 304 Not Modified\r\ncontent-encoding: gzip\r\netag: \"a\"\r\n\r\n";
    let server = RawServer::start(Answer::Bytes(head.into())).await;
    let response = server.ask(Limits::new()).await.unwrap();
    assert!(response.body().is_empty() && response.status() == 304);
}
