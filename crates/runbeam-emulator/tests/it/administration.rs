//! The administration beside its own description, and the guard in front of it.

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{
    client::{Request, Response},
    post, start,
};

fn description() -> Value {
    let options = serde_saphyr::options! { strict_booleans: true };
    let text = include_str!("../../emulator.openapi.yaml");
    serde_saphyr::from_str_with_options(text, options).unwrap()
}

/// Checks an answer against the description.
#[track_caller]
fn check(document: &Value, method: &str, path: &str, answer: &Response) {
    let operation = &document["paths"][path][method.to_lowercase()];
    let response = &operation["responses"][answer.status.to_string()];
    assert!(
        response.is_object(),
        "{method} {path}: {} is not described",
        answer.status
    );
    let Some(content) = response["content"].as_object() else {
        return;
    };
    let kind = answer.header("content-type").unwrap();
    assert!(content.contains_key(kind), "{method} {path}: {kind}");
    if kind == "application/json" {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": document["components"],
            "allOf": [content[kind]["schema"]],
        });
        let validator: Validator = jsonschema::validator_for(&whole).unwrap();
        let body = answer.json();
        let errors: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:?}\n{body:#}");
    }
}

#[tokio::test]
async fn every_address_answers_as_described() {
    let emulator = start().await;
    let document = description();
    let gateway = post(&emulator, "/api/gateways", json!({ "name": "edge" }))
        .await
        .json();
    let gateway = gateway["data"]["id"].as_str().unwrap().to_owned();
    drop(emulator.mint_sanctum_token());
    let login = Request::new("POST", "/api/cli/start-login")
        .send(emulator.address())
        .await
        .json();
    let device = login["device_token"].as_str().unwrap().to_owned();
    let old_key = emulator.signing_key().key_id().to_owned();

    let mut seen = Vec::new();
    let mut send =
        async |method: &'static str, path: &'static str, filled: &str, body: Value, status: u16| {
            let target = match path.split_once('{') {
                Some((before, _)) => format!("{before}{filled}"),
                None => path.to_owned(),
            };
            let answer = Request::new(method, target)
                .json(body)
                .send(emulator.address())
                .await;
            assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
            check(&document, method, path, &answer);
            seen.push((method.to_lowercase(), path.to_owned()));
            answer
        };
    let none = || json!({});
    send("GET", "/_emulator", "", none(), 200).await;
    send("POST", "/_emulator", "", none(), 422).await;
    send("GET", "/_emulator/openapi.yaml", "", none(), 200).await;
    send("GET", "/_emulator/status", "", none(), 200).await;
    send("GET", "/_emulator/clock", "", none(), 200).await;
    send(
        "POST",
        "/_emulator/clock",
        "",
        json!({ "advance": "1d" }),
        200,
    )
    .await;
    send("GET", "/_emulator/limits", "", none(), 200).await;
    send(
        "PUT",
        "/_emulator/limits",
        "",
        json!({ "requests": 100 }),
        200,
    )
    .await;
    send(
        "PUT",
        "/_emulator/limits",
        "",
        json!({ "requests": -1 }),
        422,
    )
    .await;
    let rule = json!({ "fault": { "type": "delay", "millis": 1 } });
    let fault = send("POST", "/_emulator/faults", "", rule, 201)
        .await
        .json()["id"]
        .to_string();
    send("GET", "/_emulator/faults", "", none(), 200).await;
    send("DELETE", "/_emulator/faults/{fault}", &fault, none(), 200).await;
    send("DELETE", "/_emulator/faults/{fault}", &fault, none(), 404).await;
    send("DELETE", "/_emulator/faults", "", none(), 200).await;
    send("GET", "/_emulator/requests", "", none(), 200).await;
    send("POST", "/_emulator/keys", "", none(), 201).await;
    send("GET", "/_emulator/keys", "", none(), 200).await;
    send("DELETE", "/_emulator/keys/{key}", &old_key, none(), 200).await;
    send("DELETE", "/_emulator/keys/{key}", &old_key, none(), 404).await;
    let last = emulator.signing_key().key_id().to_owned();
    send("DELETE", "/_emulator/keys/{key}", &last, none(), 422).await;
    send(
        "PUT",
        "/_emulator/neighbour",
        "",
        json!({ "published": true }),
        200,
    )
    .await;
    send("GET", "/_emulator/tokens", "", none(), 200).await;
    send(
        "POST",
        "/_emulator/tokens/jwt",
        "",
        json!({ "claims": { "nbf": null } }),
        201,
    )
    .await;
    send(
        "POST",
        "/_emulator/tokens/jwt",
        "",
        json!({ "user_id": "nobody" }),
        422,
    )
    .await;
    let sanctum = json!({ "abilities": ["read"], "lifetime_seconds": 60 });
    let id = send("POST", "/_emulator/tokens/sanctum", "", sanctum, 201)
        .await
        .json()["id"]
        .to_string();
    send(
        "DELETE",
        "/_emulator/tokens/sanctum/{token}",
        &id,
        none(),
        204,
    )
    .await;
    send(
        "DELETE",
        "/_emulator/tokens/sanctum/{token}",
        &id,
        none(),
        404,
    )
    .await;
    send("GET", "/_emulator/logins", "", none(), 200).await;
    // The day above has ended the first login.
    send(
        "POST",
        "/_emulator/logins/{deviceToken}",
        &device,
        json!({ "approve": true }),
        404,
    )
    .await;
    let login = Request::new("POST", "/api/cli/start-login")
        .send(emulator.address())
        .await
        .json();
    let device = login["device_token"].as_str().unwrap();
    send(
        "POST",
        "/_emulator/logins/{deviceToken}",
        device,
        none(),
        422,
    )
    .await;
    send(
        "POST",
        "/_emulator/logins/{deviceToken}",
        device,
        json!({ "approve": true }),
        200,
    )
    .await;
    let change = json!({ "gateway_id": gateway, "toml": "x = 1" });
    send("POST", "/_emulator/changes", "", change, 201).await;
    send(
        "POST",
        "/_emulator/changes",
        "",
        json!({ "gateway_id": "none", "toml": "" }),
        404,
    )
    .await;
    send("GET", "/_emulator/changes", "", none(), 200).await;
    send("GET", "/_emulator/state", "", none(), 200).await;
    send(
        "POST",
        "/_emulator/state",
        "",
        json!({ "gateways": [{ "name": "two" }] }),
        204,
    )
    .await;
    send(
        "POST",
        "/_emulator/state",
        "",
        json!({ "gateways": [{ "name": "two" }] }),
        422,
    )
    .await;
    send("DELETE", "/_emulator/requests", "", none(), 200).await;
    send("DELETE", "/_emulator/state", "", none(), 204).await;

    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            assert!(
                seen.contains(&(method.clone(), path.clone())),
                "{method} {path} was not asked"
            );
        }
    }
}

