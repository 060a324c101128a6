//! Broken answers and forbidden requests are named for what they are, without what they hold.

use bytes::Bytes;
use http::Request;
use runbeam_http::{ErrorKind, HttpClient, Limits, RetryPolicy};

use crate::raw_server::{Answer, RawServer, get};

async fn check(answer: Answer, expected: ErrorKind) {
    let server = RawServer::start(answer.clone()).await;
    let error = server.ask(Limits::new()).await.unwrap_err();
    assert_eq!(error.kind(), expected, "{answer:?}: {error:?}");
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[tokio::test]
async fn a_broken_answer_is_never_taken_for_a_whole_one() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\ncanary"
        .as_bytes()
        .to_vec();
    check(Answer::Bytes(head.clone()), ErrorKind::Interrupted).await;
    check(Answer::Reset(head), ErrorKind::Interrupted).await;
    check(Answer::Reset(vec![]), ErrorKind::Interrupted).await;
    check(Answer::Bytes(vec![]), ErrorKind::Interrupted).await;
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    check(Answer::Bytes(chunked.into()), ErrorKind::Interrupted).await;
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    check(
        Answer::Bytes(b"SSH-2.0-canary\r\n\r\n".to_vec()),
        ErrorKind::Protocol,
    )
    .await;
    check(
        Answer::Bytes(b"HTTP/1.1 2x0 canary\r\n\r\n".to_vec()),
        ErrorKind::Protocol,
    )
    .await;
}

#[tokio::test]
async fn plain_http_to_another_machine_is_not_sent() {
    let client = HttpClient::builder().build().unwrap();
    for url in [
        "http://192.0.2.1/canary?canary",
        "http://runbeam.example/",
        "http://2130706433/",
    ] {
        let error = get(&client, url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{error}");
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
    let request = Request::get("/relative").body(Bytes::new()).unwrap();
    assert_eq!(
        client.send(request).await.unwrap_err().kind(),
        ErrorKind::Request
    );
}

#[tokio::test]
async fn nobody_there_is_a_transient_error() {
    let client = HttpClient::builder()
        .with_retries(RetryPolicy::never())
        .build()
        .unwrap();
    let error = get(&client, "http://127.0.0.1:1/").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient()),
        (ErrorKind::Connect, true),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "cannot connect to http://127.0.0.1:1: nothing listens there",
    );
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn a_name_without_an_address_is_told_from_a_server_that_is_not_there() {
    let client = HttpClient::builder()
        .with_retries(RetryPolicy::never())
        .without_proxy()
        .build()
        .unwrap();
    let error = get(&client, "https://nowhere.invalid/").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient(), error.never_left()),
        (ErrorKind::Resolve, true, true),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "cannot find https://nowhere.invalid: its name leads to no address; check its spelling and the resolver",
    );
}
