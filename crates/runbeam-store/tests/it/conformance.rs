//! Every store obeys the rules. (The keyring does so in `keyring`, where there is one.)

use runbeam_store::{MemoryStore, SecretStore, conformance};

use crate::scratch::{Scratch, wait};

fn check(store: &impl SecretStore) {
    if let Err(breach) = wait(conformance::check(store)) {
        panic!("{breach}");
    }
}

#[test]
fn memory() {
    check(&MemoryStore::new());
}

#[test]
fn age_files_with_a_key_of_each_instance() {
    let scratch = Scratch::new();
    check(&scratch.files());
    check(&scratch.files());
}

#[test]
fn age_files_with_a_key_that_is_handed_over() {
    let scratch = Scratch::new();
    let key = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR".into();
    check(&scratch.files().with_encryption_key(&key).unwrap());
    assert!(
        !scratch
            .file_names()
            .iter()
            .any(|name| name.ends_with("encryption.key"))
    );
}

#[test]
fn the_choice_without_a_keyring() {
    let scratch = Scratch::new();
    check(&scratch.builder().without_keyring().build().unwrap());
}
