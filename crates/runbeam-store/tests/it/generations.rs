//! The number of a state: in the file, growing, and against what was put back.

use std::time::Duration;

use runbeam_model::{ManualClock, Timestamp};
use runbeam_store::{ErrorKind, Precondition, SecretStore};

use crate::scratch::{Scratch, auth, bytes, clear, gateway, load, save, wait, write_private};

/// The number in the header of the file.
fn generation(scratch: &Scratch) -> u64 {
    let sealed = std::fs::read(scratch.file("auth.json")).unwrap();
    let header = String::from_utf8_lossy(&sealed).into_owned();
    let stanza = header
        .lines()
        .find_map(|line| line.strip_prefix("-> runbeam-entry gateway auth "))
        .unwrap()
        .to_owned();
    stanza.parse().unwrap()
}

#[test]
fn each_save_has_a_larger_one_whatever_the_clock_shows() {
    let scratch = Scratch::new();
    let clock = ManualClock::new(Timestamp::from_unix_seconds(1_795_339_200));
    let store = scratch.files().with_clock(clock.clone());
    save(&store, "a").unwrap();
    assert_eq!(generation(&scratch), 1_795_339_200_000);
    save(&store, "b").unwrap();
    assert_eq!(generation(&scratch), 1_795_339_200_001);
    clock.advance(Duration::from_secs(60));
    save(&store, "c").unwrap();
    assert_eq!(generation(&scratch), 1_795_339_260_000);

    let set_back = ManualClock::new(Timestamp::from_unix_seconds(1_000));
    let other = scratch.files().with_clock(set_back);
    save(&other, "d").unwrap();
    assert_eq!(generation(&scratch), 1_795_339_260_001);
    assert_eq!(load(&store).unwrap().unwrap(), "d");
}

#[test]
fn a_forged_number_is_not_counted_on() {
    let scratch = Scratch::new();
    let store = scratch.files();
    save(&store, "a").unwrap();
    let path = scratch.file("auth.json");
    let sealed = std::fs::read(&path).unwrap();
    let stanza = format!("-> runbeam-entry gateway auth {}", generation(&scratch));
    let at = sealed
        .windows(stanza.len())
        .position(|window| window == stanza.as_bytes())
        .unwrap();
    let mut forged = sealed;
    let largest = format!("-> runbeam-entry gateway auth {}", u64::MAX);
    forged.splice(at..at + stanza.len(), largest.into_bytes());
    write_private(&path, forged);
    assert_eq!(load(&store).unwrap_err().kind(), ErrorKind::Damaged);
    save(&store, "b").unwrap();
    assert!(generation(&scratch) < u64::MAX / 2);
    assert_eq!(load(&store).unwrap().unwrap(), "b");
}

#[test]
fn an_older_state_that_was_put_back_is_told() {
    let scratch = Scratch::new();
    let store = scratch.builder().without_keyring().build().unwrap();
    save(&store, "older").unwrap();
    let older = std::fs::read(scratch.file("auth.json")).unwrap();
    save(&store, "newer").unwrap();
    assert_eq!(load(&store).unwrap().unwrap(), "newer");

    write_private(scratch.file("auth.json"), &older);
    let error = load(&store).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RolledBack);
    assert!(error.to_string().contains("auth.json"), "{error}");
    // A store that has seen nothing cannot know.
    let new = scratch.builder().without_keyring().build().unwrap();
    assert_eq!(load(&new).unwrap().unwrap(), "older");

    save(&store, "newest").unwrap();
    assert_eq!(load(&store).unwrap().unwrap(), "newest");
    assert_eq!(load(&new).unwrap().unwrap(), "newest");
    // What was cleared is no measure for what comes after it.
    assert!(clear(&store).unwrap());
    write_private(scratch.file("auth.json"), older);
    assert_eq!(load(&store).unwrap().unwrap(), "older");
}

#[test]
fn a_clear_and_a_save_elsewhere_are_no_rollback() {
    let scratch = Scratch::new();
    let (store, other) = (scratch.files(), scratch.files());
    save(&store, "a").unwrap();
    assert_eq!(load(&store).unwrap().unwrap(), "a");
    std::thread::sleep(Duration::from_millis(2));
    assert!(clear(&other).unwrap());
    save(&other, "b").unwrap();
    assert_eq!(load(&store).unwrap().unwrap(), "b");
}

#[test]
fn the_same_value_saved_twice_is_two_states() {
    let scratch = Scratch::new();
    let store = scratch.files();
    let first = save(&store, "x").unwrap();
    let second = save(&store, "x").unwrap();
    assert_ne!(first, second);
    let late = wait(store.save(
        &gateway(),
        &auth(),
        &bytes("y"),
        Precondition::Unchanged(first),
    ));
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Conflict);
}
