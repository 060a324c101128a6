//! A real keyring: gnome-keyring on a bus of its own, in a home of its own.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use runbeam_store::{
    Backend, EntryName, Error, ErrorKind, KeyringStore, Location, Precondition, Presence,
    SecretStore, Store, conformance,
};

use crate::process::{Tell, command_through, has, told};
use crate::scratch::{Scratch, auth, bytes, clear, gateway, load, save, wait};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("keyring_conformance", job_conformance),
    ("keyring_read_back", job_read_back),
    ("keyring_locked", job_locked),
    ("keyring_locked_from_the_start", job_locked_from_the_start),
    ("keyring_hung", job_hung),
    ("keyring_hung_from_the_start", job_hung_from_the_start),
    ("keyring_restarted", job_restarted),
    ("keyring_moved_to_files", job_moved_to_files),
    ("keyring_moved_in_part", job_moved_in_part),
    ("keyring_migrated", job_migrated),
    ("keyring_split", job_split),
    ("keyring_shared", job_shared),
    ("keyring_writers", job_writers),
    ("keyring_writer", write_through_the_store),
    ("keyring_killed", job_killed),
    ("no_bus", job_no_bus),
];

const PROGRAMS: &[&str] = &[
    "dbus-run-session",
    "gnome-keyring-daemon",
    "secret-tool",
    "dbus-send",
];

/// The deadline of a call, and the time in which everything else must be done.
const DEADLINE: Duration = Duration::from_secs(3);
const SLACK: Duration = Duration::from_secs(2);

/// Does `job` on a bus of its own. Each test has its own daemon.
fn in_session(job: &str) {
    if !has(PROGRAMS) {
        return;
    }
    let scratch = Scratch::new();
    let mut command = command_through(&["dbus-run-session", "--"], job);
    for name in [
        "XDG_DATA_HOME",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "XDG_RUNTIME_DIR",
    ] {
        let directory = scratch.path().join(name);
        std::fs::create_dir(&directory).unwrap();
        crate::scratch::set_mode(&directory, 0o700);
        command.env(name, directory);
    }
    for name in [
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "DBUS_SESSION_BUS_ADDRESS",
        "GNOME_KEYRING_CONTROL",
    ] {
        command.env_remove(name);
    }
    let output = command
        .env("HOME", scratch.path())
        .tell("ROOT", scratch.root().display())
        .run();
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines().filter(|line| line.starts_with("measured:")) {
        println!("{job} {line}");
    }
}

/// A daemon that this test started, and ends.
struct Daemon(Child);

