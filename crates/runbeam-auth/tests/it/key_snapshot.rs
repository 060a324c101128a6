//! Keys that outlive the process: a start without a network.

use std::time::Duration;

use runbeam_auth::{ErrorKind, RemoteVerifier};
use runbeam_model::{ManualClock, Timestamp};
use serde_json::{Value, json};

use crate::fixture::{NOW, clock, jwks, key, token};
use crate::raw_endpoint::{RawEndpoint, Reply, response, until, verifier_of};

const HOUR: u64 = 60 * 60;
/// Nothing listens there, and a connection is refused at once.
const NOWHERE: &str = "http://127.0.0.1:1/keys";

fn good_token() -> String {
    token(json!({"exp": NOW + 1_000_000, "nbf": null, "iat": null}))
}

fn snapshot(url: &str) -> Value {
    let set =
        json!({"url": url, "fetched_at": NOW, "life": HOUR, "document": jwks(&[key().jwk()])});
    json!({"version": 1, "sets": [set]})
}

fn offline(snapshot: &Value, clock: &ManualClock) -> RemoteVerifier {
    verifier_of(NOWHERE, clock)
        .with_snapshot(snapshot.to_string().as_bytes())
        .unwrap()
        .build()
        .unwrap()
}

fn clock_at(seconds: i64) -> ManualClock {
    ManualClock::new(Timestamp::from_unix_seconds(seconds))
}

#[tokio::test]
async fn a_verifier_takes_over_from_the_one_before() {
    let body = jwks(&[key().jwk()]);
    let server =
        RawEndpoint::start(Reply::Whole(response(200, &[("etag", "\"v1\"")], &body))).await;
    let clock = clock();
    let first = server.verifier(&clock).build().unwrap();
    assert_eq!(first.snapshot(), br#"{"version":1,"sets":[]}"#);
    first.verify(&good_token()).await.unwrap();
    clock.advance(Duration::from_secs(HOUR));
    let snapshot = first.snapshot();

    // In a new process the monotonic clock starts anew.
    let clock = clock_at(NOW + 2 * HOUR as i64);
    let second = server
        .verifier(&clock)
        .with_snapshot(&snapshot)
        .unwrap()
        .build()
        .unwrap();
    second.verify(&good_token()).await.unwrap();
    let status = second.key_sources().remove(0);
    assert_eq!((status.fetches, status.keys), (0, 1));
    assert_eq!(status.age, Some(Duration::from_secs(2 * HOUR)));
    assert_eq!(status.expires_in, Some(Duration::from_secs(22 * HOUR)));
    assert_eq!(second.snapshot(), snapshot);

    server.answer(Reply::Whole(response(304, &[], "")));
    clock.advance(Duration::from_secs(22 * HOUR));
    second.verify(&good_token()).await.unwrap();
    assert!(server.last_request().contains("if-none-match: \"v1\""));
    assert_eq!(
        (server.connections(), second.key_sources()[0].failures),
        (2, 0)
    );
}

#[tokio::test]
async fn a_start_without_a_network_verifies_for_as_long_as_the_keys_may_be_used() {
    let hour = HOUR as i64;
    let cases = [
        (0, true),
        (hour - 1, true),
        (hour, true),
        (2 * hour - 1, true),
        (2 * hour, false),
        (365 * 24 * hour, false),
    ];
    for (age, is_used) in cases {
        let clock = clock_at(NOW + age);
        let verifier = offline(&snapshot(NOWHERE), &clock);
        let token = token(json!({"exp": NOW + age + 600, "nbf": null, "iat": null}));
        let outcome = verifier.verify(&token).await;
        let kind = outcome.err().map(|error| error.kind());
        let expected = (!is_used).then_some(ErrorKind::KeysUnavailable);
        assert_eq!(kind, expected, "{age} seconds old");
        assert_eq!(verifier.key_sources()[0].keys, usize::from(is_used));
    }
}

#[tokio::test]
async fn a_set_from_the_future_is_one_whose_time_is_over() {
    let clock = clock_at(NOW - 365 * 24 * HOUR as i64);
    let verifier = offline(&snapshot(NOWHERE), &clock);
    verifier.verify(&good_token()).await.unwrap();
    let status = verifier.key_sources().remove(0);
    assert_eq!(
        (status.stale_for, status.failures),
        (Some(Duration::ZERO), 1)
    );
    clock.advance(Duration::from_secs(HOUR));
    assert!(verifier.verify(&good_token()).await.is_err());
}

#[tokio::test]
async fn a_set_that_is_due_is_renewed_beside_its_use() {
    let body = jwks(&[key().jwk()]);
    let server = RawEndpoint::start(Reply::Whole(response(200, &[], &body))).await;
    let clock = clock_at(NOW + HOUR as i64 - 60);
    let verifier = server
        .verifier(&clock)
        .with_snapshot(snapshot(&server.url).to_string().as_bytes())
        .unwrap()
        .build()
        .unwrap();
    verifier.verify(&good_token()).await.unwrap();
    until("a refresh", || {
        verifier.key_sources()[0].age == Some(Duration::ZERO)
    })
    .await;
}

#[tokio::test]
async fn the_life_in_a_snapshot_is_held_to_the_configuration() {
    let mut snapshot = snapshot(NOWHERE);
    snapshot["sets"][0]["life"] = json!(u64::MAX);
    let verifier = offline(&snapshot, &clock());
    assert_eq!(
        verifier.key_sources()[0].expires_in,
        Some(Duration::from_secs(24 * HOUR))
    );
}

#[tokio::test]
async fn sets_of_other_addresses_are_ignored() {
    let verifier = offline(&snapshot("https://elsewhere.example.com/keys"), &clock());
    assert_eq!(verifier.key_sources()[0].keys, 0);
    let error = verifier.verify(&good_token()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
}

#[test]
fn a_snapshot_that_is_damaged_is_refused() {
    let good = snapshot(NOWHERE);
    let changed = |pointer: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed.to_string()
    };
    let text = good.to_string();
    let set = good["sets"][0].clone();
    let cases = [
        (String::new(), "damaged"),
        ("{}".to_owned(), "damaged"),
        ("\u{feff}{}".to_owned(), "damaged"),
        (text[..text.len() / 2].to_owned(), "damaged"),
        (changed("/version", json!(2)), "version 2"),
        (changed("/sets", json!({})), "damaged"),
        (changed("/sets", json!([set, set])), "two sets"),
        (changed("/sets/0/fetched_at", json!("yesterday")), "damaged"),
        (changed("/sets/0/life", json!(-1)), "damaged"),
        (
            changed("/sets/0/document", json!("{\"keys\":[")),
            "of no use",
        ),
        (
            changed("/sets/0/document", json!("{\"keys\":[]}")),
            "of no use",
        ),
    ];
    for (snapshot, expected) in cases {
        let error = verifier_of(NOWHERE, &clock())
            .with_snapshot(snapshot.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("invalid key snapshot: ") && error.contains(expected),
            "{snapshot}: {error}"
        );
    }
}
