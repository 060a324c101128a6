//! The functions that keep tokens, each time in a process with an environment of its own.

use std::path::Path;
use std::process::Command;

use runbeam_sdk::model::{Secret, UserToken};
use runbeam_sdk::store::{EntryName, SecretStore, Store};
use runbeam_sdk::{
    ErrorKind, MachineToken, clear_machine_token, clear_token, clear_token_as, clear_user_token,
    load_machine_token, load_token, load_token_as, load_user_token, save_machine_token, save_token,
    save_token_as, save_token_with_key, save_user_token,
};
use serde::{Deserialize, Serialize};

const JOB: &str = "RUNBEAM_SDK_TEST_KEEP";
const ID: &str = "my-gateway";
const KEY: &str = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";
const OTHER_KEY: &str =
    "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

/// Does the job that the parent names, and nothing in a usual run.
#[tokio::test]
#[allow(
    clippy::disallowed_methods,
    reason = "the parent says by this variable what to do"
)]
async fn child() {
    match std::env::var(JOB).as_deref() {
        Ok("every kind") => every_kind().await,
        Ok("with a key") => with_a_key().await,
        Ok("expect") => {
            let expected = std::env::var("EXPECTED").unwrap();
            let token = load_token(ID).await.unwrap();
            let found = token.map(|token| token.machine_token.expose().to_owned());
            assert_eq!(found.unwrap_or_default(), expected);
        }
        Ok(job) => panic!("{job}"),
        Err(_) => {}
    }
}

/// Does `job` in a process that has these variables and none else that is ours.
fn run(home: &Path, job: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "keep::child", "--nocapture"])
        .env_clear()
        .env(JOB, job)
        .env("RUNBEAM_HOME", home.join(".runbeam"))
        .env("RUNBEAM_DISABLE_KEYRING", "1")
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

fn machine_token(text: &str) -> MachineToken {
    text.parse().unwrap()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Registry {
    user: String,
    #[serde(serialize_with = "Secret::serialize_exposed")]
    password: Secret,
}

async fn every_kind() {
    let machine = machine_token(r#"{"machine_token":"mt_1","gateway_code":"edge"}"#);
    save_token(ID, &machine).await.unwrap();
    assert_eq!(load_token(ID).await.unwrap(), Some(machine.clone()));
    assert_eq!(
        load_token_as(ID, "auth").await.unwrap(),
        Some(machine.clone())
    );
    save_machine_token("another", &machine).await.unwrap();
    assert_eq!(
        load_machine_token("another").await.unwrap(),
        Some(machine.clone())
    );
    clear_machine_token("another").await.unwrap();
    assert_eq!(load_token("another").await.unwrap(), None);

    let user = UserToken::new("12|p0LmXw3rT8", Some(1_768_209_331), None);
    save_user_token(ID, &user).await.unwrap();
    assert_eq!(load_user_token(ID).await.unwrap(), Some(user));

    let registry = Registry {
        user: "ines".to_owned(),
        password: "hunter2".into(),
    };
    save_token_as(ID, "registry", &registry).await.unwrap();
    assert_eq!(load_token_as(ID, "registry").await.unwrap(), Some(registry));
    save_token_as(ID, "text", "of no fixed size").await.unwrap();
    assert_eq!(
        load_token_as::<String>(ID, "text").await.unwrap().unwrap(),
        "of no fixed size"
    );

    let error = load_token_as::<Vec<u8>>(ID, "registry").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let no_json = std::collections::HashMap::from([((1, 2), 3)]);
    save_token_as(ID, "registry", &no_json).await.unwrap_err();
    save_token_as(ID, "../registry", "x").await.unwrap_err();
    save_token_as("../x", "registry", "x").await.unwrap_err();

    clear_token(ID).await.unwrap();
    assert_eq!(load_token(ID).await.unwrap(), None);
    assert!(
        load_user_token(ID).await.unwrap().is_some(),
        "each is cleared alone"
    );
    clear_user_token(ID).await.unwrap();
    assert_eq!(load_user_token(ID).await.unwrap(), None);
    assert!(
        load_token_as::<Registry>(ID, "registry")
            .await
            .unwrap()
            .is_some()
    );
    clear_token_as(ID, "registry").await.unwrap();
    clear_token_as(ID, "registry").await.unwrap();
    assert_eq!(
        load_token_as::<Registry>(ID, "registry").await.unwrap(),
        None
    );
}

#[test]
fn tokens_of_every_kind_are_kept_and_cleared() {
    let home = tempfile::tempdir().unwrap();
    run(home.path(), "every kind", &[]);
}

/// In a process whose own key is another one.
async fn with_a_key() {
    let error = save_token_with_key(ID, &machine_token("mt_kept"), "no key").await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Storage);
    save_token_with_key(ID, &machine_token("mt_kept"), KEY)
        .await
        .unwrap();
    let error = load_token(ID).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);

    #[allow(clippy::disallowed_methods, reason = "the parent says where to look")]
    let root = std::env::var("RUNBEAM_HOME").unwrap();
    let builder = Store::builder().with_root(root).with_encryption_key(KEY);
    let (store, instance) = (builder.build().unwrap(), ID.parse().unwrap());
    let entry = EntryName::machine_token();
    let loaded: Option<MachineToken> = store.load_value(&instance, &entry).await.unwrap();
    assert_eq!(loaded, Some(machine_token("mt_kept")));
}

#[test]
fn a_token_is_kept_with_a_key_of_the_caller() {
    let home = tempfile::tempdir().unwrap();
    run(
        home.path(),
        "with a key",
        &[("RUNBEAM_ENCRYPTION_KEY", OTHER_KEY)],
    );
    let expected = ("EXPECTED", "mt_kept");
    run(
        home.path(),
        "expect",
        &[("RUNBEAM_ENCRYPTION_KEY", KEY), expected],
    );
    let instance = home.path().join(".runbeam").join(ID);
    assert!(!instance.join("encryption.key").exists(), "no key was made");
}

#[test]
fn a_token_of_the_environment_comes_first_and_its_json_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let check = |variable: Option<&str>, expected| {
        let variable = variable.map(|value| ("RUNBEAM_MACHINE_TOKEN", value));
        let variables: Vec<_> = variable
            .into_iter()
            .chain([("EXPECTED", expected)])
            .collect();
        run(home.path(), "expect", &variables);
    };
    check(Some("12|bare"), "12|bare");
    check(None, "");
    check(Some(r#"{"machine_token":"mt_1"}"#), "mt_1");
    check(None, "mt_1");
    check(Some("12|bare"), "12|bare");
    check(
        Some(r#"{"machine_token":"mt_2","expires_at":"2020-01-01T00:00:00Z"}"#),
        "mt_1",
    );
}
