//! The answers beside the examples of the contract: the same fields with the same kinds of value.

use runbeam_emulator::Emulator;
use serde_json::{Value, json};

use crate::{as_user, client::Request, contract::shared_contract, get, post, start};

/// Reads an example, or says that it is skipped; where everything must be checked, missing examples are an error.
fn example(name: &str) -> Option<Value> {
    let text = shared_contract(&format!("examples/{name}"))?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Compares names and kinds at every depth; of lists, the first rows.
#[track_caller]
fn same_shape(name: &str, answer: &Value) {
    let Some(example) = example(name) else { return };
    assert_eq!(shape(answer), shape(&example), "{name}\n{answer:#}");
}

fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("boolean"),
        Value::Number(number) if number.is_f64() => json!("float"),
        Value::Number(_) => json!("integer"),
        Value::String(text) if text.len() == 27 && text.ends_with('Z') => json!("time"),
        Value::String(text) if text.len() == 26 => json!("id"),
        Value::String(_) => json!("text"),
        Value::Array(items) => items.iter().take(1).map(shape).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
    }
}

#[track_caller]
fn same(name: &str, answer: &Value) {
    let Some(example) = example(name) else { return };
    assert_eq!(*answer, example, "{name}");
}

/// The gateway of the examples.
async fn lisbon(emulator: &Emulator) -> Value {
    let body = json!({
        "name": "edge-lisbon",
        "enabled": true,
        "pipelines_path": "pipelines",
        "transforms_path": "transforms",
        "jwks_cache_duration_hours": 24,
        "management_enabled": true,
        "management_base_path": "admin",
        "management_network_id": "01kc9a80sfgpsqy28gmm0z6yk9",
        "dns": ["lisbon.example.test"],
        "settings": { "log_level": "info" },
    });
    post(emulator, "/api/gateways", body).await.json()
}

/// An answer with the origin, the ids and the times of the examples.
fn settled(emulator: &Emulator, answer: &Value, example_id: &str) -> Value {
    fn walk(value: &mut Value, example_id: &str) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, example_id)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match name.as_str() {
                        "id" => *value = json!(example_id),
                        "created_at" => *value = json!("2026-01-12T08:15:30.000000Z"),
                        "updated_at" => *value = json!("2026-01-12T09:02:11.000000Z"),
                        _ => walk(value, example_id),
                    }
                }
            }
            _ => {}
        }
    }
    let text = answer
        .to_string()
        .replace(&emulator.url(), "http://127.0.0.1:8090");
    let mut settled = serde_json::from_str(&text).unwrap();
    walk(&mut settled, example_id);
    settled
}

#[tokio::test]
async fn gateways() {
    const LISBON: &str = "01kctftk2mdjffee5fqs6capf6";
    let emulator = start().await;
    let list = |query| format!("/api/gateways{query}");
    let empty = get(&emulator, &list("")).await.json();
    same(
        "cloud-gateways-index-empty.json",
        &settled(&emulator, &empty, LISBON),
    );

    let stored = lisbon(&emulator).await;
    same(
        "cloud-gateway-show.json",
        &settled(&emulator, &stored, LISBON),
    );
    let shown = get(&emulator, "/api/gateways/edge-lisbon").await.json();
    same(
        "cloud-gateway-show.json",
        &settled(&emulator, &shown, LISBON),
    );
    let one = get(&emulator, &list("")).await.json();
    same(
        "cloud-gateways-index.json",
        &settled(&emulator, &one, LISBON),
    );

    let porto = post(&emulator, "/api/gateways", json!({ "name": "edge-porto" }))
        .await
        .json();
    same_shape("cloud-gateway-store-201.json", &porto);
    let two = get(&emulator, &list("?per_page=1")).await.json();
    same(
        "cloud-gateways-index-two-pages.json",
        &settled(&emulator, &two, LISBON),
    );

    let deleted = as_user(
        &emulator,
        Request::new("DELETE", "/api/gateways/edge-porto"),
    )
    .await;
    same("cloud-gateway-destroy.json", &deleted.json());
}

