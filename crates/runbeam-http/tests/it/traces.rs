//! Spans tell what an operator needs, by the names of OpenTelemetry, and nothing secret at any level.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use runbeam_http::{HttpClient, HttpClientBuilder, RetryPolicy};
use tower::service_fn;
use tracing::Level;
use tracing_subscriber::fmt::format::FmtSpan;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is traced of a call.
async fn traced(level: Level, client: HttpClientBuilder, url: &str) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let request = Request::put(url)
        .header("authorization", "Bearer canary")
        .header("cookie", "canary")
        .header("idempotency-key", "canary")
        .body(Bytes::from_static(b"{\"token\":\"canary\"}"))
        .unwrap();
    let _ = client.build().unwrap().send(request).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        !text.contains("canary") && !text.contains("7pZr0k2Vx9"),
        "{text}"
    );
    text
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_a_span() {
    let service = service_fn(|_: Request<Bytes>| async {
        let body = Full::from("{\"token\":\"canary\"}");
        let response = Response::builder()
            .status(503)
            .header("set-cookie", "canary");
        Ok::<_, Infallible>(response.body(body).unwrap())
    });
    let client = HttpClient::builder()
        .with_transport(service)
        .with_retries(RetryPolicy::new().with_attempts(2));
    let url = "https://api.test/api/cli/check-login/dt_7pZr0k2Vx9?token=canary";
    let text = traced(Level::INFO, client.clone(), url).await;
    let spans: Vec<_> = text.lines().collect();
    assert_eq!(spans.len(), 2, "{text}");
    for expected in [
        "HTTP{",
        "otel.name=\"PUT\"",
        "otel.kind=\"client\"",
        "http.request.method=\"PUT\"",
        "url.full=https://api.test/api/cli/check-login/*",
        "server.address=\"api.test\"",
        "server.port=443",
        "http.response.status_code=503",
        "error.type=\"503\"",
    ] {
        assert!(
            spans.iter().all(|span| span.contains(expected)),
            "{expected}: {text}"
        );
    }
    assert!(!spans[0].contains("resend_count"), "{text}");
    assert!(spans[1].contains("http.request.resend_count=1"), "{text}");
    let text = traced(Level::TRACE, client, url).await;
    assert!(
        text.contains("trying again") && text.contains("503"),
        "{text}"
    );
}

#[tokio::test]
async fn the_libraries_beneath_tell_nothing_either() {
    let good = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nset-cookie: canary\r\n\r\ncanary";
    let server =
        crate::raw_server::RawServer::start(crate::raw_server::Answer::Bytes(good.to_vec()));
    let url = format!("{}/canary?canary", server.await.url);
    let text = traced(
        Level::TRACE,
        HttpClient::builder(),
        "http://127.0.0.1:1/7pZr0k2Vx9",
    )
    .await;
    assert!(text.contains("error.type=\"connect\""), "{text}");
    // A word in small letters may stand in a path.
    let text = traced(
        Level::TRACE,
        HttpClient::builder(),
        &url.replace("/canary", "/x"),
    )
    .await;
    assert!(text.contains("url.full=http://127.0.0.1:"), "{text}");
}
