//! A real keyring: gnome-keyring on a bus of its own.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use runbeam_store::{
    Backend, EntryName, ErrorKind, KeyringStore, Location, Precondition, Presence, SecretStore,
    Store, conformance,
};

use crate::campaign;
use crate::keyring_session::{
    Daemon, PATIENCE, expect_error, files_alone, in_session, lookup, patient_store, remembered,
    search,
};
use crate::process::{Tell, told};
use crate::scratch::{auth, bytes, clear, gateway, load, save, wait};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("keyring_conformance", job_conformance),
    ("keyring_read_back", job_read_back),
    ("keyring_moved_to_files", job_moved_to_files),
    ("keyring_moved_in_part", job_moved_in_part),
    ("keyring_migrated", job_migrated),
    ("keyring_split", job_split),
    ("keyring_shared", job_shared),
    ("keyring_writers", job_writers),
    ("keyring_writer", write_through_the_store),
];

#[test]
fn conformance_of_the_backend_and_of_the_choice() {
    in_session("keyring_conformance");
}

fn job_conformance() {
    let _daemon = Daemon::start(Some("test"));
    let start = Instant::now();
    wait(conformance::check(&KeyringStore::with_deadline(PATIENCE))).unwrap();
    println!(
        "\nmeasured: conformance of the backend in {:?}",
        start.elapsed()
    );
    wait(conformance::check(&patient_store())).unwrap();
    let backend = std::fs::read_to_string(format!("{}/conformance/backend", told("ROOT"))).unwrap();
    assert_eq!(backend, "keyring\n");
    wait(conformance::check(
        &KeyringStore::with_deadline(PATIENCE).with_value_limit(200),
    ))
    .unwrap();
    wait(conformance::check(
        &KeyringStore::with_deadline(PATIENCE).with_prompt(PATIENCE),
    ))
    .unwrap();
    // The connection may end with the task that used it.
    wait(async {
        let store = KeyringStore::with_deadline(PATIENCE);
        assert!(store.load(&gateway(), &auth()).await.unwrap().is_none());
    });
    let large = bytes(&"x".repeat(8 * 1024));
    wait(patient_store().save(&gateway(), &auth(), &large, Precondition::Absent)).unwrap();
    assert_eq!(
        wait(patient_store().load(&gateway(), &auth()))
            .unwrap()
            .unwrap()
            .value,
        large
    );
}

#[test]
fn others_find_the_secret_by_its_account() {
    in_session("keyring_read_back");
}

fn job_read_back() {
    let _daemon = Daemon::start(Some("test"));
    save(&patient_store(), "mt_1").unwrap();
    let value = lookup();
    let (line, secret) = value.split_once('\n').unwrap();
    assert_eq!(secret, "mt_1");
    assert!(line.starts_with("runbeam-entry gateway auth 1"), "{line}");
    assert_eq!(remembered(), "keyring\n");
    let description = wait(patient_store().describe(&gateway(), &auth())).unwrap();
    assert_eq!(description.presence, Presence::Present);
    assert!(
        matches!(description.location, Location::Keyring { account, .. } if account == "gateway/auth")
    );
    assert!(clear(&patient_store()).unwrap());
    assert_eq!(lookup(), "");
    assert_eq!(load(&patient_store()).unwrap(), None);
}

#[test]
fn files_that_are_demanded_take_the_secret_over() {
    in_session("keyring_moved_to_files");
}

fn job_moved_to_files() {
    let _daemon = Daemon::start(Some("test"));
    save(&patient_store(), "mt_1").unwrap();
    let key = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";
    let sealed = Store::builder()
        .with_root(told("ROOT"))
        .with_encryption_key(key)
        .build()
        .unwrap();
    expect_error(
        "load of files alone",
        ErrorKind::Elsewhere,
        PATIENCE,
        || load(&sealed),
    );
    assert_eq!(load(&patient_store()).unwrap().unwrap(), "mt_1");
    save(&sealed, "mt_2").unwrap();
    assert_eq!(remembered(), "file, formerly keyring\n");
    assert_eq!(lookup(), "", "the copy in the keyring is gone");
    assert_eq!(load(&sealed).unwrap().unwrap(), "mt_2");
    expect_error(
        "load without the key",
        ErrorKind::EncryptionKey,
        PATIENCE,
        || load(&patient_store()),
    );
}

