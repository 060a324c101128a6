//! Outages, rotations and floods: a key server sees few requests, and good tokens stay good.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use httpmock::MockServer;
use runbeam_auth::{ErrorKind, Rejection, RemoteVerifier};
use runbeam_http::{HttpClient, Resolver};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::fixture::{clock, header, jwks, key, other_key, remote, serve, serve_body, token, with};
use crate::raw_endpoint::{response, verifier_of};

const TTL: Duration = Duration::from_secs(60 * 60);

fn token_of_unknown_key(id: usize) -> String {
    static SIGNED: LazyLock<String> = LazyLock::new(|| token(json!({})));
    let header = with(header(), json!({ "kid": format!("unknown-{id}") }));
    // Nobody gets as far as the signature.
    let (_, rest) = SIGNED.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

fn rotated_token() -> String {
    let header = with(header(), json!({"kid": other_key().key_id()}));
    other_key().sign_raw(&header.to_string(), &crate::fixture::claims().to_string())
}

async fn verify_at_once(
    verifier: &RemoteVerifier,
    tokens: impl IntoIterator<Item = String>,
) -> Vec<Option<ErrorKind>> {
    let mut tasks = JoinSet::new();
    for token in tokens {
        let verifier = verifier.clone();
        tasks.spawn(async move {
            verifier
                .verify(&token)
                .await
                .err()
                .map(|error| error.kind())
        });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_verifications_at_once_share_one_fetch() {
    let server = MockServer::start_async().await;
    let mock = serve(
        &server,
        200,
        &jwks(&[key().jwk()]),
        Duration::from_millis(50),
    )
    .await;
    let verifier = remote(&server, &clock()).build().unwrap();
    let good = token(json!({}));
    assert_eq!(
        verify_at_once(&verifier, vec![good; 10_000]).await,
        vec![None; 10_000]
    );
    mock.assert_calls_async(1).await;
    println!("10,000 verifications at once with cold keys: 1 fetch");
}

#[tokio::test]
async fn a_token_may_expire_while_its_keys_are_fetched() {
    // The leeway is a minute.
    for (seconds, expected) in [(3659, None), (3660, Some(Rejection::Expired))] {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", server.local_addr().unwrap());
        let clock = clock();
        let verifier = verifier_of(&url, &clock).build().unwrap();
        let late_answer = async {
            let (mut stream, _) = server.accept().await.unwrap();
            stream.readable().await.unwrap();
            clock.advance(Duration::from_secs(seconds));
            let answer = response(200, &[], &jwks(&[key().jwk()]));
            stream.write_all(&answer).await.unwrap();
            stream.shutdown().await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        };
        let good = token(json!({}));
        let both = async { tokio::join!(verifier.verify(&good), late_answer) };
        // Nobody fetches keys for a token that is refused without them.
        let both = tokio::time::timeout(Duration::from_secs(20), both);
        let (outcome, ()) = both.await.unwrap();
        let rejection = outcome.err().map(|error| error.rejection().unwrap());
        assert_eq!(rejection, expected, "{seconds}");
    }
}

/// Breaks down whenever it is asked.
#[derive(Clone, Default)]
struct Broken(Arc<AtomicUsize>);

impl Resolver for Broken {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let times = self.0.fetch_add(1, Ordering::SeqCst);
        panic!("broken for the {times}th time");
    }
}

#[tokio::test]
async fn a_fetch_that_panics_is_one_that_failed() {
    let (clock, resolver) = (clock(), Broken::default());
    let client = HttpClient::builder().with_resolver(resolver.clone());
    let verifier = verifier_of("https://keys.example.test/keys", &clock)
        .with_http_client(client.build().unwrap())
        .build()
        .unwrap();
    let good = token(json!({}));
    for fetches in 1..=3 {
        for _ in 0..3 {
            let error = verifier.verify(&good).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
            assert!(error.to_string().ends_with("panicked"), "{error}");
        }
        let status = &verifier.key_sources()[0];
        assert_eq!((status.fetches, status.failures), (fetches, fetches));
        assert_eq!(resolver.0.load(Ordering::SeqCst) as u64, fetches);
        clock.advance(Duration::from_secs(30));
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_end_the_fetch_of_the_others() {
    let server = MockServer::start_async().await;
    let mock = serve(
        &server,
        200,
        &jwks(&[key().jwk()]),
        Duration::from_millis(100),
    )
    .await;
    let verifier = remote(&server, &clock()).build().unwrap();
    let good = token(json!({}));
    let impatient = tokio::time::timeout(Duration::from_millis(20), verifier.verify(&good));
    let (impatient, patient) = tokio::join!(impatient, verifier.verify(&good));
    assert!(impatient.is_err() && patient.is_ok());
    mock.assert_calls_async(1).await;
}

#[tokio::test]
async fn unknown_key_ids_cause_one_fetch_per_cool_down_and_disturb_nobody() {
    let server = MockServer::start_async().await;
    let mock = serve_body(&server, &jwks(&[key().jwk()])).await;
    let clock = clock();
    let verifier = remote(&server, &clock).build().unwrap();
    let good = token(json!({}));
    assert!(verifier.verify(&good).await.is_ok());
    for (round, expected) in [(0, 1), (1, 2), (2, 3)] {
        let outcomes = verify_at_once(&verifier, (0..10_000).map(token_of_unknown_key)).await;
        assert_eq!(outcomes, vec![Some(ErrorKind::Rejected); 10_000], "{round}");
        assert!(verifier.verify(&good).await.is_ok());
        mock.assert_calls_async(expected).await;
        clock.advance(Duration::from_secs(31));
    }
    println!("10,000 unknown key ids in each of 3 cool-downs: 3 fetches");
}

#[tokio::test]
async fn a_rotated_key_is_found_within_the_cool_down_and_a_withdrawn_one_dies_with_its_set() {
    let server = MockServer::start_async().await;
    let old_set = serve_body(&server, &jwks(&[key().jwk()])).await;
    let clock = clock();
    let verifier = remote(&server, &clock).with_key_ttl(TTL).build().unwrap();
    assert!(verifier.verify(&token(json!({}))).await.is_ok());
    old_set.delete_async().await;
    serve_body(&server, &jwks(&[other_key().jwk()])).await;
    let rejection =
        |outcome: Result<_, runbeam_auth::Error>| outcome.err().and_then(|error| error.rejection());
    assert_eq!(
        rejection(verifier.verify(&rotated_token()).await),
        Some(Rejection::UnknownKey)
    );
    clock.advance(Duration::from_secs(31));
    assert_eq!(rejection(verifier.verify(&rotated_token()).await), None);
    assert_eq!(
        rejection(verifier.verify(&token(json!({}))).await),
        Some(Rejection::UnknownKey)
    );
}

#[tokio::test]
async fn a_withdrawn_key_dies_with_the_time_of_its_set() {
    let server = MockServer::start_async().await;
    let old_set = serve_body(&server, &jwks(&[key().jwk()])).await;
    let clock = clock();
    let verifier = remote(&server, &clock).with_key_ttl(TTL).build().unwrap();
    let long_lived = token(json!({"exp": crate::fixture::NOW + 1_000_000}));
    assert!(verifier.verify(&long_lived).await.is_ok());
    old_set.delete_async().await;
    serve_body(&server, &jwks(&[other_key().jwk()])).await;
    clock.advance(TTL - Duration::from_secs(1));
    assert!(verifier.verify(&long_lived).await.is_ok());
    clock.advance(Duration::from_secs(1));
    assert!(verifier.verify(&long_lived).await.is_err());
}

#[tokio::test]
async fn an_outage_keeps_the_last_keys_for_a_limited_time_and_is_not_a_bad_token() {
    let server = MockServer::start_async().await;
    let up = serve_body(&server, &jwks(&[key().jwk()])).await;
    let clock = clock();
    let verifier = remote(&server, &clock)
        .with_key_ttl(TTL)
        .with_stale_limit(TTL)
        .build()
        .unwrap();
    let good = token(json!({"exp": crate::fixture::NOW + 1_000_000}));
    assert!(verifier.verify(&good).await.is_ok());
    up.delete_async().await;
    let down = serve(&server, 503, "", Duration::ZERO).await;

    clock.advance(TTL + Duration::from_secs(1));
    for _ in 0..100 {
        assert!(verifier.verify(&good).await.is_ok());
    }
    down.assert_calls_async(1).await;
    // The new key of a rotation during the outage cannot be checked; a forged token still is a bad one.
    assert_eq!(
        verifier.verify(&rotated_token()).await.unwrap_err().kind(),
        ErrorKind::KeysUnavailable
    );
    let forged = other_key().sign_raw(&header().to_string(), &crate::fixture::claims().to_string());
    let forged = verifier.verify(&forged).await.unwrap_err();
    assert_eq!(forged.kind(), ErrorKind::Rejected);
    assert!(verifier.verify(&good).await.is_ok());

    clock.advance(TTL);
    let error = verifier.verify(&good).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_transient()),
        (ErrorKind::KeysUnavailable, true)
    );
    assert!(error.to_string().contains("503"), "{error}");

    down.delete_async().await;
    serve_body(&server, &jwks(&[key().jwk()])).await;
    clock.advance(Duration::from_secs(31));
    assert!(verifier.verify(&good).await.is_ok());
}

#[tokio::test]
async fn a_source_that_fails_from_the_start_is_tried_ever_less_often() {
    let server = MockServer::start_async().await;
    let down = serve(&server, 500, "", Duration::ZERO).await;
    let clock = clock();
    let verifier = remote(&server, &clock).build().unwrap();
    let good = token(json!({"exp": crate::fixture::NOW + 1_000_000}));
    for _ in 0..600 {
        assert_eq!(
            verifier.verify(&good).await.unwrap_err().kind(),
            ErrorKind::KeysUnavailable
        );
        clock.advance(Duration::from_secs(1));
    }
    let calls = down.calls_async().await;
    // Every pause of 30 seconds is shortened by chance, by half at most.
    assert!((20..=45).contains(&calls), "{calls} fetches in ten minutes");
}

#[tokio::test]
async fn setting_the_clock_back_a_year_changes_no_ages() {
    let server = MockServer::start_async().await;
    let mock = serve_body(&server, &jwks(&[key().jwk()])).await;
    let clock = clock();
    let verifier = remote(&server, &clock).with_key_ttl(TTL).build().unwrap();
    let good = token(json!({"nbf": null, "iat": null}));
    assert!(verifier.verify(&good).await.is_ok());
    clock.set(runbeam_model::Timestamp::from_unix_seconds(
        crate::fixture::NOW - 365 * 24 * 3600,
    ));
    assert!(verifier.verify(&good).await.is_ok());
    clock.advance(TTL);
    assert!(verifier.verify(&good).await.is_ok());
    mock.assert_calls_async(2).await;
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_is_an_error_and_never_replaces_a_good_one() {
    let ec_only = jwks(&[json!({"kty": "EC", "kid": key().key_id()})]);
    let many = jwks(&vec![Value::Null; 10_000]);
    let deep = "[".repeat(100_000);
    let good_set = jwks(&[key().jwk()]);
    let answers: Vec<(u16, &str)> = vec![
        (200, "<html>"),
        (200, ""),
        (200, "{\"keys\":[]}"),
        (200, "{\"keys\":["),
        (200, "\u{feff}{}"),
        (200, &ec_only),
        (200, &many),
        (200, &deep),
        (204, &good_set),
        (206, &good_set),
        (301, &good_set),
        (403, &good_set),
        (404, &good_set),
        (500, &good_set),
    ];
    for (status, body) in answers {
        let server = MockServer::start_async().await;
        let bad = serve(&server, status, body, Duration::ZERO).await;
        let clock = clock();
        let cold = remote(&server, &clock).build().unwrap();
        let good = token(json!({}));
        let error = cold.verify(&good).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::KeysUnavailable,
            "{status}: {error}"
        );
        bad.delete_async().await;

        let up = serve_body(&server, &good_set).await;
        clock.advance(Duration::from_secs(2));
        let warm = remote(&server, &clock)
            .with_key_ttl(Duration::from_secs(60))
            .build()
            .unwrap();
        assert!(warm.verify(&good).await.is_ok() && cold.verify(&good).await.is_ok());
        up.delete_async().await;
        serve(&server, status, body, Duration::ZERO).await;
        clock.advance(Duration::from_secs(61));
        assert!(warm.verify(&good).await.is_ok(), "{status}");
    }
}
