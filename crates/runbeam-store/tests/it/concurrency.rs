//! Many processes at once.

use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use runbeam_store::{EntryName, ErrorKind, InstanceId, Precondition, SecretStore, Store};

use crate::campaign;
use crate::process::{Tell, command, has_parent, told};
use crate::scratch::{Scratch, auth, bytes, gateway, load, save, wait};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("first_saves", first_saves),
    ("save_without_pause", save_without_pause),
    ("count_up", count_up),
    ("first_use_at_once", first_use_at_once),
    ("save_many", save_many),
];

const PROCESSES: usize = 8;
const INSTANCES: usize = 50;
const INCREMENTS: usize = 25;

/// Nobody holds a lock for so long on any machine: who still waits then, waits for ever.
const DEADLINE: Duration = Duration::from_secs(120);

fn store() -> Store {
    Store::builder()
        .with_root(told("ROOT"))
        .with_lock_deadline(DEADLINE)
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
    wait_for(start_all(job, scratch, PROCESSES));
}

fn start_all(job: &str, scratch: &Scratch, processes: usize) -> Vec<Child> {
    (0..processes)
        .map(|process| start(job, scratch, process))
        .collect()
}

fn wait_for(children: Vec<Child>) {
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

/// Saves its own entry as soon as all processes may begin.
fn first_use_at_once() {
    let process: usize = told("PROCESS").parse().unwrap();
    let go = std::path::PathBuf::from(told("ROOT")).with_file_name("go");
    while !go.exists() && has_parent() {
        std::thread::sleep(Duration::from_micros(200));
    }
    let value = bytes(&format!("value {process}"));
    wait(store().save(&gateway(), &entry(process), &value, Precondition::Any)).unwrap();
}

#[test]
fn processes_that_begin_at_once_agree_on_one_key() {
    const PROCESSES: usize = 64;
    for _ in 0..if campaign::is_full() { 25 } else { 1 } {
        let scratch = Scratch::new();
        let children = start_all("first_use_at_once", &scratch, PROCESSES);
        crate::scratch::write(scratch.path().join("go"), "");
        wait_for(children);
        let key = std::fs::read(scratch.file("encryption.key")).unwrap();
        assert_eq!(key.len(), 100);
        let unreadable = (0..PROCESSES)
            .filter(|process| {
                let stored = wait(scratch.files().load(&gateway(), &entry(*process)));
                !stored.is_ok_and(|stored| {
                    stored.is_some_and(|stored| stored.value == bytes(&format!("value {process}")))
                })
            })
            .count();
        println!("{PROCESSES} processes, one key, {unreadable} unreadable");
        assert_eq!(unreadable, 0);
    }
}

const WRITERS: usize = 16;

fn saves() -> usize {
    if campaign::is_full() { 1_000 } else { 10 }
}

/// The value that a writer saves as its `number`th: of many lengths, and told from half of itself or of another.
fn numbered(process: usize, number: usize) -> String {
    let filler = format!("{process}.{number} ").repeat(number * 37 % 400);
    format!("{process} {number} {filler}end")
}

/// Who saved this value, and its number.
fn read_numbered(value: &[u8]) -> (usize, usize) {
    let text = std::str::from_utf8(value).unwrap();
    let mut words = text.split(' ').map(|word| word.parse().unwrap_or_default());
    let (process, number) = (words.next().unwrap(), words.next().unwrap());
    assert_eq!(text, numbered(process, number), "it is torn");
    (process, number)
}

/// Saves an entry of its own, and one that all writers share.
fn save_many() {
    let (store, process): (_, usize) = (store(), told("PROCESS").parse().unwrap());
    for number in 1..=saves() {
        let value = bytes(&numbered(process, number));
        for entry in [entry(process), auth()] {
            wait(store.save(&gateway(), &entry, &value, Precondition::Any)).unwrap();
        }
    }
}

/// Loads everything, again and again, until there is nobody left to wait for.
fn read_beside(scratch: &Scratch, is_over: &AtomicBool) -> usize {
    let store = scratch.files();
    let (mut loads, mut latest) = (0, [0; WRITERS]);
    while !is_over.load(Ordering::Relaxed) {
        for (writer, latest) in latest.iter_mut().enumerate() {
            if let Some(stored) = wait(store.load(&gateway(), &entry(writer))).unwrap() {
                let (process, number) = read_numbered(stored.value.expose());
                assert!(process == writer && number >= *latest, "it went back");
                *latest = number;
            } else {
                assert_eq!(*latest, 0, "it was there before");
            }
            if let Some(stored) = wait(store.load(&gateway(), &auth())).unwrap() {
                read_numbered(stored.value.expose());
            }
            loads += 2;
        }
        // Writers are what this is about; they need the processors.
        std::thread::sleep(Duration::from_millis(1));
    }
    loads
}

#[test]
fn nothing_is_torn_or_lost_among_many_writers_and_readers() {
    let scratch = Scratch::new();
    let is_over = AtomicBool::new(false);
    let loads: usize = std::thread::scope(|scope| {
        let readers = [0; 2].map(|_| scope.spawn(|| read_beside(&scratch, &is_over)));
        wait_for(start_all("save_many", &scratch, WRITERS));
        is_over.store(true, Ordering::Relaxed);
        readers.map(|reader| reader.join().unwrap()).iter().sum()
    });
    let last = |entry: &EntryName| {
        let stored = wait(scratch.files().load(&gateway(), entry)).unwrap();
        read_numbered(stored.unwrap().value.expose())
    };
    for writer in 0..WRITERS {
        assert_eq!(last(&entry(writer)), (writer, saves()));
    }
    assert_eq!(
        last(&auth()).1,
        saves(),
        "the last save is that of a writer's last number"
    );
    println!(
        "{WRITERS} processes, {} saves each, {loads} loads",
        2 * saves()
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
