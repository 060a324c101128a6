//! A peer that fails too often is held back from guessing, and from nothing else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use runbeam_gateway::layers::{AuthLayer, Authenticator, FailureLimiter};
use runbeam_sdk::model::{ManualClock, Timestamp};
use serde_json::json;

use crate::fixture::{Answer, ask_layer, basic, jwt, token};

const WRONG: &str = "Basic YWRtaW46eA==";
const RIGHT: &str = "Basic YWRtaW46b3BlbiBzZXNhbWU=";

#[tokio::test]
async fn ten_failures_a_minute() {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let limiter = FailureLimiter::new().with_clock(Arc::new(clock.clone()));
    let chain = Authenticator::builder()
        .with_optional(jwt())
        .with_required(basic("open sesame"))
        .with_failure_limiter(limiter.clone())
        .build()
        .unwrap();
    let layer = AuthLayer::new(chain);
    let ask = async |peer: &str, authorization: &str| -> Answer {
        let peer: SocketAddr = peer.parse().unwrap();
        ask_layer(
            layer.clone(),
            Some(peer),
            &[("authorization", authorization)],
        )
        .await
    };
    let attacker = "192.0.2.1:1000";
    let valid_token = format!("Bearer {}", token(json!({})));
    for _ in 0..5 {
        assert_eq!(ask(attacker, WRONG).await.status, 401);
        // What is good clears nothing, and is not counted.
        assert_eq!(ask(attacker, RIGHT).await.status, 200);
        assert_eq!(ask(attacker, "Bearer x").await.status, 401);
    }
    for authorization in [WRONG, RIGHT, "Bearer x"] {
        // Another port is no other peer.
        let answer = ask("192.0.2.1:2000", authorization).await;
        assert_eq!(
            (answer.status, &answer.headers["retry-after"]),
            (429, &"6".parse().unwrap())
        );
        assert!(answer.behind.is_none() && answer.challenges().is_empty());
    }
    assert_eq!(ask(attacker, &valid_token).await.status, 200);
    assert_eq!(ask("192.0.2.2:1000", WRONG).await.status, 401);
    assert_eq!(ask("192.0.2.2:1000", RIGHT).await.status, 200);

    clock.advance(Duration::from_millis(5_500));
    assert_eq!(ask(attacker, RIGHT).await.headers["retry-after"], "1");
    clock.advance(Duration::from_millis(500));
    assert_eq!(ask(attacker, RIGHT).await.status, 200);
    assert_eq!(ask(attacker, WRONG).await.status, 401);
    assert_eq!(ask(attacker, RIGHT).await.status, 429);
    assert_eq!(limiter.remembered_peers(), 2);
}

#[tokio::test]
async fn requests_of_nobody_in_particular_are_not_counted() {
    let chain = Authenticator::builder()
        .with_required(jwt())
        .build()
        .unwrap();
    for _ in 0..30 {
        let layer = AuthLayer::new(chain.clone());
        let fields = [
            ("authorization", "Bearer x"),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        assert_eq!(ask_layer(layer, None, &fields).await.status, 401);
    }
    // Unless it is said where they come from.
    let layer = AuthLayer::new(chain).with_peer(|request| {
        let forwarded = request.headers.get("x-forwarded-for")?;
        forwarded.to_str().ok()?.parse().ok()
    });
    for number in 0..20 {
        let fields = [
            ("authorization", "Bearer x"),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        let expected = if number < 10 { 401 } else { 429 };
        assert_eq!(
            ask_layer(layer.clone(), None, &fields).await.status,
            expected
        );
    }
}
