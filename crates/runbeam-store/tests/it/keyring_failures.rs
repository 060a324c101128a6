//! A real keyring that is locked, hangs, is killed, or is not there.

use std::time::{Duration, Instant};

use runbeam_store::{Backend, ErrorKind, KeyringStore, Presence, SecretStore, Store};

use crate::keyring_session::{
    DEADLINE, Daemon, SLACK, expect_error, files_alone, in_session, lookup, remembered, store,
};
use crate::process::{Tell, told};
use crate::scratch::{Scratch, auth, clear, gateway, load, save, wait};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("keyring_locked", job_locked),
    ("keyring_locked_from_the_start", job_locked_from_the_start),
    ("keyring_hung", job_hung),
    ("keyring_hung_from_the_start", job_hung_from_the_start),
    ("keyring_restarted", job_restarted),
    ("keyring_killed", job_killed),
    ("no_bus", job_no_bus),
];

#[test]
fn a_locked_keyring_is_not_an_absent_secret() {
    in_session("keyring_locked");
}

fn job_locked() {
    let daemon = Daemon::start(Some("test"));
    let store = store();
    save(&store, "mt_1").unwrap();
    daemon.lock();
    let limit = DEADLINE + SLACK;
    let error = expect_error("load while locked", ErrorKind::KeyringDenied, limit, || {
        load(&store)
    });
    assert!(error.to_string().contains("unlock it"), "{error}");
    expect_error("save while locked", ErrorKind::KeyringDenied, limit, || {
        save(&store, "mt_2")
    });
    expect_error(
        "clear while locked",
        ErrorKind::KeyringDenied,
        limit,
        || clear(&store),
    );
    let description = wait(store.describe(&gateway(), &auth())).unwrap();
    assert_eq!(description.presence, Presence::Unknown);
    assert_eq!(remembered(), "keyring\n");
    assert!(!std::path::Path::new(&format!("{}/gateway/auth.json", told("ROOT"))).exists());
}

#[test]
fn a_keyring_that_is_locked_from_the_start_makes_way_for_files() {
    in_session("keyring_locked_from_the_start");
}

fn job_locked_from_the_start() {
    drop(Daemon::start(Some("test")));
    let _daemon = Daemon::start(None);
    fall_back("locked from the start");
}

fn fall_back(what: &str) {
    let store = store();
    let start = Instant::now();
    assert_eq!(load(&store).unwrap(), None);
    println!("\nmeasured: first load, {what}: {:?}", start.elapsed());
    let start = Instant::now();
    save(&store, "mt_1").unwrap();
    println!("\nmeasured: first save, {what}: {:?}", start.elapsed());
    assert!(start.elapsed() < DEADLINE + DEADLINE + SLACK);
    assert_eq!(remembered(), "file\n");
    let start = Instant::now();
    assert_eq!(load(&store).unwrap().unwrap(), "mt_1");
    assert!(
        start.elapsed() < SLACK,
        "an instance with files asks no keyring"
    );
    assert_eq!(load(&files_alone()).unwrap().unwrap(), "mt_1");
}

#[test]
fn a_keyring_that_hangs_is_an_error_within_the_deadline() {
    in_session("keyring_hung");
}

fn job_hung() {
    let daemon = Daemon::start(Some("test"));
    let store = store();
    save(&store, "mt_1").unwrap();
    daemon.signal(rustix::process::Signal::STOP);
    let limit = DEADLINE + SLACK;
    let error = expect_error(
        "load while hung",
        ErrorKind::KeyringUnavailable,
        limit,
        || load(&store),
    );
    assert!(error.is_transient(), "{error}");
    let start = Instant::now();
    drop(tokio::runtime::Builder::new_multi_thread().build().unwrap());
    assert!(
        start.elapsed() < SLACK,
        "a runtime waits for a call that hangs"
    );
    let quick = Store::builder()
        .with_root(told("ROOT"))
        .with_keyring_deadline(Duration::from_millis(200))
        .build();
    let quick = quick.unwrap();
    for _ in 0..12 {
        expect_error(
            "load with a short deadline",
            ErrorKind::KeyringUnavailable,
            SLACK,
            || load(&quick),
        );
    }
    expect_error(
        "save while hung",
        ErrorKind::KeyringUnavailable,
        SLACK,
        || save(&quick, "mt_2"),
    );
    daemon.signal(rustix::process::Signal::CONT);
    std::thread::sleep(Duration::from_millis(300));
    let found = load(&store).unwrap().unwrap();
    assert!(found == "mt_1" || found == "mt_2", "{found}");
}

#[test]
fn a_keyring_that_hangs_from_the_start_makes_way_for_files() {
    in_session("keyring_hung_from_the_start");
}

