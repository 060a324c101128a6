//! Processes that are killed at any moment.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

use runbeam_store::{InstanceId, Precondition, SecretStore, Store};

use crate::process::{Tell, command, has_parent, told};
use crate::scratch::{Scratch, auth, bytes, load, save, wait};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("use_new_instances", use_new_instances),
    ("save_and_tell", save_and_tell),
];

const KILLS: u64 = 40;

fn store() -> Store {
    Store::builder()
        .with_root(told("ROOT"))
        .without_keyring()
        .build()
        .unwrap()
}

fn instance(number: usize) -> InstanceId {
    format!("instance-{number}").parse().unwrap()
}

/// Each of its saves is the first one of an instance.
fn use_new_instances() {
    let store = store();
    for number in (0..).take_while(|_| has_parent()) {
        wait(store.save(
            &instance(number),
            &auth(),
            &bytes("first"),
            Precondition::Any,
        ))
        .unwrap();
    }
}

/// Saves numbers, and tells each number that is saved.
fn save_and_tell() {
    let store = store();
    let mut number: u64 = load(&store)
        .unwrap()
        .map_or(0, |value| value.parse().unwrap());
    while has_parent() {
        number += 1;
        save(&store, &number.to_string()).unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "\nsaved {number}").unwrap();
        out.flush().unwrap();
    }
}

/// Starts `job`, kills it a moment after it began to work, and returns what it told.
fn kill(job: &str, scratch: &Scratch, moment: Duration) -> Vec<String> {
    let mut command = command(job);
    let mut child = command
        .tell("ROOT", scratch.root().display())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(
        lines.any(|line| line.starts_with("running 1 test")),
        "the job did not begin"
    );
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    lines.collect()
}

#[test]
fn killed_during_first_use_no_instance_is_broken() {
    let (mut broken, mut used, mut whole_keys) = (0, 0, 0);
    for attempt in 0..KILLS {
        let scratch = Scratch::new();
        kill(
            "use_new_instances",
            &scratch,
            Duration::from_micros(500 + attempt * 997),
        );
        for number in 0.. {
            let directory = scratch.root().join(instance(number).as_str());
            if !directory.exists() {
                break;
            }
            used += 1;
            if let Ok(key) = std::fs::read(directory.join("encryption.key")) {
                assert_eq!(key.len(), 100);
                assert_eq!(
                    crate::scratch::mode(directory.join("encryption.key")),
                    0o600
                );
                whole_keys += 1;
            }
            let store = scratch.files();
            let loaded = wait(store.load(&instance(number), &auth()));
            let saved = wait(store.save(
                &instance(number),
                &auth(),
                &bytes("later"),
                Precondition::Any,
            ));
            let again = wait(store.load(&instance(number), &auth()));
            let is_whole = loaded
                .is_ok_and(|stored| stored.is_none_or(|stored| stored.value == bytes("first")));
            let is_usable =
                saved.is_ok() && again.is_ok_and(|stored| stored.unwrap().value == bytes("later"));
            broken += usize::from(!(is_whole && is_usable));
        }
    }
    println!(
        "{KILLS} kills: {broken} of {used} instances broken, {whole_keys} keys, all of them whole and closed"
    );
    assert_eq!(broken, 0);
    assert!(used > 0);
}

#[test]
fn killed_between_saves_nothing_is_lost() {
    let scratch = Scratch::new();
    let (mut lost, mut told_last) = (0, 0_u64);
    for attempt in 0..KILLS {
        let told = kill(
            "save_and_tell",
            &scratch,
            Duration::from_micros(1_000 + attempt * 1_499),
        );
        let numbers = told
            .iter()
            .filter_map(|line| line.strip_prefix("saved ")?.parse().ok());
        told_last = numbers.max().unwrap_or(told_last).max(told_last);
        let found: Option<u64> = load(&scratch.files())
            .unwrap()
            .map(|value| value.parse().unwrap());
        lost += usize::from(found.unwrap_or(0) < told_last);
    }
    println!("{KILLS} kills: {lost} of {told_last} saves lost");
    assert_eq!(lost, 0);
    assert!(told_last > 0);
}
