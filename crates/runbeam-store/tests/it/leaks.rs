//! A canary is in no file, no error, no `Debug` and no description.

use runbeam_model::Secret;
use runbeam_store::{Precondition, SecretStore};

use crate::scratch::{Scratch, auth, bytes, gateway, load, save, wait, write_private};

const CANARY: &str = "canary-7d1e0b9c";

#[test]
fn a_secret_is_in_no_file() {
    let scratch = Scratch::new();
    let store = scratch.builder().without_keyring().build().unwrap();
    save(&store, CANARY).unwrap();
    save(&store, &format!("again {CANARY}")).unwrap();
    let files = scratch.all_files();
    assert_eq!(files.len(), 4, "{files:?}");
    for (path, content) in files {
        let holds = content
            .windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes());
        assert!(!holds, "{}", path.display());
    }
}

#[test]
fn neither_a_secret_nor_a_key_is_in_what_is_shown() {
    let scratch = Scratch::new();
    let store = scratch.builder().without_keyring().with_encryption_key(
        "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR",
    );
    let mut shown = format!("{store:?}");
    let store = store.build().unwrap();
    save(&store, CANARY).unwrap();
    let stored = wait(store.load(&gateway(), &auth())).unwrap().unwrap();
    shown += &format!(
        "{store:?} {stored:?} {:?}",
        wait(store.describe(&gateway(), &auth())).unwrap()
    );

    let conflict =
        wait(store.save(&gateway(), &auth(), &bytes(CANARY), Precondition::Absent)).unwrap_err();
    shown += &format!("{conflict} {conflict:?}");
    let value =
        wait(store.load_value::<runbeam_model::MachineToken>(&gateway(), &auth())).unwrap_err();
    shown += &format!(
        "{value} {value:?} {:?}",
        std::error::Error::source(&value).map(ToString::to_string)
    );
    write_private(scratch.file("auth.json"), CANARY);
    let damaged = load(&store).unwrap_err();
    shown += &format!(
        "{damaged} {damaged:?} {:?}",
        std::error::Error::source(&damaged).map(ToString::to_string)
    );
    let key = scratch
        .files()
        .with_encryption_key(&Secret::from(CANARY))
        .unwrap_err();
    shown += &format!("{key} {key:?}");
    let id = CANARY
        .to_ascii_uppercase()
        .parse::<runbeam_store::InstanceId>()
        .unwrap_err();
    shown += &format!("{id} {id:?}");

    assert!(!shown.to_ascii_lowercase().contains("canary"), "{shown}");
    assert!(!shown.contains("1HU4JNCH26"), "{shown}");
}
