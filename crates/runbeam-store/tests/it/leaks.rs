//! A canary is in no file, no error, no `Debug`, no description and no log.

use runbeam_model::{ManualClock, Secret};
use runbeam_store::{Precondition, Provisioning, SecretStore};

use crate::log::Log;
use crate::scratch::{Scratch, auth, bytes, clear, gateway, load, save, wait, write_private};

const CANARY: &str = "canary-7d1e0b9c";
const OTHER_KEY: &str =
    "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

fn holds(content: &[u8]) -> bool {
    let canary = CANARY.as_bytes();
    content.windows(canary.len()).any(|window| window == canary)
}

#[test]
fn a_secret_is_in_no_file() {
    let scratch = Scratch::new();
    let store = scratch.builder().without_keyring().build().unwrap();
    save(&store, CANARY).unwrap();
    save(&store, &format!("again {CANARY}")).unwrap();
    let files = scratch.all_files();
    assert_eq!(files.len(), 4, "{files:?}");
    for (path, content) in files {
        assert!(!holds(&content), "{}", path.display());
    }
}

#[test]
fn neither_a_secret_nor_a_key_is_in_what_is_shown() {
    let scratch = Scratch::new();
    let store = scratch.builder().without_keyring().with_encryption_key(
        "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR",
    );
    let mut shown = format!("{store:?}");
    let store = store.build().unwrap();
    save(&store, CANARY).unwrap();
    let stored = wait(store.load(&gateway(), &auth())).unwrap().unwrap();
    shown += &format!(
        "{store:?} {stored:?} {:?}",
        wait(store.describe(&gateway(), &auth())).unwrap()
    );

    let conflict =
        wait(store.save(&gateway(), &auth(), &bytes(CANARY), Precondition::Absent)).unwrap_err();
    shown += &format!("{conflict} {conflict:?}");
    let value =
        wait(store.load_value::<runbeam_model::MachineToken>(&gateway(), &auth())).unwrap_err();
    shown += &format!(
        "{value} {value:?} {:?}",
        std::error::Error::source(&value).map(ToString::to_string)
    );
    write_private(scratch.file("auth.json"), CANARY);
    let damaged = load(&store).unwrap_err();
    shown += &format!(
        "{damaged} {damaged:?} {:?}",
        std::error::Error::source(&damaged).map(ToString::to_string)
    );
    let key = scratch
        .files()
        .with_encryption_key(&Secret::from(CANARY))
        .unwrap_err();
    shown += &format!("{key} {key:?}");
    let id = CANARY
        .to_ascii_uppercase()
        .parse::<runbeam_store::InstanceId>()
        .unwrap_err();
    shown += &format!("{id} {id:?}");

    assert!(!shown.to_ascii_lowercase().contains("canary"), "{shown}");
    assert!(!shown.contains("1HU4JNCH26"), "{shown}");
}

/// Everything that can be done with a secret, well and badly.
fn use_everything(scratch: &Scratch) -> String {
    let clock = ManualClock::new("2026-01-12T08:15:31Z".parse().unwrap());
    let store = scratch.builder().without_keyring().build().unwrap();
    let mut shown = String::new();
    for text in [
        format!("mt_{CANARY}"),
        format!(r#"{{"machine_token":"mt_{CANARY}","expires_at":"2026-02-11T08:15:31Z"}}"#),
        format!(r#"{{"machine_token":"mt_{CANARY}","expires_at":"2020-01-01T00:00:00Z"}}"#),
        format!("{{{CANARY}"),
        format!("{CANARY} {CANARY}"),
    ] {
        let provisioning = Provisioning::new(&text);
        shown += &format!("{provisioning:?}");
        if let Ok(provisioning) = provisioning {
            let token = wait(provisioning.load_token(&store, &gateway(), &clock));
            shown += &format!("{token:?}");
            assert_eq!(
                token.unwrap().unwrap().machine_token.expose(),
                format!("mt_{CANARY}")
            );
        }
    }
    for (path, content) in scratch.all_files() {
        assert!(!holds(&content), "{}", path.display());
    }

    save(&store, CANARY).unwrap();
    let of_another_type = wait(store.load_json::<Vec<u8>>(&gateway(), &auth()));
    shown += &format!(
        "{of_another_type:?} {}",
        of_another_type.as_ref().unwrap_err()
    );
    wait(store.save_json(&gateway(), &auth(), CANARY)).unwrap();
    let of_the_type: String = wait(store.load_json(&gateway(), &auth())).unwrap().unwrap();
    assert_eq!(of_the_type, CANARY);
    shown += &format!("{:?}", wait(store.load(&gateway(), &auth())));

    let other_key = scratch.builder().with_encryption_key(OTHER_KEY).build();
    shown += &format!("{:?}", load(&other_key.unwrap()).unwrap_err());
    write_private(scratch.file("auth.json"), CANARY);
    shown += &format!("{:?}", load(&store).unwrap_err());
    let unusable = wait(Provisioning::default().load_token(&store, &gateway(), &clock));
    shown += &format!("{unusable:?}");
    let kept = Provisioning::new(format!(r#"{{"machine_token":"mt_{CANARY}"}}"#)).unwrap();
    shown += &format!("{:?}", wait(kept.load_token(&store, &gateway(), &clock)));
    let kept_as_it_was = std::fs::read(scratch.file("auth.json")).unwrap();
    assert!(
        holds(&kept_as_it_was),
        "what cannot be read is not written over"
    );
    clear(&store).unwrap();
    shown
}

#[test]
fn a_secret_is_in_no_log_at_any_level() {
    let log = Log::of_process();
    let shown = use_everything(&Scratch::new()) + &log.text();
    for logged in ["saved the machine token", "has expired", "cannot be saved"] {
        assert!(shown.contains(logged), "{logged} is not in {shown}");
    }
    let shown = shown.to_ascii_lowercase();
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(!shown.contains("age-secret-key-1"), "{shown}");
}
