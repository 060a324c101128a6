//! What the environment and the builder say.

use runbeam_store::{ErrorKind, KeySource, Location, SecretStore, Store, StoreBuilder};

use crate::process::{Tell, command, told};
use crate::scratch::{Scratch, auth, gateway, load, save, wait};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("build_from_env", build_from_env),
    ("caller_over_env", caller_over_env),
];

const LINE: &str = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";

/// Prints the kind of the error, or where the store keeps secrets.
fn build_from_env() {
    match Store::from_env() {
        Ok(store) => {
            save(&store, "saved").unwrap();
            assert_eq!(load(&store).unwrap().unwrap(), "saved");
            println!(
                "\nkept: {}",
                wait(store.describe(&gateway(), &auth())).unwrap()
            );
        }
        Err(error) => println!("\nrefused: {:?} {error}", error.kind()),
    }
}

fn caller_over_env() {
    let builder = StoreBuilder::from_env()
        .unwrap()
        .with_root(told("ROOT"))
        .with_encryption_key(LINE);
    let store = builder.build().unwrap();
    save(&store, "saved").unwrap();
    let description = wait(store.describe(&gateway(), &auth())).unwrap();
    assert_eq!(description.key_source, Some(KeySource::Caller));
}

/// Builds a store with these variables, and expects all parts in what is told of it. `SCRATCH` is the home directory.
pub(crate) fn check(variables: &[(&str, &str)], expected: &[&str]) {
    let scratch = Scratch::new();
    let mut command = command("build_from_env");
    command
        .env("HOME", scratch.path())
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY");
    command.env("XDG_RUNTIME_DIR", scratch.path());
    for (name, value) in variables {
        command.env(
            name,
            value.replace("SCRATCH", scratch.path().to_str().unwrap()),
        );
    }
    let output = String::from_utf8(command.run().stdout).unwrap();
    for part in expected {
        let part = part.replace("SCRATCH", scratch.path().to_str().unwrap());
        assert!(output.contains(&part), "{part} is not in {output}");
    }
}

#[test]
fn the_home_directory_is_the_default() {
    check(
        &[("RUNBEAM_DISABLE_KEYRING", "")],
        &[
            "kept: the secret is in SCRATCH/.runbeam/gateway/auth.json",
            "from SCRATCH/.runbeam/gateway/encryption.key",
            "RUNBEAM_DISABLE_KEYRING is set",
        ],
    );
}

#[test]
fn variables_are_obeyed() {
    check(
        &[
            ("RUNBEAM_HOME", "SCRATCH/elsewhere"),
            ("RUNBEAM_DISABLE_KEYRING", "1"),
        ],
        &["in SCRATCH/elsewhere/gateway/auth.json"],
    );
    check(
        &[("RUNBEAM_ENCRYPTION_KEY", LINE)],
        &[
            "the encryption key is from RUNBEAM_ENCRYPTION_KEY",
            "files are used because RUNBEAM_ENCRYPTION_KEY is set",
        ],
    );
}

#[test]
fn a_variable_that_is_set_but_useless_is_an_error() {
    check(
        &[("RUNBEAM_ENCRYPTION_KEY", "")],
        &[
            "refused: EncryptionKey",
            "RUNBEAM_ENCRYPTION_KEY",
            "it is empty",
        ],
    );
    check(
        &[("RUNBEAM_ENCRYPTION_KEY", "age1abc")],
        &["refused: EncryptionKey", "public half"],
    );
    check(
        &[("RUNBEAM_HOME", "")],
        &["refused: Configuration", "RUNBEAM_HOME is empty"],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_bus_files_are_used_and_the_reason_is_told() {
    check(
        &[],
        &[
            "the secret is in SCRATCH/.runbeam/gateway/auth.json",
            "this instance has chosen files",
        ],
    );
}

#[test]
fn the_caller_wins_over_the_environment() {
    let scratch = Scratch::new();
    command("caller_over_env")
        .env("RUNBEAM_ENCRYPTION_KEY", "useless")
        .tell("ROOT", scratch.root().display())
        .run();
}

#[test]
fn a_root_with_a_final_separator_is_the_same_root() {
    let scratch = Scratch::new();
    let store = Store::builder()
        .with_root(format!("{}/./", scratch.root().display()))
        .without_keyring()
        .build();
    save(&store.unwrap(), "x").unwrap();
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "x");
}

#[test]
fn a_description_tells_where_and_what_protects() {
    let scratch = Scratch::new();
    let store = scratch.builder().without_keyring().build().unwrap();
    let description = wait(store.describe(&gateway(), &auth())).unwrap();
    assert_eq!(
        description.location,
        Location::File(scratch.file("auth.json"))
    );
    assert_eq!(
        description.key_source,
        Some(KeySource::File(scratch.file("encryption.key")))
    );
    assert_eq!(
        description.note.as_deref(),
        Some("files are used because the store was built without a keyring")
    );
    assert!(
        description
            .to_string()
            .starts_with("the secret would be kept in ")
    );
}

#[test]
fn a_useless_key_is_refused_when_the_store_is_built() {
    let error = Store::builder()
        .with_root("/nowhere")
        .with_encryption_key(" ")
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EncryptionKey);
}
