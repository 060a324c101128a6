//! What is remembered of verified tokens, and when it stops to count.

use std::sync::Arc;
use std::time::Duration;

use httpmock::MockServer;
use runbeam_auth::{Rejection, TokenCacheLimits, TokenCacheStatus, TrustPolicy, Verifier};
use runbeam_model::ManualClock;
use serde::Deserialize;
use serde_json::json;

use crate::fixture::{NOW, clock, jwks, key, other_key, policy, remote, serve_body, token, with};

fn verifier_of(policy: TrustPolicy, clock: &ManualClock, limits: TokenCacheLimits) -> Verifier {
    let verifier = Verifier::new(policy).unwrap();
    let verifier = verifier.with_clock(Arc::new(clock.clone()));
    verifier.with_token_cache(limits).unwrap()
}

fn verifier(clock: &ManualClock) -> Verifier {
    verifier_of(policy(), clock, TokenCacheLimits::new())
}

fn status(verifier: &Verifier) -> TokenCacheStatus {
    verifier.token_cache().unwrap()
}

#[track_caller]
fn assert_counts(status: &TokenCacheStatus, entries: usize, hits: u64, misses: u64) {
    assert_eq!(
        (status.entries, status.hits, status.misses),
        (entries, hits, misses)
    );
}

#[test]
fn nothing_is_remembered_unless_asked_for() {
    let verifier = Verifier::new(policy()).unwrap();
    assert!(verifier.token_cache().is_none());
}

#[test]
fn the_same_token_again_has_the_same_claims() {
    #[derive(Deserialize)]
    struct Own {
        sub: String,
        level: u8,
    }
    let clock = clock();
    let verifier = verifier(&clock);
    let user = json!({"id": "u1", "email": "a@example.com", "name": "A"});
    let good = token(json!({"user": user, "level": 7}));
    let first = verifier.verify(&good).unwrap();
    let another = verifier.clone();
    assert_eq!(another.verify(&good).unwrap(), first);
    let own = verifier.verify_as::<Own>(&good).unwrap();
    assert_eq!((&*own.sub, own.level), ("u1", 7));
    assert_counts(&status(&verifier), 1, 2, 1);
    // What is of another form is an error each time.
    assert_eq!(
        verifier.verify_as::<u8>(&good).unwrap_err().rejection(),
        Some(Rejection::Claim)
    );
}

#[test]
fn a_token_that_differs_in_one_character_is_another() {
    let clock = clock();
    let verifier = verifier(&clock);
    let good = token(json!({}));
    verifier.verify(&good).unwrap();
    for place in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        assert!(verifier.verify(&String::from_utf8(bytes).unwrap()).is_err());
    }
    assert_counts(&status(&verifier), 1, 0, 1 + good.len() as u64);
}

#[test]
fn what_is_refused_is_not_remembered() {
    let clock = clock();
    let verifier = verifier(&clock);
    let forged = other_key().sign_raw(
        &crate::fixture::header().to_string(),
        &crate::fixture::claims().to_string(),
    );
    for bad in [
        forged,
        token(json!({"exp": NOW - 100})),
        "rubbish".to_owned(),
    ] {
        for _ in 0..2 {
            verifier.verify(&bad).unwrap_err();
        }
    }
    assert_counts(&status(&verifier), 0, 0, 6);
}

#[test]
fn it_counts_no_longer_than_the_token_says() {
    let clock = clock();
    let verifier = verifier(&clock);
    let good = token(json!({"exp": NOW + 10}));
    verifier.verify(&good).unwrap();
    clock.advance(Duration::from_secs(9));
    verifier.verify(&good).unwrap();
    assert_counts(&status(&verifier), 1, 1, 1);
    // Within the leeway it is good, but not by memory.
    clock.advance(Duration::from_secs(2));
    verifier.verify(&good).unwrap();
    assert_counts(&status(&verifier), 0, 1, 2);
    clock.advance(Duration::from_secs(100));
    assert_eq!(
        verifier.verify(&good).unwrap_err().rejection(),
        Some(Rejection::Expired)
    );
    assert_eq!(status(&verifier).entries, 0);
}

#[test]
fn a_clock_that_was_set_back_makes_it_not_yet_valid() {
    let clock = clock();
    let verifier = verifier(&clock);
    let good = token(json!({"nbf": NOW, "iat": null}));
    verifier.verify(&good).unwrap();
    clock.set(runbeam_model::Timestamp::from_unix_seconds(NOW - 61));
    assert_eq!(
        verifier.verify(&good).unwrap_err().rejection(),
        Some(Rejection::NotYetValid)
    );
}

