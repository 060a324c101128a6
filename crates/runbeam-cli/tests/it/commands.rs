//! `token:*`, `changes` and `dev`.

use std::io::{BufRead, BufReader};

use runbeam_emulator::{ChangeKind, ChangeSpec};
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::runbeam::Shell;

#[test]
fn the_raw_token_is_one_line_and_works() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_jwt());
    let done = shell.run("token:get -g edge-lisbon --raw").ok();
    assert_eq!(done.out.lines().count(), 1);
    assert!(done.err.is_empty(), "{}", done.err);
    let token = done.out.trim();
    Shell::of(&cloud.url())
        .with("RUNBEAM_TOKEN", token)
        .run("changes list")
        .ok();
    // With --json it is what RUNBEAM_MACHINE_TOKEN takes whole.
    let full = shell.json("token:get -g edge-lisbon");
    for field in [
        "machine_token",
        "expires_at",
        "gateway_id",
        "gateway_code",
        "abilities",
        "issued_at",
    ] {
        assert!(!full[field].is_null(), "{field}");
    }
}

#[test]
fn what_is_kept_can_be_shown_sealed_anew_and_cleared() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url());
    assert_eq!(shell.json("token show")["data"][0]["present"], false);
    shell
        .run_with_input("login --token-stdin", &cloud.mint_jwt())
        .ok();
    let shown = shell.json("token show");
    let entry = &shown["data"][0];
    assert_eq!(entry["present"], true);
    assert_eq!(entry["backend"], "file");
    assert_eq!(entry["survives_reboot"], true);
    assert!(entry["expires_at"].is_string());
    let key = shell.home().join("runbeam-cli/encryption.key");
    let former = std::fs::read(&key).unwrap();
    assert_eq!(shell.json("token rotate-key")["resealed"], 1);
    assert_ne!(std::fs::read(&key).unwrap(), former);
    shell.run("whoami").ok();
    // Files are demanded here, so that there is no keyring to move to.
    shell
        .run("token migrate --to keyring")
        .ends_with(1)
        .complains("next");
    assert_eq!(shell.json("token migrate --to files")["to"], "files");
    assert_eq!(shell.json("token clear")["cleared"], json!(["user_auth"]));
    shell.run("whoami").ends_with(4);
    shell.run("token show --instance ../x").ends_with(2);
}

#[test]
fn changes_are_listed_and_shown() {
    let cloud = Cloud::start();
    let shell = Shell::of(&cloud.url()).with("RUNBEAM_TOKEN", &cloud.mint_sanctum_token());
    let gateway = shell.json("gateways create --name edge");
    let gateway = gateway["id"].as_str().unwrap();
    let id = cloud
        .queue_change(
            gateway,
            ChangeSpec::new(ChangeKind::Gateway, "name = \"x\"\n"),
        )
        .unwrap();
    shell.run("changes list").ok().says(&id).says("pending");
    let listed = shell.json(&format!("changes:list --gateway {gateway}"));
    assert!(
        listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|change| change["id"] == id.as_str())
    );
    let change = shell.json(&format!("changes show {id}"));
    assert_eq!(change["toml_config"], "name = \"x\"\n");
}

#[cfg(all(unix, feature = "dev"))]
#[test]
fn everything_works_against_the_emulator_and_nothing_stays_of_it() {
    let shell = Shell::new();
    let mut dev = shell.start("dev --port 0 --approve --json");
    let mut text = String::new();
    let mut lines = BufReader::new(dev.stdout.as_mut().unwrap()).lines();
    while serde_json::from_str::<Value>(&text).is_err() {
        text.push_str(&lines.next().unwrap().unwrap());
    }
    drop(lines);
    shell.run("--profile dev whoami").ok().says("sanctum");
    shell.run("--profile dev gateways create --name edge").ok();
    shell
        .run("--profile dev login --force")
        .ok()
        .says("Ines Prado");
    shell.run("whoami").ends_with(4);
    let pid = rustix::process::Pid::from_raw(i32::try_from(dev.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert!(dev.wait().unwrap().success());
    shell.run("--profile dev whoami").ends_with(4);
    assert_eq!(
        shell.json("--profile dev config:get")["api-url"]["origin"],
        "default"
    );
}
