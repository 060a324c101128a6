//! All rows of a list: each once, in order, and never more than two pages of them at hand.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use httpmock::MockServer;
use runbeam_emulator::{Emulator, Fault, FaultRule, Operation};
use runbeam_sdk::model::GatewayDraft;
use runbeam_sdk::{ErrorKind, RunbeamClient};

use crate::raw_server;

/// A million in a campaign, and enough to see a leak every day.
fn wanted() -> u64 {
    #[allow(
        clippy::disallowed_methods,
        reason = "the environment says how long a test may be"
    )]
    let is_campaign = std::env::var("RUNBEAM_CAMPAIGN").is_ok_and(|value| value == "full");
    if is_campaign { 1_000_000 } else { 30_000 }
}

/// The most memory that this process has had, in KiB, where the system tells it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[tokio::test]
async fn a_long_list_takes_no_more_memory_than_a_short_one() {
    let total = wanted();
    let server = raw_server::rows(total).await;
    let client = RunbeamClient::new(&server.url).with_token("1|t");
    let mut rows = client.gateways().stream();
    let (mut count, mut early) = (0, None);
    while let Some(row) = rows.next().await {
        assert_eq!(row.unwrap().id, format!("g{count}").as_str());
        count += 1;
        // The page of this row, and the one after it.
        let pages = server.pages.load(Ordering::SeqCst);
        assert!(
            pages <= (count - 1) / 100 + 2,
            "{pages} pages for row {count}"
        );
        if count == total / 10 {
            early = peak();
        }
    }
    assert_eq!(
        (count, server.pages.load(Ordering::SeqCst)),
        (total, total.div_ceil(100))
    );
    // The rest of the rows would take some 300 bytes each.
    if let (Some(early), Some(late)) = (early, peak()) {
        assert!(late - early < 2048, "{early} KiB, then {late} KiB");
    }
}

#[tokio::test]
async fn the_next_page_is_fetched_while_rows_are_taken() {
    let server = raw_server::rows(250).await;
    let client = RunbeamClient::new(&server.url).with_token("1|t");
    let mut rows = client.gateways().stream();
    assert_eq!(server.pages.load(Ordering::SeqCst), 0);
    rows.next().await.unwrap().unwrap();
    // Nothing asks the stream; the second page comes all the same, and the third does not.
    while server.pages.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    for _ in 1..100 {
        rows.next().await.unwrap().unwrap();
    }
    assert_eq!(server.pages.load(Ordering::SeqCst), 2);
    let mut count = 100;
    while rows.next().await.is_some() {
        count += 1;
    }
    assert_eq!((count, server.pages.load(Ordering::SeqCst)), (250, 3));
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_no_row() {
    let server = raw_server::rows(5).await;
    let client = RunbeamClient::new(&server.url).with_token("1|t");
    let mut rows = client.gateways().stream();
    let mut context = Context::from_waker(Waker::noop());
    // Asked once and dropped, again and again, until the first row is there.
    let first = loop {
        match Pin::new(&mut rows).poll_next(&mut context) {
            Poll::Ready(row) => break row.unwrap().unwrap(),
            Poll::Pending => tokio::task::yield_now().await,
        }
    };
    assert_eq!(first.id, "g0");
    let mut count = 1;
    while let Some(row) = rows.next().await {
        row.unwrap();
        count += 1;
    }
    assert_eq!((count, server.pages.load(Ordering::SeqCst)), (5, 1));
}

#[tokio::test]
async fn an_error_is_the_last_thing_that_comes() {
    let cloud = Emulator::start().await.unwrap();
    let client = RunbeamClient::new(cloud.url()).with_token(cloud.mint_sanctum_token());
    for number in 0..150 {
        let draft = GatewayDraft::new(format!("edge-{number}"));
        client.gateways().create(&draft).await.unwrap();
    }
    cloud.inject(
        FaultRule::new(Fault::status(500))
            .on(Operation::GatewaysIndex)
            .after(1),
    );
    let mut rows = client.gateways().stream();
    let mut count = 0;
    let error = loop {
        match rows.next().await.unwrap() {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((count, error.kind()), (100, ErrorKind::ServerFailed));
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn a_server_without_end_is_not_followed() {
    // A server that is dropped serves the next test of it, and late requests to the first would count there.
    let mut servers = Vec::new();
    for meta in [
        // It always claims that there is more, with nothing in it.
        r#""data":[],"meta":{"current_page":1,"last_page":4294967295}"#,
        // It always gives the first page.
        r#""data":[{"id":"a"}],"meta":{"current_page":1,"last_page":9}"#,
    ] {
        let server = MockServer::start_async().await;
        let mock = server
            .mock_async(|_, then| {
                then.status(200).body(format!("{{{meta}}}"));
            })
            .await;
        let client = RunbeamClient::new(server.base_url()).with_token("1|t");
        let mut rows = client.gateways().stream();
        while let Some(row) = rows.next().await {
            row.unwrap();
        }
        assert!(mock.calls_async().await <= 2);
        let configuration = client.download_configuration("g").await;
        assert!(configuration.is_err());
        servers.push(server);
    }
}
