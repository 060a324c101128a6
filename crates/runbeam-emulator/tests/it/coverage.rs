//! Every operation with every documented status, in one process, so that what was not seen can be told.

use std::{collections::BTreeSet, time::Duration};

use jiff::SignedDuration;
use runbeam_emulator::{Emulator, Operation, RateLimits, SanctumSpec};
use serde_json::{Value, json};

use crate::{
    client::{Request, Response},
    contract::Contract,
    start,
};

/// An emulator with one of everything, and what leads to it.
struct World {
    emulator: Emulator,
    user: String,
    machine: String,
    gateway: String,
    pipeline: String,
    mesh: String,
}

impl World {
    async fn new() -> Self {
        let emulator = start().await;
        let user = emulator.mint_sanctum_token();
        let mut world = Self {
            emulator,
            user,
            machine: String::new(),
            gateway: String::new(),
            pipeline: String::new(),
            mesh: String::new(),
        };
        let code = json!({ "gateway_code": "edge-lisbon" });
        let authorized = world
            .as_user("POST", "/harmony/authorize", code)
            .await
            .json();
        world.machine = authorized["machine_token"].as_str().unwrap().to_owned();
        world.gateway = authorized["gateway"]["id"].as_str().unwrap().to_owned();
        let seed = json!({
            "ingresses": [{ "name": "studies-in", "urls": ["https://lisbon.example.test/studies"] }],
            "egresses": [{ "name": "studies-out", "gateway": "edge-lisbon" }],
        });
        world.emulator.seed(seed.as_object().unwrap()).unwrap();
        let mesh =
            json!({ "name": "regional", "ingress": ["studies-in"], "egress": ["studies-out"] });
        world.mesh = world.create("meshes", mesh).await;
        let pipeline = json!({ "name": "studies", "gateway_id": world.gateway });
        world.pipeline = world.create("pipelines", pipeline).await;
        world
    }

    async fn send(&self, token: &str, method: &'static str, path: &str, body: Value) -> Response {
        let request = Request::new(method, format!("/api{path}"));
        let request = if token.is_empty() {
            request
        } else {
            request.bearer(token)
        };
        request.json(body).send(self.emulator.address()).await
    }

    async fn as_user(&self, method: &'static str, path: &str, body: Value) -> Response {
        self.send(&self.user, method, path, body).await
    }

    async fn as_machine(&self, method: &'static str, path: &str, body: Value) -> Response {
        self.send(&self.machine, method, path, body).await
    }

    async fn create(&self, plural: &str, body: Value) -> String {
        let answer = self.as_user("POST", &format!("/{plural}"), body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["data"]["id"].as_str().unwrap().to_owned()
    }

    /// The id of a change that waits.
    async fn change(&self) -> String {
        let body = json!({ "name": "studies" });
        self.as_user("PUT", &format!("/pipelines/{}", self.pipeline), body)
            .await;
        let list = self
            .as_machine("GET", "/harmony/changes", Value::Null)
            .await
            .json();
        list["data"][0]["id"].as_str().unwrap().to_owned()
    }
}

/// A request that a kind accepts.
fn request_of(plural: &str) -> Value {
    match plural {
        "networks" => json!({
            "name": "made", "enable_wireguard": false, "bind_address": "127.0.0.1", "bind_port": 8080,
        }),
        _ => json!({ "name": "made" }),
    }
}

fn method_of(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "DELETE"]
        .into_iter()
        .find(|one| *one == method)
        .unwrap()
}

async fn resources(world: &World) {
    for operation in Operation::ALL {
        let Some(plural) = operation.id().strip_suffix("Store") else {
            continue;
        };
        let id = world.create(plural, request_of(plural)).await;
        let one = format!("/{plural}/{id}");
        world
            .as_user("GET", &format!("/{plural}"), Value::Null)
            .await;
        world.as_user("GET", &one, Value::Null).await;
        world.as_user("PUT", &one, request_of(plural)).await;
        world.as_user("DELETE", &one, Value::Null).await;
    }
}

async fn logins(world: &World) {
    let started = world
        .send("", "POST", "/cli/start-login", Value::Null)
        .await
        .json();
    let path = format!(
        "/cli/check-login/{}",
        started["device_token"].as_str().unwrap()
    );
    let check = async |status: u16, state: &str| {
        let answer = world.send("", "GET", &path, Value::Null).await;
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (status, &json!(state))
        );
    };
    check(200, "pending").await;
    let token = started["device_token"].as_str().unwrap();
    assert!(world.emulator.approve_login(token, world.emulator.user()));
    check(200, "authenticated").await;
    world
        .emulator
        .clock()
        .advance(SignedDuration::from_secs(600));
    check(410, "expired").await;
}

