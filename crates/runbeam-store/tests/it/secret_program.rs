//! The example `secret` as the program that it is: exit codes, streams, and what it never shows.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use runbeam_store::MAX_SECRET_LEN;

use crate::process::remove_our_variables;
use crate::scratch::{Scratch, write_private};

const KEY: &str = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";
const CANARY: &str = "canary-51c2e0";

/// The built example. Cargo builds examples before it runs tests, into a folder beside that of the tests.
pub(crate) fn path() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap();
    let path = path.join("examples").join("secret");
    let path = path.with_extension(std::env::consts::EXE_EXTENSION);
    let shown = path.display();
    assert!(
        path.exists(),
        "{shown} is missing: `cargo build --examples` makes it"
    );
    path
}

/// How the program ended, and what it wrote.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended {
    /// `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: output.stdout,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Lets `command` keep files below `root` and nowhere else.
pub(crate) fn keep_below<'a>(command: &'a mut Command, root: &Path) -> &'a mut Command {
    remove_our_variables(command)
        .env("RUNBEAM_HOME", root)
        .env("RUNBEAM_DISABLE_KEYRING", "1")
}

/// Runs a command to its end with `input` as its standard input.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Ended {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who is killed or finds fault with its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap().into()
}

fn secret(scratch: &Scratch, arguments: &[&str], input: &[u8]) -> Ended {
    let mut command = Command::new(path());
    run(keep_below(command.args(arguments), &scratch.root()), input)
}

fn check(ended: Ended, code: i32, out: &[u8]) {
    assert_eq!(
        (ended.code, &*ended.out),
        (Some(code), out),
        "{}",
        ended.err
    );
    assert_eq!(ended.err.is_empty(), code != 1, "{}", ended.err);
}

fn check_error(ended: &Ended, part: &str) {
    assert_eq!(
        (ended.code, &*ended.out),
        (Some(1), &b""[..]),
        "{}",
        ended.err
    );
    assert!(ended.err.contains(part), "{part} is not in {}", ended.err);
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    assert!(ended.err.ends_with('\n'));
    assert!(!ended.err.contains(CANARY), "{}", ended.err);
}

#[test]
fn a_secret_is_saved_loaded_and_cleared() {
    let scratch = Scratch::new();
    check(secret(&scratch, &["load", "gateway", "auth"], b""), 3, b"");
    check(secret(&scratch, &["clear", "gateway", "auth"], b""), 3, b"");
    assert!(!scratch.root().exists(), "nothing was created");
    check(
        secret(&scratch, &["save", "gateway", "auth"], b"first"),
        0,
        b"",
    );
    check(
        secret(&scratch, &["save", "gateway", "auth"], b"second"),
        0,
        b"",
    );
    check(
        secret(&scratch, &["load", "gateway", "auth"], b""),
        0,
        b"second",
    );
    check(secret(&scratch, &["load", "gateway", "other"], b""), 3, b"");
    check(secret(&scratch, &["load", "gateway2", "auth"], b""), 3, b"");
    check(secret(&scratch, &["clear", "gateway", "auth"], b""), 0, b"");
    check(secret(&scratch, &["load", "gateway", "auth"], b""), 3, b"");
}

#[test]
fn any_bytes_of_up_to_64_kib_are_kept() {
    let all = |len: usize| (0..len).map(|n| (n % 256) as u8).collect::<Vec<u8>>();
    for value in [
        vec![],
        vec![0],
        b"a\r\n\n".to_vec(),
        all(256),
        all(MAX_SECRET_LEN),
    ] {
        let scratch = Scratch::new();
        check(
            secret(&scratch, &["save", "gateway", "auth"], &value),
            0,
            b"",
        );
        check(
            secret(&scratch, &["load", "gateway", "auth"], b""),
            0,
            &value,
        );
    }

    let scratch = Scratch::new();
    check(
        secret(&scratch, &["save", "gateway", "auth"], b"former"),
        0,
        b"",
    );
    for len in [MAX_SECRET_LEN + 1, 10 * MAX_SECRET_LEN] {
        let ended = secret(&scratch, &["save", "gateway", "auth"], &all(len));
        check_error(&ended, "at most 65536 bytes");
    }
    check(
        secret(&scratch, &["load", "gateway", "auth"], b""),
        0,
        b"former",
    );
}

