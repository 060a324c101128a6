//! Files that are damaged, exchanged, foreign, or sealed with another key: typed errors, and nothing is touched.

use std::fs;

use runbeam_model::Secret;
use runbeam_store::{EntryName, ErrorKind, MAX_SECRET_LEN, Precondition, SecretStore, Store};

use crate::scratch::{Scratch, auth, bytes, clear, gateway, load, save, wait, write_private};

/// Loads an entry whose file holds `content`.
fn check(content: &[u8], expected: ErrorKind) {
    let scratch = Scratch::new();
    save(&scratch.files(), "canary-3f1c").unwrap();
    write_private(scratch.file("auth.json"), content);
    let before = scratch.all_files();
    let error = load(&scratch.files()).unwrap_err();
    assert_eq!(error.kind(), expected, "{error}");
    assert!(error.to_string().contains("auth.json"), "{error}");
    assert!(!error.is_transient());
    assert_eq!(scratch.all_files(), before);
}

#[test]
fn contents_that_no_store_wrote() {
    check(b"", ErrorKind::Damaged);
    check(b"{\"machine_token\": \"mt_1\"}", ErrorKind::Damaged);
    check(b"age-encryption.org/v1\n", ErrorKind::Damaged);
    check(
        b"age-encryption.org/v9\n-> X25519 a\n\n--- a\n",
        ErrorKind::Damaged,
    );
    check(b"-----BEGIN AGE ENCRYPTED FILE-----\n", ErrorKind::Damaged);
    check(&vec![0; 256 * 1024 + 1], ErrorKind::TooLarge);
    check(&vec![b'-'; 256 * 1024], ErrorKind::Damaged);
    let stranger = age::x25519::Identity::generate().to_public();
    check(&age::encrypt(&stranger, b"x").unwrap(), ErrorKind::WrongKey);
}

#[test]
fn a_cut_or_changed_file() {
    let scratch = Scratch::new();
    save(&scratch.files(), "whole").unwrap();
    let whole = fs::read(scratch.file("auth.json")).unwrap();
    for len in [1, 22, 60, whole.len() / 2, whole.len() - 1] {
        write_private(scratch.file("auth.json"), &whole[..len]);
        assert_eq!(
            load(&scratch.files()).unwrap_err().kind(),
            ErrorKind::Damaged,
            "cut at {len}"
        );
    }
    for position in [0, whole.len() - 30, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[position] ^= 4;
        write_private(scratch.file("auth.json"), &flipped);
        assert_eq!(
            load(&scratch.files()).unwrap_err().kind(),
            ErrorKind::Damaged,
            "flipped at {position}"
        );
    }
    write_private(scratch.file("auth.json"), &whole);
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "whole");
}

#[test]
fn a_save_over_a_damaged_file_heals() {
    let scratch = Scratch::new();
    save(&scratch.files(), "former").unwrap();
    write_private(scratch.file("auth.json"), "garbage");
    save(&scratch.files(), "new").unwrap();
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "new");
}

#[test]
fn exchanged_files_are_misplaced() {
    let scratch = Scratch::new();
    let key =
        Secret::from("AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR");
    let stores = [
        scratch.files(),
        scratch.files().with_encryption_key(&key).unwrap(),
    ];
    for store in stores {
        let (user, other) = (EntryName::user_token(), "other".parse().unwrap());
        save(&store, "auth").unwrap();
        wait(store.save(&gateway(), &user, &bytes("user"), Precondition::Any)).unwrap();
        wait(store.save(&other, &auth(), &bytes("other"), Precondition::Any)).unwrap();

        fs::copy(scratch.file("user_auth.json"), scratch.file("auth.json")).unwrap();
        assert_eq!(load(&store).unwrap_err().kind(), ErrorKind::Misplaced);
        fs::copy(
            scratch.root().join("other/auth.json"),
            scratch.file("auth.json"),
        )
        .unwrap();
        assert_eq!(load(&store).unwrap_err().kind(), ErrorKind::Misplaced);
        assert_eq!(
            wait(store.load(&gateway(), &user)).unwrap().unwrap().value,
            bytes("user")
        );
    }
}

