//! Wrong addresses, wrong methods, surplus slashes, large bodies, and the id on every answer.

use runbeam_emulator::Operation;
use serde_json::json;

use crate::{as_user, client::Request, get, start};

#[tokio::test]
async fn operations_are_found_below_every_base() {
    let emulator = start().await;
    let targets = [
        "/gateways",
        "/api/gateways",
        "/api/api/gateways",
        "//gateways",
        "/api//gateways",
        "/api/api//gateways",
        "//api/gateways?page=1",
        "/api//api/gateways",
    ];
    for target in targets {
        assert_eq!(get(&emulator, target).await.status, 200, "{target}");
    }
    assert_eq!(
        emulator.requests(Operation::GatewaysIndex),
        targets.len() as u64
    );
    let page = get(&emulator, "//gateways").await.json();
    assert_eq!(page["meta"]["path"], format!("{}/gateways", emulator.url()));
}

#[tokio::test]
async fn an_unknown_address_is_not_found() {
    let emulator = start().await;
    for (target, named) in [
        ("/", ""),
        ("/api/servers", "api/servers"),
        ("/api/api/api/gateways", "api/api/api/gateways"),
        ("/gateways//x", "gateways//x"),
        ("/gateways/", "gateways"),
    ] {
        let text = format!("The route {named} could not be found.");
        get(&emulator, target)
            .await
            .expect(404, json!({ "message": text }));
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let emulator = start().await;
    for (method, target, named, supported, allow) in [
        (
            "PUT",
            "/api/gateways",
            "api/gateways",
            "GET, HEAD, POST",
            "GET,HEAD,POST",
        ),
        (
            "POST",
            "/gateways/x",
            "gateways/x",
            "GET, HEAD, PUT, PATCH, DELETE",
            "GET,HEAD,PUT,PATCH,DELETE",
        ),
        (
            "GET",
            "/api/api/harmony/authorize",
            "api/api/harmony/authorize",
            "POST",
            "POST",
        ),
        (
            "POST",
            "/.well-known/jwks.json",
            ".well-known/jwks.json",
            "GET, HEAD",
            "GET,HEAD",
        ),
    ] {
        let answer = Request::new(method, target).send(emulator.address()).await;
        let text = format!(
            "The {method} method is not supported for route {named}. Supported methods: {supported}."
        );
        answer.expect(405, json!({ "message": text }));
        let mut listed: Vec<&str> = answer.header("allow").unwrap().split(',').collect();
        let mut expected: Vec<&str> = allow.split(',').collect();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected);
    }
    assert_eq!(
        emulator.requests(Operation::Jwks),
        0,
        "a refused method is no request for the operation"
    );
}

#[tokio::test]
async fn a_body_of_a_mebibyte_is_the_largest() {
    let emulator = start().await;
    let request = |length: usize| {
        let fixed = json!({ "name": "edge", "settings": { "x": "" } })
            .to_string()
            .len();
        Request::new("POST", "/api/gateways")
            .json(json!({ "name": "edge", "settings": { "x": "x".repeat(length - fixed) } }))
    };
    let answer = as_user(&emulator, request((1 << 20) + 1)).await;
    answer.expect(413, json!({ "message": "The POST data is too large." }));
    assert_eq!(as_user(&emulator, request(1 << 20)).await.status, 201);
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let emulator = start().await;
    for target in [
        "/api/gateways",
        "/nowhere",
        "/api/.well-known/jwks.json",
        "/api/harmony/authorize",
    ] {
        let request = || Request::new("GET", target);
        let fresh = request().send(emulator.address()).await;
        let id = fresh.header("x-request-id").unwrap();
        assert_eq!(id.len(), 26, "{target}: {id}");
        let again = request().send(emulator.address()).await;
        assert_ne!(again.header("x-request-id"), Some(id));

        let echoed = request()
            .header("X-Request-Id", "deploy-7.b_1")
            .send(emulator.address())
            .await;
        assert_eq!(echoed.header("x-request-id"), Some("deploy-7.b_1"));
        for bad in ["a b", "<script>", &"x".repeat(65)] {
            let replaced = request()
                .header("X-Request-Id", bad)
                .send(emulator.address())
                .await;
            assert_eq!(replaced.header("x-request-id").unwrap().len(), 26, "{bad}");
        }
    }
}

#[tokio::test]
async fn answers_are_not_for_caches() {
    let emulator = start().await;
    assert_eq!(
        get(&emulator, "/api/gateways")
            .await
            .header("cache-control"),
        Some("no-cache, private")
    );
}