impl Daemon {
    /// Starts it in place of one that may be there. A password unlocks it.
    fn start(password: Option<&str>) -> Self {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--replace", "--components=secrets"]);
        if password.is_some() {
            command.arg("--unlock");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input
            .write_all(password.unwrap_or_default().as_bytes())
            .unwrap();
        drop(input);
        let daemon = Self(child);
        let start = Instant::now();
        while !daemon.owns_the_name() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "the daemon does not come up"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        daemon
    }

    fn owns_the_name(&self) -> bool {
        let output = Command::new("dbus-send")
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
            ])
            .args([
                "org.freedesktop.DBus.GetConnectionUnixProcessID",
                "string:org.freedesktop.secrets",
            ])
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).contains(&format!("uint32 {}", self.0.id()))
    }

    fn lock(&self) {
        let output = Command::new("dbus-send")
            .args([
                "--session",
                "--print-reply",
                "--dest=org.freedesktop.secrets",
                "/org/freedesktop/secrets",
            ])
            .args(["org.freedesktop.Secret.Service.Lock"])
            .arg("array:objpath:/org/freedesktop/secrets/collection/login")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn store() -> Store {
    Store::builder().with_root(told("ROOT")).build().unwrap()
}

fn files_alone() -> Store {
    Store::builder()
        .with_root(told("ROOT"))
        .without_keyring()
        .build()
        .unwrap()
}

fn remembered() -> String {
    std::fs::read_to_string(format!("{}/gateway/backend", told("ROOT"))).unwrap_or_default()
}

fn lookup() -> String {
    let output = Command::new("secret-tool")
        .args(["lookup", "service", "runbeam", "username", "gateway/auth"])
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

/// Expects an error of `kind` within `limit`.
fn expect_error<T>(
    what: &str,
    kind: ErrorKind,
    limit: Duration,
    call: impl FnOnce() -> Result<T, Error>,
) -> Error {
    let start = Instant::now();
    let Err(error) = call() else {
        panic!("{what}: expected {kind:?}, got no error")
    };
    let elapsed = start.elapsed();
    println!("\nmeasured: {what}: {:?} after {elapsed:?}", error.kind());
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
    assert!(elapsed < limit, "{what}: {elapsed:?}");
    error
}

#[test]
fn conformance_of_the_backend_and_of_the_choice() {
    in_session("keyring_conformance");
}

fn job_conformance() {
    let _daemon = Daemon::start(Some("test"));
    let start = Instant::now();
    wait(conformance::check(&KeyringStore::new())).unwrap();
    println!(
        "\nmeasured: conformance of the backend in {:?}",
        start.elapsed()
    );
    wait(conformance::check(&store())).unwrap();
    let backend = std::fs::read_to_string(format!("{}/conformance/backend", told("ROOT"))).unwrap();
    assert_eq!(backend, "keyring\n");
    wait(conformance::check(
        &KeyringStore::new().with_value_limit(200),
    ))
    .unwrap();
    wait(conformance::check(
        &KeyringStore::new().with_prompt(DEADLINE),
    ))
    .unwrap();
    let large = bytes(&"x".repeat(8 * 1024));
    wait(store().save(&gateway(), &auth(), &large, Precondition::Absent)).unwrap();
    assert_eq!(
        wait(store().load(&gateway(), &auth()))
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
    save(&store(), "mt_1").unwrap();
    let value = lookup();
    let (line, secret) = value.split_once('\n').unwrap();
    assert_eq!(secret, "mt_1");
    assert!(line.starts_with("runbeam-entry gateway auth 1"), "{line}");
    assert_eq!(remembered(), "keyring\n");
    let description = wait(store().describe(&gateway(), &auth())).unwrap();
    assert_eq!(description.presence, Presence::Present);
    assert!(
        matches!(description.location, Location::Keyring { account, .. } if account == "gateway/auth")
    );
    assert!(clear(&store()).unwrap());
    assert_eq!(lookup(), "");
    assert_eq!(load(&store()).unwrap(), None);
}

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
fn files_that_are_demanded_take_the_secret_over() {
    in_session("keyring_moved_to_files");
}

fn job_moved_to_files() {
    let _daemon = Daemon::start(Some("test"));
    save(&store(), "mt_1").unwrap();
    let key = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";
    let sealed = Store::builder()
        .with_root(told("ROOT"))
        .with_encryption_key(key)
        .build()
        .unwrap();
    expect_error("load of files alone", ErrorKind::Elsewhere, SLACK, || {
        load(&sealed)
    });
    assert_eq!(load(&store()).unwrap().unwrap(), "mt_1");
    save(&sealed, "mt_2").unwrap();
    assert_eq!(remembered(), "file, formerly keyring\n");
    assert_eq!(lookup(), "", "the copy in the keyring is gone");
    assert_eq!(load(&sealed).unwrap().unwrap(), "mt_2");
    expect_error(
        "load without the key",
        ErrorKind::EncryptionKey,
        SLACK,
        || load(&store()),
    );
}

#[test]
fn what_was_not_moved_to_files_is_still_found() {
    in_session("keyring_moved_in_part");
}

fn job_moved_in_part() {
    let _daemon = Daemon::start(Some("test"));
    let other = EntryName::user_token();
    save(&store(), "mt_1").unwrap();
    let saved = store();
    wait(saved.save(&gateway(), &other, &bytes("user"), Precondition::Any)).unwrap();
    save(&files_alone(), "mt_2").unwrap();

    let load_other = |store: &Store| wait(store.load(&gateway(), &other));
    let found = load_other(&store()).unwrap().unwrap();
    assert_eq!(found.value.expose(), b"user");
    expect_error("load of files alone", ErrorKind::Elsewhere, SLACK, || {
        load_other(&files_alone())
    });
    expect_error("clear of files alone", ErrorKind::Elsewhere, SLACK, || {
        wait(files_alone().clear(&gateway(), &other))
    });
    assert!(wait(store().clear(&gateway(), &other)).unwrap());
    assert!(load_other(&store()).unwrap().is_none());
    assert_eq!(load(&store()).unwrap().unwrap(), "mt_2");
}

#[test]
fn an_instance_moves_to_files_and_back() {
    in_session("keyring_migrated");
}

fn job_migrated() {
    let _daemon = Daemon::start(Some("test"));
    let user = EntryName::user_token();
    save(&store(), "mt_1").unwrap();
    let saved = store();
    wait(saved.save(&gateway(), &user, &bytes("user"), Precondition::Any)).unwrap();
    let all = wait(store().list(&gateway())).unwrap();
    assert_eq!(all, [auth(), user].into());
    let before = wait(store().load(&gateway(), &auth())).unwrap();

    let moved = wait(store().migrate(&gateway(), Backend::Files)).unwrap();
    assert_eq!(moved.moved, 2);
    assert_eq!(
        (remembered(), lookup()),
        ("file\n".to_owned(), String::new())
    );
    assert_eq!(wait(store().load(&gateway(), &auth())).unwrap(), before);
    assert_eq!(load(&files_alone()).unwrap().unwrap(), "mt_1");
    assert_eq!(wait(files_alone().list(&gateway())).unwrap(), all);

    let moved = wait(store().migrate(&gateway(), Backend::Keyring)).unwrap();
    assert_eq!(moved.moved, 2);
    assert_eq!(remembered(), "keyring\n");
    assert!(lookup().ends_with("\nmt_1"));
    assert_eq!(wait(store().load(&gateway(), &auth())).unwrap(), before);
    assert_eq!(wait(store().list(&gateway())).unwrap(), all);
    expect_error("load of files alone", ErrorKind::Elsewhere, SLACK, || {
        load(&files_alone())
    });
}

#[test]
fn a_secret_over_the_limit_is_split_in_the_keyring() {
    in_session("keyring_split");
}

fn job_split() {
    let _daemon = Daemon::start(Some("test"));
    // As on Windows.
    let small = KeyringStore::new().with_value_limit(2_560);
    let large = bytes(&"x".repeat(runbeam_store::MAX_SECRET_LEN));
    let start = Instant::now();
    wait(small.save(&gateway(), &auth(), &large, Precondition::Absent)).unwrap();
    println!("\nmeasured: 64 KiB in parts: {:?}", start.elapsed());
    assert!(lookup().starts_with("runbeam-entry gateway auth 1"));
    assert!(lookup().ends_with(" parts a 26\n"), "{}", lookup());
    // A store without a limit reads it, and replaces it by one value.
    let stored = wait(KeyringStore::new().load(&gateway(), &auth())).unwrap();
    assert_eq!(stored.unwrap().value, large);
    assert_eq!(
        wait(small.list(&gateway())).unwrap(),
        std::collections::BTreeSet::from([auth()])
    );
    save(&KeyringStore::new(), "mt_1").unwrap();
    assert!(lookup().ends_with("\nmt_1"));
    assert!(!search().contains("gateway/auth/"), "{}", search());
    wait(small.save(&gateway(), &auth(), &large, Precondition::Any)).unwrap();
    assert!(search().contains("gateway/auth/a25"));
    assert!(clear(&small).unwrap());
    assert!(!search().contains("gateway/"), "{}", search());
}

/// All that `secret-tool` finds of ours.
fn search() -> String {
    let output = Command::new("secret-tool")
        .args(["search", "--all", "service", "runbeam"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
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
    assert_eq!(load(&store()).unwrap(), None, "nobody looks at it unasked");
    assert!(wait(store().take_over_shared(&gateway(), &auth())).unwrap());
    assert_eq!(load(&store()).unwrap().unwrap(), "{\"machine_token\": 1}");
    assert!(!search().contains("auth.json"), "{}", search());
    assert!(!wait(store().take_over_shared(&gateway(), &auth())).unwrap());
}

#[test]
fn many_writers_of_one_keyring_lose_nothing() {
    in_session("keyring_writers");
}

const WRITERS: usize = 8;

fn job_writers() {
    let saves = if crate::process::is_full() { 250 } else { 25 };
    let _daemon = Daemon::start(Some("test"));
    save(&store(), "0").unwrap();
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
    let count: usize = load(&store()).unwrap().unwrap().parse().unwrap();
    assert_eq!(count, WRITERS * saves, "each save added one");
    for writer in 0..WRITERS {
        let own = format!("entry-{writer}").parse().unwrap();
        let stored = wait(store().load(&gateway(), &own)).unwrap().unwrap();
        assert_eq!(stored.value, bytes(&format!("{}", saves - 1)));
    }
    assert_eq!(wait(store().list(&gateway())).unwrap().len(), WRITERS + 1);
}

/// Adds one to what all share, and writes an entry of its own.
fn write_through_the_store() {
    let store = Store::builder()
        .with_root(told("ROOT"))
        .with_lock_deadline(Duration::from_secs(60))
        .with_keyring_deadline(Duration::from_secs(30))
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