async fn changes(world: &World) {
    let get = async |path: String| world.as_machine("GET", &path, Value::Null).await;
    let change = world.change().await;
    for path in [
        "/harmony/base-url",
        "/gateway/base-url",
        "/harmony/changes",
        "/gateway/changes",
        "/harmony/config-changes",
    ] {
        assert_eq!(get(path.into()).await.status, 200, "{path}");
    }
    get(format!("/harmony/changes/{}", world.gateway)).await;
    get(format!("/harmony/changes/{change}")).await;
    for place in [
        "/harmony/change",
        "/gateway/changes",
        "/harmony/config-changes",
    ] {
        assert_eq!(
            get(format!("{place}/{change}")).await.status,
            200,
            "{place}"
        );
    }
    let ids = json!({ "change_ids": [change, "01kc0000000000000000000000"] });
    for place in ["/harmony/changes", "/gateway/changes"] {
        let answer = world
            .as_machine("POST", &format!("{place}/acknowledge"), ids.clone())
            .await;
        let expected =
            json!({ "acknowledged": [change], "failed": ["01kc0000000000000000000000"] });
        answer.expect(200, expected);
    }
    let failure = json!({ "error": "no", "details": ["networks[0]"] });
    for place in [
        "/harmony/change",
        "/harmony/changes",
        "/gateway/changes",
        "/harmony/config-changes",
    ] {
        for (end, body) in [("failed", failure.clone()), ("applied", Value::Null)] {
            let answer = world
                .as_machine("POST", &format!("{place}/{change}/{end}"), body)
                .await;
            assert_eq!(answer.status, 200, "{place} {end}");
        }
    }
    let path = format!("/harmony/config-changes/{change}/acknowledge");
    assert_eq!(
        world.as_machine("POST", &path, Value::Null).await.status,
        200
    );
}

async fn configuration(world: &World) {
    for path in [
        format!("/gateways/{}/configuration", world.gateway),
        "/harmony/resources/resolve?ref=runbeam.name.studies-in".into(),
    ] {
        assert_eq!(
            world.as_machine("GET", &path, Value::Null).await.status,
            200,
            "{path}"
        );
    }
    for (kind, config) in [
        ("gateway", "[proxy]\nlog_level = \"info\""),
        ("pipeline", "[pipelines.pushed]\nnetworks = [\"default\"]"),
        (
            "transform",
            "[transform]\nname = \"strip\"\ninstructions = \"[]\"",
        ),
        ("mesh", "[mesh.pushed]\ntype = \"http3\""),
    ] {
        let body = json!({ "type": kind, "config": config });
        let answer = world.as_machine("POST", "/harmony/update", body).await;
        assert_eq!(answer.status, 200, "{kind}: {answer:?}");
    }
    let wanted = json!({ "mesh_id": world.mesh, "destination_url": "https://lisbon.example.test/studies/7" });
    let token = async |body: &Value| {
        world
            .as_machine("POST", "/harmony/mesh/token", body.clone())
            .await
    };
    assert_eq!(token(&wanted).await.status, 200);
    let elsewhere =
        json!({ "mesh_id": world.mesh, "destination_url": "https://porto.example.test/" });
    assert_eq!(token(&elsewhere).await.status, 403);
    assert_eq!(
        token(&json!({ "mesh_id": "none", "destination_url": "https://x.test/" }))
            .await
            .status,
        404
    );
    assert_eq!(token(&json!({})).await.status, 422);
    let off = json!({ "name": "regional", "enabled": false });
    world
        .as_user("PUT", &format!("/meshes/{}", world.mesh), off)
        .await;
    assert_eq!(token(&wanted).await.status, 400);
}

