//! Issuers that say themselves where their keys are: OpenID Connect Discovery 1.0, section 4.

use std::sync::Arc;
use std::time::Duration;

use httpmock::{Mock, MockServer};
use runbeam_auth::{
    Error, ErrorKind, KeySourceStatus, Rejection, RemoteVerifier, RemoteVerifierBuilder,
    TrustPolicy, TrustedIssuer,
};
use runbeam_model::{BaseUrl, ManualClock, Origin};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::fixture::{
    NOW, claims, clock, header, jwks, key, other_key, serve, serve_body, token, with,
};
use crate::raw_endpoint::{RawEndpoint, Reply};

const HOUR: Duration = Duration::from_secs(60 * 60);
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

fn trusting(issuer: &str) -> TrustedIssuer {
    TrustedIssuer::exact(issuer).with_discovery().unwrap()
}

fn builder(issuer: TrustedIssuer, clock: &ManualClock) -> RemoteVerifierBuilder {
    RemoteVerifier::builder(TrustPolicy::new(issuer))
        .with_clock(Arc::new(clock.clone()))
        .with_key_ttl(HOUR)
}

/// A verifier that trusts `server` and finds its keys by discovery.
fn verifier(server: &MockServer, clock: &ManualClock) -> RemoteVerifier {
    let builder = builder(trusting(&server.base_url()), clock);
    builder.build().unwrap()
}

/// A token of `issuer` that lives longer than any key set here.
fn token_of(issuer: &str) -> String {
    token(json!({"iss": issuer, "exp": NOW + 1_000_000}))
}

fn token_by_other_key(issuer: &str) -> String {
    let header = with(header(), json!({"kid": other_key().key_id()}));
    let claims = with(claims(), json!({"iss": issuer, "exp": NOW + 1_000_000}));
    other_key().sign_raw(&header.to_string(), &claims.to_string())
}

fn document(issuer: &str, jwks_uri: &str) -> String {
    json!({"issuer": issuer, "jwks_uri": jwks_uri, "response_types_supported": ["code"]})
        .to_string()
}

fn good_document(server: &MockServer) -> String {
    document(&server.base_url(), &server.url("/keys"))
}

async fn serve_at<'a>(server: &'a MockServer, path: &str, status: u16, body: &str) -> Mock<'a> {
    server
        .mock_async(|when, then| {
            when.path(path);
            then.status(status).body(body);
        })
        .await
}

async fn serve_document<'a>(server: &'a MockServer, body: &str) -> Mock<'a> {
    serve_at(server, WELL_KNOWN, 200, body).await
}

fn status(verifier: &RemoteVerifier) -> KeySourceStatus {
    verifier.key_sources().remove(0)
}

