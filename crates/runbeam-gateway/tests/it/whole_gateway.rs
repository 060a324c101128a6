//! The whole gateway as a process: its demonstration, its life with a cloud, and its start without one.

use std::process::Command;
use std::time::{Duration, Instant};

use runbeam_emulator::{ChangeKind, ChangeSpec, ChangeStatus, Emulator, Operation};
use runbeam_sdk::ManagementClient;
use runbeam_sdk::store::{EntryName, SecretStore};

use crate::process::{Home, Process, program, until};

#[test]
fn the_demonstration_sees_all_its_steps() {
    let shown = Command::new(program()).arg("--demo").output().unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.status.success(), "{text}");
    for step in [
        "authorized",
        "configured by the cloud",
        "refused a change",
        "renewed",
        "stopped",
    ] {
        assert!(text.contains(step), "{text}");
    }
}

#[test]
fn what_is_no_configuration_is_told_with_its_place() {
    let home = Home::new();
    home.write(
        "gateway.toml",
        "[[middleware]]\ntype = 'jwt-auth'\nconfig = {}\n",
    );
    let ended = Command::new(program())
        .arg("--config")
        .arg(home.path("gateway.toml"))
        .env("RUNBEAM_HOME", home.path(".runbeam"))
        .output()
        .unwrap();
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("gateway.toml:3: "), "{told}");
    let ended = Command::new(program())
        .args(["--config", "x", "--management", "0.0.0.0:9090"])
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(2));
}

/// Whoever is authorized in a terminal: everything that `runbeam harmony:…` asks, and a change while it runs.
#[cfg(unix)]
#[tokio::test]
async fn a_gateway_lives_with_its_cloud() {
    let cloud = Emulator::start().await.unwrap();
    let home = Home::new();
    let gateway = Process::start(&home, &cloud.url(), &[]).await;
    let bearer = format!("Bearer {}", cloud.mint_jwt());
    let user = [("authorization", bearer.as_str())];
    assert_eq!(gateway.status("/studies", &[]).await, 401);
    assert_eq!(gateway.status("/studies/1", &user).await, 200);
    assert_eq!(
        gateway.status("/studies", &[("x-api-key", "key")]).await,
        200
    );
    assert_eq!(gateway.status("/labs", &user).await, 404);

    let management = format!("http://{}", gateway.management);
    let management = ManagementClient::new(&management, "admin").unwrap();
    gateway.authorize(&cloud.mint_jwt()).await;
    let id = cloud.dump()["gateways"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    management.upload_configuration().await.unwrap();
    let uploads = cloud.requests(Operation::StoreConfig);
    management.upload_configuration().await.unwrap();
    assert_eq!(cloud.requests(Operation::StoreConfig), 2 * uploads);

    let toml = "[pipelines.labs]\ndescription = 'Results'\n";
    let change = cloud.queue_change(&id, ChangeSpec::new(ChangeKind::Pipeline, toml));
    let change = change.unwrap();
    until(async || cloud.change_status(&change) == Some(ChangeStatus::Applied)).await;
    assert_eq!(gateway.status("/labs", &user).await, 200);
    let routes = management.routes().await.unwrap().routes;
    assert!(routes.iter().any(|route| route.path.starts_with("/labs/")));

    // The key is another one from the next request on, and the token of a user is good as before.
    let toml = "[[middleware]]\ntype = 'api-key'\nconfig = { header = 'X-API-Key', keys = ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] }\n";
    let change = cloud.queue_change(&id, ChangeSpec::new(ChangeKind::Gateway, toml));
    let change = change.unwrap();
    until(async || cloud.change_status(&change) == Some(ChangeStatus::Applied)).await;
    assert_eq!(gateway.status("/labs", &[("x-api-key", "key")]).await, 401);
    assert_eq!(gateway.status("/labs", &[("x-api-key", "test")]).await, 200);

    let text =
        crate::process::CONFIG.replace("[runbeam]\nenabled = true", "[runbeam]\nenabled = false");
    home.write("gateway.toml", &(text + "\n[pipelines.more]\n"));
    assert_eq!(
        management.reload().await.unwrap()["diff"]["zero_downtime_changes"],
        1
    );
    assert!(!management.is_integration_enabled().await.unwrap());
    assert_eq!(gateway.status("/more", &[("x-api-key", "test")]).await, 200);
    home.write("gateway.toml", "[");
    assert!(management.reload().await.is_err());
    assert_eq!(gateway.status("/more", &[("x-api-key", "test")]).await, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn without_the_cloud_it_serves_the_last_good_configuration_and_verifies_tokens_at_once() {
    let cloud = Emulator::start().await.unwrap();
    let home = Home::new();
    let mut gateway = Process::start(&home, &cloud.url(), &[]).await;
    gateway.authorize(&cloud.mint_sanctum_token()).await;
    let id = cloud.dump()["gateways"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let toml = "[pipelines.labs]\ndescription = 'Results'\n";
    let change = cloud.queue_change(&id, ChangeSpec::new(ChangeKind::Pipeline, toml));
    let change = change.unwrap();
    until(async || cloud.change_status(&change) == Some(ChangeStatus::Applied)).await;
    let first = format!("Bearer {}", cloud.mint_jwt());
    assert_eq!(
        gateway.status("/labs", &[("authorization", &first)]).await,
        200
    );
    let (store, instance) = (home.store(), crate::times::instance());
    let keys: EntryName = "auth_keys".parse().unwrap();
    until(async || store.load(&instance, &keys).await.unwrap().is_some()).await;
    // One that this gateway has never seen, and one of a key that the cloud never had.
    let second = format!("Bearer {}", cloud.mint_jwt());
    let stranger = runbeam_emulator::SigningKey::generate();
    let header = format!(
        r#"{{"alg":"RS256","kid":"{}"}}"#,
        cloud.signing_key().key_id()
    );
    let claims = format!(
        r#"{{"iss":"{}","sub":"u1","iat":1,"exp":{}}}"#,
        cloud.issuer(),
        crate::fixture::now() + 600
    );
    let forged = format!("Bearer {}", stranger.sign_raw(&header, &claims));
    let url = cloud.url();
    gateway.child.kill().await.unwrap();
    cloud.shutdown().await;

    let begun = Instant::now();
    let gateway = Process::start(&home, &url, &[]).await;
    assert_eq!(
        gateway.status("/labs", &[("authorization", &second)]).await,
        200
    );
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    eprintln!("served without the cloud after {took:?}");
    assert_eq!(
        gateway.status("/labs", &[("authorization", &first)]).await,
        200
    );
    assert_eq!(
        gateway.status("/labs", &[("authorization", &forged)]).await,
        401
    );
    assert_eq!(gateway.status("/labs", &[]).await, 401);
    let management = format!("http://{}", gateway.management);
    let management = ManagementClient::new(&management, "admin").unwrap();
    assert_eq!(management.pipelines().await.unwrap().pipelines.len(), 2);
}