#[test]
fn what_it_cannot_do_is_one_line() {
    let scratch = Scratch::new();
    for arguments in [
        &[][..],
        &["save"],
        &["load", "gateway"],
        &["load", "gateway", "auth", CANARY],
        &[CANARY, "gateway", "auth"],
        &["--help", "gateway", "auth"],
    ] {
        check_error(&secret(&scratch, arguments, b""), "usage: secret save|load");
    }
    for arguments in [["save", "../x", "auth"], ["load", CANARY, "a b"]] {
        check_error(&secret(&scratch, &arguments, b"x"), "invalid");
    }
    assert!(!scratch.root().exists());

    write_private(scratch.file("auth.json"), CANARY);
    write_private(scratch.file("encryption.key"), KEY);
    check_error(
        &secret(&scratch, &["load", "gateway", "auth"], b""),
        "auth.json was cut",
    );

    let root = scratch.path().join("file");
    write_private(&root, "");
    let mut command = Command::new(path());
    let command = keep_below(command.args(["save", "gateway", "auth"]), &root);
    check_error(&run(command, CANARY.as_bytes()), "not a directory");
}

#[test]
fn it_rotates_the_key_of_an_instance() {
    let scratch = Scratch::new();
    let rotate = ["rotate", "gateway", "auth"];
    check(secret(&scratch, &rotate, b""), 3, b"");
    check(
        secret(&scratch, &["save", "gateway", "auth"], b"kept"),
        0,
        b"",
    );
    let former = std::fs::read(scratch.file("encryption.key")).unwrap();
    check(secret(&scratch, &rotate, b""), 0, b"");
    let key = std::fs::read(scratch.file("encryption.key")).unwrap();
    assert!(key.len() == 100 && key != former);
    check(
        secret(&scratch, &["load", "gateway", "auth"], b""),
        0,
        b"kept",
    );
}

#[test]
fn it_describes_where_a_secret_is() {
    let scratch = Scratch::new();
    for (word, value) in [("would be kept", None), ("is", Some(CANARY))] {
        if let Some(value) = value {
            check(
                secret(&scratch, &["save", "gateway", "auth"], value.as_bytes()),
                0,
                b"",
            );
        }
        let ended = secret(&scratch, &["describe", "gateway", "auth"], b"");
        let text = String::from_utf8(ended.out).unwrap();
        let path = scratch.file("auth.json");
        assert!(
            text.starts_with(&format!("the secret {word} in {}", path.display())),
            "{text}"
        );
        assert_eq!((ended.code, text.lines().count()), (Some(0), 1));
    }
}

#[test]
fn the_key_of_the_environment_is_obeyed() {
    let scratch = Scratch::new();
    let with = |name: &str, key: &str, arguments: &[&str]| {
        let mut command = Command::new(path());
        keep_below(command.args(arguments), &scratch.root()).env(name, key);
        run(&mut command, CANARY.as_bytes())
    };
    const NAME: &str = "RUNBEAM_ENCRYPTION_KEY";
    check(with(NAME, KEY, &["save", "gateway", "auth"]), 0, b"");
    assert!(!scratch.file("encryption.key").exists());
    let file = scratch.path().join("key");
    write_private(&file, KEY);
    let loaded = with(
        "RUNBEAM_ENCRYPTION_KEY_FILE",
        file.to_str().unwrap(),
        &["load", "gateway", "auth"],
    );
    check(loaded, 0, CANARY.as_bytes());
    for command in ["save", "load", "clear", "describe"] {
        let ended = with(NAME, CANARY, &[command, "gateway", "auth"]);
        check_error(&ended, "RUNBEAM_ENCRYPTION_KEY cannot be used");
    }
    write_private(&file, CANARY);
    let name = "RUNBEAM_ENCRYPTION_KEY_FILE";
    let ended = with(name, file.to_str().unwrap(), &["load", "gateway", "auth"]);
    check_error(&ended, "RUNBEAM_ENCRYPTION_KEY_FILE (");
    check_error(
        &secret(&scratch, &["load", "gateway", "auth"], b""),
        "is gone",
    );
}
