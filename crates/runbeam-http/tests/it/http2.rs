//! What a server says in HTTP/2 that it has not done may be asked of it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::{Request, Response};
use runbeam_http::{Attempts, ErrorKind, HttpClient, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::tls_server::{Authority, Validity, server_config};

#[derive(Clone, Copy)]
enum First {
    Reset(Reason),
    /// The connection ends, and the server says that it has taken the request.
    GoAwayAfter,
    /// The connection ends, and the server says that it has taken no request at all.
    GoAwayBefore,
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
                    if matches!(first, First::GoAwayBefore) && counter.load(Ordering::Relaxed) == 0
                    {
                        return go_away_before(stream, &counter).await;
                    }
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((_, mut respond))) = connection.accept().await {
                        let is_first = counter.fetch_add(1, Ordering::Relaxed) == 0;
                        match first {
                            First::Reset(reason) if is_first => respond.send_reset(reason),
                            First::GoAwayAfter if is_first => {
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

/// Frames by hand (RFC 9113, section 4.1): no library leaves a request without an answer so.
async fn go_away_before(mut stream: TlsStream<TcpStream>, requests: &AtomicUsize) {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GO_AWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    stream.read_exact(&mut [0; 24]).await.unwrap();
    stream.write_all(&SETTINGS).await.unwrap();
    let mut head = [0; 9];
    while stream.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await.unwrap();
        let is_headers = head[3] == 1;
        if is_headers {
            requests.fetch_add(1, Ordering::Relaxed);
            stream.write_all(&GO_AWAY).await.unwrap();
        }
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
async fn a_request_that_came_too_late_for_a_connection_is_sent_again_too() {
    let (answer, requests) = post(First::GoAwayBefore).await;
    assert_eq!((answer.unwrap().status().as_u16(), requests), (200, 2));
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
    let (answer, requests) = post(First::GoAwayAfter).await;
    let error = answer.unwrap_err();
    assert_eq!(
        (error.kind(), requests),
        (ErrorKind::Interrupted, 1),
        "{error:?}"
    );
    assert!(!error.never_left(), "{error:?}");
}
