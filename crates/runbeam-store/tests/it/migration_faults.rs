//! A fault at every step of a migration between files and a real keyring.
//!
//! Calls that touch files fail, or the process is killed before them; what the process asks of the keyring is cut off
//! before each message and after it. After each fault another process must find both secrets, none of them in the
//! clear, and the same migration must succeed when it is given again, with nothing left in the former place.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bus_relay::{self, Cut};
use crate::campaign;
use crate::faults::{
    CHANGING, COMMON, Fault, Traced, check_files, check_nothing_is_left_over, faults_at,
    known_paths, points_in,
};
use crate::keyring_session::{Daemon, in_session, search};
use crate::process::{has, remove_our_variables, told};
use crate::secret_program::{self, Ended};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("calls_to_files", || calls(&TO_FILES)),
    ("calls_to_keyring", || calls(&TO_KEYRING)),
    ("messages_to_files", || messages(&TO_FILES)),
    ("messages_to_keyring", || messages(&TO_KEYRING)),
];

const SECRETS: [(&str, &str); 2] = [
    ("auth", "canary-auth-4b1f"),
    ("user_auth", "canary-user-88d0"),
];

/// A direction.
struct Migration {
    target: &'static str,
    /// What the instance remembers in the end.
    choice: &'static str,
    /// Whether it begins without a keyring, and so in files.
    begins_in_files: bool,
}

const TO_FILES: Migration = Migration {
    target: "files",
    choice: "file\n",
    begins_in_files: false,
};

const TO_KEYRING: Migration = Migration {
    target: "keyring",
    choice: "keyring\n",
    begins_in_files: true,
};

/// An instance with both secrets, for one fault.
struct Instance<'a> {
    migration: &'a Migration,
    name: String,
}

impl<'a> Instance<'a> {
    fn new(migration: &'a Migration, number: usize) -> Self {
        let name = format!("gateway-{number}");
        let instance = Self { migration, name };
        for (entry, secret) in SECRETS {
            let mut save = instance.command("save", entry);
            if migration.begins_in_files {
                save.env("RUNBEAM_DISABLE_KEYRING", "1");
            }
            let saved = secret_program::run(&mut save, secret.as_bytes());
            assert_eq!(saved.code, Some(0), "{}", saved.err);
        }
        instance
    }

    fn command(&self, command: &str, last: &str) -> Command {
        let mut program = Command::new(secret_program::path());
        program.args([command, &self.name, last]);
        set(&mut program);
        program
    }

    fn arguments(&self) -> [&str; 3] {
        ["migrate", &self.name, self.migration.target]
    }

    fn directory(&self) -> PathBuf {
        root().join(&self.name)
    }

    fn check_secrets(&self, set: impl Fn(&mut Command)) -> Result<(), String> {
        for (entry, secret) in SECRETS {
            let mut load = self.command("load", entry);
            set(&mut load);
            let loaded = secret_program::run(&mut load, b"");
            if loaded.code != Some(0) || loaded.out != secret.as_bytes() {
                return Err(format!("{entry}: {:?} {}", loaded.code, loaded.err));
            }
        }
        // The keyring's own files are below the same directory.
        check_files(root().parent().unwrap(), &SECRETS.map(|(_, secret)| secret))
    }

    /// What is wrong after a migration that `ended` so.
    fn check(&self, ended: &Ended, was_killed: bool) -> Result<(), String> {
        let is_reported = match ended.code {
            None => was_killed,
            Some(0) => ended.err.is_empty(),
            // The fault may also hit the line itself, or the write that wakes the runtime of the keyring: that is no
            // write to a file, which fails in no other way than this, and the runtime panics on whatever thread it is.
            Some(code) => {
                let is_of_runtime = ended.err.contains("failed to wake I/O driver");
                let is_one_line = ended.err.lines().count() <= 1;
                (code == 1 && is_one_line) || (matches!(code, 1 | 101) && is_of_runtime)
            }
        };
        if !is_reported {
            return Err(format!("it ended with {:?}: {}", ended.code, ended.err));
        }
        self.check_secrets(|_| ())?;

        let mut again = self.command("migrate", self.migration.target);
        let again = secret_program::run(&mut again, b"");
        if again.code != Some(0) {
            return Err(format!("the same migration fails then: {}", again.err));
        }
        self.check_secrets(|load| {
            if self.migration.target == "files" {
                load.env("RUNBEAM_DISABLE_KEYRING", "1");
            }
        })?;
        let choice = std::fs::read_to_string(self.directory().join("backend"));
        if choice.as_deref().ok() != Some(self.migration.choice) {
            return Err(format!("{choice:?} is remembered"));
        }
        let is_left = match self.migration.target {
            "files" => search().contains(&format!("{}/", self.name)),
            _ => SECRETS.iter().any(|(entry, _)| {
                let file = self.directory().join(format!("{entry}.json"));
                file.exists()
            }),
        };
        if is_left {
            return Err("a copy is left in the former place".to_owned());
        }
        check_nothing_is_left_over(&self.directory())
    }
}

