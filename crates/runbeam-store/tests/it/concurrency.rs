//! Many processes at once.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use runbeam_store::{EntryName, ErrorKind, InstanceId, Precondition, SecretStore, Store};

use crate::process::{Tell, command, has_parent, told};
use crate::scratch::{Scratch, auth, bytes, gateway, load, save, wait};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("first_saves", first_saves),
    ("save_without_pause", save_without_pause),
    ("count_up", count_up),
];

const PROCESSES: usize = 8;
const INSTANCES: usize = 50;
const INCREMENTS: usize = 25;

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

fn entry(process: usize) -> EntryName {
    format!("entry-{process}").parse().unwrap()
}

/// Saves for the first time in each instance.
fn first_saves() {
    let (store, process): (_, usize) = (store(), told("PROCESS").parse().unwrap());
    for number in 0..INSTANCES {
        let value = bytes(&format!("{number}/{process}"));
        wait(store.save(
            &instance(number),
            &entry(process),
            &value,
            Precondition::Any,
        ))
        .unwrap();
    }
}

fn save_without_pause() {
    let store = store();
    for number in (0..).take_while(|_| has_parent()) {
        save(&store, &format!("value {number}")).unwrap();
    }
}

/// Adds one, again and again, with preconditions.
fn count_up() {
    let store = store();
    for _ in 0..INCREMENTS {
        loop {
            let stored = wait(store.load(&gateway(), &auth())).unwrap();
            let (count, precondition) = match &stored {
                Some(stored) => {
                    let count: usize = std::str::from_utf8(stored.value.expose())
                        .unwrap()
                        .parse()
                        .unwrap();
                    (count, Precondition::Unchanged(stored.revision))
                }
                None => (0, Precondition::Absent),
            };
            match wait(store.save(
                &gateway(),
                &auth(),
                &bytes(&(count + 1).to_string()),
                precondition,
            )) {
                Ok(_) => break,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
            }
        }
    }
}

fn start(job: &str, scratch: &Scratch, process: usize) -> Child {
    let mut command = command(job);
    command
        .tell("ROOT", scratch.root().display())
        .tell("PROCESS", process)
        .stdout(Stdio::null());
    command.spawn().unwrap()
}

fn run_all(job: &str, scratch: &Scratch) {
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| start(job, scratch, process))
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn first_saves_of_many_processes_can_all_be_read() {
    let scratch = Scratch::new();
    let start = Instant::now();
    run_all("first_saves", &scratch);
    let unreadable = (0..INSTANCES)
        .flat_map(|number| (0..PROCESSES).map(move |process| (number, process)))
        .filter(|(number, process)| {
            let stored = wait(scratch.files().load(&instance(*number), &entry(*process)));
            !stored.is_ok_and(|stored| {
                stored.is_some_and(|s| s.value == bytes(&format!("{number}/{process}")))
            })
        })
        .count();
    println!(
        "{unreadable} of {} unreadable after {:?}",
        PROCESSES * INSTANCES,
        start.elapsed()
    );
    assert_eq!(unreadable, 0);
}

#[test]
fn no_increment_of_many_processes_is_lost() {
    let scratch = Scratch::new();
    run_all("count_up", &scratch);
    assert_eq!(
        load(&scratch.files()).unwrap().unwrap(),
        (PROCESSES * INCREMENTS).to_string()
    );
}

#[test]
fn a_reader_beside_a_writer_never_fails() {
    let scratch = Scratch::new();
    save(&scratch.files(), "value 0").unwrap();
    let mut writer = start("save_without_pause", &scratch, 0);
    let (store, start) = (scratch.files(), Instant::now());
    let (mut loads, mut distinct) = (0, std::collections::HashSet::new());
    while loads < 200 || distinct.len() < 50 {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "the writer wrote {} values in a minute",
            distinct.len()
        );
        let value = load(&store).unwrap().expect("there is always a value");
        assert!(value.starts_with("value "), "{value}");
        distinct.insert(value);
        loads += 1;
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
    println!(
        "{loads} loads without a failure, beside a writer of {} values",
        distinct.len()
    );
}

#[test]
fn a_stopped_holder_of_the_lock_is_an_error_and_a_killed_one_is_none() {
    let scratch = Scratch::new();
    save(&scratch.files(), "x").unwrap();
    let lock = std::fs::File::options()
        .write(true)
        .open(scratch.file(".lock"))
        .unwrap();
    lock.lock().unwrap();
    let store = scratch
        .files()
        .with_lock_deadline(Duration::from_millis(50));
    let error = save(&store, "y").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(
        error.is_transient() && error.to_string().contains(".lock"),
        "{error}"
    );
    assert_eq!(
        load(&store).unwrap().unwrap(),
        "x",
        "reading waits for nobody"
    );
    drop(lock);
    save(&store, "y").unwrap();
}
