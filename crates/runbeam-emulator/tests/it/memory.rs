//! What an emulator is given at its start, what it gives back, and what outlives it.

use std::{fs, path::Path};

use runbeam_emulator::{Builder, ChangeKind, ChangeSpec, ChangeStatus, Emulator, ErrorKind};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::{builder, client::Request, get, post, start};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

const SEED: &str = r#"
clock = { now = "2027-01-01T00:00:00Z", frozen = true }

[[teams]]
name = "Baltic Optics"

[[users]]
name = "Jurgis Kazlauskas"
email = "jurgis@example.test"
team = "Baltic Optics"

[[gateways]]
name = "edge-riga"
team = "Baltic Optics"
enabled = true

[[pipelines]]
name = "studies"
team = "Baltic Optics"
gateway = "edge-riga"

[[sanctum_tokens]]
token = "7|known-in-advance"
user = "jurgis@example.test"
abilities = ["read"]

[[machine_tokens]]
token = "mt_known"
gateway = "edge-riga"

[[changes]]
gateway = "edge-riga"
toml = "x = 1"
"#;

#[allow(clippy::disallowed_methods, reason = "a file of a test may be torn")]
fn write(directory: &TempDir, name: &str, text: &str) -> std::path::PathBuf {
    let path = directory.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

async fn status(emulator: &Emulator, token: &str) -> u16 {
    let request = Request::new("GET", "/api/gateways/edge-riga").bearer(token);
    request.send(emulator.address()).await.status
}

#[tokio::test]
async fn a_seed_file_fills_a_cloud_and_a_dump_fills_another() {
    let directory = TempDir::new().unwrap();
    let toml = write(&directory, "seed.toml", SEED);
    let emulator = builder()
        .with_seed_file(toml)
        .unwrap()
        .start()
        .await
        .unwrap();
    assert!(emulator.clock().is_frozen());
    assert_eq!(status(&emulator, "7|known-in-advance").await, 200);
    assert_eq!(status(&emulator, "mt_known").await, 200);
    assert_eq!(status(&emulator, "7|known").await, 401);
    assert_eq!(
        get(&emulator, "/api/gateways/edge-riga").await.status,
        404,
        "another team's"
    );

    let dump = emulator.dump();
    let text = Value::Object(dump.clone()).to_string();
    assert!(
        !text.contains("known-in-advance") && !text.contains("mt_known"),
        "{text}"
    );
    let json = write(&directory, "dump.json", &text);
    let again = builder()
        .with_seed_file(json)
        .unwrap()
        .start()
        .await
        .unwrap();
    assert_eq!(again.dump(), dump);
    assert_eq!(status(&again, "7|known-in-advance").await, 200);

    again.reset();
    assert_eq!(status(&again, "mt_known").await, 401);
    assert_eq!(again.dump()["gateways"], json!([]));
    assert!(!again.clock().is_frozen());
    assert_eq!(
        get(&again, "/api/gateways").await.status,
        200,
        "the default user is there again"
    );
}

#[tokio::test]
async fn a_bad_seed_is_named_with_its_place() {
    let check = async |seed: Value, expected: &str| {
        let error = builder().with_seed(object(seed)).start().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Seed);
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(json!({ "gateway": [] }), "'gateway' is not known").await;
    check(json!({ "gateways": {} }), "gateways is no list").await;
    check(
        json!({ "gateways": [{ "name": "a" }, { "name": "A B" }] }),
        "gateways[1]: name: The name field format",
    )
    .await;
    check(
        json!({ "gateways": [{ "nmae": "a" }] }),
        "gateways[0]: 'nmae' is not known here",
    )
    .await;
    check(
        json!({ "users": [{ "name": "a", "email": "b", "team": "c" }] }),
        "there is no team 'c'",
    )
    .await;
    check(
        json!({ "sanctum_tokens": [{ "token": "1|x", "abilities": ["fly"] }] }),
        "'fly' is no ability",
    )
    .await;
    check(
        json!({ "machine_tokens": [{ "token": "mt_x", "gateway": "g" }] }),
        "there is no gateway 'g'",
    )
    .await;
    check(json!({ "clock": { "now": "noon" } }), "clock:").await;

    let directory = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let error = Builder::with_seed_file(builder(), write(&directory, name, text)).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        format!("{error}: {source}")
    };
    assert!(
        file("x.toml", "[[gateways]]\nname = ").contains("x.toml"),
        "the file is named"
    );
    assert!(file("y.json", "{").contains("line 1"), "and the line");
    assert!(Builder::with_seed_file(builder(), "/nowhere/seed.json").is_err());
}