#[tokio::test]
async fn authorizing_and_revoking() {
    let emulator = start().await;
    let token = emulator.mint_sanctum_token();
    let send = |target: &str, mut body: Value| {
        body["token"] = json!(token);
        Request::new("POST", target)
            .bearer(&token)
            .json(body)
            .send(emulator.address())
    };
    if let Some(request) = example("cloud-authorize-request.json") {
        let answer = send("/api/harmony/authorize", request).await;
        assert_eq!(answer.status, 201);
        same_shape("cloud-authorize-201.json", &answer.json());
        if let Some(example) = example("cloud-authorize-201.json") {
            assert_eq!(answer.json()["gateway"]["name"], example["gateway"]["name"]);
            assert_eq!(
                answer.json()["gateway"]["authorized_by"],
                example["gateway"]["authorized_by"]
            );
            assert_eq!(answer.json()["expires_in"], example["expires_in"]);
            assert_eq!(answer.json()["abilities"], example["abilities"]);
        }
    }
    if let Some(request) = example("cloud-revoke-request.json") {
        let answer = send("/api/harmony/revoke", request).await;
        same("cloud-revoke-200.json", &answer.json());
    }
}

#[tokio::test]
async fn keys_and_tokens() {
    let emulator = start().await;
    same_shape(
        "cloud-jwks.json",
        &get(&emulator, "/api/.well-known/jwks.json").await.json(),
    );
    let token = emulator.mint_jwt();
    let part = |index: usize| -> Value {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    same_shape("jwt-user-header.json", &part(0));
    same_shape("jwt-user-claims.json", &part(1));
    if let Some(claims) = example("jwt-user-claims.json") {
        for name in ["sub", "user", "team"] {
            assert_eq!(part(1)[name], claims[name]);
        }
    }
}

#[tokio::test]
async fn refusals() {
    let emulator = start().await;
    let anonymous = Request::new("GET", "/api/gateways")
        .send(emulator.address())
        .await;
    same("cloud-error-401.json", &anonymous.json());
    same(
        "cloud-error-404.json",
        &get(&emulator, "/api/gateways/none").await.json(),
    );
    same(
        "cloud-error-422.json",
        &post(&emulator, "/api/gateways", json!({})).await.json(),
    );
}

/// Each kind, made from what its example shows, is shown as in the example.
#[tokio::test]
async fn resources() {
    let emulator = start().await;
    let gateway = lisbon(&emulator).await["data"]["id"].clone();
    for (plural, one) in [
        ("services", "service"),
        ("endpoints", "endpoint"),
        ("backends", "backend"),
        ("pipelines", "pipeline"),
        ("middlewares", "middleware"),
        ("transforms", "transform"),
        ("policies", "policy"),
        ("networks", "network"),
        ("authentications", "authentication"),
        ("peers", "peer"),
        ("targets", "target"),
        ("rules", "rule"),
        ("meshes", "mesh"),
    ] {
        let Some(example) = example(&format!("cloud-{one}-show.json")) else {
            return;
        };
        let mut request = example["data"].clone();
        let fields = request.as_object_mut().unwrap();
        for inner in ["http", "options"] {
            // Flat on the way in, nested on the way out.
            if matches!((one, inner), ("network", "http") | ("transform", "options")) {
                let nested = fields.remove(inner).unwrap();
                fields.extend(nested.as_object().unwrap().clone());
            }
        }
        if let Some(id) = fields.get_mut("gateway_id") {
            *id = gateway.clone();
        }
        let made = post(&emulator, &format!("/api/{plural}"), request)
            .await
            .json();
        let mut settled = made["data"].clone();
        for name in ["id", "gateway_id", "created_at", "updated_at"] {
            if let Some(value) = settled.get_mut(name) {
                assert_eq!(shape(value), shape(&example["data"][name]), "{one} {name}");
                *value = example["data"][name].clone();
            }
        }
        assert_eq!(settled, example["data"], "{one}");
        let target = format!("/api/{plural}/{}", made["data"]["id"].as_str().unwrap());
        let deleted = as_user(&emulator, Request::new("DELETE", target)).await;
        same(&format!("cloud-{one}-destroy.json"), &deleted.json());
    }
}
