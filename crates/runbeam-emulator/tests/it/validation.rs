//! Requests that break a rule, and the 422 that says which.

use runbeam_emulator::Emulator;
use serde_json::{Value, json};

use crate::{
    as_user,
    client::{Request, Response},
    post, start,
};

#[track_caller]
fn check(answer: &Response, field: &str, text: &str) {
    answer.expect(
        422,
        json!({ "message": text, "errors": { (field): [text] } }),
    );
}

#[tokio::test]
async fn a_gateway_must_meet_its_rules() {
    let emulator = start().await;
    let long = "x".repeat(256);
    for (field, value, text) in [
        ("name", json!(null), "The name field is required."),
        ("name", json!(7), "The name field must be a string."),
        (
            "name",
            json!("Edge Lisbon"),
            "The name field format is invalid.",
        ),
        (
            "name",
            json!(long),
            "The name field must not be greater than 255 characters.",
        ),
        ("code", json!("Edge"), "The code field format is invalid."),
        ("code", json!(null), "The code field must be a string."),
        (
            "enabled",
            json!("yes"),
            "The enabled field must be true or false.",
        ),
        (
            "enabled",
            json!(null),
            "The enabled field must be true or false.",
        ),
        (
            "management_enabled",
            json!(1),
            "The management enabled field must be true or false.",
        ),
        (
            "pipelines_path",
            json!(long),
            "The pipelines path field must not be greater than 255 characters.",
        ),
        (
            "transforms_path",
            json!(1),
            "The transforms path field must be a string.",
        ),
        (
            "management_base_path",
            json!([]),
            "The management base path field must be a string.",
        ),
        (
            "management_network_id",
            json!(1.5),
            "The management network id field must be a string.",
        ),
        (
            "jwks_cache_duration_hours",
            json!(0),
            "The jwks cache duration hours field must be at least 1.",
        ),
        (
            "jwks_cache_duration_hours",
            json!(169),
            "The jwks cache duration hours field must not be greater than 168.",
        ),
        (
            "jwks_cache_duration_hours",
            json!("24"),
            "The jwks cache duration hours field must be an integer.",
        ),
        (
            "dns",
            json!("edge.example.test"),
            "The dns field must be an array.",
        ),
        (
            "settings",
            json!("info"),
            "The settings field must be an array.",
        ),
    ] {
        let mut body = json!({ "name": "edge" });
        body[field] = value;
        check(&post(&emulator, "/api/gateways", body).await, field, text);
    }
    let answer = post(
        &emulator,
        "/api/gateways",
        json!({ "name": "edge", "dns": ["a", 1] }),
    )
    .await;
    check(&answer, "dns.1", "The dns.1 field must be a string.");
}

#[tokio::test]
async fn all_errors_come_together() {
    let emulator = start().await;
    let body = json!({ "enabled": 1, "dns": [1, 2] });
    post(&emulator, "/api/gateways", body).await.expect(
        422,
        json!({
            "message": "The name field is required. (and 3 more errors)",
            "errors": {
                "name": ["The name field is required."],
                "enabled": ["The enabled field must be true or false."],
                "dns.0": ["The dns.0 field must be a string."],
                "dns.1": ["The dns.1 field must be a string."],
            },
        }),
    );
}

#[tokio::test]
async fn names_and_codes_are_unique_in_the_team() {
    let emulator = start().await;
    post(&emulator, "/api/gateways", json!({ "name": "edge" })).await;
    post(&emulator, "/api/gateways", json!({ "name": "core" })).await;
    let put = |body: Value| {
        as_user(
            &emulator,
            Request::new("PUT", "/api/gateways/core").json(body),
        )
    };

    let (name, code) = (
        "The name has already been taken.",
        "The code has already been taken.",
    );
    check(
        &post(&emulator, "/api/gateways", json!({ "name": "edge" })).await,
        "name",
        name,
    );
    check(
        &post(
            &emulator,
            "/api/gateways",
            json!({ "name": "new", "code": "edge" }),
        )
        .await,
        "code",
        code,
    );
    check(&put(json!({ "name": "edge" })).await, "name", name);
    check(
        &put(json!({ "name": "core", "code": "edge" })).await,
        "code",
        code,
    );
    assert_eq!(
        put(json!({ "name": "core", "code": "core" })).await.status,
        200,
        "it may keep its own"
    );
}

