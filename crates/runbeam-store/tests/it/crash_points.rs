//! A fault at every call that touches a file: the call fails, or the process is killed before it.
//!
//! After each of them another process must find the former secret or the new one, none of them in the clear, and the
//! same command must succeed when it is given again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::faults::{
    CHANGING, COMMON, Fault, Point, Traced, check_files, check_nothing_is_left_over, faults_at,
    known_paths, points_in,
};
use crate::process::has;
use crate::scratch::{mode, write_private};
use crate::secret_program::{self, Ended, keep_below};

const OLD: &str = "canary-old-6f1d";
const NEW: &str = "canary-new-93ab";
const BESIDE: &str = "canary-beside-20c7";
const KEY: &str = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";
const NEW_KEY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
const BOTH_KEYS: &str = "\
AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33
AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";

/// One command, and what is stored before and after it.
struct Scenario {
    command: &'static str,
    /// What `RUNBEAM_ENCRYPTION_KEY` is, if it is set.
    key: Option<&'static str>,
    /// The key that suffices once the command has done its work.
    key_afterwards: Option<&'static str>,
    prepare: fn(&Path),
    before: Option<&'static str>,
    after: Option<&'static str>,
}

/// A directory with the root of a store as a scenario finds it.
struct Place {
    directory: tempfile::TempDir,
    key: Option<&'static str>,
}

impl Place {
    fn new(scenario: &Scenario) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("runbeam-faults-")
            .tempdir()
            .unwrap();
        let place = Self {
            directory,
            key: scenario.key,
        };
        (scenario.prepare)(&place.root());
        place
    }

    /// The same, as another directory.
    fn copy(&self) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("runbeam-faults-")
            .tempdir()
            .unwrap();
        let copy = Self {
            directory,
            key: self.key,
        };
        if self.root().exists() {
            copy_directory(&self.root(), &copy.root());
        }
        copy
    }

    fn path(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    fn root(&self) -> PathBuf {
        self.path().join(".runbeam")
    }

    fn secret(&self, command: &str) -> Ended {
        self.secret_of(command, "auth")
    }

    fn secret_of(&self, command: &str, entry: &str) -> Ended {
        let mut program = Command::new(secret_program::path());
        self.set(program.args([command, "gateway", entry]));
        secret_program::run(&mut program, NEW.as_bytes())
    }

    /// Sets the environment of a command.
    fn set(&self, command: &mut Command) {
        keep_below(command, &self.root()).envs(self.key.map(|key| ("RUNBEAM_ENCRYPTION_KEY", key)));
    }

    /// The command under `strace`, which traces `calls`, with a fault or without.
    fn traced(
        &self,
        command: &str,
        calls: &[&str],
        fault: Option<(Fault, &Point)>,
    ) -> (Ended, String) {
        let traced = Traced {
            arguments: &[command, "gateway", "auth"],
            input: NEW.as_bytes(),
            paths: known_paths(&self.root(), "gateway"),
            log: self.path().join("strace.log"),
        };
        traced.run(calls, fault, |strace| self.set(strace))
    }

    /// What another process finds now.
    fn stored(&self) -> Result<Option<String>, String> {
        let ended = self.secret("load");
        match ended.code {
            Some(0) => Ok(Some(String::from_utf8(ended.out).unwrap())),
            Some(3) => Ok(None),
            _ => Err(ended.err),
        }
    }

    fn check_files(&self) -> Result<(), String> {
        check_files(&self.path(), &[OLD, NEW, BESIDE])
    }
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(mode(from))).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy_directory(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).unwrap();
        }
    }
}

/// The points of a command, and whether each may change something.
fn points(scenario: &Scenario, place: &Place) -> Vec<(Point, bool)> {
    let mut points = Vec::new();
    // What `load` writes is its standard output.
    let groups = match scenario.command {
        "load" => &[COMMON][..],
        _ => &[COMMON, CHANGING],
    };
    for &calls in groups {
        let (ended, log) = place.copy().traced(scenario.command, calls, None);
        assert!(ended.code != Some(1), "{}", ended.err);
        for point in points_in(&log, calls) {
            if !points.contains(&point) {
                points.push(point);
            }
        }
    }
    points
}

