//! A connection may break at any point: what may be sent again is, and what may not is not.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use runbeam_http::{
    Attempts, Error, ErrorKind, HttpClient, HttpClientBuilder, Outcome, RequestOptions,
    RetryPolicy, Stop,
};

use crate::raw_server::{Answer, RawServer};

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// Where a server stops in the midst of its answer.
fn broken() -> Vec<Answer> {
    let stages: [&[u8]; 6] = [
        b"",
        b"HTTP/1.1 20",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel",
    ];
    let stages = stages.map(<[u8]>::to_vec);
    let reset = stages.iter().cloned().map(Answer::Reset);
    reset
        .chain(stages.iter().cloned().map(Answer::Bytes))
        .collect()
}

fn client() -> HttpClientBuilder {
    let soon = Duration::from_millis(1);
    HttpClient::builder().with_retries(RetryPolicy::new().with_backoff(soon, soon))
}

async fn send(
    server: &RawServer,
    method: Method,
    options: RequestOptions,
) -> Result<http::Response<Bytes>, Error> {
    let request = Request::builder().method(method).uri(&server.url);
    let request = request.header("idempotency-key", "k1").extension(options);
    let request = request.body(Bytes::from_static(b"{}")).unwrap();
    client().build().unwrap().send(request).await
}

#[tokio::test]
async fn what_is_idempotent_is_sent_again_wherever_the_answer_broke() {
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        for answer in broken() {
            let server = RawServer::in_turn([answer.clone(), Answer::Bytes(GOOD.into())]).await;
            let response = send(&server, method.clone(), RequestOptions::new()).await;
            let response = response.unwrap_or_else(|error| panic!("{answer:?}: {error:?}"));
            assert_eq!(response.body(), "{}");
            assert_eq!(server.requests(), 2);
            let attempts = Attempts::of(&response).unwrap().list();
            let outcomes: Vec<_> = attempts.iter().map(|attempt| attempt.outcome).collect();
            let ok = Outcome::Answered(http::StatusCode::OK);
            assert_eq!(outcomes, [Outcome::Failed(ErrorKind::Interrupted), ok]);
        }
    }
}

#[tokio::test]
async fn what_could_take_effect_twice_is_not_sent_again() {
    for method in [Method::POST, Method::PATCH] {
        for answer in broken() {
            let server = RawServer::in_turn([answer.clone(), Answer::Bytes(GOOD.into())]).await;
            let error = send(&server, method.clone(), RequestOptions::new()).await;
            let error = error.unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Interrupted,
                "{answer:?}: {error:?}"
            );
            assert_eq!(error.stopped_by(), Stop::NotRepeatable);
            assert!(!error.never_left());
            assert!(
                error
                    .to_string()
                    .ends_with("; not sent again, since it could take effect twice")
            );
            assert_eq!(server.requests(), 1, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_key_that_the_server_honours_allows_to_send_anything_again() {
    let server = RawServer::in_turn([Answer::Reset(vec![]), Answer::Bytes(GOOD.into())]).await;
    let options = RequestOptions::new().with_honoured_idempotency_key();
    assert!(send(&server, Method::POST, options).await.is_ok());
    assert_eq!(server.requests(), 2);

    let request = Request::post(&server.url).extension(options);
    let server = RawServer::in_turn([Answer::Reset(vec![]), Answer::Bytes(GOOD.into())]).await;
    let request = request.uri(&server.url).body(Bytes::new()).unwrap();
    let error = client().build().unwrap().send(request).await.unwrap_err();
    assert_eq!(error.stopped_by(), Stop::NotRepeatable, "there is no key");
}

#[tokio::test]
async fn what_never_left_is_sent_again_whatever_it_is() {
    let request = Request::post("http://127.0.0.1:1/")
        .body(Bytes::new())
        .unwrap();
    let error = client().build().unwrap().send(request).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.never_left()),
        (ErrorKind::Connect, true)
    );
    assert_eq!(error.attempts().len(), 4);
    assert_eq!(error.stopped_by(), Stop::AttemptsSpent);
    assert_eq!(
        error.to_string(),
        "cannot connect to http://127.0.0.1:1: nothing listens there (attempt 4); sent as often as allowed"
    );
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closed_does_no_harm() {
    // The first answer lets the connection be kept, and then it is closed.
    let kept = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec();
    let server = RawServer::start(Answer::Bytes(kept)).await;
    let client = client().with_retries(RetryPolicy::never()).build().unwrap();
    for _ in 0..20 {
        let request = Request::get(&server.url).body(Bytes::new()).unwrap();
        assert_eq!(client.send(request).await.unwrap().body(), "{}");
    }
}
