//! What a server says in HTTP/2 that it has not done may be asked of it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::{Request, Response};
use runbeam_http::{Attempts, ErrorKind, HttpClient, RetryPolicy};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::tls_server::{Authority, Validity, server_config};

#[derive(Clone, Copy)]
enum First {
    Reset(Reason),
    GoAway,
}

/// Treats its first request in some way, and answers all others.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(authority: &Authority, first: First) -> Self {
        let certificate = authority.certify("localhost", Validity::Now);
        let config = server_config(certificate, &["h2"], rustls::ALL_VERSIONS);
        let acceptor = TlsAcceptor::from(config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counter) = (acceptor.clone(), counter.clone());
                tokio::spawn(async move {
                    let stream = acceptor.accept(stream).await.unwrap();
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((_, mut respond))) = connection.accept().await {
                        let is_first = counter.fetch_add(1, Ordering::Relaxed) == 0;
                        match first {
                            First::Reset(reason) if is_first => respond.send_reset(reason),
                            First::GoAway if is_first => {
                                connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                            }
                            _ => {
                                respond.send_response(Response::new(()), true).unwrap();
                            }
                        }
                    }
                });
            }
        });
        Self {
            url: format!("https://localhost:{port}/"),
            requests,
            task,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn post(first: First) -> (Result<Response<Bytes>, runbeam_http::Error>, usize) {
    let authority = Authority::new();
    let server = Server::start(&authority, first).await;
    let soon = Duration::from_millis(1);
    let client = HttpClient::builder()
        .with_root_certificates_pem(authority.pem())
        .unwrap()
        .with_retries(RetryPolicy::new().with_backoff(soon, soon))
        .build()
        .unwrap();
    let request = Request::post(&server.url)
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    let answer = client.send(request).await;
    (answer, server.requests.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_refused_stream_is_sent_again_whatever_its_method() {
    let (answer, requests) = post(First::Reset(Reason::REFUSED_STREAM)).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status().as_u16(), requests), (200, 2));
    assert_eq!(Attempts::of(&answer).unwrap().list().len(), 2);
}

#[tokio::test]
async fn a_stream_that_was_begun_is_not() {
    for reason in [Reason::INTERNAL_ERROR, Reason::CANCEL] {
        let (answer, requests) = post(First::Reset(reason)).await;
        let error = answer.unwrap_err();
        assert_eq!(
            (error.kind(), requests),
            (ErrorKind::Interrupted, 1),
            "{error:?}"
        );
        assert!(!error.never_left());
    }
}

#[tokio::test]
async fn a_connection_that_goes_away_after_it_took_the_request_is_not() {
    let (answer, requests) = post(First::GoAway).await;
    let error = answer.unwrap_err();
    assert_eq!(
        (error.kind(), requests),
        (ErrorKind::Interrupted, 1),
        "{error:?}"
    );
    assert!(!error.never_left(), "{error:?}");
}