async fn calls(mocks: &[&Mock<'_>]) -> Vec<usize> {
    let mut calls = Vec::new();
    for mock in mocks {
        calls.push(mock.calls_async().await);
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_are_where_the_issuer_says() {
    let server = MockServer::start_async().await;
    let found = serve_document(&server, &good_document(&server)).await;
    let keys = serve_body(&server, &jwks(&[key().jwk()])).await;
    let clock = clock();
    let verifier = verifier(&server, &clock);
    assert_eq!(status(&verifier).server, server.base_url());
    assert_eq!(status(&verifier).jwks_url, None);

    let good = token_of(&server.base_url());
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let (verifier, good) = (verifier.clone(), good.clone());
        tasks.spawn(async move { verifier.verify(&good).await.is_ok() });
    }
    assert!(tasks.join_all().await.iter().all(|is_ok| *is_ok));
    assert_eq!(calls(&[&found, &keys]).await, [1, 1]);
    let warm = status(&verifier);
    assert_eq!((warm.fetches, warm.failures, warm.keys), (1, 0, 1));
    assert_eq!(warm.server, server.base_url());
    assert_eq!(warm.jwks_url, Some(server.url("/keys")));
    let stranger = token(json!({"iss": "https://elsewhere.example.com"}));
    let rejection = verifier.verify(&stranger).await.unwrap_err().rejection();
    assert_eq!(rejection, Some(Rejection::Issuer));
}

#[tokio::test]
async fn the_document_is_looked_for_below_the_path_of_the_issuer() {
    for (path, expected) in [
        ("", "/.well-known/openid-configuration"),
        ("/", "/.well-known/openid-configuration"),
        ("/a/b", "/a/b/.well-known/openid-configuration"),
        ("/a/b/", "/a/b/.well-known/openid-configuration"),
    ] {
        let server = MockServer::start_async().await;
        let issuer = server.url(path);
        let body = document(&issuer, &server.url("/keys"));
        let found = serve_at(&server, expected, 200, &body).await;
        serve_body(&server, &jwks(&[key().jwk()])).await;
        let verifier = builder(trusting(&issuer), &clock()).build().unwrap();
        let outcome = verifier.verify(&token_of(&issuer)).await;
        assert!(outcome.is_ok(), "{path}: {outcome:?}");
        found.assert_calls_async(1).await;
    }
}

/// What a discovery document must not be, and a part of what is said about it.
fn bad_documents(server: &MockServer) -> Vec<(u16, String, &'static str)> {
    let (issuer, keys) = (server.base_url(), server.url("/keys"));
    let good = good_document(server);
    let at = |url: &str| document(&issuer, url);
    let member = |name: &str, value: Value| {
        let good = serde_json::from_str(&good).unwrap();
        with(good, json!({ name: value })).to_string()
    };
    let twice =
        |name: &str, value: &str| good.replacen('{', &format!("{{\"{name}\":\"{value}\","), 1);
    let padded = format!("{good}{}", " ".repeat(256 << 10));
    let other_port = server.port() ^ 1;
    let not_named = "which the policy does not name: if that is right, add it with";
    let no_object = "is not a JSON object in which every name stands once";
    vec![
        (404, good.clone(), "404"),
        (500, good.clone(), "500"),
        (204, good.clone(), "204"),
        (206, good.clone(), "206"),
        (301, good.clone(), "301"),
        (200, document(&format!("{issuer}/"), &keys), "and not of"),
        (200, document("https://evil.test", &keys), "evil.test"),
        (200, document(&issuer.to_uppercase(), &keys), "and not of"),
        (200, document(&"x\n".repeat(1000), &keys), "x\\nx"),
        (200, member("issuer", Value::Null), "it has no `issuer`"),
        (200, member("issuer", json!([issuer])), "it has no `issuer`"),
        (200, member("jwks_uri", Value::Null), "it has no `jwks_uri`"),
        (200, member("jwks_uri", json!({})), "it has no `jwks_uri`"),
        (200, at(""), "invalid URL"),
        (200, at("/keys"), "invalid URL"),
        (200, at("ftp://127.0.0.1/keys"), "invalid URL"),
        (
            200,
            at(&keys.replace("http://", "http://user@")),
            "invalid URL",
        ),
        (
            200,
            at("http://keys.example.com/keys"),
            "which is not https",
        ),
        (200, at("https://evil.test/keys"), not_named),
        (200, at(&keys.replace("127.0.0.1", "localhost")), not_named),
        (200, at(&keys.replace("http:", "https:")), not_named),
        (
            200,
            at(&format!("http://127.0.0.1:{other_port}/keys")),
            not_named,
        ),
        (200, twice("issuer", &issuer), no_object),
        (200, twice("jwks_uri", &keys), no_object),
        (200, twice("jwks\\u005furi", &keys), no_object),
        (200, String::new(), no_object),
        (200, "<html>".to_owned(), no_object),
        (200, format!("\u{feff}{good}"), no_object),
        (200, format!("[{good}]"), no_object),
        (200, format!("{good}{good}"), no_object),
        (200, "[".repeat(100_000), no_object),
        (200, padded, "more than 262144 bytes"),
    ]
}

#[tokio::test]
async fn a_bad_document_is_an_outage_of_the_keys_and_its_end_is_found() {
    let server = MockServer::start_async().await;
    let keys = serve_body(&server, &jwks(&[key().jwk()])).await;
    let good = token_of(&server.base_url());
    for (code, body, expected) in bad_documents(&server) {
        let clock = clock();
        let bad = serve_at(&server, WELL_KNOWN, code, &body).await;
        let before = keys.calls_async().await;
        let cold = verifier(&server, &clock);
        let error = cold.verify(&good).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::KeysUnavailable, "{text}");
        let origin = server.base_url();
        assert!(
            text.contains(expected) && text.contains(&origin) && text.len() < 1000,
            "{code} {expected}: {text}"
        );
        assert_eq!(bad.calls_async().await, 1, "{text}");
        assert_eq!(keys.calls_async().await, before, "{text}");
        bad.delete_async().await;

        let repaired = serve_document(&server, &good_document(&server)).await;
        clock.advance(Duration::from_secs(2));
        cold.verify(&good).await.unwrap();
        let warm = cold;
        repaired.delete_async().await;

        // The keys are good for as long as they are with a key set that cannot be had.
        let bad = serve_at(&server, WELL_KNOWN, code, &body).await;
        clock.advance(HOUR);
        warm.verify(&good).await.unwrap();
        let stale = status(&warm);
        assert_eq!((stale.fetches, stale.failures), (3, 2), "{text}");
        assert_eq!(stale.stale_for, Some(Duration::ZERO));
        assert!(stale.last_problem.unwrap().contains(expected));
        clock.advance(HOUR - Duration::from_secs(1));
        warm.verify(&good).await.unwrap();
        clock.advance(Duration::from_secs(1));
        let error = warm.verify(&good).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeysUnavailable, "{text}");
        bad.delete_async().await;

        let repaired = serve_document(&server, &good_document(&server)).await;
        clock.advance(Duration::from_secs(31));
        warm.verify(&good).await.unwrap();
        assert_eq!(status(&warm).last_problem, None);
        repaired.delete_async().await;
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start_async().await;
    let server = MockServer::start_async().await;
    let target = serve_document(&elsewhere, &good_document(&server)).await;
    serve_body(&server, &jwks(&[key().jwk()])).await;
    for code in [301, 302, 303, 307, 308] {
        let moved = server
            .mock_async(|when, then| {
                when.path(WELL_KNOWN);
                then.status(code)
                    .header("location", elsewhere.url(WELL_KNOWN));
            })
            .await;
        let outcome = verifier(&server, &clock())
            .verify(&token_of(&server.base_url()))
            .await;
        let text = outcome.unwrap_err().to_string();
        assert!(text.contains(&code.to_string()), "{text}");
        moved.delete_async().await;
    }
    target.assert_calls_async(0).await;
}

#[tokio::test]
async fn a_document_that_does_not_come_ends_with_the_deadline() {
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    let replies = [
        Reply::Silence(Vec::new()),
        Reply::Silence(head.clone()),
        Reply::Drip(head.clone()),
        Reply::Endless(head),
        Reply::Close,
    ];
    for reply in replies {
        let server = RawEndpoint::start(reply).await;
        let issuer = server.url.strip_suffix("/keys").unwrap();
        let builder = builder(trusting(issuer), &clock());
        let verifier = builder
            .with_fetch_deadline(Duration::from_millis(500))
            .build()
            .unwrap();
        let waiting = verifier.verify(&token_of(issuer)).await;
        let error = waiting.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeysUnavailable, "{error}");
        assert_eq!(server.connections(), 1, "{error}");
        let sent = server.sent();
        assert!(sent < 64 << 20, "{error}: {sent} bytes");
    }
}