#[test]
fn what_was_not_moved_to_files_is_still_found() {
    in_session("keyring_moved_in_part");
}

fn job_moved_in_part() {
    let _daemon = Daemon::start(Some("test"));
    let other = EntryName::user_token();
    save(&patient_store(), "mt_1").unwrap();
    let saved = patient_store();
    wait(saved.save(&gateway(), &other, &bytes("user"), Precondition::Any)).unwrap();
    save(&files_alone(), "mt_2").unwrap();

    let load_other = |store: &Store| wait(store.load(&gateway(), &other));
    let found = load_other(&patient_store()).unwrap().unwrap();
    assert_eq!(found.value.expose(), b"user");
    expect_error(
        "load of files alone",
        ErrorKind::Elsewhere,
        PATIENCE,
        || load_other(&files_alone()),
    );
    expect_error(
        "clear of files alone",
        ErrorKind::Elsewhere,
        PATIENCE,
        || wait(files_alone().clear(&gateway(), &other)),
    );
    assert!(wait(patient_store().clear(&gateway(), &other)).unwrap());
    assert!(load_other(&patient_store()).unwrap().is_none());
    assert_eq!(load(&patient_store()).unwrap().unwrap(), "mt_2");
}

#[test]
fn an_instance_moves_to_files_and_back() {
    in_session("keyring_migrated");
}

fn job_migrated() {
    let _daemon = Daemon::start(Some("test"));
    let user = EntryName::user_token();
    save(&patient_store(), "mt_1").unwrap();
    let saved = patient_store();
    wait(saved.save(&gateway(), &user, &bytes("user"), Precondition::Any)).unwrap();
    let all = wait(patient_store().list(&gateway())).unwrap();
    assert_eq!(all, [auth(), user].into());
    let before = wait(patient_store().load(&gateway(), &auth())).unwrap();

    let moved = wait(patient_store().migrate(&gateway(), Backend::Files)).unwrap();
    assert_eq!(moved.moved, 2);
    assert_eq!(
        (remembered(), lookup()),
        ("file\n".to_owned(), String::new())
    );
    assert_eq!(
        wait(patient_store().load(&gateway(), &auth())).unwrap(),
        before
    );
    assert_eq!(load(&files_alone()).unwrap().unwrap(), "mt_1");
    assert_eq!(wait(files_alone().list(&gateway())).unwrap(), all);

    let moved = wait(patient_store().migrate(&gateway(), Backend::Keyring)).unwrap();
    assert_eq!(moved.moved, 2);
    assert_eq!(remembered(), "keyring\n");
    assert!(lookup().ends_with("\nmt_1"));
    assert_eq!(
        wait(patient_store().load(&gateway(), &auth())).unwrap(),
        before
    );
    assert_eq!(wait(patient_store().list(&gateway())).unwrap(), all);
    expect_error(
        "load of files alone",
        ErrorKind::Elsewhere,
        PATIENCE,
        || load(&files_alone()),
    );
}

#[test]
fn a_secret_over_the_limit_is_split_in_the_keyring() {
    in_session("keyring_split");
}

fn job_split() {
    let _daemon = Daemon::start(Some("test"));
    // As on Windows.
    let small = KeyringStore::with_deadline(PATIENCE).with_value_limit(2_560);
    let large = bytes(&"x".repeat(runbeam_store::MAX_SECRET_LEN));
    let start = Instant::now();
    wait(small.save(&gateway(), &auth(), &large, Precondition::Absent)).unwrap();
    println!("\nmeasured: 64 KiB in parts: {:?}", start.elapsed());
    assert!(lookup().starts_with("runbeam-entry gateway auth 1"));
    assert!(lookup().ends_with(" parts a 26\n"), "{}", lookup());
    // A store without a limit reads it, and replaces it by one value.
    let stored = wait(KeyringStore::with_deadline(PATIENCE).load(&gateway(), &auth())).unwrap();
    assert_eq!(stored.unwrap().value, large);
    assert_eq!(
        wait(small.list(&gateway())).unwrap(),
        std::collections::BTreeSet::from([auth()])
    );
    save(&KeyringStore::with_deadline(PATIENCE), "mt_1").unwrap();
    assert!(lookup().ends_with("\nmt_1"));
    assert!(!search().contains("gateway/auth/"), "{}", search());
    wait(small.save(&gateway(), &auth(), &large, Precondition::Any)).unwrap();
    assert!(search().contains("gateway/auth/a25"));
    assert!(clear(&small).unwrap());
    assert!(!search().contains("gateway/"), "{}", search());
}