/// An emulator on a data file, with the key that the file holds or gets.
async fn on(file: &Path) -> Emulator {
    Emulator::builder()
        .with_data_file(file)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_data_file_keeps_everything() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("cloud.db");
    let emulator = on(&file).await;
    let team = emulator.add_team("Baltic Optics");
    emulator.add_user(&team, "Jurgis Kazlauskas", "jurgis@example.test");
    let made = post(&emulator, "/api/gateways", json!({ "name": "edge-riga" }))
        .await
        .json();
    let gateway = made["data"]["id"].as_str().unwrap();
    post(&emulator, "/api/services", json!({ "name": "Imaging" })).await;
    post(&emulator, "/api/gateways", json!({ "name": "gone" })).await;
    crate::as_user(&emulator, Request::new("DELETE", "/api/gateways/gone")).await;
    let change = emulator
        .queue_change(gateway, ChangeSpec::new(ChangeKind::Gateway, "x = 1"))
        .unwrap();
    let (jwt, sanctum) = (emulator.mint_jwt(), emulator.mint_sanctum_token());
    emulator.clock().freeze();
    emulator.advance(jiff::SignedDuration::from_secs(60));
    let (now, dump, key) = (
        emulator.clock().now(),
        emulator.dump(),
        emulator.signing_key(),
    );
    let error = Emulator::builder()
        .with_data_file(&file)
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataFile, "one emulator at a time");
    emulator.shutdown().await;

    let again = on(&file).await;
    assert_eq!(again.clock().now(), now);
    assert_eq!(again.dump(), dump);
    assert_eq!(again.signing_key().key_id(), key.key_id());
    for token in [&jwt, &sanctum] {
        assert_eq!(status(&again, token).await, 200);
    }
    assert_eq!(again.change_status(&change), Some(ChangeStatus::Pending));
    again.reset();
    again.shutdown().await;
    assert_eq!(on(&file).await.dump()["gateways"], json!([]));
}

#[cfg(unix)]
#[tokio::test]
async fn a_data_file_is_for_its_owner_and_a_strange_one_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = TempDir::new().unwrap();
    let file = directory.path().join("cloud.db");
    on(&file).await.shutdown().await;
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let letter = write(
        &directory,
        "letter.txt",
        "Dear Ines, this is no database, but a rather long letter.",
    );
    let before = fs::read(&letter).unwrap();
    let error = Emulator::builder()
        .with_data_file(&letter)
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataFile);
    assert_eq!(fs::read(&letter).unwrap(), before);
}

#[tokio::test]
async fn what_is_made_here_leads_to_changes_there() {
    let emulator = start().await;
    let made = post(&emulator, "/api/gateways", json!({ "name": "edge" }))
        .await
        .json();
    let gateway = made["data"]["id"].as_str().unwrap();
    post(
        &emulator,
        "/api/pipelines",
        json!({ "name": "studies", "gateway_id": gateway }),
    )
    .await;
    let list = get(&emulator, &format!("/api/harmony/changes/{gateway}"))
        .await
        .json();
    assert_eq!(list["meta"]["total"], 1);
    assert_eq!(list["meta"]["per_page"], 15);
    let id = list["data"][0]["id"].as_str().unwrap();
    let change = get(&emulator, &format!("/api/harmony/change/{id}"))
        .await
        .json();
    assert_eq!(change["data"]["metadata"]["pipeline_name"], "studies");
    assert!(
        change["data"]["toml_config"]
            .as_str()
            .unwrap()
            .starts_with("[pipelines.studies]")
    );
    let deleted = crate::as_user(&emulator, Request::new("DELETE", "/api/gateways/edge")).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(
        get(&emulator, "/api/pipelines").await.json()["meta"]["total"],
        0,
        "it went with its gateway"
    );
}
