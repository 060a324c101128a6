//! Processes that are killed at random moments. (`crash_points` kills them at every single call.)

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Duration;

use runbeam_store::{InstanceId, Precondition, SecretStore, Store};

use crate::campaign;
use crate::process::{Tell, command, has_parent, told};
use crate::scratch::{Scratch, auth, bytes, load, save, wait};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("use_new_instances", use_new_instances),
    ("save_and_tell", save_and_tell),
];

fn kills() -> usize {
    if campaign::is_full() { 10_000 } else { 40 }
}

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
    tell("begun");
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
        tell(&format!("saved {number}"));
    }
}

fn tell(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

/// Starts `job`, kills it up to 40 ms after it told its first line, and returns what it told.
fn kill(job: &str, scratch: &Scratch) -> Vec<String> {
    let moment = Duration::from_micros(RandomState::new().hash_one(job) % 40_000);
    let mut command = command(job);
    let mut child = command
        .tell("ROOT", scratch.root().display())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap)
        .filter(|line| line.starts_with("begun") || line.starts_with("saved "));
    let first = lines.next().expect("the job did not begin");
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    [first].into_iter().chain(lines).collect()
}

#[test]
fn killed_during_first_use_no_instance_is_broken() {
    let (mut broken, mut used, mut whole_keys) = (0, 0, 0);
    // Each of them begins many instances.
    let kills = kills().min(1_000);
    for _ in 0..kills {
        let scratch = Scratch::new();
        kill("use_new_instances", &scratch);
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
        "{kills} kills: {broken} of {used} instances broken, {whole_keys} keys, all of them whole and closed"
    );
    assert_eq!(broken, 0);
    assert!(used > 0);
}

#[test]
fn killed_between_saves_nothing_is_lost() {
    let scratch = Scratch::new();
    let (mut lost, mut told_last) = (0, 0_u64);
    let kills = kills();
    for number in 1..=kills {
        let told = kill("save_and_tell", &scratch);
        let numbers = told
            .iter()
            .filter_map(|line| line.strip_prefix("saved ")?.parse().ok());
        told_last = numbers.max().unwrap_or(told_last).max(told_last);
        let found: Option<u64> = load(&scratch.files())
            .unwrap()
            .map(|value| value.parse().unwrap());
        lost += usize::from(found.unwrap_or(0) < told_last);
        if number % 500 == 0 {
            println!("{number} kills so far: {lost} of {told_last} saves lost");
        }
    }
    println!("{kills} kills: {lost} of {told_last} saves lost");
    assert_eq!(lost, 0);
    assert!(told_last > 0);
}
