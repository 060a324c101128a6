//! When keys are fetched anew: ahead of their end, as long as the server says, and only if they changed.

use std::time::Duration;

use runbeam_auth::{ErrorKind, KeySourceStatus, Rejection, RemoteVerifier};
use serde_json::json;

use crate::fixture::{NOW, clock, header, jwks, key, other_key, token, with};
use crate::raw_endpoint::{RawEndpoint, Reply, response, until};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn good_set(headers: &[(&str, &str)]) -> Reply {
    Reply::Whole(response(200, headers, &jwks(&[key().jwk()])))
}

fn long_lived() -> String {
    token(json!({"exp": NOW + 1_000_000}))
}

fn status(verifier: &RemoteVerifier) -> KeySourceStatus {
    verifier.key_sources().remove(0)
}

/// A verifier that has verified one token.
async fn warm(server: &RawEndpoint, clock: &runbeam_model::ManualClock) -> RemoteVerifier {
    let verifier = server.verifier(clock).with_key_ttl(HOUR).build().unwrap();
    verifier.verify(&long_lived()).await.unwrap();
    verifier
}

#[tokio::test]
async fn keys_are_fetched_anew_ahead_of_their_end_and_nobody_waits() {
    let server = RawEndpoint::start(good_set(&[])).await;
    let clock = clock();
    // Long enough for a busy machine to check some tokens meanwhile.
    let builder = server.verifier(&clock).with_key_ttl(HOUR);
    let builder = builder.with_fetch_deadline(Duration::from_secs(4));
    let verifier = builder.build().unwrap();
    verifier.verify(&long_lived()).await.unwrap();
    clock.advance(HOUR.mul_f64(0.79));
    verifier.verify(&long_lived()).await.unwrap();
    assert_eq!(status(&verifier).fetches, 1);

    // The server keeps whoever waits for it waiting: the tokens do not.
    server.answer(Reply::Silence(Vec::new()));
    clock.advance(HOUR.mul_f64(0.12));
    for _ in 0..20 {
        verifier.verify(&long_lived()).await.unwrap();
    }
    // Whoever had waited for that fetch would have seen it fail.
    assert_eq!(
        (status(&verifier).fetches, status(&verifier).failures),
        (2, 0)
    );
    until("a failed fetch", || status(&verifier).failures == 1).await;

    server.answer(good_set(&[]));
    clock.advance(Duration::from_secs(31));
    verifier.verify(&long_lived()).await.unwrap();
    until("a refresh", || {
        status(&verifier).age == Some(Duration::ZERO)
    })
    .await;
    assert_eq!(status(&verifier).expires_in, Some(HOUR));
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn replicas_do_not_step_together() {
    let server = RawEndpoint::start(good_set(&[])).await;
    let clock = clock();
    let mut replicas = Vec::new();
    for _ in 0..40 {
        replicas.push(warm(&server, &clock).await);
    }
    // In the middle of the window, some have begun and some have not.
    clock.advance(HOUR.mul_f64(0.85));
    let mut begun = 0;
    for replica in &replicas {
        replica.verify(&long_lived()).await.unwrap();
        begun += usize::from(status(replica).fetches == 2);
    }
    assert!((1..40).contains(&begun), "{begun}");
}

#[tokio::test]
async fn a_dropped_verifier_ends_its_fetch() {
    let alive = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let server = RawEndpoint::start(good_set(&[])).await;
    let (quiet, clock) = (alive(), clock());
    let verifier = server.verifier(&clock).with_key_ttl(HOUR);
    let verifier = verifier
        .with_fetch_deadline(Duration::from_secs(10))
        .build()
        .unwrap();
    verifier.verify(&long_lived()).await.unwrap();
    until("the end of the first fetch", || alive() == quiet).await;

    server.answer(Reply::Silence(Vec::new()));
    clock.advance(HOUR.mul_f64(0.95));
    let before = tokio::time::Instant::now();
    verifier.verify(&long_lived()).await.unwrap();
    until("the second fetch", || server.connections() == 2).await;
    drop(verifier);
    until("the end of the second fetch", || alive() == quiet).await;
    assert!(
        before.elapsed() < Duration::from_secs(5),
        "it ended by itself"
    );
}

#[tokio::test]
async fn a_set_that_did_not_change_is_only_confirmed() {
    let server = RawEndpoint::start(good_set(&[("etag", "\"v1\"")])).await;
    let clock = clock();
    let verifier = warm(&server, &clock).await;
    assert!(!server.last_request().contains("if-none-match"));
    server.answer(Reply::Whole(response(
        304,
        &[("cache-control", "max-age=600")],
        "",
    )));
    for round in 1..=3 {
        clock.advance(HOUR);
        verifier.verify(&long_lived()).await.unwrap();
        assert!(server.last_request().contains("if-none-match: \"v1\""));
        let status = status(&verifier);
        assert_eq!(
            (
                status.fetches,
                status.failures,
                status.age,
                status.expires_in
            ),
            (
                round + 1,
                0,
                Some(Duration::ZERO),
                Some(Duration::from_secs(600))
            )
        );
    }
    let new_set = response(200, &[("etag", "W/\"v2\"")], &jwks(&[other_key().jwk()]));
    server.answer(Reply::Whole(new_set));
    clock.advance(HOUR);
    let error = verifier.verify(&long_lived()).await.unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::UnknownKey));
}