/// Injects one fault and says what is wrong then.
///
/// `beside` is what a process finds that loads another entry.
fn inject(
    scenario: &Scenario,
    (prepared, beside): (&Place, &Ended),
    point: &Point,
    fault: Fault,
) -> Result<(), String> {
    let mut place = prepared.copy();
    let calls = [&*point.call];
    let (ended, log) = place.traced(scenario.command, &calls, Some((fault, point)));
    if !log.contains(fault.mark()) {
        return Err(format!("the fault was not injected: {log}"));
    }
    let is_reported = match fault {
        Fault::Kill => ended.code.is_none(),
        _ => {
            ended.code.is_some_and(|code| matches!(code, 0 | 1 | 3))
                && ended.err.lines().count() <= 1
        }
    };
    if !is_reported {
        return Err(format!("it ended with {:?}: {}", ended.code, ended.err));
    }
    place.check_files()?;
    let (before, after) = (
        scenario.before.map(str::to_owned),
        scenario.after.map(str::to_owned),
    );
    let stored = place.stored()?;
    let is_done = ended.code == Some(0);
    if stored != after && (is_done || stored != before) {
        return Err(format!("after {:?}, {stored:?} is stored", ended.code));
    }
    if scenario.command == "load" {
        let is_right = match ended.code {
            Some(0) => ended.out == OLD.as_bytes(),
            code => code == Some(1) && ended.out.is_empty(),
        };
        return if is_right {
            Ok(())
        } else {
            Err(format!("it answers {:?}", ended.code))
        };
    }

    let again = place.secret(scenario.command);
    // What was cleared before the fault need not be cleared again.
    let is_over = again.code == Some(0) || (again.code == Some(3) && after.is_none());
    if !is_over {
        return Err(format!("the same command fails then: {}", again.err));
    }
    place.key = scenario.key_afterwards;
    if place.stored()? != after {
        return Err("the same command has no effect then".to_owned());
    }
    if place.secret_of("load", "user_auth") != *beside {
        return Err("another entry is damaged".to_owned());
    }
    check_nothing_is_left_over(&place.path())?;
    place.check_files()
}

