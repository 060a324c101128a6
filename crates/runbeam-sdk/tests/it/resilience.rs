//! A client that nothing was said to tries again, tells what it tried, and can be given another transport.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use runbeam_sdk::http::{Outcome, RetryPolicy};
use runbeam_sdk::{ErrorKind, RunbeamClient};
use tower::service_fn;

/// A client of a cloud that answers with these statuses in turn, and with the last one from then on.
fn client(statuses: &'static [u16]) -> (RunbeamClient, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let service = service_fn(move |request: Request<Bytes>| {
        assert_eq!(request.headers()["authorization"], "Bearer 1|t");
        let turn = counter.fetch_add(1, Ordering::Relaxed);
        let status = statuses[turn.min(statuses.len() - 1)];
        let body = Full::from(r#"{"data":[]}"#);
        let response = Response::builder()
            .status(status)
            .header("retry-after", "0");
        async move { Ok::<_, Infallible>(response.body(body).unwrap()) }
    });
    let soon = Duration::from_millis(1);
    let client = RunbeamClient::builder("https://api.runbeam.io")
        .with_token("1|t")
        .with_transport(service)
        .with_retries(RetryPolicy::new().with_backoff(soon, soon));
    (client.build().unwrap(), sent)
}

#[tokio::test]
async fn a_list_outlasts_a_short_outage() {
    let (client, sent) = client(&[503, 429, 502, 200]);
    assert!(client.gateways().list().await.unwrap().data.is_empty());
    assert_eq!(sent.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn a_refusal_tells_what_was_tried() {
    let (client, sent) = client(&[503]);
    let error = client.gateways().list().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::ServerFailed, Some(503))
    );
    let outcomes: Vec<_> = error.attempts().iter().map(|tried| tried.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Answered(http::StatusCode::SERVICE_UNAVAILABLE); 4]
    );
    assert_eq!(sent.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn what_changes_something_is_sent_once() {
    let (client, sent) = client(&[503]);
    let error = client.authorize_gateway("1|t", "edge", None, None).await;
    assert_eq!(error.unwrap_err().attempts().len(), 1);
    assert_eq!(sent.load(Ordering::Relaxed), 1);
}
