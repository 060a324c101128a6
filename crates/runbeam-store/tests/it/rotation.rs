//! Another key for what is kept, while others load it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use runbeam_model::Secret;
use runbeam_store::{EntryName, ErrorKind, Precondition, SecretStore, Store};

use crate::process::{Tell, command, has_parent, told};
use crate::scratch::{Scratch, auth, bytes, gateway, load, save, wait, write, write_private};

pub(crate) const JOBS: &[(&str, fn())] = &[("rotate_without_pause", rotate_without_pause)];

const FORMER: &str = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";
const NEW: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

fn identity(line: &str) -> age::x25519::Identity {
    line.parse().unwrap()
}

fn key_text(scratch: &Scratch) -> String {
    std::fs::read_to_string(scratch.file("encryption.key")).unwrap()
}

fn without_keyring(scratch: &Scratch) -> Store {
    scratch.builder().without_keyring().build().unwrap()
}

fn opens(scratch: &Scratch, file: &str, line: &str) -> bool {
    let sealed = std::fs::read(scratch.file(file)).unwrap();
    age::decrypt(&identity(line), &sealed).is_ok()
}

/// An instance with its own key and an entry in each of the two places.
fn instance_of_both_versions(scratch: &Scratch) {
    write_private(scratch.file("encryption.key"), FORMER);
    save(&scratch.files(), "ours").unwrap();
    let earlier = age::encrypt(&identity(FORMER).to_public(), b"theirs").unwrap();
    write(scratch.file("runbeam/user_auth.json"), earlier);
    #[cfg(unix)]
    crate::scratch::set_mode(scratch.file("runbeam"), 0o755);
}

fn expect_both(store: &impl SecretStore) {
    assert_eq!(load(store).unwrap().unwrap(), "ours");
    let user = wait(store.load(&gateway(), &EntryName::user_token()));
    assert_eq!(user.unwrap().unwrap().value.expose(), b"theirs");
}

#[test]
fn a_key_that_is_handed_over_becomes_the_own_key_of_an_instance() {
    // Of one that has secrets, and of one that has nothing yet.
    let scratch = Scratch::new();
    instance_of_both_versions(&scratch);
    let store = without_keyring(&scratch);
    for _ in 0..2 {
        wait(store.adopt_key(&gateway(), NEW)).unwrap();
        expect_both(&store);
        expect_both(&scratch.files());
        assert_eq!(key_text(&scratch).len(), 100);
        for file in ["auth.json", "user_auth.json"] {
            assert!(opens(&scratch, file, NEW) && !opens(&scratch, file, FORMER));
        }
    }
    let scratch = Scratch::new();
    let store = without_keyring(&scratch);
    wait(store.adopt_key(&gateway(), NEW)).unwrap();
    save(&store, "ours").unwrap();
    assert!(opens(&scratch, "auth.json", NEW));

    // A rotation that was interrupted, with three keys from then on.
    let both = format!("{FORMER}\n{NEW}");
    write_private(scratch.file("encryption.key"), &both);
    wait(without_keyring(&scratch).adopt_key(&gateway(), FORMER)).unwrap();
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "ours");
    assert!(opens(&scratch, "auth.json", FORMER));
    assert_eq!(key_text(&scratch).len(), 100);
}

#[test]
fn a_key_that_is_none_or_not_the_one_of_the_store_is_not_adopted() {
    let scratch = Scratch::new();
    instance_of_both_versions(&scratch);
    let before = key_text(&scratch);
    let store = without_keyring(&scratch);
    let error = wait(store.adopt_key(&gateway(), "no key")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EncryptionKey);
    assert!(Store::check_key(&Secret::from("no key")).is_err());
    assert!(Store::check_key(&Secret::from(NEW)).is_ok());
    let store = scratch.builder().with_encryption_key(FORMER);
    let store = store.build().unwrap();
    let error = wait(store.adopt_key(&gateway(), NEW)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EncryptionKey);
    wait(store.adopt_key(&gateway(), FORMER)).unwrap();
    assert_eq!(key_text(&scratch), before);
}

