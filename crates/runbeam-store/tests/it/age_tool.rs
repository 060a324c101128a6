//! The `age` and `age-keygen` of others read what we write, and we read what they write.

use std::fs;
use std::process::Command;

use runbeam_model::Secret;

use crate::process::has;
use crate::scratch::{Scratch, load, save, set_mode, write_private};

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
