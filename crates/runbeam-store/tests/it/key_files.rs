//! Keys that orchestrators mount as files, and `RUNBEAM_ENCRYPTION_KEY_FILE` that names them.

use std::path::Path;

use runbeam_model::Secret;
use runbeam_store::{ErrorKind, Store, StoreBuilder};

use crate::process::{Tell, command, told};
use crate::scratch::{Scratch, load, save, write, write_private};
use crate::settings::check;

pub(crate) const JOBS: &[(&str, fn())] = &[
    ("caller_over_key_file", caller_over_key_file),
    ("exchange_key_file", exchange_key_file),
];

const VARIABLE: &str = "RUNBEAM_ENCRYPTION_KEY_FILE";
const LINE: &str = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";
const OTHER: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

fn is_used(path: &Path) {
    check(
        &[(VARIABLE, path.to_str().unwrap())],
        &[
            "kept: the secret is in SCRATCH/.runbeam/gateway/auth.json",
            &format!(
                "the encryption key is from RUNBEAM_ENCRYPTION_KEY_FILE ({})",
                path.display()
            ),
            "files are used because RUNBEAM_ENCRYPTION_KEY_FILE is set",
        ],
    );
}

fn is_refused(path: &str, problem: &str) {
    check(
        &[(VARIABLE, path)],
        &["refused: EncryptionKey", VARIABLE, path, problem],
    );
}

#[test]
fn a_file_as_age_keygen_writes_it_is_used() {
    let scratch = Scratch::new();
    let path = scratch.path().join("key.txt");
    write_private(
        &path,
        format!("# created: now\n# public key: age1\n{LINE}\n"),
    );
    is_used(&path);
}

#[cfg(unix)]
#[test]
fn what_docker_and_kubernetes_mount_is_used() {
    use std::os::unix::fs::symlink;

    let scratch = Scratch::new();
    let mounted = scratch.path().join("..2026_11_22/encryption-key");
    write(&mounted, LINE);
    for mode in [0o400, 0o440, 0o444, 0o640, 0o644] {
        crate::scratch::set_mode(&mounted, mode);
        is_used(&mounted);
    }
    symlink("..2026_11_22", scratch.path().join("..data")).unwrap();
    let link = scratch.path().join("encryption-key");
    symlink("..data/encryption-key", &link).unwrap();
    is_used(&link);
}

#[test]
fn what_holds_no_key_is_refused_with_the_variable_and_the_path() {
    let scratch = Scratch::new();
    let path = scratch.path().join("key");
    let shown = path.to_str().unwrap();
    is_refused(shown, "does not exist");
    is_refused(scratch.path().to_str().unwrap(), "not a regular file");
    for (content, problem) in [
        (&b""[..], "it is empty"),
        (b"age1abc", "public half"),
        (b"\xff\xfe", "not UTF-8"),
        (&[b'A'; 70_000], "far too long"),
    ] {
        write_private(&path, content);
        is_refused(shown, problem);
    }
    check(
        &[(VARIABLE, "")],
        &[
            "refused: EncryptionKey",
            "RUNBEAM_ENCRYPTION_KEY_FILE is empty",
        ],
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_is_refused_and_a_pipe_is_not_waited_for() {
    let scratch = Scratch::new();
    let path = scratch.path().join("key");
    write(&path, LINE);
    for mode in [0o666, 0o620, 0o602] {
        crate::scratch::set_mode(&path, mode);
        is_refused(path.to_str().unwrap(), "chmod go-w");
    }
    let pipe = scratch.path().join("pipe");
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
    is_refused(pipe.to_str().unwrap(), "not a regular file");
}

#[test]
fn both_variables_are_an_error_that_names_both() {
    for key in [LINE, ""] {
        check(
            &[("RUNBEAM_ENCRYPTION_KEY", key), (VARIABLE, "/nowhere")],
            &[
                "refused: Configuration RUNBEAM_ENCRYPTION_KEY and RUNBEAM_ENCRYPTION_KEY_FILE are both set",
            ],
        );
    }
}

fn caller_over_key_file() {
    let builder = StoreBuilder::from_env().unwrap();
    let store = builder.with_root(told("ROOT")).with_encryption_key(LINE);
    save(&store.build().unwrap(), "saved").unwrap();
}

#[test]
fn the_caller_wins_over_a_file_that_is_not_even_looked_at() {
    let scratch = Scratch::new();
    command("caller_over_key_file")
        .env(VARIABLE, "/nowhere")
        .tell("ROOT", scratch.root().display())
        .run();
    let store = scratch.files().with_encryption_key(&Secret::from(LINE));
    assert_eq!(load(&store.unwrap()).unwrap().unwrap(), "saved");
}

/// A key is exchanged in the file: first beside the former one, then alone.
fn exchange_key_file() {
    let path = told("KEY");
    let store = || Store::from_env().unwrap();
    save(&store(), "sealed with the former key").unwrap();

    let former = store();
    write_private(&path, format!("{OTHER}\n{LINE}\n"));
    assert_eq!(
        load(&store()).unwrap().unwrap(),
        "sealed with the former key",
        "all identities open"
    );
    save(&store(), "sealed with the new key").unwrap();
    let error = load(&former).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::WrongKey,
        "a store keeps the key that it was built with"
    );
    assert!(error.to_string().contains(VARIABLE), "{error}");

    write_private(&path, OTHER);
    assert_eq!(
        load(&store()).unwrap().unwrap(),
        "sealed with the new key",
        "the first identity seals"
    );
}

#[test]
fn a_key_is_exchanged_in_the_file() {
    let scratch = Scratch::new();
    let path = scratch.path().join("key");
    write_private(&path, LINE);
    command("exchange_key_file")
        .env("RUNBEAM_HOME", scratch.root())
        .env(VARIABLE, &path)
        .tell("KEY", path.display())
        .run();
}