#[test]
fn the_key_that_seals_is_told_and_none_is_made_for_that() {
    let scratch = Scratch::new();
    let store = without_keyring(&scratch);
    let told = |store: &Store| wait(store.encryption_key(&gateway())).unwrap();
    assert!(told(&store).is_none());
    assert!(!scratch.file("encryption.key").exists());
    save(&store, "a secret").unwrap();
    assert_eq!(told(&store).unwrap().expose(), key_text(&scratch));
    let former = key_text(&scratch);
    wait(store.rotate(&gateway())).unwrap();
    assert_ne!(told(&store).unwrap().expose(), former);
    let handed_over = scratch.builder().with_encryption_key(Secret::from(NEW));
    let handed_over = handed_over.without_keyring().build().unwrap();
    assert!(
        told(&handed_over)
            .unwrap()
            .expose()
            .starts_with("QUdFLVNFQ1JFVC1LRVktMU")
    );
    write_private(scratch.file("encryption.key"), "no key");
    let unusable = wait(without_keyring(&scratch).encryption_key(&gateway())).unwrap_err();
    assert_eq!(unusable.kind(), ErrorKind::EncryptionKey);
}

#[test]
fn an_instance_gets_a_new_key_and_loses_nothing() {
    let scratch = Scratch::new();
    instance_of_both_versions(&scratch);
    let store = without_keyring(&scratch);
    let before = wait(store.load(&gateway(), &auth())).unwrap().unwrap();
    let rotation = wait(store.rotate(&gateway())).unwrap();
    assert_eq!((rotation.resealed, rotation.current), (2, 0));
    assert!(!rotation.in_keyring);
    expect_both(&store);
    expect_both(&scratch.files());
    assert_eq!(
        wait(store.load(&gateway(), &auth())).unwrap().unwrap(),
        before,
        "the same state, with the same revision"
    );
    assert_eq!(
        key_text(&scratch).len(),
        100,
        "one identity, as every version reads it"
    );
    for file in ["auth.json", "user_auth.json"] {
        assert!(!opens(&scratch, file, FORMER), "{file}");
    }
    assert!(!scratch.file("runbeam").exists());

    let first = key_text(&scratch);
    assert_eq!(wait(store.rotate(&gateway())).unwrap().resealed, 2);
    assert_ne!(key_text(&scratch), first, "each rotation makes a key");
    expect_both(&scratch.files());
}

#[test]
fn a_rotation_that_was_interrupted_goes_on() {
    let scratch = Scratch::new();
    instance_of_both_versions(&scratch);
    // As after the first step, and one entry sealed anew.
    write_private(scratch.file("encryption.key"), format!("{NEW}\n{FORMER}"));
    expect_both(&scratch.files());
    save(&scratch.files(), "ours").unwrap();
    assert!(opens(&scratch, "auth.json", NEW));

    let rotation = wait(scratch.files().rotate(&gateway())).unwrap();
    assert_eq!((rotation.resealed, rotation.current), (1, 1));
    expect_both(&scratch.files());
    write_private(scratch.file("encryption.key"), NEW);
    expect_both(&scratch.files());
}

#[test]
fn an_entry_that_does_not_open_keeps_the_former_key() {
    let scratch = Scratch::new();
    instance_of_both_versions(&scratch);
    let foreign = age::encrypt(&age::x25519::Identity::generate().to_public(), b"x").unwrap();
    write_private(scratch.file("broken.json"), foreign);
    let store = scratch.files();
    for _ in 0..2 {
        let error = wait(store.rotate(&gateway())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongKey);
        assert!(error.to_string().contains("broken.json"), "{error}");
        assert!(error.to_string().contains("not finished"), "{error}");
        expect_both(&store);
    }
    assert!(wait(store.clear(&gateway(), &"broken".parse().unwrap())).unwrap());
    assert_eq!(wait(store.rotate(&gateway())).unwrap().current, 2);
    assert_eq!(key_text(&scratch).len(), 100);
    expect_both(&store);
}