#[tokio::test]
async fn other_sites_reach_nothing_through_a_browser() {
    let emulator = start().await;
    let own = emulator.url();
    let ask = async |headers: &[(&str, &str)], status: u16| {
        let text = format!(
            "DELETE /_emulator/requests HTTP/1.1\r\nConnection: close\r\n{}\r\n",
            headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect::<String>()
        );
        let answer = crate::client::raw(emulator.address(), &text).await;
        assert_eq!(answer.status, status, "{headers:?}");
    };
    let host = own.strip_prefix("http://").unwrap();
    ask(&[("Host", host)], 200).await;
    ask(&[("Host", host), ("Origin", &own)], 200).await;
    ask(&[("Host", "localhost:8090")], 200).await;
    ask(&[("Host", host), ("Origin", "https://evil.test")], 403).await;
    ask(&[("Host", host), ("Origin", "null")], 403).await;
    ask(
        &[("Host", "evil.test"), ("Origin", "http://evil.test")],
        403,
    )
    .await;
    ask(&[("Host", "evil.test")], 403).await;

    let login = Request::new("POST", "/api/cli/start-login")
        .send(emulator.address())
        .await
        .json();
    let path = format!("/cli/verify/{}", login["device_token"].as_str().unwrap());
    let form = format!("decision=approve&user={}", emulator.user().id());
    let cross = Request::new("POST", path)
        .header("Origin", "https://evil.test")
        .body(form);
    assert_eq!(cross.send(emulator.address()).await.status, 403);
}
