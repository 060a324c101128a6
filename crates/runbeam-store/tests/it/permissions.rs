//! Modes under any umask, and everything that is refused, as a user without privileges.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use runbeam_store::{AgeFileStore, Store};

use crate::process::{Tell, command_through, has, skipped, told};
use crate::scratch::{Scratch, load, mode, save, set_mode, write};

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("save", job_save),
    ("load", job_load),
    ("save_as_told", job_save_as_told),
];

const NOBODY: u32 = 65_534;

fn job_save() {
    show(save(&AgeFileStore::new(told("ROOT")).unwrap(), "saved").map(|_| "saved".to_owned()));
}

fn job_load() {
    show(load(&AgeFileStore::new(told("ROOT")).unwrap()).map(|value| format!("loaded {value:?}")));
}

fn job_save_as_told() {
    show(Store::from_env().and_then(|store| save(&store, "saved").map(|_| "saved".to_owned())));
}

fn show(outcome: Result<String, runbeam_store::Error>) {
    match outcome {
        Ok(done) => println!("\noutcome: {done}"),
        Err(error) => println!("\noutcome: {:?} {error}", error.kind()),
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A home of a user without privileges, and this binary where that user can run it.
struct Home {
    scratch: Scratch,
    binary: PathBuf,
}

impl Home {
    fn new() -> Option<Self> {
        if is_root() && !has(&["setpriv"]) {
            return None;
        }
        let scratch = Scratch::new();
        set_mode(scratch.path(), 0o755);
        let binary = scratch.path().join("it");
        fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
        set_mode(&binary, 0o755);
        let home = Self { scratch, binary };
        fs::create_dir(home.path()).unwrap();
        home.give(home.path());
        Some(home)
    }

    fn path(&self) -> PathBuf {
        self.scratch.path().join("home")
    }

    fn root(&self) -> PathBuf {
        self.path().join(".runbeam")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root().join("gateway").join(name)
    }

    /// Makes the user without privileges the owner.
    fn give(&self, path: impl AsRef<Path>) {
        if is_root() {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    /// Does `job` without privileges, under `umask`, and returns its outcome.
    fn does(&self, job: &str, umask: &str) -> String {
        self.does_with(&[], job, umask)
    }

    /// The same with further variables.
    fn does_with(&self, variables: &[(&str, &Path)], job: &str, umask: &str) -> String {
        let mut line = vec!["sh", "-c", "umask $0; exec \"$@\"", umask];
        if is_root() {
            line.extend([
                "setpriv",
                "--reuid",
                "65534",
                "--regid",
                "65534",
                "--clear-groups",
            ]);
        }
        let mut command = command_through(&line, job);
        let mut arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let this = std::env::current_exe().unwrap();
        for argument in arguments
            .iter_mut()
            .filter(|argument| Path::new(argument) == this)
        {
            *argument = self.binary.clone().into_os_string();
        }
        let environment: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command = Command::new("sh");
        command
            .args(arguments)
            .envs(environment)
            .envs(variables.iter().copied())
            .env("HOME", self.path())
            .current_dir("/");
        let output = command.tell("ROOT", self.root().display()).run();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix("outcome: "))
            .unwrap()
            .to_owned()
    }

    /// Expects that loading and saving are both refused, with all of `parts` in the message.
    fn refuses(&self, jobs: &[&str], parts: &[&str]) {
        for job in jobs {
            let outcome = self.does(job, "022");
            assert!(outcome.starts_with("Permissions "), "{job}: {outcome}");
            for part in parts {
                assert!(outcome.contains(part), "{job}: {part} is not in: {outcome}");
            }
        }
    }
}

#[test]
fn modes_are_private_from_the_start_under_any_umask() {
    let Some(home) = Home::new() else { return };
    for umask in ["000", "022", "077"] {
        assert_eq!(home.does("save", umask), "saved");
        assert_eq!(home.does("load", umask), "loaded Some(\"saved\")");
        for directory in [home.root(), home.file("")] {
            assert_eq!(
                mode(&directory),
                0o700,
                "{} under {umask}",
                directory.display()
            );
        }
        for item in fs::read_dir(home.file("")).unwrap() {
            let path = item.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{} under {umask}", path.display());
        }
        fs::remove_dir_all(home.root()).unwrap();
    }
}

#[test]
fn no_file_is_open_to_others_for_a_moment() {
    if !has(&["strace"]) {
        return;
    }
    let scratch = Scratch::new();
    let log = scratch.path().join("strace.log");
    let line = [
        "sh",
        "-c",
        "umask 000; exec \"$0\" \"$@\"",
        "strace",
        "-f",
        "-e",
        "trace=openat,mkdirat,mkdir,chmod,fchmod,fchmodat,rename,renameat,renameat2,linkat,fsync",
        "-o",
    ];
    let line: Vec<&str> = line.into_iter().chain([log.to_str().unwrap()]).collect();
    command_through(&line, "save")
        .tell("ROOT", scratch.root().display())
        .run();
    let log = fs::read_to_string(log).unwrap();
    assert!(!log.contains("chmod("), "{log}");
    for created in log
        .lines()
        .filter(|call| call.contains("O_CREAT") && !call.contains("O_TMPFILE"))
    {
        assert!(created.contains("0600"), "{created}");
    }
    for temporary in log
        .lines()
        .filter(|call| call.contains("openat(") && call.contains(".tmp"))
    {
        assert!(
            temporary.contains("O_EXCL") && temporary.contains("O_NOFOLLOW"),
            "{temporary}"
        );
    }

    // The file is durable before it has its name, and the name before success is told.
    let position = |part: &str| {
        log.lines()
            .position(|call| call.contains(part))
            .unwrap_or_else(|| panic!("{part}: {log}"))
    };
    let (created, renamed) = (position(".auth.json."), position("renameat"));
    let syncs: Vec<_> = (0..)
        .zip(log.lines())
        .filter(|(_, call)| call.contains("fsync("))
        .map(|(at, _)| at)
        .collect();
    assert!(
        syncs.iter().any(|at| (created..renamed).contains(at)),
        "{log}"
    );
    assert!(syncs.iter().any(|at| *at > renamed), "{log}");
}

#[test]
fn links_are_refused() {
    let Some(home) = Home::new() else { return };
    let elsewhere = home.path().join("elsewhere");

    symlink(&elsewhere, home.root()).unwrap();
    home.refuses(&["load", "save"], &[".runbeam", "symbolic link"]);
    fs::create_dir(&elsewhere).unwrap();
    home.give(&elsewhere);
    home.refuses(&["load", "save"], &[".runbeam", "symbolic link"]);
    fs::remove_file(home.root()).unwrap();

    assert_eq!(home.does("save", "022"), "saved");
    for name in ["auth.json", "encryption.key", ".lock"] {
        fs::rename(home.file(name), elsewhere.join(name)).unwrap();
        symlink(elsewhere.join(name), home.file(name)).unwrap();
        let jobs: &[&str] = if name == ".lock" {
            &["save"]
        } else {
            &["load", "save"]
        };
        home.refuses(jobs, &[name, "symbolic link"]);
        fs::remove_file(home.file(name)).unwrap();
        fs::rename(elsewhere.join(name), home.file(name)).unwrap();
    }

    fs::rename(home.file(""), elsewhere.join("gateway")).unwrap();
    symlink(elsewhere.join("gateway"), home.root().join("gateway")).unwrap();
    home.refuses(&["load", "save"], &["gateway", "symbolic link"]);
}

#[test]
fn foreign_owners_are_refused() {
    if !is_root() {
        return skipped("only root can give files away");
    }
    let Some(home) = Home::new() else { return };
    assert_eq!(home.does("save", "022"), "saved");
    for path in [
        home.file("auth.json"),
        home.file("encryption.key"),
        home.file(""),
    ] {
        let is_directory = path.is_dir();
        if !is_directory {
            // Readable, so that not the system but the store refuses it.
            set_mode(&path, 0o644);
        } else {
            set_mode(&path, 0o755);
        }
        chown(&path, Some(0), Some(0)).unwrap();
        home.refuses(
            &["load", "save"],
            &[
                path.to_str().unwrap().trim_end_matches('/'),
                "belongs to user 0",
            ],
        );
        home.give(&path);
        set_mode(&path, if is_directory { 0o700 } else { 0o600 });
    }
    assert_eq!(home.does("load", "022"), "loaded Some(\"saved\")");
}

#[test]
fn looser_modes_are_refused_and_the_remedy_is_told() {
    let Some(home) = Home::new() else { return };
    assert_eq!(home.does("save", "022"), "saved");
    for (name, loose) in [
        ("auth.json", 0o640),
        ("auth.json", 0o604),
        ("encryption.key", 0o644),
    ] {
        set_mode(home.file(name), loose);
        home.refuses(&["load"], &["chmod 600", name]);
        set_mode(home.file(name), 0o600);
    }
    for directory in [home.root(), home.file("")] {
        for loose in [0o770, 0o702] {
            set_mode(&directory, loose);
            home.refuses(&["load", "save"], &["chmod go-w", "others can write it"]);
            set_mode(&directory, 0o700);
        }
    }
    set_mode(home.file(""), 0o755);
    assert_eq!(home.does("save", "022"), "saved");
    assert_eq!(
        mode(home.file("")),
        0o700,
        "a directory that others can read is closed by a save"
    );
}

#[test]
fn what_is_no_file_is_refused() {
    let Some(home) = Home::new() else { return };
    assert_eq!(home.does("save", "022"), "saved");
    fs::remove_file(home.file("auth.json")).unwrap();
    fs::create_dir(home.file("auth.json")).unwrap();
    home.give(home.file("auth.json"));
    home.refuses(&["load", "save"], &["auth.json", "not a regular file"]);
    fs::remove_dir(home.file("auth.json")).unwrap();
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        home.file("auth.json"),
        rustix::fs::Mode::RWXU,
    )
    .unwrap();
    home.give(home.file("auth.json"));
    home.refuses(&["load", "save"], &["auth.json", "not a regular file"]);
    fs::remove_dir_all(home.root()).unwrap();
    write(home.root(), "");
    home.give(home.root());
    home.refuses(&["load", "save"], &[".runbeam", "not a directory"]);
}

#[test]
fn a_home_that_cannot_be_written_is_told() {
    if !is_root() {
        return skipped("only root can give the home away");
    }
    let Some(home) = Home::new() else { return };
    chown(home.path(), Some(0), Some(0)).unwrap();
    assert_eq!(home.does("load", "022"), "loaded None");
    let outcome = home.does("save", "022");
    assert!(
        outcome.starts_with("Permissions cannot create"),
        "{outcome}"
    );
}

#[test]
fn a_full_disk_leaves_the_former_secret() {
    // The smallest disk is a limit on the size of files.
    let scratch = Scratch::new();
    save(&scratch.files(), "former").unwrap();
    let line = [
        "sh",
        "-c",
        "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\" 2>/dev/null | cat",
    ];
    let output = command_through(&line, "save")
        .tell("ROOT", scratch.root().display())
        .run();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("outcome: Io cannot write"), "{text}");
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "former");
    assert_eq!(
        scratch.file_names(),
        [
            "gateway/.lock",
            "gateway/auth.json",
            "gateway/encryption.key"
        ]
    );
}

#[test]
fn a_mounted_key_of_somebody_else_is_used_if_it_can_be_read() {
    let Some(home) = Home::new().filter(|_| is_root()) else {
        return;
    };
    let key = home.scratch.path().join("key");
    write(
        &key,
        "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR",
    );
    let variables = [("RUNBEAM_ENCRYPTION_KEY_FILE", &*key)];
    set_mode(&key, 0o444);
    assert_eq!(home.does_with(&variables, "save_as_told", "022"), "saved");
    set_mode(&key, 0o400);
    let outcome = home.does_with(&variables, "save_as_told", "022");
    assert!(outcome.starts_with("EncryptionKey "), "{outcome}");
    for part in [
        "RUNBEAM_ENCRYPTION_KEY_FILE",
        key.to_str().unwrap(),
        "may not read",
    ] {
        assert!(outcome.contains(part), "{part} is not in: {outcome}");
    }
}
