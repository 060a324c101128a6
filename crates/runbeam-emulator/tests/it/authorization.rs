//! The way of a machine token: issued, used, revoked.

use jiff::{SignedDuration, Timestamp};
use runbeam_emulator::{Emulator, JwtSpec, SanctumSpec};
use serde_json::{Value, json};

use crate::{
    as_user,
    client::{Request, Response},
    get, post, start,
};

async fn authorize(emulator: &Emulator, token: &str, code: &str) -> Response {
    Request::new("POST", "/api/harmony/authorize")
        .bearer(token)
        .json(json!({ "token": token, "gateway_code": code }))
        .send(emulator.address())
        .await
}

async fn machine_token(emulator: &Emulator, code: &str) -> String {
    let answer = authorize(emulator, &emulator.mint_jwt(), code).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["machine_token"].as_str().unwrap().to_owned()
}

async fn status_with(emulator: &Emulator, token: &str) -> u16 {
    Request::new("GET", "/api/gateways")
        .bearer(token)
        .send(emulator.address())
        .await
        .status
}

#[tokio::test]
async fn an_unknown_code_creates_an_enabled_gateway() {
    let emulator = start().await;
    let answer = authorize(&emulator, &emulator.mint_jwt(), emulator.gateway_code()).await;
    assert_eq!(answer.status, 201);
    let body = answer.json();

    let token = body["machine_token"].as_str().unwrap();
    let digits = token.strip_prefix("mt_").unwrap();
    assert!(digits.len() == 48 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert!(body["expires_in"].is_f64(), "clients read a float: {body}");
    assert_eq!(body["expires_in"], 2_592_000.0);
    let expires_at = body["expires_at"].as_str().unwrap();
    assert!(
        expires_at.len() == 27 && expires_at.ends_with('Z'),
        "{expires_at}"
    );
    assert_eq!(body["gateway"]["code"], "edge-lisbon");
    assert_eq!(body["gateway"]["name"], "Gateway edge-lisbon");
    assert_eq!(body["gateway"]["authorized_by"], json!(emulator.user()));
    assert_eq!(
        body["abilities"],
        json!(["harmony:send", "harmony:receive", "harmony:config"])
    );

    let id = body["gateway"]["id"].as_str().unwrap();
    let gateway = get(&emulator, &format!("/api/gateways/{id}")).await.json();
    assert_eq!(gateway["data"]["name"], "edge-lisbon");
    assert_eq!(gateway["data"]["enabled"], true);
    assert_eq!(gateway["data"]["team_id"], emulator.team().id());
    let moment = |text: &Value| text.as_str().unwrap().parse::<Timestamp>().unwrap();
    let life = moment(&body["expires_at"]).duration_since(moment(&gateway["data"]["created_at"]));
    assert_eq!(life, SignedDuration::from_secs(2_592_000));
}

#[tokio::test]
async fn a_known_code_gets_another_token_and_the_old_one_stays_valid() {
    let emulator = start().await;
    let made = post(&emulator, "/api/gateways", json!({ "name": "edge" }))
        .await
        .json();
    let jwt = emulator.mint_jwt();
    let first = authorize(&emulator, &jwt, "edge").await.json();
    let second = authorize(&emulator, &emulator.mint_sanctum_token(), "edge")
        .await
        .json();
    assert_eq!(first["gateway"]["id"], made["data"]["id"]);
    assert_eq!(first["gateway"]["name"], "edge");
    assert_eq!(second["gateway"], first["gateway"]);
    assert_ne!(second["machine_token"], first["machine_token"]);
    for body in [&first, &second] {
        assert_eq!(
            status_with(&emulator, body["machine_token"].as_str().unwrap()).await,
            200
        );
    }
    let gateway = get(&emulator, "/api/gateways/edge").await.json();
    assert_eq!(
        gateway["data"]["enabled"], false,
        "authorizing does not enable what exists"
    );
}

#[tokio::test]
async fn a_gateway_that_got_a_name_is_called_by_it() {
    let emulator = start().await;
    let token = emulator.mint_jwt();
    let code = "Edge Lisbon";
    let first = authorize(&emulator, &token, code).await.json();
    assert_eq!(first["gateway"]["name"], "Gateway Edge Lisbon");

    let target = format!("/api/gateways/{}", first["gateway"]["id"].as_str().unwrap());
    let send = |name: &str| {
        as_user(
            &emulator,
            Request::new("PUT", &target).json(json!({ "name": name })),
        )
    };
    assert_eq!(
        send("edge-lisbon").await.json()["data"]["name"],
        "edge-lisbon"
    );
    let same = authorize(&emulator, &token, code).await.json();
    assert_eq!(
        same["gateway"], first["gateway"],
        "its own name is no new one"
    );
    assert_eq!(send("quay").await.json()["data"]["name"], "quay");
    let renamed = authorize(&emulator, &token, code).await.json();
    assert_eq!(renamed["gateway"]["name"], "quay");
    assert_eq!(renamed["gateway"]["id"], first["gateway"]["id"]);
}

#[tokio::test]
async fn a_code_of_another_team_is_forbidden() {
    let emulator = start().await;
    let team = emulator.add_team("Baltic Optics");
    let rival = emulator.add_user(&team, "Jurgis Kazlauskas", "jurgis@example.test");
    let token = emulator.mint_jwt_with(JwtSpec::new().with_user(&rival));
    assert_eq!(authorize(&emulator, &token, "edge-riga").await.status, 201);

    let forbidden = json!({ "error": "Forbidden", "message": "Gateway is owned by another team" });
    authorize(&emulator, &emulator.mint_jwt(), "edge-riga")
        .await
        .expect(403, forbidden.clone());
    let revoke = post(
        &emulator,
        "/api/harmony/revoke",
        json!({ "gateway_code": "edge-riga" }),
    )
    .await;
    revoke.expect(403, forbidden);
}

#[tokio::test]
async fn revoking_ends_all_tokens_of_the_gateway_at_once() {
    let emulator = start().await;
    let tokens = [
        machine_token(&emulator, "edge").await,
        machine_token(&emulator, "edge").await,
    ];
    let other = machine_token(&emulator, "core").await;

    let revoke = || {
        post(
            &emulator,
            "/api/harmony/revoke",
            json!({ "gateway_code": "edge" }),
        )
    };
    let done = |revoked: u32| json!({ "success": true, "message": "Gateway tokens revoked successfully", "revoked": revoked });
    revoke().await.expect(200, done(2));
    for token in &tokens {
        assert_eq!(status_with(&emulator, token).await, 401);
    }
    assert_eq!(status_with(&emulator, &other).await, 200);
    revoke().await.expect(200, done(0));
    assert_eq!(
        status_with(&emulator, &machine_token(&emulator, "edge").await).await,
        200
    );
}

#[tokio::test]
async fn revoking_an_unknown_code_finds_nothing() {
    let emulator = start().await;
    let answer = post(
        &emulator,
        "/api/harmony/revoke",
        json!({ "gateway_code": "nowhere" }),
    )
    .await;
    answer.expect(404, json!({ "message": "Gateway not found." }));
}

#[tokio::test]
async fn deleting_the_gateway_ends_its_tokens() {
    let emulator = start().await;
    let token = machine_token(&emulator, "edge").await;
    let answer = as_user(&emulator, Request::new("DELETE", "/api/gateways/edge")).await;
    answer.expect(200, json!({ "message": "Gateway deleted successfully" }));
    assert_eq!(status_with(&emulator, &token).await, 401);
}

#[tokio::test]
async fn a_gateway_reads_and_does_no_more() {
    let emulator = start().await;
    let token = machine_token(&emulator, "edge").await;
    let send = |method, target: &str, body: Value| {
        Request::new(method, target)
            .bearer(&token)
            .json(body)
            .send(emulator.address())
    };
    assert_eq!(
        send("GET", "/api/gateways", json!(null)).await.json()["meta"]["total"],
        1
    );
    assert_eq!(
        send("GET", "/api/gateways/edge", json!(null)).await.status,
        200
    );

    let plain = json!({ "message": "This action is unauthorized." });
    send("POST", "/api/gateways", json!({ "name": "x" }))
        .await
        .expect(403, plain.clone());
    send("PUT", "/api/gateways/edge", json!({ "name": "x" }))
        .await
        .expect(403, plain.clone());
    send("DELETE", "/api/gateways/edge", json!(null))
        .await
        .expect(403, plain);
    let named = json!({ "error": "Forbidden", "message": "This action is unauthorized." });
    let code = json!({ "gateway_code": "edge" });
    send("POST", "/api/harmony/authorize", code.clone())
        .await
        .expect(403, named.clone());
    send("POST", "/api/harmony/revoke", code)
        .await
        .expect(403, named);
}

#[tokio::test]
async fn the_holder_of_a_sanctum_token_is_the_one_who_authorized() {
    let emulator = start().await;
    let colleague = emulator.add_user(emulator.team(), "Rui Matos", "rui@example.test");
    let token = emulator.mint_sanctum_token_with(SanctumSpec::new().with_user(&colleague));
    let body = authorize(&emulator, &token, "edge").await.json();
    assert_eq!(body["gateway"]["authorized_by"]["id"], colleague.id());
    assert_eq!(
        get(&emulator, "/api/gateways/edge").await.status,
        200,
        "the team is the same"
    );
}
