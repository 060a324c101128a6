//! The remembered choice, as far as it can be seen without a keyring.

use runbeam_store::{ErrorKind, Precondition, SecretStore};

use crate::scratch::{Scratch, auth, bytes, clear, gateway, load, save, wait, write_private};

#[test]
fn it_is_written_by_the_first_save() {
    let scratch = Scratch::new();
    let store = scratch.builder().without_keyring().build().unwrap();
    save(&store, "x").unwrap();
    assert_eq!(std::fs::read(scratch.file("backend")).unwrap(), b"file\n");
}

#[test]
fn a_secret_in_the_keyring_is_not_taken_for_absent() {
    let scratch = Scratch::new();
    write_private(scratch.file("backend"), "keyring\n");
    let store = scratch.builder().without_keyring().build().unwrap();
    for error in [
        load(&store).map(drop).unwrap_err(),
        clear(&store).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Elsewhere);
        assert!(
            error.to_string().contains("build the store with a keyring"),
            "{error}"
        );
    }
    let note = wait(store.describe(&gateway(), &auth()))
        .unwrap()
        .note
        .unwrap();
    assert!(note.contains("keyring"), "{note}");
}

#[test]
fn a_save_to_files_moves_the_instance() {
    let scratch = Scratch::new();
    write_private(scratch.file("backend"), "keyring\n");
    let store = scratch.builder().without_keyring().build().unwrap();
    wait(store.save(&gateway(), &auth(), &bytes("moved"), Precondition::Absent)).unwrap();
    let remembered = std::fs::read(scratch.file("backend")).unwrap();
    assert_eq!(remembered, b"file, formerly keyring\n");
    assert_eq!(load(&store).unwrap().unwrap(), "moved");

    // A copy may be left in the keyring, which this store may not ask.
    assert_eq!(clear(&store).unwrap_err().kind(), ErrorKind::Elsewhere);
    assert_eq!(load(&store).unwrap_err().kind(), ErrorKind::Elsewhere);
}

#[test]
fn a_choice_that_cannot_be_read_is_an_error() {
    let scratch = Scratch::new();
    write_private(scratch.file("backend"), "floppy");
    let store = scratch.builder().without_keyring().build().unwrap();
    assert_eq!(load(&store).unwrap_err().kind(), ErrorKind::Damaged);
    assert_eq!(save(&store, "x").unwrap_err().kind(), ErrorKind::Damaged);
}