#[tokio::test]
async fn a_change_needs_the_name_as_a_creation_does() {
    let emulator = start().await;
    post(&emulator, "/api/gateways", json!({ "name": "edge" })).await;
    for method in ["PUT", "PATCH"] {
        let request = Request::new(method, "/api/gateways/edge").json(json!({ "enabled": true }));
        check(
            &as_user(&emulator, request).await,
            "name",
            "The name field is required.",
        );
    }
}

async fn authorize(emulator: &Emulator, body: Value) -> Response {
    post(emulator, "/api/harmony/authorize", body).await
}

#[tokio::test]
async fn an_authorization_must_meet_its_rules() {
    let emulator = start().await;
    for (field, value, text) in [
        (
            "gateway_code",
            json!(null),
            "The gateway code field is required.",
        ),
        (
            "gateway_code",
            json!("  "),
            "The gateway code field is required.",
        ),
        (
            "gateway_code",
            json!(12),
            "The gateway code field must be a string.",
        ),
        (
            "gateway_code",
            json!("é".repeat(256)),
            "The gateway code field must not be greater than 255 characters.",
        ),
        (
            "token",
            json!("12|another"),
            "The token field must match the bearer token.",
        ),
        ("token", json!(null), "The token field must be a string."),
        (
            "machine_public_key",
            json!(1),
            "The machine public key field must be a string.",
        ),
        (
            "metadata",
            json!("os=linux"),
            "The metadata field must be an array.",
        ),
    ] {
        let mut body = json!({ "gateway_code": "edge" });
        body[field] = value;
        check(&authorize(&emulator, body).await, field, text);
    }
    let answer = authorize(
        &emulator,
        json!({ "gateway_code": "edge", "metadata": [1] }),
    )
    .await;
    check(
        &answer,
        "metadata.0",
        "The metadata.0 field must be a string.",
    );
    let answer = post(&emulator, "/api/harmony/revoke", json!({})).await;
    check(
        &answer,
        "gateway_code",
        "The gateway code field is required.",
    );
    let answer = post(
        &emulator,
        "/api/harmony/revoke",
        json!({ "gateway_code": "edge", "token": "x" }),
    )
    .await;
    check(
        &answer,
        "token",
        "The token field must match the bearer token.",
    );
}

#[tokio::test]
async fn an_authorization_takes_every_form_of_metadata() {
    let emulator = start().await;
    for metadata in [
        json!(null),
        json!([]),
        json!(["os=linux"]),
        json!({ "os": "linux", "cpus": 4 }),
    ] {
        let body =
            json!({ "gateway_code": "edge", "metadata": metadata, "machine_public_key": null });
        assert_eq!(authorize(&emulator, body).await.status, 201, "{metadata}");
    }
}

#[tokio::test]
async fn what_is_no_json_object_has_no_fields() {
    let emulator = start().await;
    let request = || Request::new("POST", "/api/gateways");
    for request in [
        request(),
        request()
            .header("Content-Type", "application/json")
            .body("{\"name\":"),
        request()
            .header("Content-Type", "application/json")
            .body("[".repeat(100_000)),
        request()
            .header("Content-Type", "application/json")
            .body([0xff, 0xfe]),
        request().json(json!([{ "name": "edge" }])),
        request().json(json!("edge")),
        request()
            .header("Content-Type", "text/plain")
            .body(json!({ "name": "edge" }).to_string()),
        request().body(json!({ "name": "edge" }).to_string()),
    ] {
        check(
            &as_user(&emulator, request).await,
            "name",
            "The name field is required.",
        );
    }
    let kind = "application/vnd.api+json; charset=utf-8";
    let request = request()
        .header("Content-Type", kind)
        .body(json!({ "name": "edge" }).to_string());
    assert_eq!(as_user(&emulator, request).await.status, 201);
}