impl Drop for Instance<'_> {
    /// What is in the keyring makes every later list of it longer.
    fn drop(&mut self) {
        for (entry, _) in SECRETS {
            let cleared = secret_program::run(&mut self.command("clear", entry), b"");
            assert!(std::thread::panicking() || cleared.code != Some(1));
        }
    }
}

fn root() -> PathBuf {
    Path::new(&told("ROOT"))
        .canonicalize()
        .unwrap_or_else(|_| told("ROOT").into())
}

fn set(command: &mut Command) {
    remove_our_variables(command).env("RUNBEAM_HOME", root());
}

/// Counts faults, and keeps what was wrong.
#[derive(Default)]
struct Report {
    faults: usize,
    missed: usize,
    wrong: Vec<String>,
}

impl Report {
    fn add(&mut self, fault: String, outcome: Result<(), String>) {
        self.faults += 1;
        if let Err(problem) = outcome {
            self.wrong.push(format!("{fault}: {problem}"));
        }
    }

    fn end(&self, migration: &Migration, of: usize, what: &str) {
        let Self {
            faults,
            missed,
            wrong,
        } = self;
        println!(
            "\nmeasured: to {}: {of} {what}, {faults} faults, {missed} of them came too late",
            migration.target
        );
        assert!(
            wrong.is_empty(),
            "{} of {faults}:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        assert!(of >= 8 && *faults >= 8 && missed * 4 < *faults);
    }
}

/// The thread that touches the files of an instance locks it; those that wait for the keyring do not.
fn of_the_thread_of_files(log: &str) -> String {
    let locking = log.lines().find(|line| line.contains(" flock("));
    let thread = locking.unwrap().split_whitespace().next().unwrap();
    let lines = log
        .lines()
        .filter(|line| line.split_whitespace().next() == Some(thread));
    lines.fold(String::new(), |lines, line| lines + line + "\n")
}

fn calls(migration: &Migration) {
    let _daemon = Daemon::start(Some("test"));
    let traced = |instance: &Instance<'_>, calls: &[&str], fault| {
        let traced = Traced {
            arguments: &instance.arguments(),
            input: b"",
            paths: known_paths(&root(), &instance.name),
            log: root().with_file_name("strace.log"),
        };
        traced.run(calls, fault, set)
    };
    let mut points = Vec::new();
    for calls in [COMMON, CHANGING] {
        let instance = Instance::new(migration, 0);
        let (ended, log) = traced(&instance, calls, None);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        // Paths are what tells the calls of one group, the thread those of the other.
        let log = if calls == CHANGING {
            of_the_thread_of_files(&log)
        } else {
            log
        };
        points.extend(points_in(&log, calls));
    }
    let mut report = Report::default();
    for (number, (point, changes)) in points.iter().enumerate() {
        for fault in faults_at(number, *changes) {
            let instance = Instance::new(migration, report.faults + 1);
            let (ended, log) = traced(&instance, &[&point.call], Some((fault, point)));
            report.missed += usize::from(!log.contains(fault.mark()));
            let was_killed = matches!(fault, Fault::Kill);
            report.add(
                format!("{fault:?} at {point:?}"),
                instance.check(&ended, was_killed),
            );
        }
    }
    report.end(migration, points.len(), "calls that touch files");
}

fn messages(migration: &Migration) {
    let _daemon = Daemon::start(Some("test"));
    let relayed = |instance: &Instance<'_>, cut| {
        let mut migrate = instance.command("migrate", migration.target);
        bus_relay::run(&mut migrate, &root().with_file_name("bus"), cut)
    };
    let (ended, messages) = relayed(&Instance::new(migration, 0), None);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let mut report = Report::default();
    for number in 1..=messages {
        let cuts = match campaign::is_full() {
            true => &Cut::ALL[..],
            false => &Cut::ALL[number % Cut::ALL.len()..][..1],
        };
        for cut in cuts {
            let instance = Instance::new(migration, report.faults + 1);
            let (ended, sent) = relayed(&instance, Some((number, *cut)));
            report.missed += usize::from(sent < number);
            let was_killed = matches!(cut, Cut::KillBefore | Cut::KillAfter);
            report.add(
                format!("{cut:?} at message {number}"),
                instance.check(&ended, was_killed),
            );
        }
    }
    report.end(migration, messages, "messages to the keyring");
}

#[test]
fn no_call_of_a_migration_to_files_loses_a_secret() {
    if has(&["strace"]) {
        in_session("calls_to_files");
    }
}

#[test]
fn no_call_of_a_migration_to_the_keyring_loses_a_secret() {
    if has(&["strace"]) {
        in_session("calls_to_keyring");
    }
}

#[test]
fn no_message_of_a_migration_to_files_loses_a_secret() {
    in_session("messages_to_files");
}

#[test]
fn no_message_of_a_migration_to_the_keyring_loses_a_secret() {
    in_session("messages_to_keyring");
}