#[test]
fn what_has_expired_is_forgotten_even_if_nobody_asks_for_it() {
    let clock = clock();
    let verifier = verifier(&clock);
    for number in 0..50 {
        verifier
            .verify(&token(json!({"exp": NOW + 10, "jti": number.to_string()})))
            .unwrap();
    }
    assert_eq!(status(&verifier).entries, 50);
    clock.advance(Duration::from_secs(61));
    verifier.verify(&token(json!({}))).unwrap();
    assert_eq!(status(&verifier).entries, 1);
}

#[test]
fn it_holds_no_more_tokens_than_it_may() {
    let clock = clock();
    for (limits, most) in [
        (TokenCacheLimits::new().with_entries(20), 20),
        (TokenCacheLimits::new().with_entries(1), 1),
        (TokenCacheLimits::new().with_entries(0), 1),
        (TokenCacheLimits::new().with_bytes(20_000), 12),
        (TokenCacheLimits::new().with_bytes(0), 0),
    ] {
        let verifier = verifier_of(policy(), &clock, limits);
        for number in 0..100 {
            let good = token(json!({"jti": number.to_string()}));
            verifier.verify(&good).unwrap();
            verifier.verify(&good).unwrap();
        }
        let status = status(&verifier);
        assert!(status.entries <= most, "{limits:?} {status:?}");
        assert_eq!(status.entries > 0, most > 0, "{limits:?} {status:?}");
    }
}

#[test]
fn many_audiences_weigh_what_they_take() {
    let clock = clock();
    let verifier = verifier_of(policy(), &clock, TokenCacheLimits::new());
    let audiences: Vec<_> = (0..1000).map(|number| number.to_string()).collect();
    verifier
        .verify(&token(json!({ "aud": audiences })))
        .unwrap();
    let bytes = status(&verifier).bytes;
    assert!(bytes > 1000 * (24 + 24), "{bytes}");
}

#[test]
fn it_shows_no_token() {
    let clock = clock();
    let verifier = verifier(&clock);
    let good = token(json!({"jti": "canary"}));
    verifier.verify(&good).unwrap();
    let shown = format!("{verifier:?} {:?}", status(&verifier));
    assert!(
        !shown.contains("canary") && !shown.contains(&good[..20]),
        "{shown}"
    );
}

#[tokio::test]
async fn it_dies_with_its_key() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let server = MockServer::start_async().await;
    let both = serve_body(&server, &jwks(&[key().jwk(), other_key().jwk()])).await;
    let clock = clock();
    let verifier = remote(&server, &clock)
        .with_token_cache(TokenCacheLimits::new())
        .build()
        .unwrap();
    let good = token(json!({"exp": NOW + 1_000_000}));
    for _ in 0..3 {
        verifier.verify(&good).await.unwrap();
    }
    assert_counts(&verifier.token_cache().unwrap(), 1, 2, 1);

    // The set is over, and the next one has the key still: it is asked for before the token counts again.
    clock.advance(DAY + Duration::from_secs(1));
    verifier.verify(&good).await.unwrap();
    assert_eq!(both.calls_async().await, 2);
    assert_counts(&verifier.token_cache().unwrap(), 1, 2, 2);
    verifier.verify(&good).await.unwrap();
    assert_counts(&verifier.token_cache().unwrap(), 1, 3, 2);

    both.delete_async().await;
    serve_body(&server, &jwks(&[other_key().jwk()])).await;
    clock.advance(DAY + Duration::from_secs(1));
    assert_eq!(
        verifier.verify(&good).await.unwrap_err().rejection(),
        Some(Rejection::UnknownKey)
    );
    assert_eq!(verifier.token_cache().unwrap().entries, 0);
}

#[tokio::test]
async fn another_key_of_the_same_id_does_not_vouch_for_it() {
    let server = MockServer::start_async().await;
    let first = serve_body(&server, &jwks(&[key().jwk()])).await;
    let clock = clock();
    let verifier = remote(&server, &clock)
        .with_token_cache(TokenCacheLimits::new())
        .build()
        .unwrap();
    let good = token(json!({"exp": NOW + 1_000_000}));
    verifier.verify(&good).await.unwrap();
    first.delete_async().await;
    let renamed = with(other_key().jwk(), json!({"kid": key().key_id()}));
    serve_body(&server, &jwks(&[renamed])).await;
    clock.advance(Duration::from_secs(25 * 60 * 60));
    for _ in 0..2 {
        assert_eq!(
            verifier.verify(&good).await.unwrap_err().rejection(),
            Some(Rejection::Signature)
        );
    }
}
