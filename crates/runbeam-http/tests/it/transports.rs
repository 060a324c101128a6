//! A client is a tower service, and so is what it sends through.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use runbeam_http::{ErrorKind, HttpClient, Limits};
use tower::{ServiceExt, service_fn};

use crate::raw_server::{Answer, RawServer, get};

#[tokio::test]
async fn a_layer_under_the_client_sees_what_goes_out() {
    let server = RawServer::start(Answer::Bytes(
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec(),
    ))
    .await;
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = seen.clone();
    let transport = HttpClient::builder().build_transport().unwrap();
    let layered = transport.map_request(move |request: Request<Bytes>| {
        assert!(request.headers().contains_key("user-agent"));
        counter.fetch_add(1, Ordering::Relaxed);
        request
    });
    let client = HttpClient::builder()
        .with_transport(layered)
        .build()
        .unwrap();
    assert_eq!(get(&client, &server.url).await.unwrap().body(), "{}");
    let error = get(&client, "http://127.0.0.1:1/").await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Connect,
        "its errors keep their meaning"
    );
    assert_eq!(seen.load(Ordering::Relaxed), 1 + error.attempts().len());
}

#[tokio::test]
async fn the_client_is_a_service() {
    let server = RawServer::start(Answer::Bytes(
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec(),
    ))
    .await;
    let client = HttpClient::builder().build().unwrap();
    let request = Request::get(&server.url).body(Bytes::new()).unwrap();
    let response: Response<Bytes> = client.oneshot(request).await.unwrap();
    assert_eq!(response.body(), "{}");
}

#[tokio::test]
async fn limits_and_rules_stay_above_a_transport() {
    let large = service_fn(|_: Request<Bytes>| async {
        Ok::<_, Infallible>(Response::new(Full::from(vec![b'x'; 1001])))
    });
    let client = HttpClient::builder()
        .with_transport(large)
        .with_limits(Limits::new().with_body(1000))
        .build()
        .unwrap();
    let error = get(&client, "https://api.test/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let error = get(&client, "http://api.test/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request, "plain http stays refused");
}
