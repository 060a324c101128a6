//! Files that the earlier SDK wrote.

use base64_of_line as key_file;
use runbeam_model::MachineToken;
use runbeam_store::{EntryName, ErrorKind, Precondition, SecretStore};

use crate::scratch::{
    Scratch, auth, bytes, clear, gateway, load, save, wait, write, write_private,
};

const LINE: &str = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR";

/// The 100 bytes that the earlier SDK writes: base64 of the line, without a line break.
fn base64_of_line() -> &'static str {
    "QUdFLVNFQ1JFVC1LRVktMUhVNEpOQ0gyNlpWMFZVN1kyQVA1OVVaTFk5TVVEMlY1SlBFVTc4TDg4QVVFSzhIV04wUVFYU0wyVFI="
}

const TOKEN: &str = r#"{
  "machine_token": "mt_fe7f7ccc3fc17be1d0804567821a101836b66dd8eb03ed76",
  "expires_at": "2026-02-11T08:15:30.000000Z",
  "gateway_id": "01kctftk2mdjffee5fqs6capf6",
  "gateway_code": "edge-lisbon",
  "abilities": [
    "harmony:send"
  ],
  "issued_at": "2026-01-12T08:15:31.204518+00:00"
}"#;

/// An instance as the earlier SDK leaves it: open modes, the inner path, no stanza of a place.
fn earlier_instance(scratch: &Scratch, value: &str) {
    let identity: age::x25519::Identity = LINE.parse().unwrap();
    let sealed = age::encrypt(&identity.to_public(), value.as_bytes()).unwrap();
    write_private(scratch.file("encryption.key"), key_file());
    write(scratch.file("runbeam/auth.json"), sealed);
    #[cfg(unix)]
    for (path, mode) in [
        ("", 0o755),
        ("runbeam", 0o755),
        ("runbeam/auth.json", 0o644),
    ] {
        crate::scratch::set_mode(scratch.file(path), mode);
    }
}

#[test]
fn its_token_is_read() {
    let scratch = Scratch::new();
    earlier_instance(&scratch, TOKEN);
    for token in [
        wait(
            scratch
                .files()
                .load_value::<MachineToken>(&gateway(), &auth()),
        ),
        wait(
            scratch
                .builder()
                .without_keyring()
                .build()
                .unwrap()
                .load_value(&gateway(), &auth()),
        ),
    ] {
        assert_eq!(
            token.unwrap().unwrap().gateway_code.get().unwrap().as_str(),
            "edge-lisbon"
        );
    }
    assert_eq!(
        scratch.file_names(),
        ["gateway/encryption.key", "gateway/runbeam/auth.json"],
        "nothing was made"
    );
}

#[test]
fn a_save_replaces_it_and_keeps_its_key() {
    let scratch = Scratch::new();
    earlier_instance(&scratch, "former");
    let store = scratch.files();
    let former = wait(store.load(&gateway(), &auth())).unwrap().unwrap();
    assert_eq!(
        wait(store.save(&gateway(), &auth(), &bytes("x"), Precondition::Absent))
            .unwrap_err()
            .kind(),
        ErrorKind::Conflict
    );
    wait(store.save(
        &gateway(),
        &auth(),
        &bytes("new"),
        Precondition::Unchanged(former.revision),
    ))
    .unwrap();
    assert_eq!(load(&store).unwrap().unwrap(), "new");
    assert_eq!(
        scratch.file_names(),
        [
            "gateway/.lock",
            "gateway/auth.json",
            "gateway/encryption.key"
        ]
    );
    assert_eq!(
        std::fs::read_to_string(scratch.file("encryption.key")).unwrap(),
        key_file()
    );
    #[cfg(unix)]
    {
        assert_eq!(crate::scratch::mode(scratch.file("")), 0o700);
        assert_eq!(crate::scratch::mode(scratch.file("auth.json")), 0o600);
    }
}

#[test]
fn clear_removes_both_places() {
    let scratch = Scratch::new();
    earlier_instance(&scratch, "former");
    let earlier = std::fs::read(scratch.file("runbeam/auth.json")).unwrap();
    save(&scratch.files(), "new").unwrap();
    write(scratch.file("runbeam/auth.json"), earlier);
    assert_eq!(
        load(&scratch.files()).unwrap().unwrap(),
        "new",
        "the documented place comes first"
    );
    assert!(clear(&scratch.files()).unwrap());
    assert_eq!(load(&scratch.files()).unwrap(), None);
    assert!(!scratch.file("runbeam").exists());
}

#[test]
fn other_entries_of_it_stay() {
    let scratch = Scratch::new();
    earlier_instance(&scratch, "former");
    let user = EntryName::user_token();
    wait(
        scratch
            .files()
            .save(&gateway(), &user, &bytes("user"), Precondition::Absent),
    )
    .unwrap();
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "former");
    assert!(!wait(scratch.files().clear(&gateway(), &"other".parse().unwrap())).unwrap());
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "former");
}

#[test]
fn the_empty_key_file_of_its_crash_does_not_lock_anybody_out() {
    let scratch = Scratch::new();
    write_private(scratch.file("encryption.key"), "");
    assert_eq!(load(&scratch.files()).unwrap(), None);
    save(&scratch.files(), "new").unwrap();
    assert_eq!(load(&scratch.files()).unwrap().unwrap(), "new");
    assert_eq!(
        std::fs::read(scratch.file("encryption.key")).unwrap().len(),
        100
    );
}