#[tokio::test]
async fn the_document_and_the_set_share_one_deadline() {
    let server = MockServer::start_async().await;
    let part = Duration::from_millis(700);
    let body = good_document(&server);
    server
        .mock_async(|when, then| {
            when.path(WELL_KNOWN);
            then.status(200).body(body).delay(part);
        })
        .await;
    serve(&server, 200, &jwks(&[key().jwk()]), part).await;
    let builder = builder(trusting(&server.base_url()), &clock());
    let builder = builder.with_fetch_deadline(Duration::from_secs(1));
    let outcome = builder
        .build()
        .unwrap()
        .verify(&token_of(&server.base_url()))
        .await;
    let text = outcome.unwrap_err().to_string();
    assert!(text.contains("no complete answer in time"), "{text}");
}

#[tokio::test]
async fn a_young_set_is_looked_at_again_where_it_was_and_an_old_one_where_the_issuer_says() {
    let server = MockServer::start_async().await;
    let issuer = server.base_url();
    let found = serve_document(&server, &good_document(&server)).await;
    let keys = serve_body(&server, &jwks(&[key().jwk()])).await;
    let clock = clock();
    let verifier = verifier(&server, &clock);
    verifier.verify(&token_of(&issuer)).await.unwrap();
    assert_eq!(calls(&[&found, &keys]).await, [1, 1]);

    // Rotation: one request for one fetch, and the floods of unknown keys cause no more.
    for round in 1..=3 {
        clock.advance(Duration::from_secs(31));
        for _ in 0..50 {
            let error = verifier.verify(&token_by_other_key(&issuer)).await;
            assert_eq!(error.unwrap_err().rejection(), Some(Rejection::UnknownKey));
        }
        assert_eq!(calls(&[&found, &keys]).await, [1, 1 + round]);
    }
    keys.delete_async().await;
    let keys = serve_body(&server, &jwks(&[key().jwk(), other_key().jwk()])).await;
    clock.advance(Duration::from_secs(31));
    verifier.verify(&token_by_other_key(&issuer)).await.unwrap();
    assert_eq!(calls(&[&found, &keys]).await, [1, 1]);

    // An old one is renewed from where the issuer says by then.
    found.delete_async().await;
    let found = serve_document(&server, &document(&issuer, &server.url("/moved"))).await;
    let moved = serve_at(&server, "/moved", 200, &jwks(&[other_key().jwk()])).await;
    clock.advance(HOUR);
    let error = verifier.verify(&token_of(&issuer)).await.unwrap_err();
    assert_eq!(error.rejection(), Some(Rejection::UnknownKey));
    assert_eq!(calls(&[&found, &keys, &moved]).await, [1, 1, 1]);
    assert_eq!(status(&verifier).jwks_url, Some(server.url("/moved")));
}

