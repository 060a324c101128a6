//! A bus and a keyring daemon of its own for each test, in a home of its own.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use runbeam_store::{Error, ErrorKind, Store, StoreBuilder};

use crate::process::{Tell, command_through, has, told};
use crate::scratch::Scratch;

const PROGRAMS: &[&str] = &[
    "dbus-run-session",
    "gnome-keyring-daemon",
    "secret-tool",
    "dbus-send",
];

/// The deadline of a call, and the time in which everything else must be done.
pub(crate) const DEADLINE: Duration = Duration::from_secs(3);
pub(crate) const SLACK: Duration = Duration::from_secs(2);

/// The deadline where none is tested: a call of the store is many calls of the daemon, which a busy machine serves slowly.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Does `job` on a bus of its own. Each test has its own daemon.
pub(crate) fn in_session(job: &str) {
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
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts it in place of one that may be there. A password unlocks it.
    pub(crate) fn start(password: Option<&str>) -> Self {
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
            assert!(start.elapsed() < PATIENCE, "the daemon does not come up");
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

    pub(crate) fn lock(&self) {
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

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A store as it is by default.
pub(crate) fn store() -> Store {
    builder().build().unwrap()
}

/// A store for tests of anything but deadlines.
pub(crate) fn patient_store() -> Store {
    let builder = builder().with_keyring_deadline(PATIENCE);
    builder.with_lock_deadline(PATIENCE).build().unwrap()
}

fn builder() -> StoreBuilder {
    Store::builder().with_root(told("ROOT"))
}

pub(crate) fn files_alone() -> Store {
    builder().without_keyring().build().unwrap()
}

pub(crate) fn remembered() -> String {
    std::fs::read_to_string(format!("{}/gateway/backend", told("ROOT"))).unwrap_or_default()
}

pub(crate) fn lookup() -> String {
    let output = Command::new("secret-tool")
        .args(["lookup", "service", "runbeam", "username", "gateway/auth"])
        .output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

/// Expects an error of `kind` within `limit`.
pub(crate) fn expect_error<T>(
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

/// All that `secret-tool` finds of ours.
pub(crate) fn search() -> String {
    let output = Command::new("secret-tool")
        .args(["search", "--all", "service", "runbeam"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