#[test]
fn a_key_that_is_handed_over_seals_all_with_its_first_identity() {
    let scratch = Scratch::new();
    let with_key = |key: &str| {
        let store = scratch.builder().with_encryption_key(key).build();
        store.unwrap()
    };
    save(&with_key(FORMER), "ours").unwrap();
    let user = EntryName::user_token();
    // As the `age` program does with two recipients.
    let (former, new) = (identity(FORMER).to_public(), identity(NEW).to_public());
    let recipients: [&dyn age::Recipient; 2] = [&former, &new];
    let mut sealed = Vec::new();
    let mut writer = age::Encryptor::with_recipients(recipients.into_iter())
        .unwrap()
        .wrap_output(&mut sealed)
        .unwrap();
    std::io::Write::write_all(&mut writer, b"theirs").unwrap();
    writer.finish().unwrap();
    write_private(scratch.file("user_auth.json"), sealed);

    let both = with_key(&format!("{NEW}\n{FORMER}"));
    let rotation = wait(both.rotate(&gateway())).unwrap();
    assert_eq!((rotation.resealed, rotation.current), (2, 0));
    for file in ["auth.json", "user_auth.json"] {
        assert!(opens(&scratch, file, NEW), "{file}");
        assert!(!opens(&scratch, file, FORMER), "{file}");
    }
    expect_both(&with_key(NEW));
    assert_eq!(wait(both.rotate(&gateway())).unwrap().current, 2);
    assert!(!scratch.file("encryption.key").exists());
    let error = wait(with_key(FORMER).rotate(&gateway())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongKey);
    let stored = wait(both.load(&gateway(), &user)).unwrap().unwrap();
    assert_eq!(stored.value.expose(), b"theirs");
}

#[test]
fn what_does_not_exist_is_not_made() {
    let scratch = Scratch::new();
    let store = without_keyring(&scratch);
    assert_eq!(wait(store.rotate(&gateway())).unwrap().resealed, 0);
    assert!(!scratch.root().exists());

    save(&store, "x").unwrap();
    std::fs::remove_file(scratch.file("encryption.key")).unwrap();
    let error = wait(store.rotate(&gateway())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EncryptionKey);
    assert!(!scratch.file("encryption.key").exists());
}

fn rotate_without_pause() {
    let store = Store::builder()
        .with_root(told("ROOT"))
        .without_keyring()
        .build()
        .unwrap();
    while has_parent() {
        wait(store.rotate(&gateway())).unwrap();
    }
}

#[test]
fn loads_and_saves_beside_rotations_never_fail() {
    const ROTATORS: usize = 2;
    const LONGEST: Duration = Duration::from_secs(300);
    let (least_loads, least_keys) = if crate::campaign::is_full() {
        (10_000, 500)
    } else {
        (300, 5)
    };
    let scratch = Scratch::new();
    instance_of_both_versions(&scratch);
    let start = |_| {
        let mut command = command("rotate_without_pause");
        command
            .tell("ROOT", scratch.root().display())
            .stdout(Stdio::null());
        command.spawn().unwrap()
    };
    let mut rotators: Vec<_> = (0..ROTATORS).map(start).collect();
    let store = without_keyring(&scratch);
    let begin = Instant::now();
    let (mut loads, mut keys) = (0, std::collections::HashSet::new());
    while loads < least_loads || keys.len() < least_keys {
        assert!(begin.elapsed() < LONGEST, "only {} keys", keys.len());
        expect_both(&store);
        // A store that knows nothing yet reads the key and the secret for the first time.
        expect_both(&without_keyring(&scratch));
        loads += 1;
        keys.insert(key_text(&scratch));
        if loads % 20 == 0 {
            save(&store, "ours").unwrap();
        }
    }
    for rotator in &mut rotators {
        rotator.kill().unwrap();
        rotator.wait().unwrap();
    }
    expect_both(&store);
    wait(store.rotate(&gateway())).unwrap();
    assert_eq!(key_text(&scratch).len(), 100);
    println!(
        "{loads} loads of two entries beside rotations, {} keys seen",
        keys.len()
    );
}

#[test]
fn a_save_with_a_revision_from_before_the_rotation_holds() {
    let scratch = Scratch::new();
    let store = scratch
        .files()
        .with_encryption_key(&Secret::from(FORMER))
        .unwrap();
    let seen = save(&store, "x").unwrap();
    let rotated = scratch
        .files()
        .with_encryption_key(&Secret::from(format!("{NEW}\n{FORMER}")))
        .unwrap();
    assert_eq!(wait(rotated.rotate(&gateway())).unwrap().resealed, 1);
    let unchanged = Precondition::Unchanged(seen);
    wait(rotated.save(&gateway(), &auth(), &bytes("y"), unchanged)).unwrap();
}