#[tokio::test]
async fn an_address_that_fails_is_asked_for_again() {
    let server = MockServer::start_async().await;
    let issuer = server.base_url();
    let found = serve_document(&server, &good_document(&server)).await;
    let keys = serve_body(&server, &jwks(&[key().jwk()])).await;
    let clock = clock();
    let verifier = verifier(&server, &clock);
    verifier.verify(&token_of(&issuer)).await.unwrap();

    keys.delete_async().await;
    let gone = serve(&server, 410, "", Duration::ZERO).await;
    clock.advance(Duration::from_secs(31));
    let by_new_key = token_by_other_key(&issuer);
    let error = verifier.verify(&by_new_key).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeysUnavailable);
    assert_eq!(calls(&[&found, &gone]).await, [1, 1]);

    found.delete_async().await;
    let found = serve_document(&server, &document(&issuer, &server.url("/moved"))).await;
    let moved = serve_at(&server, "/moved", 200, &jwks(&[other_key().jwk()])).await;
    clock.advance(Duration::from_secs(31));
    verifier.verify(&by_new_key).await.unwrap();
    assert_eq!(calls(&[&found, &gone, &moved]).await, [1, 1, 1]);
}

#[tokio::test]
async fn a_tag_is_shown_only_to_the_address_that_gave_it() {
    let server = MockServer::start_async().await;
    let issuer = server.base_url();
    let found = serve_document(&server, &good_document(&server)).await;
    let body = jwks(&[key().jwk()]);
    let tagged = |path: &'static str, is_asked: bool, status: u16| {
        let (server, body) = (&server, body.clone());
        async move {
            server
                .mock_async(|when, then| {
                    let when = when.path(path);
                    if is_asked {
                        when.header("if-none-match", "\"v1\"");
                    } else {
                        when.header_missing("if-none-match");
                    }
                    then.status(status).header("etag", "\"v1\"").body(body);
                })
                .await
        }
    };
    let first = tagged("/keys", false, 200).await;
    let confirmed = tagged("/keys", true, 304).await;
    let clock = clock();
    let verifier = verifier(&server, &clock);
    for expected in [[1, 0], [1, 1], [1, 2]] {
        verifier.verify(&token_of(&issuer)).await.unwrap();
        assert_eq!(calls(&[&first, &confirmed]).await, expected);
        clock.advance(HOUR);
    }
    found.delete_async().await;
    serve_document(&server, &document(&issuer, &server.url("/moved"))).await;
    let moved = tagged("/moved", false, 200).await;
    verifier.verify(&token_of(&issuer)).await.unwrap();
    assert_eq!(calls(&[&first, &confirmed, &moved]).await, [1, 2, 1]);
    assert_eq!(status(&verifier).failures, 0);
}

#[tokio::test]
async fn keys_at_another_origin_are_trusted_if_the_policy_names_it() {
    let (server, keys) = (
        MockServer::start_async().await,
        MockServer::start_async().await,
    );
    let issuer = server.base_url();
    serve_document(&server, &document(&issuer, &keys.url("/keys"))).await;
    let set = serve_body(&keys, &jwks(&[key().jwk()])).await;
    let verify = async |trusted: TrustedIssuer| {
        let verifier = builder(trusted, &clock()).build().unwrap();
        let outcome: Result<_, Error> = verifier.verify(&token_of(&issuer)).await;
        outcome.map(|_| verifier)
    };
    let text = verify(trusting(&issuer)).await.unwrap_err().to_string();
    assert!(
        text.contains(&format!("at {}", keys.base_url())) && text.contains("`with_jwks_origin`"),
        "{text}"
    );
    let another = "https://www.googleapis.com".parse().unwrap();
    let trusted = trusting(&issuer).with_jwks_origin(another);
    assert!(verify(trusted.clone()).await.is_err());
    set.assert_calls_async(0).await;

    let trusted = trusted.with_jwks_origin(Origin::of(&keys.base_url()).unwrap());
    let verifier = verify(trusted).await.unwrap();
    assert_eq!(status(&verifier).jwks_url, Some(keys.url("/keys")));
    assert_eq!(status(&verifier).server, server.base_url());
    set.assert_calls_async(1).await;
}

