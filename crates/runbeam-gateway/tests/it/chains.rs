//! The truth table with real credentials: a JWT and an API key, each missing, invalid, not to be checked, and valid.

use std::num::NonZero;
use std::task::{Context, Waker};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use runbeam_gateway::layers::{
    ApiKeyAuth, Authenticator, AuthenticatorBuilder, BasicAuth, HashingPool, StoredHash,
};
use runbeam_sdk::auth::{TrustPolicy, TrustedIssuer};
use serde_json::json;

use crate::fixture::{API_KEY, api_key, ask, basic, bcrypt_hash, issuer, jwt, jwt_of, token};

/// An issuer of whom no keys can be had: nobody listens there.
const UNREACHABLE: &str = "http://127.0.0.1:1";

/// A pool whose one thread is busy for longer than a test takes, and before which nobody may wait.
async fn busy_pool() -> HashingPool {
    let pool = HashingPool::with_threads(NonZero::<usize>::MIN, 0).unwrap();
    let slow = StoredHash::parse(&format!("$2b$16${}", ".".repeat(53))).unwrap();
    let chain = Authenticator::builder()
        .with_required(BasicAuth::new("admin", slow).unwrap())
        .with_hashing_pool(pool.clone())
        .build()
        .unwrap();
    let mut context = Context::from_waker(Waker::noop());
    loop {
        let chain = chain.clone();
        let request = async move { ask(&chain, &[("authorization", "Basic YWRtaW46eA==")]).await };
        let mut request = Box::pin(request);
        // Until the thread is there, nobody takes it.
        if request.as_mut().poll(&mut context).is_pending() {
            tokio::task::spawn_local(request);
            return pool;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn every_pair_of_findings_in_every_pair_of_positions() {
    tokio::task::LocalSet::new().run_until(pairs()).await;
}

async fn pairs() {
    let policy = TrustPolicy::new(issuer()).with_issuer(
        TrustedIssuer::exact(UNREACHABLE)
            .with_jwks_url(&format!("{UNREACHABLE}/keys"))
            .unwrap(),
    );
    let bearer = |token: &str| Some(("authorization", format!("Bearer {token}")));
    let tokens = [
        None,
        bearer("bad"),
        bearer(&token(json!({"iss": UNREACHABLE}))),
        bearer(&token(json!({}))),
    ];
    let key = |key: &str| Some(("x-api-key", key.to_owned()));
    // What is too long for bcrypt is refused, and what is not waits for it.
    let keys = [None, key(&"x".repeat(73)), key("unknown"), key(API_KEY)];

    let pool = busy_pool().await;
    let jwt = jwt_of(policy);
    let api_key: ApiKeyAuth = api_key().with_key(bcrypt_hash("another")).unwrap();
    let add = |builder: AuthenticatorBuilder, is_jwt: bool, is_optional: bool| match (
        is_jwt,
        is_optional,
    ) {
        (true, true) => builder.with_optional(jwt.clone()),
        (true, false) => builder.with_required(jwt.clone()),
        (false, true) => builder.with_optional(api_key.clone()),
        (false, false) => builder.with_required(api_key.clone()),
    };
    let alternatives = [
        [401, 401, 503, 200],
        [401, 401, 401, 401],
        [503, 503, 503, 503],
        [200, 401, 503, 200],
    ];
    let both = [
        [401, 401, 401, 401],
        [401, 401, 401, 401],
        [503, 503, 503, 503],
        [401, 401, 503, 200],
    ];
    let first_alone = [
        [401, 401, 401, 401],
        [401, 401, 401, 401],
        [503, 503, 503, 503],
        [200, 401, 503, 200],
    ];
    for (optional, expected) in [
        ([true, false], alternatives),
        ([true, true], alternatives),
        ([false, false], both),
        ([false, true], first_alone),
    ] {
        for is_jwt_first in [true, false] {
            let builder = add(Authenticator::builder(), is_jwt_first, optional[0]);
            let chain = add(builder, !is_jwt_first, optional[1])
                .with_hashing_pool(pool.clone())
                .build()
                .unwrap();
            let (first, second) = if is_jwt_first {
                (&tokens, &keys)
            } else {
                (&keys, &tokens)
            };
            for (row, first) in first.iter().enumerate() {
                for (column, second) in second.iter().enumerate() {
                    let fields = first.iter().chain(second);
                    let fields: Vec<_> = fields.map(|(name, value)| (*name, &**value)).collect();
                    let answer = ask(&chain, &fields).await;
                    let expected = expected[row][column];
                    let case = (optional, is_jwt_first, row, column);
                    assert_eq!(answer.status, expected, "{case:?}");
                    assert_eq!(answer.behind.is_some(), expected == 200);
                    let challenges = if expected == 401 { 2 } else { 0 };
                    assert_eq!(answer.challenges().len(), challenges);
                }
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_user_is_hashed_for_as_a_known_one_is() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let chain = Authenticator::builder()
                .with_required(basic("open sesame"))
                .with_hashing_pool(busy_pool().await)
                .build()
                .unwrap();
            let status = async |name_and_password: &str| {
                let credentials = STANDARD.encode(name_and_password);
                let fields = [("authorization", &*format!("Basic {credentials}"))];
                ask(&chain, &fields).await.status
            };
            // Both wait for the one thread that hashes; what bcrypt would cut off does not.
            assert_eq!(status("admin:open sesame").await, 503);
            assert_eq!(status("nobody:open sesame").await, 503);
            assert_eq!(status(&format!("admin:{}", "x".repeat(72))).await, 503);
            assert_eq!(status(&format!("admin:{}", "x".repeat(73))).await, 401);
        })
        .await;
}

#[tokio::test]
async fn what_two_methods_would_both_read_is_refused_at_start() {
    let refused = |builder: AuthenticatorBuilder| builder.build().unwrap_err().to_string();
    let two = Authenticator::builder()
        .with_optional(jwt())
        .with_required(jwt());
    assert!(refused(two).contains("reads the same credential"));
    let two = Authenticator::builder()
        .with_optional(api_key())
        .with_required(api_key());
    assert!(refused(two).contains("reads the same credential"));
    let key = StoredHash::parse(&"0".repeat(64)).unwrap();
    let key = ApiKeyAuth::new("Authorization")
        .unwrap()
        .with_key(key)
        .unwrap();
    let two = Authenticator::builder()
        .with_optional(jwt())
        .with_required(key);
    assert!(refused(two).contains("reads the same credential"));
    let none = ApiKeyAuth::new("x-api-key").unwrap();
    assert!(refused(Authenticator::builder().with_required(none)).contains("no keys"));
    assert!(refused(Authenticator::builder()).contains("no method"));
    for realm in ["", "a\"b", "a\\b", "a\r\nb", "é"] {
        let builder = Authenticator::builder()
            .with_required(jwt())
            .with_realm(realm);
        assert!(refused(builder).contains("realm"), "{realm:?}");
    }
    let three = Authenticator::builder()
        .with_optional(jwt())
        .with_optional(basic("password"))
        .with_required(api_key());
    assert!(three.build().is_ok());
}
