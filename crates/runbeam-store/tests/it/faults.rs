//! Faults that `strace` injects into the program `secret`: a call fails, or the process is killed before it.
//!
//! It counts the calls of a run without a fault first, and injects one fault in each of the runs that follow.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::campaign;
use crate::scratch::{files_below, mode};
use crate::secret_program::{self, Ended};

/// What fails in practice: a full disk or quota, a broken disk, one that was remounted, a process with too many files.
pub(crate) const ERRORS: &[&str] = &["ENOSPC", "EIO", "EROFS", "EDQUOT", "EMFILE"];

/// Calls that the start of a program makes, too. They are counted where they concern a path of ours.
pub(crate) const COMMON: &[&str] = &[
    "openat",
    "openat2",
    "read",
    "preadv2",
    "getdents64",
    "fstat",
    "newfstatat",
    "statx",
];

/// Calls that change files, or lock them.
pub(crate) const CHANGING: &[&str] = &[
    "mkdirat",
    "mkdir",
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "flock",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "link",
    "linkat",
    "chmod",
    "fchmod",
    "fchmodat",
    "ftruncate",
    "fallocate",
];

/// A call that a fault is injected in: the `number`th one of its name in its thread.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Point {
    pub(crate) call: String,
    pub(crate) number: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    Error(&'static str),
    /// The call and all later ones of its name fail.
    ErrorsFromThenOn(&'static str),
    Kill,
}

impl Fault {
    pub(crate) fn expression(self, point: &Point) -> String {
        let Point { call, number } = point;
        match self {
            Self::Error(error) => format!("inject={call}:error={error}:when={number}"),
            Self::ErrorsFromThenOn(error) => format!("inject={call}:error={error}:when={number}+"),
            Self::Kill => format!("inject={call}:signal=KILL:when={number}"),
        }
    }

    /// What the log shows if it came to pass.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Error(_) | Self::ErrorsFromThenOn(_) => "(INJECTED)",
            Self::Kill => "killed by SIGKILL",
        }
    }
}

/// A run of the program under `strace`.
pub(crate) struct Traced<'a> {
    pub(crate) arguments: &'a [&'a str],
    pub(crate) input: &'a [u8],
    /// What calls of [`COMMON`] must concern to be counted: directories and files of fixed names.
    pub(crate) paths: Vec<PathBuf>,
    /// Where `strace` writes.
    pub(crate) log: PathBuf,
}

impl Traced<'_> {
    /// Traces `calls`, with a fault or without, and returns how it ended and what `strace` wrote.
    pub(crate) fn run(
        &self,
        calls: &[&str],
        fault: Option<(Fault, &Point)>,
        set: impl FnOnce(&mut Command),
    ) -> (Ended, String) {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-q", "-o"]).arg(&self.log);
        strace.args(["-e", &format!("trace={}", calls.join(","))]);
        if COMMON.contains(&calls[0]) {
            for path in &self.paths {
                strace.arg("-P").arg(path);
            }
        }
        if let Some((fault, point)) = fault {
            strace.args(["-e", &fault.expression(point)]);
        }
        strace.arg(secret_program::path()).args(self.arguments);
        set(&mut strace);
        let ended = secret_program::run(&mut strace, self.input);
        let log = fs::read_to_string(&self.log).unwrap();
        fs::remove_file(&self.log).unwrap();
        (ended, log)
    }
}

/// The points in a log of `calls`, and whether each may change something.
pub(crate) fn points_in(log: &str, calls: &[&str]) -> Vec<(Point, bool)> {
    let mut points = Vec::new();
    let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
    for line in log.lines() {
        // `1234  openat(3, "gateway", O_RDONLY) = 4`
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else {
            continue;
        };
        let Some((call, arguments)) = rest.trim_start().split_once('(') else {
            continue;
        };
        if !calls.contains(&call) {
            continue;
        }
        let number = numbers.entry((thread, call)).or_default();
        *number += 1;
        let point = Point {
            call: call.to_owned(),
            number: *number,
        };
        let changes = calls == CHANGING || arguments.contains("O_CREAT");
        if !points.contains(&(point.clone(), changes)) {
            points.push((point, changes));
        }
    }
    points
}

/// The faults to inject at the `number`th point of a run: all of them in the long form, and else those that matter most.
pub(crate) fn faults_at(number: usize, changes: bool) -> Vec<Fault> {
    let mut chosen = Vec::new();
    if campaign::is_full() {
        chosen.extend(ERRORS.iter().map(|error| Fault::Error(error)));
        chosen.extend(ERRORS.iter().map(|error| Fault::ErrorsFromThenOn(error)));
    } else if changes || number.is_multiple_of(3) {
        chosen.push(Fault::Error(ERRORS[number % ERRORS.len()]));
    }
    if changes {
        chosen.push(Fault::Kill);
    }
    chosen
}

/// The directories and files of fixed names that a command may touch.
pub(crate) fn known_paths(root: &Path, instance: &str) -> Vec<PathBuf> {
    let directory = root.join(instance);
    let mut paths = vec![
        root.parent().unwrap().to_owned(),
        root.to_owned(),
        directory.clone(),
        directory.join("runbeam"),
    ];
    for name in [
        ".lock",
        "auth.json",
        "user_auth.json",
        "encryption.key",
        "backend",
        "runbeam/auth.json",
    ] {
        paths.push(directory.join(name));
    }
    paths
}

/// Finds fault with what is below `directory`: one of `canaries` in the clear, or a file of ours that is open to others.
pub(crate) fn check_files(directory: &Path, canaries: &[&str]) -> Result<(), String> {
    for (path, content) in files_below(directory) {
        let shows = |canary: &&str| {
            let canary = canary.as_bytes();
            content.windows(canary.len()).any(|window| window == canary)
        };
        if canaries.iter().any(shows) {
            return Err(format!("{} is in the clear", path.display()));
        }
        let is_earlier = path.parent().unwrap().ends_with("runbeam");
        if mode(&path) & 0o077 != 0 && !is_earlier {
            return Err(format!("{} is open to others", path.display()));
        }
    }
    Ok(())
}

/// Finds fault with a temporary file that no command has removed.
pub(crate) fn check_nothing_is_left_over(directory: &Path) -> Result<(), String> {
    let left_over =
        |(path, _): &(PathBuf, Vec<u8>)| path.extension().is_some_and(|end| end == "tmp");
    match files_below(directory).iter().find(|file| left_over(file)) {
        Some((path, _)) => Err(format!("{} is left over", path.display())),
        None => Ok(()),
    }
}