#[tokio::test]
async fn plain_http_is_for_issuers_on_loopback_alone() {
    // Nothing listens there: what counts is what the policy takes at all.
    for issuer in [
        "http://auth.example.com",
        "ftp://auth.example.com",
        "auth.example.com",
        "https://user@auth.example.com",
        "https://auth.example.com/?tenant=a",
        "https://auth.example.com/#a",
        "",
    ] {
        let error = TrustedIssuer::exact(issuer).with_discovery().unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("invalid issuer for discovery: "), "{text}");
    }
    let base: BaseUrl = "https://api.runbeam.io".parse().unwrap();
    let error = TrustedIssuer::cloud(&base).with_discovery().unwrap_err();
    assert!(error.to_string().contains("`TrustedIssuer::exact`"));
    for issuer in ["https://auth.example.com/a/", "http://localhost:4455"] {
        assert!(TrustedIssuer::exact(issuer).with_discovery().is_ok());
    }
}

#[tokio::test]
async fn a_start_without_a_network_works_with_discovery() {
    let server = MockServer::start_async().await;
    let issuer = server.base_url();
    serve_document(&server, &good_document(&server)).await;
    serve_body(&server, &jwks(&[key().jwk()])).await;
    let first_clock = clock();
    let first = verifier(&server, &first_clock);
    first.verify(&token_of(&issuer)).await.unwrap();
    let snapshot = first.snapshot();
    let written: Value = serde_json::from_slice(&snapshot).unwrap();
    assert_eq!(written["sets"][0]["issuer"], issuer);
    assert_eq!(written["sets"][0]["url"], server.url("/keys"));
    // Nothing answers any more.
    server.reset_async().await;

    let start = async |trusted: TrustedIssuer, snapshot: &str| {
        let builder = builder(trusted, &clock());
        let builder = builder.with_snapshot(snapshot.as_bytes()).unwrap();
        let verifier = builder.build().unwrap();
        let is_ok = verifier.verify(&token_of(&issuer)).await.is_ok();
        (is_ok, status(&verifier).fetches)
    };
    let snapshot = String::from_utf8(snapshot).unwrap();
    assert_eq!(start(trusting(&issuer), &snapshot).await, (true, 0));
    // The same address without discovery is another source, and so is another issuer.
    let stated = || {
        TrustedIssuer::exact(&issuer)
            .with_jwks_url(&server.url("/keys"))
            .unwrap()
    };
    assert_eq!(start(stated(), &snapshot).await, (false, 1));
    let other = snapshot.replace(
        &format!("\"issuer\":\"{issuer}\""),
        "\"issuer\":\"https://a.example\"",
    );
    assert_eq!(start(trusting(&issuer), &other).await, (false, 1));

    // A set of an origin that the policy does not name is not used, wherever it was fetched.
    let elsewhere = snapshot.replace(&server.url("/keys"), "https://keys.example.com/keys");
    assert_eq!(start(trusting(&issuer), &elsewhere).await, (false, 1));
    let named = "https://keys.example.com".parse().unwrap();
    let trusted = trusting(&issuer).with_jwks_origin(named);
    assert_eq!(start(trusted, &elsewhere).await, (true, 0));

    // Two sources that can tell the same set write it down once.
    let policy = TrustPolicy::new(trusting(&issuer)).with_issuer(
        trusting(&issuer).with_jwks_origin("https://keys.example.com".parse().unwrap()),
    );
    let builder = RemoteVerifier::builder(policy).with_clock(Arc::new(clock()));
    let builder = builder.with_snapshot(snapshot.as_bytes()).unwrap();
    let verifier = builder.build().unwrap();
    assert_eq!(verifier.key_sources().len(), 2);
    assert_eq!(verifier.snapshot(), snapshot.as_bytes());
}