fn check(scenario: &Scenario) {
    if !has(&["strace"]) {
        return;
    }
    let prepared = Place::new(scenario);
    assert_eq!(prepared.stored().unwrap().as_deref(), scenario.before);
    let beside = prepared.secret_of("load", "user_auth");
    let points = points(scenario, &prepared);
    let (mut faults, mut wrong) = (0, Vec::new());
    for (number, (point, changes)) in points.iter().enumerate() {
        for fault in faults_at(number, *changes) {
            faults += 1;
            if let Err(problem) = inject(scenario, (&prepared, &beside), point, fault) {
                wrong.push(format!("{fault:?} at {point:?}: {problem}"));
            }
        }
    }
    let changing = points.iter().filter(|(_, changes)| *changes).count();
    println!(
        "{}: {} calls, {changing} of them change something, {faults} faults",
        scenario.command,
        points.len()
    );
    assert!(
        wrong.is_empty(),
        "{} of {faults}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(points.len() >= 8 && (changing > 0 || scenario.command == "load"));
}

fn run(root: &Path, command: &str, entry: &str, value: &str) {
    let mut program = Command::new(secret_program::path());
    keep_below(program.args([command, "gateway", entry]), root);
    let ended = secret_program::run(&mut program, value.as_bytes());
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

fn nothing(_: &Path) {}

fn two_entries(root: &Path) {
    run(root, "save", "user_auth", BESIDE);
    run(root, "save", "auth", OLD);
}

fn two_entries_with_the_former_key(root: &Path) {
    for (entry, value) in [("user_auth", BESIDE), ("auth", OLD)] {
        let mut program = Command::new(secret_program::path());
        keep_below(program.args(["save", "gateway", entry]), root);
        program.env("RUNBEAM_ENCRYPTION_KEY", KEY);
        assert_eq!(
            secret_program::run(&mut program, value.as_bytes()).code,
            Some(0)
        );
    }
}

/// As the earlier SDK leaves it: the inner path, no lock, no remembered choice.
fn earlier_sdk(root: &Path) {
    write_private(root.join("gateway/encryption.key"), KEY);
    write_earlier(root, OLD);
    for directory in ["", "gateway", "gateway/runbeam"] {
        crate::scratch::set_mode(root.join(directory), 0o755);
    }
}

/// Downgraded to the earlier SDK, and upgraded again.
fn both_places(root: &Path) {
    write_private(root.join("gateway/encryption.key"), KEY);
    crate::scratch::set_mode(root, 0o700);
    run(root, "save", "auth", OLD);
    write_earlier(root, "of the earlier SDK");
    crate::scratch::set_mode(root.join("gateway/runbeam"), 0o755);
}

fn write_earlier(root: &Path, value: &str) {
    let identity: age::x25519::Identity = KEY.parse().unwrap();
    let sealed = age::encrypt(&identity.to_public(), value.as_bytes()).unwrap();
    write_private(root.join("gateway/runbeam/auth.json"), sealed);
}

/// A crash of the earlier SDK leaves the key file empty.
fn empty_key_file(root: &Path) {
    write_private(root.join("gateway/encryption.key"), "");
    crate::scratch::set_mode(root, 0o700);
}

/// What a killed process leaves.
fn left_over(root: &Path) {
    two_entries(root);
    write_private(root.join("gateway/.auth.json.0123456789abcdef.tmp"), "half");
}

#[test]
fn first_save_with_the_first_key() {
    check(&Scenario {
        command: "save",
        key: None,
        key_afterwards: None,
        prepare: nothing,
        before: None,
        after: Some(NEW),
    });
}

#[test]
fn replacement() {
    check(&Scenario {
        command: "save",
        key: None,
        key_afterwards: None,
        prepare: two_entries,
        before: Some(OLD),
        after: Some(NEW),
    });
}

#[test]
fn replacement_after_a_crash() {
    check(&Scenario {
        command: "save",
        key: None,
        key_afterwards: None,
        prepare: left_over,
        before: Some(OLD),
        after: Some(NEW),
    });
}

#[test]
fn replacement_of_what_the_earlier_sdk_wrote() {
    check(&Scenario {
        command: "save",
        key: None,
        key_afterwards: None,
        prepare: earlier_sdk,
        before: Some(OLD),
        after: Some(NEW),
    });
}

#[test]
fn first_key_in_place_of_an_empty_one() {
    check(&Scenario {
        command: "save",
        key: None,
        key_afterwards: None,
        prepare: empty_key_file,
        before: None,
        after: Some(NEW),
    });
}

#[test]
fn clearing() {
    check(&Scenario {
        command: "clear",
        key: None,
        key_afterwards: None,
        prepare: two_entries,
        before: Some(OLD),
        after: None,
    });
}

#[test]
fn clearing_of_what_the_earlier_sdk_wrote() {
    check(&Scenario {
        command: "clear",
        key: None,
        key_afterwards: None,
        prepare: earlier_sdk,
        before: Some(OLD),
        after: None,
    });
}

/// A crash in between must not bring an older secret back.
#[test]
fn clearing_of_both_places() {
    check(&Scenario {
        command: "clear",
        key: None,
        key_afterwards: None,
        prepare: both_places,
        before: Some(OLD),
        after: None,
    });
}

/// The instance gets a new key of its own.
#[test]
fn rotation_of_the_key_of_the_instance() {
    for prepare in [two_entries as fn(&Path), both_places] {
        check(&Scenario {
            command: "rotate",
            key: None,
            key_afterwards: None,
            prepare,
            before: Some(OLD),
            after: Some(OLD),
        });
    }
}

/// Files are sealed with the first one of two identities, which suffices afterwards.
#[test]
fn rotation_to_the_first_identity() {
    check(&Scenario {
        command: "rotate",
        key: Some(BOTH_KEYS),
        key_afterwards: Some(NEW_KEY),
        prepare: two_entries_with_the_former_key,
        before: Some(OLD),
        after: Some(OLD),
    });
}

/// A fault while reading is an error and never "nothing stored".
#[test]
fn loading() {
    for prepare in [two_entries as fn(&Path), earlier_sdk] {
        check(&Scenario {
            command: "load",
            key: None,
            key_afterwards: None,
            prepare,
            before: Some(OLD),
            after: Some(OLD),
        });
    }
}