/// Every documented refusal, from the description alone but for the bodies that lead to it.
async fn refusals(world: &World, contract: &Contract) {
    let nobody = world
        .emulator
        .mint_sanctum_token_with(SanctumSpec::new().with_abilities([]));
    let change = world.change().await;
    for (id, (method, path, operation)) in contract.operations() {
        let method = method_of(&method);
        let path = path.strip_prefix("/api").unwrap();
        let missing = fill(path, "01kc0000000000000000000000");
        let documents = |status: &str| operation["responses"].get(status).is_some();
        if documents("401") {
            assert_eq!(
                world.send("", method, &missing, json!({})).await.status,
                401,
                "{id}"
            );
        }
        if documents("403") && id != "meshToken" {
            assert_eq!(
                world
                    .send(&nobody, method, &missing, json!({}))
                    .await
                    .status,
                403,
                "{id}"
            );
        }
        if documents("404") {
            let body = match id.as_str() {
                "revokeGateway" => json!({ "gateway_code": "nowhere" }),
                "storeConfig" => {
                    json!({ "type": "pipeline", "id": "none", "config": "[pipelines.x]" })
                }
                _ => json!({ "name": "x", "error": "x" }),
            };
            let path = match id.as_str() {
                "resolve" => "/harmony/resources/resolve?ref=nothing",
                _ => &missing,
            };
            if id != "meshToken" {
                assert_eq!(world.as_user(method, path, body).await.status, 404, "{id}");
            }
        }
        if documents("422") && id != "meshToken" {
            let there = match id.as_str() {
                "changeFailed" | "legacyFailed" => fill(path, &change),
                "gatewaysUpdate" => fill(path, &world.gateway),
                "pipelinesUpdate" => fill(path, &world.pipeline),
                "meshesUpdate" => fill(path, &world.mesh),
                id if id.ends_with("Update") => {
                    let plural = id.strip_suffix("Update").unwrap();
                    fill(path, &world.create(plural, request_of(plural)).await)
                }
                _ => path.to_owned(),
            };
            assert_eq!(
                world.as_user(method, &there, json!({})).await.status,
                422,
                "{id}"
            );
        }
    }
    let none = RateLimits::none()
        .with_requests(0)
        .with_authorizations(0)
        .with_login_polls(0);
    world.emulator.set_rate_limits(none);
    for (id, (method, path, operation)) in contract.operations() {
        if operation["responses"].get("429").is_some() {
            let path = fill(path.strip_prefix("/api").unwrap(), "x");
            let answer = world.as_user(method_of(&method), &path, json!({})).await;
            assert_eq!(answer.status, 429, "{id}");
            assert_eq!(answer.json(), json!({ "message": "Too Many Attempts." }));
        }
    }
}

/// A path with its parameter filled in.
fn fill(path: &str, value: &str) -> String {
    match (path.find('{'), path.find('}')) {
        (Some(start), Some(end)) => format!("{}{value}{}", &path[..start], &path[end + 1..]),
        _ => path.to_owned(),
    }
}

#[tokio::test]
async fn every_operation_gives_every_documented_status() {
    let Some(contract) = Contract::get() else {
        return;
    };
    let world = World::new().await;
    world
        .send("", "GET", "/.well-known/jwks.json", Value::Null)
        .await;
    resources(&world).await;
    logins(&world).await;
    changes(&world).await;
    configuration(&world).await;
    let revoke = json!({ "gateway_code": "edge-lisbon" });
    assert_eq!(
        world
            .as_user("POST", "/harmony/revoke", revoke)
            .await
            .status,
        200
    );
    let code = json!({ "gateway_code": "edge-lisbon" });
    let again = world
        .as_user("POST", "/harmony/authorize", code)
        .await
        .json();
    let world = World {
        machine: again["machine_token"].as_str().unwrap().to_owned(),
        ..world
    };
    refusals(&world, contract).await;

    let seen = contract.seen();
    let mut documented = BTreeSet::new();
    println!(
        "{:<28} statuses seen (a bar marks one that was not)",
        "operation"
    );
    for (id, (_, _, operation)) in contract.operations() {
        let statuses: Vec<&String> = operation["responses"].as_object().unwrap().keys().collect();
        let shown: Vec<String> = statuses
            .iter()
            .map(|status| {
                let pair = (id.clone(), (*status).clone());
                let mark = if seen.contains(&pair) { "" } else { "|" };
                documented.insert(pair);
                format!("{mark}{status}{mark}")
            })
            .collect();
        println!("{id:<28} {}", shown.join(" "));
    }
    let missed: Vec<_> = documented.difference(&seen).collect();
    println!(
        "{} of {} pairs of operation and status",
        documented.len() - missed.len(),
        documented.len()
    );
    assert_eq!(missed, Vec::<&(String, String)>::new());
    let ours: BTreeSet<&str> = Operation::ALL
        .iter()
        .map(|operation| operation.id())
        .collect();
    let theirs = contract.operations();
    assert_eq!(ours, theirs.keys().map(String::as_str).collect());
    drop(tokio::time::timeout(Duration::from_secs(5), world.emulator.shutdown()).await);
}