#[test]
fn a_lost_key_is_told_and_does_not_lock_out() {
    let scratch = Scratch::new();
    save(&scratch.files(), "former").unwrap();
    let key = fs::read(scratch.file("encryption.key")).unwrap();
    fs::remove_file(scratch.file("encryption.key")).unwrap();

    let error = load(&scratch.files()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EncryptionKey);
    assert!(error.to_string().contains("encryption.key"), "{error}");
    assert!(
        !scratch.file("encryption.key").exists(),
        "loading makes no key"
    );

    write_private(scratch.file("encryption.key"), key);
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "former");
    fs::remove_file(scratch.file("encryption.key")).unwrap();
    save(&scratch.files(), "new").unwrap();
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "new");
}

#[test]
fn another_key_is_told_and_a_useless_one_is_never_replaced() {
    let scratch = Scratch::new();
    save(&scratch.files(), "former").unwrap();
    let (own, other) = (Scratch::new(), Scratch::new());
    save(&other.files(), "x").unwrap();
    fs::copy(other.file("encryption.key"), scratch.file("encryption.key")).unwrap();
    assert_eq!(
        load(&scratch.files()).unwrap_err().kind(),
        ErrorKind::WrongKey
    );

    write_private(scratch.file("encryption.key"), "QUdFLVNFQ1JF");
    for error in [
        load(&scratch.files()).map(drop).unwrap_err(),
        save(&scratch.files(), "y").map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::EncryptionKey);
        assert!(!error.to_string().contains("QUdF"), "{error}");
    }
    assert_eq!(
        fs::read(scratch.file("encryption.key")).unwrap(),
        b"QUdFLVNFQ1JF"
    );
    drop(own);
}

#[test]
fn a_rotated_key_opens_what_the_former_one_sealed() {
    let scratch = Scratch::new();
    let former = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";
    let new = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
    let with = |key: &str| {
        scratch
            .files()
            .with_encryption_key(&Secret::from(key))
            .unwrap()
    };
    save(&with(former), "sealed with the former").unwrap();
    assert_eq!(load(&with(new)).unwrap_err().kind(), ErrorKind::WrongKey);
    let both = format!("{new}\n{former}\n");
    assert_eq!(
        load(&with(&both)).unwrap().unwrap(),
        "sealed with the former"
    );
    save(&with(&both), "sealed with the new").unwrap();
    assert_eq!(load(&with(new)).unwrap().unwrap(), "sealed with the new");
}

#[test]
fn the_largest_secret_fits_and_a_larger_one_does_not() {
    let scratch = Scratch::new();
    save(&scratch.files(), &"x".repeat(MAX_SECRET_LEN)).unwrap();
    assert_eq!(
        load(&scratch.files()).unwrap().unwrap().len(),
        MAX_SECRET_LEN
    );
    let error = save(&scratch.files(), &"y".repeat(MAX_SECRET_LEN + 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[test]
fn loading_and_clearing_create_nothing() {
    let scratch = Scratch::new();
    let store: Store = scratch.builder().without_keyring().build().unwrap();
    assert_eq!(load(&store).unwrap(), None);
    assert!(!clear(&store).unwrap());
    wait(store.describe(&gateway(), &auth())).unwrap();
    assert!(!scratch.root().exists());
}

#[test]
fn what_an_interrupted_save_left_is_never_read_and_is_removed() {
    let scratch = Scratch::new();
    save(&scratch.files(), "whole").unwrap();
    let sealed = fs::read(scratch.file("auth.json")).unwrap();
    for name in [
        ".auth.json.0123456789abcdef.tmp",
        ".encryption.key.00.tmp",
        ".user_auth.json.1.tmp",
    ] {
        write_private(scratch.file(name), &sealed);
    }
    assert_eq!(
        wait(scratch.files().load(&gateway(), &EntryName::user_token())).unwrap(),
        None
    );
    save(&scratch.files(), "new").unwrap();
    assert_eq!(
        scratch.file_names(),
        [
            "gateway/.lock",
            "gateway/auth.json",
            "gateway/encryption.key"
        ]
    );
}
