//! Servers of keys that answer badly, each row of the shared list of them.
//!
//! No row is left out. A name without an address is one that is reserved to have none (RFC 6761, section 6.4), and
//! the server of TLS 1.1, which no library here can be, is the one record in which it would choose that version.

use std::time::{Duration, Instant};

use runbeam_auth::{ErrorKind, Rejection, RemoteVerifier};
use runbeam_model::{ManualClock, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fixture::{NOW, claims, clock, header, jwks, key, other_key, token, with};
use crate::raw_endpoint::{RawEndpoint, Reply, response, verifier_of};
use crate::vectors;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// What waits for an answer ends with the deadline of a second; the rest is for slow machines.
const BOUND: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Row {
    name: String,
    reply: Value,
    expect: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_the_list_is_survived() {
    let Some(rows) = vectors::rows::<Row>("corpora/jwks_endpoint.jsonl") else {
        return;
    };
    for row in &rows {
        match (row.expect.as_str(), row.name.as_str()) {
            ("use", _) => is_used(row).await,
            ("error_keep_stale", _) => is_an_error_and_keeps_the_last_keys(row).await,
            (_, "rotate_new_kid") => rotation_costs_one_fetch().await,
            (_, "thundering_herd") => first_verifications_share_one_fetch().await,
            (_, "etag_304") => unchanged_keys_live_on().await,
            (_, "max_age_huge") => a_long_life_is_cut(&row.reply).await,
            (_, "clock_back_1y") => the_time_of_day_is_no_matter().await,
            (_, "stale_then_revoked") => a_withdrawn_key_dies_with_its_set().await,
            (_, "stale_endpoint_down_24h") => no_key_is_trusted_for_ever().await,
            (expect, name) => panic!("{name}: nobody knows how to check `{expect}`"),
        }
    }
    eprintln!("checked {} rows of jwks_endpoint.jsonl", rows.len());
    assert!(rows.len() >= 35, "{}", rows.len());
}

fn good_set() -> String {
    jwks(&[key().jwk()])
}

fn good_answer() -> Reply {
    Reply::Whole(response(200, &[], &good_set()))
}

fn good_token() -> String {
    token(json!({"exp": NOW + 1_000_000, "nbf": null, "iat": null}))
}

fn token_by_other_key() -> String {
    let header = with(header(), json!({"kid": other_key().key_id()}));
    let claims = with(claims(), json!({"exp": NOW + 1_000_000}));
    other_key().sign_raw(&header.to_string(), &claims.to_string())
}

fn tls_server_hello(version: u8) -> Vec<u8> {
    let hello = [&[3, version][..], &[7; 32], &[0], &[0, 0x2f], &[0]].concat();
    let length = hello.len() as u8;
    [
        &[0x16, 3, version, 0, length + 4, 2, 0, 0, length],
        &hello[..],
    ]
    .concat()
}

/// What a row of the list says a server does.
fn reply_of(reply: &Value, canary: &str) -> Reply {
    let body = match reply["body"].as_str() {
        None | Some("valid jwks") => good_set(),
        Some(body) => body.to_owned(),
    };
    let number = |name: &str| reply[name].as_u64().map(|number| number as usize);
    if reply["close"] == true {
        return Reply::Close;
    }
    if reply["infinite"] == true {
        // Without a length, so that only reading tells that it is too much.
        return Reply::Endless(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec());
    }
    if reply["drip_body"] == 1 {
        return Reply::Drip(response(200, &[("content-length", "4096")], &body));
    }
    if let Some(bytes) = number("reset_after") {
        let whole = response(200, &[], &body);
        let head = whole.len() - body.len();
        return Reply::Reset(whole[..head + bytes].to_vec());
    }
    if let Some(length) = number("content_length") {
        return Reply::Whole(response(
            200,
            &[("content-length", &length.to_string())],
            &body,
        ));
    }
    if reply["tls"] == "1.1" {
        return Reply::Silence(tls_server_hello(2));
    }
    let body = match (number("keys"), number("deep")) {
        (Some(keys), _) => jwks(&vec![key().jwk(); keys]),
        (_, Some(deep)) => "[".repeat(deep),
        _ => body,
    };
    let long = "x".repeat(number("headers_bytes").unwrap_or_default());
    let headers = [
        ("content-type", reply["ct"].as_str()),
        ("cache-control", reply["cache_control"].as_str()),
        ("content-encoding", reply["encoding"].as_str()),
        ("location", reply["location"].as_str().map(|_| canary)),
        (
            "x-long",
            Some(long.as_str()).filter(|long| !long.is_empty()),
        ),
    ];
    let headers: Vec<_> = headers
        .iter()
        .filter_map(|(name, value)| Some((*name, (*value)?)))
        .collect();
    let status = reply["status"].as_u64().unwrap_or(200) as u16;
    Reply::Whole(response(status, &headers, &body))
}

async fn is_used(row: &Row) {
    let server = RawEndpoint::start(reply_of(&row.reply, "")).await;
    let verifier = server.verifier(&clock()).build().unwrap();
    assert!(verifier.verify(&good_token()).await.is_ok(), "{}", row.name);
    assert_eq!(server.connections(), 1, "{}", row.name);
}

/// A verifier that has keys of an hour's life for `url`, as old as they may be.
fn warm(url: &str, clock: &ManualClock) -> RemoteVerifier {
    let now = NOW - HOUR.as_secs() as i64;
    let set = json!({"url": url, "fetched_at": now, "life": 3600, "document": good_set()});
    let snapshot = json!({"version": 1, "sets": [set]}).to_string();
    let builder = verifier_of(url, clock).with_key_ttl(HOUR);
    builder
        .with_snapshot(snapshot.as_bytes())
        .unwrap()
        .build()
        .unwrap()
}

async fn is_an_error_and_keeps_the_last_keys(row: &Row) {
    let name = &row.name;
    let canary = RawEndpoint::start(good_answer()).await;
    let server = RawEndpoint::start(reply_of(&row.reply, &canary.url)).await;
    let self_signed;
    let url = match (&row.reply["tls"], &row.reply["dns"]) {
        (Value::String(tls), _) if tls == "self_signed" => {
            self_signed = crate::self_signed::SelfSignedServer::start().await;
            self_signed.url.clone()
        }
        (Value::String(_), _) => server.url.replace("http:", "https:"),
        (_, Value::String(_)) => "https://keys.invalid/keys".to_owned(),
        _ => server.url.clone(),
    };
    let server = if row.reply["refuse"] == true {
        drop(server);
        tokio::task::yield_now().await;
        None
    } else {
        Some(server)
    };
    let connections = || server.as_ref().map_or(0, RawEndpoint::connections);
    let clock = clock();
    let start = Instant::now();

    let cold = verifier_of(&url, &clock).build().unwrap();
    let error = cold.verify(&good_token()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeysUnavailable, "{name}: {error}");
    assert!(connections() <= 1, "{name}");

    let warm = warm(&url, &clock);
    for _ in 0..50 {
        assert!(warm.verify(&good_token()).await.is_ok(), "{name}");
    }
    let status = warm.key_sources().remove(0);
    assert_eq!(
        (status.fetches, status.failures),
        (1, 1),
        "{name}: {status:?}"
    );
    assert_eq!(status.stale_for, Some(Duration::ZERO), "{name}");
    assert!(connections() <= 2, "{name}");

    assert_eq!(canary.connections(), 0, "{name}");
    assert!(start.elapsed() < BOUND, "{name}: {:?}", start.elapsed());
    // Most of this is in the buffers of the system.
    let sent = server.as_ref().map_or(0, RawEndpoint::sent);
    assert!(sent < 64 << 20, "{name}: {sent} bytes");
}

async fn rotation_costs_one_fetch() {
    let server = RawEndpoint::start(good_answer()).await;
    let clock = clock();
    let verifier = server.verifier(&clock).build().unwrap();
    verifier.verify(&good_token()).await.unwrap();
    clock.advance(Duration::from_secs(31));
    for set in [
        vec![key().jwk(), other_key().jwk()],
        vec![other_key().jwk()],
    ] {
        server.answer(Reply::Whole(response(200, &[], &jwks(&set))));
        for _ in 0..50 {
            assert!(verifier.verify(&token_by_other_key()).await.is_ok());
        }
        assert_eq!(server.connections(), 2);
    }
}

async fn first_verifications_share_one_fetch() {
    let server = RawEndpoint::start(good_answer()).await;
    // A thousand signatures keep a small machine busy for a while.
    let builder = server.verifier(&clock()).with_fetch_deadline(BOUND);
    let (verifier, good) = (builder.build().unwrap(), good_token());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let (verifier, good) = (verifier.clone(), good.clone());
        tasks.spawn(async move { verifier.verify(&good).await.is_ok() });
    }
    assert!(tasks.join_all().await.iter().all(|is_ok| *is_ok));
    assert_eq!(server.connections(), 1);
}

async fn unchanged_keys_live_on() {
    let tagged = response(200, &[("etag", "\"v1\"")], &good_set());
    let server = RawEndpoint::start(Reply::Whole(tagged)).await;
    let clock = clock();
    let verifier = server.verifier(&clock).with_key_ttl(HOUR).build().unwrap();
    verifier.verify(&good_token()).await.unwrap();
    server.answer(Reply::Whole(response(304, &[], "")));
    clock.advance(HOUR);
    verifier.verify(&good_token()).await.unwrap();
    let status = verifier.key_sources().remove(0);
    assert_eq!((status.failures, status.expires_in), (0, Some(HOUR)));
}

async fn a_long_life_is_cut(reply: &Value) {
    let server = RawEndpoint::start(reply_of(reply, "")).await;
    let verifier = server.verifier(&clock()).build().unwrap();
    verifier.verify(&good_token()).await.unwrap();
    assert_eq!(verifier.key_sources()[0].expires_in, Some(24 * HOUR));
}

async fn the_time_of_day_is_no_matter() {
    let server = RawEndpoint::start(good_answer()).await;
    let clock = clock();
    let verifier = server.verifier(&clock).with_key_ttl(HOUR).build().unwrap();
    verifier.verify(&good_token()).await.unwrap();
    clock.set(Timestamp::from_unix_seconds(NOW - 365 * 24 * 60 * 60));
    verifier.verify(&good_token()).await.unwrap();
    assert_eq!(server.connections(), 1);
    clock.advance(HOUR);
    verifier.verify(&good_token()).await.unwrap();
    assert_eq!(server.connections(), 2);
}

async fn a_withdrawn_key_dies_with_its_set() {
    let server = RawEndpoint::start(good_answer()).await;
    let clock = clock();
    let verifier = server.verifier(&clock).with_key_ttl(HOUR).build().unwrap();
    verifier.verify(&good_token()).await.unwrap();
    let other_set = jwks(&[other_key().jwk()]);
    server.answer(Reply::Whole(response(200, &[], &other_set)));
    clock.advance(HOUR);
    let error = verifier.verify(&good_token()).await.unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::UnknownKey));
}

async fn no_key_is_trusted_for_ever() {
    let server = RawEndpoint::start(good_answer()).await;
    let clock = clock();
    let verifier = server.verifier(&clock).build().unwrap();
    verifier.verify(&good_token()).await.unwrap();
    server.answer(Reply::Close);
    clock.advance(25 * HOUR - Duration::from_secs(1));
    verifier.verify(&good_token()).await.unwrap();
    clock.advance(Duration::from_secs(1));
    let error = verifier.verify(&good_token()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
}