fn job_hung_from_the_start() {
    let daemon = Daemon::start(Some("test"));
    daemon.signal(rustix::process::Signal::STOP);
    fall_back("hung from the start");
}

#[test]
fn a_daemon_that_was_started_anew_is_found_again() {
    in_session("keyring_restarted");
}

fn job_restarted() {
    let daemon = Daemon::start(Some("test"));
    let store = store();
    save(&store, "mt_1").unwrap();
    drop(daemon);
    let _daemon = Daemon::start(Some("test"));
    assert_eq!(load(&store).unwrap().unwrap(), "mt_1");
    save(&store, "mt_2").unwrap();
    assert!(lookup().ends_with("\nmt_2"));
}

#[test]
fn a_daemon_that_is_killed_or_hangs_is_no_absent_secret_for_any_call() {
    in_session("keyring_killed");
}

fn job_killed() {
    let daemon = Daemon::start(Some("test"));
    save(&store(), "mt_1").unwrap();
    let store = store();
    assert_eq!(load(&store).unwrap().unwrap(), "mt_1");
    let prompting = Store::builder()
        .with_root(told("ROOT"))
        .with_keyring_prompt(Duration::from_secs(600))
        .build()
        .unwrap();
    assert_eq!(load(&prompting).unwrap().unwrap(), "mt_1");
    let kind = ErrorKind::KeyringUnavailable;

    daemon.signal(rustix::process::Signal::STOP);
    // Nobody waits ten minutes for a prompt of a daemon that does not even answer.
    let limit = DEADLINE + SLACK;
    expect_error("load of a prompting store while hung", kind, limit, || {
        load(&prompting)
    });
    expect_error("list while hung", kind, limit, || {
        wait(store.list(&gateway()))
    });
    expect_error("migrate while hung", kind, limit, || {
        wait(store.migrate(&gateway(), Backend::Files))
    });
    daemon.signal(rustix::process::Signal::CONT);
    drop(daemon);
    assert_eq!(remembered(), "keyring\n", "nothing has begun to move");

    // Without the daemon the bus may start one that is locked.
    for (what, error) in [
        ("load", load(&store).map(drop)),
        ("save", save(&store, "mt_2").map(drop)),
        ("list", wait(store.list(&gateway())).map(drop)),
        (
            "migrate",
            wait(store.migrate(&gateway(), Backend::Files)).map(drop),
        ),
        ("clear", clear(&store).map(drop)),
    ] {
        let Err(error) = error else {
            panic!("{what} without a daemon: no error")
        };
        let expected = [ErrorKind::KeyringUnavailable, ErrorKind::KeyringDenied];
        assert!(expected.contains(&error.kind()), "{what}: {error:?}");
    }
    let directory = format!("{}/gateway", told("ROOT"));
    for item in std::fs::read_dir(directory).unwrap() {
        let name = item.unwrap().file_name();
        let name = name.to_str().unwrap().to_owned();
        assert!(["backend", ".lock"].contains(&&*name), "{name} was written");
    }
    let _daemon = Daemon::start(Some("test"));
    assert_eq!(load(&store).unwrap().unwrap(), "mt_1");
}

#[test]
fn without_a_bus_files_are_used_visibly() {
    let scratch = Scratch::new();
    let mut command = crate::process::command("no_bus");
    command
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY")
        .env("XDG_RUNTIME_DIR", scratch.path());
    let output = command.tell("ROOT", scratch.root().display()).run();
    let text = String::from_utf8_lossy(&output.stdout);
    println!(
        "{}",
        text.lines()
            .filter(|line| line.starts_with("measured:"))
            .collect::<Vec<_>>()
            .join("\n")
    );
    let warnings = text
        .lines()
        .filter(|line| line.contains("WARN") && line.contains("the keyring is not used"));
    assert_eq!(warnings.count(), 1, "{text}");
}

fn job_no_bus() {
    let out = || std::io::stdout();
    tracing_subscriber::fmt()
        .with_writer(out)
        .with_ansi(false)
        .init();
    let note = wait(store().describe(&gateway(), &auth()))
        .unwrap()
        .note
        .unwrap();
    assert!(note.contains("the keyring does not work here"), "{note}");
    fall_back("no bus");
    let instance = "kept-by-a-keyring";
    crate::scratch::write_private(format!("{}/{instance}/backend", told("ROOT")), "keyring\n");
    let instance = instance.parse().unwrap();
    let error = wait(KeyringStore::new().load(&instance, &auth())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyringUnavailable);
    let error = wait(store().load(&instance, &auth())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyringUnavailable, "{error}");
    assert!(
        error
            .to_string()
            .contains("keeps its secrets in the keyring"),
        "{error}"
    );
}
