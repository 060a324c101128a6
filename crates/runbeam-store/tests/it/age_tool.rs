//! The `age` and `age-keygen` of others read what we write, and we read what they write.

use std::fs;
use std::process::Command;

use runbeam_model::Secret;

use crate::process::has;
use crate::scratch::{Scratch, load, save, set_mode, write_private};
use crate::secret_program::{self, keep_below};

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn new_key() -> String {
    String::from_utf8(run(&mut Command::new("age-keygen"))).unwrap()
}

#[test]
fn age_reads_what_is_sealed() {
    if !has(&["age", "age-keygen"]) {
        return;
    }
    let scratch = Scratch::new();
    let key = new_key();
    write_private(scratch.path().join("key.txt"), &key);
    let store = scratch
        .files()
        .with_encryption_key(&Secret::from(key))
        .unwrap();
    let secret = "{\n  \"machine_token\": \"mt_1\"\n}";
    save(&store, secret).unwrap();
    let printed = run(Command::new("age")
        .args(["--decrypt", "--identity"])
        .args([scratch.path().join("key.txt"), scratch.file("auth.json")]));
    assert_eq!(printed, secret.as_bytes());
}

#[test]
fn age_reads_what_is_sealed_with_the_key_of_the_instance() {
    if !has(&["age", "base64"]) {
        return;
    }
    let scratch = Scratch::new();
    save(&scratch.files(), "{}").unwrap();
    let key = run(Command::new("base64")
        .arg("--decode")
        .arg(scratch.file("encryption.key")));
    assert_eq!(key.len(), 74);
    write_private(scratch.path().join("key.txt"), key);
    let printed = run(Command::new("age")
        .args(["--decrypt", "--identity"])
        .args([scratch.path().join("key.txt"), scratch.file("auth.json")]));
    assert_eq!(printed, b"{}");
}

#[test]
fn what_age_sealed_is_read() {
    if !has(&["age", "age-keygen"]) {
        return;
    }
    let scratch = Scratch::new();
    let key = new_key();
    let recipient = key
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap();
    write_private(scratch.path().join("plain"), "by age");
    fs::create_dir_all(scratch.file("")).unwrap();
    set_mode(scratch.file(""), 0o700);
    run(Command::new("age")
        .args(["--encrypt", "--recipient", recipient, "--output"])
        .args([scratch.file("auth.json"), scratch.path().join("plain")]));
    set_mode(scratch.file("auth.json"), 0o600);
    let store = scratch
        .files()
        .with_encryption_key(&Secret::from(&*key))
        .unwrap();
    assert_eq!(load(&store).unwrap().unwrap(), "by age");

    write_private(scratch.file("encryption.key"), key);
    assert_eq!(
        load(&scratch.files()).unwrap().unwrap(),
        "by age",
        "the output of age-keygen as the key file"
    );
}

/// The documents of the product make keys with these command lines, or show what they come to.
const RECIPES: &[&str] = &[
    "age-keygen | base64 -w 0",
    "age-keygen | base64 | tr -d '\\n'",
    "age-keygen | grep AGE-SECRET-KEY | base64 -w 0",
    "age-keygen | base64",
    "age-keygen | grep AGE-SECRET-KEY",
    "age-keygen | tail -n 1 | tr -d '\\n' | base64 -w 0",
    "age-keygen",
    "echo -n \"$(age-keygen | base64 | tr -d '\\n')\" | base64",
];

#[test]
fn every_documented_recipe_makes_a_key() {
    if !has(&["age-keygen", "base64", "grep", "sh"]) {
        return;
    }
    for recipe in RECIPES {
        let scratch = Scratch::new();
        let made = run(Command::new("sh").args(["-c", recipe]));
        let file = scratch.path().join("key");
        write_private(&file, &made);
        let text = String::from_utf8(made).unwrap();
        let secret = |command: &str, variable: &str, value: &std::ffi::OsStr| {
            let mut program = Command::new(secret_program::path());
            program.args([command, "gateway", "auth"]);
            keep_below(&mut program, &scratch.root()).env(variable, value);
            secret_program::run(&mut program, b"kept")
        };
        // As `$(…)` hands it over, without the last line break.
        let text = text.trim_end_matches('\n').as_ref();
        let saved = secret("save", "RUNBEAM_ENCRYPTION_KEY", text);
        assert_eq!((saved.code, &*saved.err), (Some(0), ""), "{recipe}");
        let loaded = secret("load", "RUNBEAM_ENCRYPTION_KEY_FILE", file.as_os_str());
        assert_eq!(
            (loaded.code, &*loaded.out),
            (Some(0), &b"kept"[..]),
            "{recipe}"
        );
    }
}
