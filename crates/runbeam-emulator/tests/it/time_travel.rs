//! The clock that can be moved, and everything that follows it.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use runbeam_emulator::{Emulator, JwtSpec, RateLimits, SanctumSpec, SigningKey};
use serde_json::{Value, json};

use crate::{
    client::{Request, Response},
    get, post, start,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn list_with(emulator: &Emulator, token: &str) -> Response {
    Request::new("GET", "/api/gateways")
        .bearer(token)
        .send(emulator.address())
        .await
}

async fn authorize(emulator: &Emulator, token: &str) -> Value {
    let answer = Request::new("POST", "/api/harmony/authorize")
        .bearer(token)
        .json(json!({ "gateway_code": "edge-lisbon" }))
        .send(emulator.address())
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap()
}

#[tokio::test]
async fn a_life_of_thirty_days() {
    let begin = Instant::now();
    let emulator = start().await;
    let person = emulator.mint_sanctum_token();

    // Authorize, and use the token for 25 days.
    let first = authorize(&emulator, &person).await;
    let expires_at: Timestamp = text(&first, "expires_at").parse().unwrap();
    for _ in 0..25 {
        emulator.advance(DAY);
        assert_eq!(
            list_with(&emulator, text(&first, "machine_token"))
                .await
                .status,
            200
        );
    }
    // Now is the time to warn: fewer than five days are left.
    let left = expires_at.duration_since(emulator.clock().now());
    assert!(left < DAY * 5 && left > DAY * 4, "{left}");
    let tokens = Request::new("GET", "/_emulator/tokens")
        .send(emulator.address())
        .await
        .json();
    assert_eq!(tokens["machine_tokens"][0]["days_left"], 4);

    // Nobody did anything, and the token expires to the second.
    emulator.clock().freeze();
    emulator
        .clock()
        .set(expires_at - SignedDuration::from_secs(1));
    assert_eq!(
        list_with(&emulator, text(&first, "machine_token"))
            .await
            .status,
        200
    );
    emulator.advance(SignedDuration::from_secs(1));
    assert_eq!(
        list_with(&emulator, text(&first, "machine_token"))
            .await
            .status,
        401
    );

    // Authorize again, and revoke.
    let second = authorize(&emulator, &person).await;
    assert_eq!(second["gateway"]["id"], first["gateway"]["id"]);
    assert_eq!(
        list_with(&emulator, text(&second, "machine_token"))
            .await
            .status,
        200
    );
    let revoked = Request::new("POST", "/api/harmony/revoke")
        .bearer(&person)
        .json(json!({ "gateway_code": "edge-lisbon" }))
        .send(emulator.address())
        .await;
    assert_eq!(
        revoked.json()["revoked"],
        1,
        "the expired one does not count"
    );
    assert_eq!(
        list_with(&emulator, text(&second, "machine_token"))
            .await
            .status,
        401
    );
    println!("thirty days in {:?}", begin.elapsed());
}

#[tokio::test]
async fn user_tokens_and_records_follow_the_clock() {
    let emulator = start().await;
    let clock = emulator.clock();
    clock.freeze();
    clock.set("2027-03-01T08:00:00Z".parse().unwrap());
    let token = emulator.mint_jwt();
    let dated = emulator.mint_sanctum_token_with(SanctumSpec::new().with_lifetime(DAY));
    let made = post(&emulator, "/api/gateways", json!({ "name": "edge" }))
        .await
        .json();
    assert_eq!(made["data"]["created_at"], "2027-03-01T08:00:00.000000Z");
    clock.advance(SignedDuration::from_secs(3599));
    assert_eq!(list_with(&emulator, &token).await.status, 200);
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(list_with(&emulator, &token).await.status, 401);
    assert_eq!(list_with(&emulator, &dated).await.status, 200);
    clock.advance(DAY);
    assert_eq!(list_with(&emulator, &dated).await.status, 401);
}

#[tokio::test]
async fn rate_limits_follow_the_clock() {
    let emulator = start().await;
    emulator.clock().freeze();
    emulator.set_rate_limits(RateLimits::none().with_requests(2).with_authorizations(1));
    let token = emulator.mint_jwt();
    let first = list_with(&emulator, &token).await;
    assert_eq!(first.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
    assert_eq!(list_with(&emulator, &token).await.status, 200);
    emulator.advance(SignedDuration::from_secs(18));
    let refused = list_with(&emulator, &token).await;
    refused.expect(429, json!({ "message": "Too Many Attempts." }));
    assert_eq!(refused.header("retry-after"), Some("42"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(
        list_with(&emulator, &emulator.mint_sanctum_token())
            .await
            .status,
        200,
        "another client"
    );
    authorize(&emulator, &token).await;
    emulator.advance(SignedDuration::from_secs(42));
    assert_eq!(list_with(&emulator, &token).await.status, 200);
}

#[tokio::test]
async fn the_clock_is_moved_over_http() {
    let emulator = start().await;
    let send = |body: Value| {
        Request::new("POST", "/_emulator/clock")
            .json(body)
            .send(emulator.address())
    };
    let set =
        send(json!({ "set": "2027-01-01T00:00:00Z", "advance": "30d", "frozen": true })).await;
    assert_eq!(set.status, 200);
    let now = set.json();
    assert!(text(&now, "now").starts_with("2027-01-31T00:00:0"), "{now}");
    assert_eq!(now["frozen"], true);
    assert_eq!(
        emulator.clock().now().to_string()[..19],
        text(&now, "now")[..19]
    );
    assert_eq!(
        send(json!({ "reset": true, "advance_seconds": -60 }))
            .await
            .json()["offset_seconds"],
        -60
    );
    for wrong in [
        json!({ "advance": "soon" }),
        json!({ "set": "noon" }),
        json!({ "freeze": true }),
    ] {
        assert_eq!(send(wrong).await.status, 422);
    }
}

#[tokio::test]
async fn keys_rotate_and_a_withdrawn_one_ends_its_tokens() {
    let emulator = start().await;
    let old_key = emulator.signing_key();
    let old = emulator.mint_jwt();
    emulator.rotate_key_to(SigningKey::generate());
    let new = emulator.mint_jwt();
    for token in [&old, &new] {
        assert_eq!(list_with(&emulator, token).await.status, 200);
    }
    assert!(emulator.withdraw_key(old_key.key_id()));
    assert_eq!(list_with(&emulator, &old).await.status, 401);
    assert_eq!(list_with(&emulator, &new).await.status, 200);
    assert!(
        !emulator.withdraw_key(emulator.signing_key().key_id()),
        "the last one stays"
    );

    emulator.publish_elliptic_curve_neighbour(true);
    let keys = get(&emulator, "/api/.well-known/jwks.json").await.json();
    assert_eq!(keys["keys"][0], emulator.signing_key().jwk());
    assert_eq!(keys["keys"][1]["kty"], "EC");
}

#[tokio::test]
async fn a_team_speaks_for_itself() {
    let emulator = start().await;
    let token = emulator.mint_jwt_with(JwtSpec::new().with_team(emulator.team()));
    let authorized = authorize(&emulator, &token).await;
    assert_eq!(authorized["gateway"]["authorized_by"], Value::Null);
    let other =
        emulator.mint_jwt_with(JwtSpec::new().with_team(&emulator.add_team("Baltic Optics")));
    assert_eq!(
        list_with(&emulator, &other).await.json()["meta"]["total"],
        0
    );
}

#[tokio::test]
async fn a_sanctum_token_is_revoked_at_once() {
    let emulator = start().await;
    let token = emulator.mint_sanctum_token();
    let id = token.split_once('|').unwrap().0.parse().unwrap();
    assert_eq!(list_with(&emulator, &token).await.status, 200);
    assert!(emulator.revoke_sanctum_token(id));
    assert_eq!(list_with(&emulator, &token).await.status, 401);
    assert!(!emulator.revoke_sanctum_token(id));
}