#[test]
fn the_secret_of_an_earlier_sdk_is_taken_over_when_asked_for() {
    in_session("keyring_shared");
}

fn job_shared() {
    let _daemon = Daemon::start(Some("test"));
    let mut store_it = Command::new("secret-tool")
        .args(["store", "--label=earlier", "service", "runbeam"])
        .args(["username", "runbeam/auth.json"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = store_it.stdin.take().unwrap();
    input.write_all(b"{\"machine_token\": 1}").unwrap();
    drop(input);
    assert!(store_it.wait().unwrap().success());
    assert_eq!(
        load(&patient_store()).unwrap(),
        None,
        "nobody looks at it unasked"
    );
    assert!(wait(patient_store().take_over_shared(&gateway(), &auth())).unwrap());
    assert_eq!(
        load(&patient_store()).unwrap().unwrap(),
        "{\"machine_token\": 1}"
    );
    assert!(!search().contains("auth.json"), "{}", search());
    assert!(!wait(patient_store().take_over_shared(&gateway(), &auth())).unwrap());
}

#[test]
fn many_writers_of_one_keyring_lose_nothing() {
    in_session("keyring_writers");
}

const WRITERS: usize = 8;

fn job_writers() {
    let saves = if campaign::is_full() { 250 } else { 25 };
    let _daemon = Daemon::start(Some("test"));
    save(&patient_store(), "0").unwrap();
    let start = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let mut command = crate::process::command("keyring_writer");
            command
                .tell("ROOT", told("ROOT"))
                .tell("WRITER", writer)
                .tell("SAVES", saves)
                .stdout(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    println!(
        "\nmeasured: {WRITERS} processes x {saves} saves: {:?}",
        start.elapsed()
    );
    let count: usize = load(&patient_store()).unwrap().unwrap().parse().unwrap();
    assert_eq!(count, WRITERS * saves, "each save added one");
    for writer in 0..WRITERS {
        let own = format!("entry-{writer}").parse().unwrap();
        let stored = wait(patient_store().load(&gateway(), &own))
            .unwrap()
            .unwrap();
        assert_eq!(stored.value, bytes(&format!("{}", saves - 1)));
    }
    assert_eq!(
        wait(patient_store().list(&gateway())).unwrap().len(),
        WRITERS + 1
    );
}

/// Adds one to what all share, and writes an entry of its own.
fn write_through_the_store() {
    let store = Store::builder()
        .with_root(told("ROOT"))
        .with_lock_deadline(PATIENCE)
        .with_keyring_deadline(PATIENCE)
        .build()
        .unwrap();
    let saves: usize = told("SAVES").parse().unwrap();
    let own = format!("entry-{}", told("WRITER")).parse().unwrap();
    for number in 0..saves {
        let value = bytes(&number.to_string());
        wait(store.save(&gateway(), &own, &value, Precondition::Any)).unwrap();
        loop {
            let stored = wait(store.load(&gateway(), &auth())).unwrap().unwrap();
            let text = String::from_utf8(stored.value.expose().to_vec()).unwrap();
            let count: usize = text.parse().unwrap();
            let unchanged = Precondition::Unchanged(stored.revision);
            let next = bytes(&(count + 1).to_string());
            match wait(store.save(&gateway(), &auth(), &next, unchanged)) {
                Ok(_) => break,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
            }
        }
    }
}