#[tokio::test]
async fn nothing_can_be_unchanged_without_a_set_to_compare_with() {
    let server = RawEndpoint::start(Reply::Whole(response(304, &[], ""))).await;
    let clock = clock();
    let cold = server.verifier(&clock).build().unwrap();
    let error = cold.verify(&long_lived()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
    assert!(error.to_string().contains("304"), "{error}");

    // Nor without having been asked whether it changed.
    server.answer(good_set(&[]));
    let verifier = warm(&server, &clock).await;
    server.answer(Reply::Whole(response(304, &[], "")));
    clock.advance(HOUR);
    verifier.verify(&long_lived()).await.unwrap();
    assert_eq!(
        (status(&verifier).failures, status(&verifier).expires_in),
        (1, None)
    );
}

#[tokio::test]
async fn the_life_of_a_set_is_what_its_server_says_within_bounds() {
    let hour = 60 * 60;
    let cases = [
        (None, hour),
        (Some("max-age=600"), 600),
        (Some("max-age=1"), 60),
        (Some("max-age=600, no-cache"), 60),
        (Some("no-store"), 60),
        (Some("max-age=99999999999999"), hour),
        (Some("max-age=99999999999999999999999999"), hour),
        (Some("max-age=nonsense"), 60),
    ];
    for (value, expected) in cases {
        let headers: Vec<_> = value
            .map(|value| ("cache-control", value))
            .into_iter()
            .collect();
        let server = RawEndpoint::start(good_set(&headers)).await;
        let verifier = warm(&server, &clock()).await;
        let expected = Some(Duration::from_secs(expected));
        assert_eq!(status(&verifier).expires_in, expected, "{value:?}");
    }
}

#[tokio::test]
async fn stale_keys_serve_without_waiting_once_the_outage_is_known() {
    let server = RawEndpoint::start(good_set(&[])).await;
    let clock = clock();
    let verifier = warm(&server, &clock).await;
    server.answer(Reply::Silence(Vec::new()));
    clock.advance(HOUR);
    verifier.verify(&long_lived()).await.unwrap();
    assert_eq!(status(&verifier).stale_for, Some(Duration::ZERO));
    let before = tokio::time::Instant::now();
    for second in 1..200 {
        clock.advance(Duration::from_secs(1));
        verifier.verify(&long_lived()).await.unwrap();
        if second % 50 == 0 {
            until("the end of a fetch", || {
                let status = status(&verifier);
                status.fetches == status.failures + 1
            })
            .await;
        }
    }
    // The test waited for a few fetches of a second, and no token did.
    assert!(before.elapsed() < Duration::from_secs(30));
    assert!(status(&verifier).failures >= 4);
}

#[tokio::test]
async fn a_whole_outage_within_the_stale_limit_refuses_no_good_token() {
    const STEP: Duration = Duration::from_secs(30);
    const COOL_DOWN: Duration = Duration::from_secs(5 * 60);
    let (server, clock) = (RawEndpoint::start(good_set(&[])).await, clock());
    let verifier = server.verifier(&clock).with_key_ttl(HOUR);
    let verifier = verifier
        .with_stale_limit(24 * HOUR)
        .with_cool_down(COOL_DOWN)
        .build()
        .unwrap();
    verifier.verify(&long_lived()).await.unwrap();

    server.answer(Reply::Close);
    let unknown = with(header(), json!({"kid": "unknown"})).to_string();
    let unknown = key().sign_raw(&unknown, &crate::fixture::claims().to_string());
    // A day from the end of the set, and the hour in which it is good.
    let steps = (25 * HOUR).as_secs() / STEP.as_secs() - 1;
    for step in 0..steps {
        clock.advance(STEP);
        verifier.verify(&long_lived()).await.unwrap();
        if step % 10 == 0 {
            assert!(verifier.verify(&unknown).await.is_err());
        }
    }
    let last = status(&verifier);
    assert_eq!(last.stale_for, Some(24 * HOUR - STEP));
    assert!(last.last_problem.is_some(), "{last:?}");
    // Every pause of a cool-down is shortened by chance, by half at most.
    let most = 2 * 25 * HOUR.as_secs() / COOL_DOWN.as_secs();
    assert!((100..=most).contains(&last.failures), "{last:?}");
    println!(
        "24 hours without an endpoint: 0 of {steps} good tokens refused, {} fetches tried",
        last.failures
    );

    clock.advance(STEP);
    let error = verifier.verify(&long_lived()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
}

#[tokio::test]
async fn the_state_of_a_source_can_be_told() {
    let server = RawEndpoint::start(good_set(&[])).await;
    let clock = clock();
    let verifier = server.verifier(&clock).with_key_ttl(HOUR).build().unwrap();
    let cold = status(&verifier);
    assert_eq!(server.url, format!("{}/keys", cold.server));
    assert_eq!(
        (cold.keys, cold.age, cold.expires_in, cold.stale_for),
        (0, None, None, None)
    );
    assert_eq!(
        (cold.fetches, cold.failures, cold.last_problem),
        (0, 0, None)
    );
    verifier.verify(&long_lived()).await.unwrap();
    clock.advance(Duration::from_secs(100));
    let warm = status(&verifier);
    assert_eq!((warm.keys, warm.age), (1, Some(Duration::from_secs(100))));
    assert_eq!(warm.hits, 0);
    verifier.verify(&long_lived()).await.unwrap();
    assert_eq!(status(&verifier).hits, 1);
    assert_eq!(warm.expires_in, Some(HOUR - Duration::from_secs(100)));
    server.answer(Reply::Whole(response(503, &[], "")));
    clock.advance(HOUR);
    verifier.verify(&long_lived()).await.unwrap();
    let stale = status(&verifier);
    assert_eq!(
        (stale.expires_in, stale.stale_for),
        (None, Some(Duration::from_secs(100)))
    );
    assert_eq!((stale.fetches, stale.failures), (2, 1));
    assert!(stale.last_problem.unwrap().contains("503"));
    server.answer(good_set(&[]));
    clock.advance(HOUR);
    verifier.verify(&long_lived()).await.unwrap();
    let again = status(&verifier);
    assert_eq!((again.stale_for, again.last_problem), (None, None));
}
