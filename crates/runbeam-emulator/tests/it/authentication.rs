//! Who is let in, and who is not.

use std::time::Duration;

use runbeam_emulator::{Ability, JwtSpec, SanctumSpec};
use serde_json::json;

use crate::{as_user, client::Request, post, start};

#[tokio::test]
async fn user_tokens_that_are_good_and_bad() {
    let emulator = start().await;
    let stranger = emulator.signing_key().sign_raw(
        &format!(
            r#"{{"alg":"RS256","kid":"{}"}}"#,
            emulator.signing_key().key_id()
        ),
        r#"{"sub":"nobody","exp":9999999999}"#,
    );
    let good = emulator.mint_jwt();
    let unsigned = &good[..good.rfind('.').unwrap() + 1];
    let foreign_team = JwtSpec::new().with_claim("team", json!({ "id": "other", "name": "Other" }));
    let day = Duration::from_secs(86_400);
    for (name, token, status) in [
        ("fresh", good.as_str(), 200),
        (
            "expired",
            &emulator.mint_jwt_with(JwtSpec::new().with_age(day)),
            401,
        ),
        (
            "not yet",
            &emulator.mint_jwt_with(JwtSpec::new().with_claim("nbf", 9_999_999_999_i64)),
            401,
        ),
        ("unknown user", &stranger, 401),
        ("team of others", &emulator.mint_jwt_with(foreign_team), 401),
        ("unsigned", unsigned, 401),
    ] {
        let request = Request::new("GET", "/api/gateways").bearer(token);
        assert_eq!(
            request.send(emulator.address()).await.status,
            status,
            "{name}"
        );
    }
}

#[tokio::test]
async fn without_a_token_the_answer_is_laravels() {
    let emulator = start().await;
    for request in [
        Request::new("GET", "/api/gateways"),
        Request::new("GET", "/api/gateways").header("Accept", "*/*"),
        Request::new("GET", "/api/gateways").header("Accept", "application/json"),
        Request::new("GET", "/api/gateways").bearer("mt_unknown"),
        Request::new("GET", "/api/gateways").bearer("12|unknown"),
        Request::new("GET", "/api/gateways").header("Authorization", "Basic aW5lczpwdw=="),
        Request::new("POST", "/api/harmony/authorize").json(json!({ "gateway_code": "x" })),
        Request::new("POST", "/api/harmony/revoke").body("{"),
        Request::new("GET", "/api/gateways")
            .bearer(&emulator.mint_jwt())
            .bearer(&emulator.mint_jwt()),
    ] {
        let answer = request.send(emulator.address()).await;
        answer.expect(401, json!({ "message": "Unauthenticated." }));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[tokio::test]
async fn who_refuses_json_is_sent_to_the_login_page() {
    let emulator = start().await;
    let request = Request::new("GET", "/api/gateways").header("Accept", "text/html");
    let answer = request.clone().send(emulator.address()).await;
    assert_eq!(answer.status, 302);
    assert_eq!(
        answer.header("location"),
        Some(format!("{}/login", emulator.url()).as_str())
    );
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    assert_eq!(as_user(&emulator, request).await.status, 200);
}

#[tokio::test]
async fn a_sanctum_token_does_what_its_abilities_allow() {
    let emulator = start().await;
    let made = post(&emulator, "/api/gateways", json!({ "name": "edge" }))
        .await
        .json();
    let one = format!("/api/gateways/{}", made["data"]["id"].as_str().unwrap());
    let requests = [
        (Ability::Read, Request::new("GET", "/api/gateways")),
        (Ability::Read, Request::new("GET", &one)),
        (
            Ability::Create,
            Request::new("POST", "/api/gateways").json(json!({ "name": "two" })),
        ),
        (
            Ability::Update,
            Request::new("PUT", &one).json(json!({ "name": "edge" })),
        ),
        (
            Ability::Create,
            Request::new("POST", "/api/harmony/authorize").json(json!({ "gateway_code": "edge" })),
        ),
        (
            Ability::Delete,
            Request::new("POST", "/api/harmony/revoke").json(json!({ "gateway_code": "edge" })),
        ),
        (Ability::Delete, Request::new("DELETE", &one)),
    ];
    let all = [
        Ability::Read,
        Ability::Create,
        Ability::Update,
        Ability::Delete,
    ];
    for (needed, request) in requests {
        let others = all.into_iter().filter(|ability| *ability != needed);
        let weak = emulator.mint_sanctum_token_with(SanctumSpec::new().with_abilities(others));
        let refused = request.clone().bearer(&weak).send(emulator.address()).await;
        assert_eq!(refused.status, 403, "without {needed:?}");
        assert_eq!(refused.json()["message"], "This action is unauthorized.");

        let exact = emulator.mint_sanctum_token_with(SanctumSpec::new().with_abilities([needed]));
        let allowed = request.bearer(&exact).send(emulator.address()).await;
        assert!(
            (200..300).contains(&allowed.status),
            "with {needed:?}: {allowed:?}"
        );
    }
}

#[tokio::test]
async fn a_sanctum_token_may_do_everything_by_default() {
    let emulator = start().await;
    let token = emulator.mint_sanctum_token();
    let request = Request::new("POST", "/api/gateways").json(json!({ "name": "edge" }));
    assert_eq!(
        request.bearer(&token).send(emulator.address()).await.status,
        201
    );
    let changed = format!("{token}x");
    let answer = Request::new("GET", "/api/gateways")
        .bearer(&changed)
        .send(emulator.address())
        .await;
    assert_eq!(answer.status, 401);
}
