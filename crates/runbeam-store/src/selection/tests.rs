//! The choice and the moves between the backends, with a keyring that dies at every call.

use std::sync::atomic::{AtomicBool, Ordering};

use runbeam_model::SecretBytes;

use super::*;
use crate::age_file::CommonKey;
use crate::keyring::fake::Fake;
use crate::migration::Backend;
use crate::{KeySource, Presence};

struct Scratch {
    directory: tempfile::TempDir,
    fake: Fake,
    instance: InstanceId,
}

const ENTRIES: [&str; 3] = ["auth", "user_auth", "other"];

impl Scratch {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            fake: Fake::new(),
            instance: "gateway".parse().unwrap(),
        }
    }

    fn files(&self) -> AgeFiles {
        AgeFiles::new(&self.directory.path().join("root")).unwrap()
    }

    /// A store of another process, with the keyring `fake`.
    fn over(&self, fake: &Fake) -> Selection {
        Selection::new(self.files(), Some(fake.keyring()), None)
    }

    fn both(&self) -> Selection {
        self.over(&self.fake)
    }

    /// A store that must not call the keyring.
    fn files_alone(&self) -> Selection {
        Selection::new(self.files(), None, Some(FileReason::DisabledByCaller))
    }

    fn save(&self, store: &Selection, entry: &str, value: &str) -> Result<Revision, Error> {
        let entry = entry.parse().unwrap();
        store.save(self.place(&entry), &bytes(value), Precondition::Any)
    }

    fn load(&self, store: &Selection, entry: &str) -> Result<Option<String>, Error> {
        let entry = entry.parse().unwrap();
        let stored = store.load(self.place(&entry))?;
        Ok(stored.map(|stored| String::from_utf8(stored.value.expose().to_vec()).unwrap()))
    }

    fn place<'a>(&'a self, entry: &'a EntryName) -> Place<'a> {
        Place {
            instance: &self.instance,
            entry,
        }
    }

    fn record(&self) -> String {
        let path = self.directory.path().join("root/gateway/backend");
        std::fs::read_to_string(path).unwrap_or_default()
    }

    fn in_files(&self) -> BTreeSet<EntryName> {
        self.files().list(&self.instance).unwrap()
    }

    fn in_keyring(&self) -> BTreeSet<EntryName> {
        self.fake.keyring().list(&self.instance).unwrap()
    }

    fn fill(&self, store: &Selection) {
        for entry in ENTRIES {
            self.save(store, entry, entry).unwrap();
        }
    }

    fn expect_all(&self, context: &str) {
        let store = self.both();
        for entry in ENTRIES {
            let found = self.load(&store, entry);
            assert_eq!(found.unwrap().as_deref(), Some(entry), "{context}");
        }
        assert_eq!(store.list(&self.instance).unwrap(), all(), "{context}");
    }
}

fn bytes(text: &str) -> SecretBytes {
    SecretBytes::from(text.as_bytes().to_vec())
}

fn all() -> BTreeSet<EntryName> {
    ENTRIES.iter().map(|name| name.parse().unwrap()).collect()
}

#[test]
fn an_instance_moves_to_files_and_back() {
    let scratch = Scratch::new();
    let store = scratch.both();
    scratch.fill(&store);
    assert_eq!(
        (scratch.in_keyring(), scratch.record()),
        (all(), "keyring\n".to_owned())
    );
    let auth = EntryName::machine_token();
    let before = store.load(scratch.place(&auth)).unwrap().unwrap();

    let migration = store.migrate(&scratch.instance, Backend::Files).unwrap();
    assert_eq!((migration.moved, migration.kept), (3, 0));
    scratch.expect_all("in files");
    assert_eq!(
        (scratch.in_files(), scratch.record()),
        (all(), "file\n".to_owned())
    );
    assert!(scratch.in_keyring().is_empty());
    assert_eq!(store.load(scratch.place(&auth)).unwrap().unwrap(), before);

    let again = store.migrate(&scratch.instance, Backend::Files).unwrap();
    assert_eq!((again.moved, again.kept), (0, 3));

    let migration = store.migrate(&scratch.instance, Backend::Keyring).unwrap();
    assert_eq!((migration.moved, migration.kept), (3, 0));
    scratch.expect_all("in the keyring");
    assert_eq!(
        (scratch.in_keyring(), scratch.record()),
        (all(), "keyring\n".to_owned())
    );
    assert!(scratch.in_files().is_empty());
    assert_eq!(store.load(scratch.place(&auth)).unwrap().unwrap(), before);
    let again = store.migrate(&scratch.instance, Backend::Keyring).unwrap();
    assert_eq!((again.moved, again.kept), (0, 3));
}

/// Moves to `target` with a keyring that dies after each number of calls, until one number is enough.
fn interrupted_everywhere(target: Backend) {
    for calls in 0.. {
        let scratch = Scratch::new();
        scratch.fill(&scratch.both());
        if target == Backend::Keyring {
            scratch
                .both()
                .migrate(&scratch.instance, Backend::Files)
                .unwrap();
        }
        let dying = scratch.over(&scratch.fake.dying_after(calls));
        let migrated = dying.migrate(&scratch.instance, target);
        let context = format!(
            "{target:?}, dead after {calls} calls: {:?}",
            scratch.record()
        );
        scratch.expect_all(&context);
        for entry in scratch.in_files().intersection(&scratch.in_keyring()) {
            let copies = [
                scratch.files().load(scratch.place(entry)).unwrap(),
                scratch.fake.keyring().load(scratch.place(entry)).unwrap(),
            ];
            assert_eq!(copies[0], copies[1], "{context}: two copies are equal");
        }
        if migrated.is_ok() {
            println!("{target:?}: interrupted at {calls} points");
            assert!(calls > 8);
            return;
        }
        match calls % 3 {
            // What is saved on the way is not replaced by what moves after it.
            0 => {
                scratch.save(&scratch.both(), "auth", "newer").unwrap();
                scratch.both().migrate(&scratch.instance, target).unwrap();
                let found = scratch.load(&scratch.both(), "auth").unwrap();
                assert_eq!(found.unwrap(), "newer", "{context}");
                scratch.save(&scratch.both(), "auth", "auth").unwrap();
            }
            // It may go on, or turn back.
            1 => drop(scratch.both().migrate(&scratch.instance, target).unwrap()),
            _ => {
                let back = match target {
                    Backend::Files => Backend::Keyring,
                    Backend::Keyring => Backend::Files,
                };
                scratch.both().migrate(&scratch.instance, back).unwrap();
                scratch.expect_all(&context);
                scratch.both().migrate(&scratch.instance, target).unwrap();
            }
        }
        scratch.expect_all(&context);
        let (left, record) = match target {
            Backend::Files => (scratch.in_keyring(), "file\n"),
            Backend::Keyring => (scratch.in_files(), "keyring\n"),
        };
        assert!(left.is_empty(), "{context}: {left:?}");
        assert_eq!(scratch.record(), record, "{context}");
    }
}

#[test]
fn a_move_to_files_may_be_interrupted_anywhere() {
    interrupted_everywhere(Backend::Files);
}

#[test]
fn a_move_to_the_keyring_may_be_interrupted_anywhere() {
    interrupted_everywhere(Backend::Keyring);
}

#[test]
fn loads_beside_moves_never_fail() {
    let scratch = Scratch::new();
    scratch.fill(&scratch.both());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = StopWhenDropped(&stop);
        scope.spawn(|| {
            let store = scratch.both();
            while !stop.load(Ordering::Relaxed) {
                store.migrate(&scratch.instance, Backend::Files).unwrap();
                store.migrate(&scratch.instance, Backend::Keyring).unwrap();
            }
        });
        let store = scratch.both();
        for round in 0..150 {
            for entry in ENTRIES {
                let found = scratch.load(&store, entry);
                assert!(
                    matches!(&found, Ok(Some(value)) if value == entry),
                    "{entry} in round {round}: {found:?}"
                );
            }
            assert_eq!(store.list(&scratch.instance).unwrap(), all());
        }
    });
}

/// Ends the other thread, also if this one panics.
struct StopWhenDropped<'a>(&'a AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn of_two_copies_the_newer_counts_wherever_it_is() {
    for record in [
        "keyring\n",
        "file, formerly keyring\n",
        "keyring, formerly file\n",
    ] {
        for file_is_newer in [false, true] {
            let scratch = Scratch::new();
            scratch
                .save(&scratch.both(), "auth", "in the keyring")
                .unwrap();
            let auth = EntryName::machine_token();
            let kept = scratch.fake.keyring().load(scratch.place(&auth));
            let kept = kept.unwrap().unwrap();
            let files = scratch.files();
            let locked = files.lock(&scratch.instance).unwrap();
            // As after a crash between the write of one copy and the removal of the other.
            let generation = if file_is_newer {
                kept.generation.successor()
            } else {
                Generation::UNNUMBERED.successor()
            };
            let stored = Stored::of(bytes("in a file"), generation);
            files.write(&locked, scratch.place(&auth), &stored).unwrap();
            locked.write_choice(record.as_bytes()).unwrap();
            drop(locked);

            let expected = if file_is_newer {
                "in a file"
            } else {
                "in the keyring"
            };
            let context = format!("{record:?} {file_is_newer}");
            let found = scratch.load(&scratch.both(), "auth").unwrap();
            assert_eq!(found.as_deref(), Some(expected), "{context}");
            let unchanged = |revision| {
                scratch.both().save(
                    scratch.place(&auth),
                    &bytes("later"),
                    Precondition::Unchanged(revision),
                )
            };
            let older = if file_is_newer { &kept } else { &stored };
            let newer = if file_is_newer { &stored } else { &kept };
            let error = unchanged(older.revision).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict, "{context}");
            unchanged(newer.revision).unwrap();
            let found = scratch.load(&scratch.both(), "auth").unwrap();
            assert_eq!(found.as_deref(), Some("later"), "{context}");
            assert!(
                scratch.in_files().is_empty() || scratch.in_keyring().is_empty(),
                "{context}: the older copy is gone"
            );
        }
    }
}

#[test]
fn a_clear_removes_every_copy() {
    for record in [
        "keyring\n",
        "file\n",
        "file, formerly keyring\n",
        "keyring, formerly file\n",
    ] {
        let scratch = Scratch::new();
        scratch.save(&scratch.both(), "auth", "x").unwrap();
        let auth = EntryName::machine_token();
        let files = scratch.files();
        let locked = files.lock(&scratch.instance).unwrap();
        let stored = Stored::of(bytes("y"), Generation::UNNUMBERED);
        files.write(&locked, scratch.place(&auth), &stored).unwrap();
        locked.write_choice(record.as_bytes()).unwrap();
        drop(locked);
        assert!(scratch.both().clear(scratch.place(&auth)).unwrap());
        assert_eq!(scratch.load(&scratch.both(), "auth").unwrap(), None);
        assert!(scratch.in_files().is_empty() && scratch.in_keyring().is_empty());
    }
}

#[test]
fn a_place_that_cannot_be_asked_is_an_error_and_not_the_older_copy() {
    let scratch = Scratch::new();
    scratch.fill(&scratch.both());
    scratch
        .save(&scratch.files_alone(), "auth", "moved")
        .unwrap();
    assert_eq!(scratch.record(), "file, formerly keyring\n");
    let dead = scratch.over(&scratch.fake.dying_after(0));
    for entry in ENTRIES {
        let error = scratch.load(&dead, entry).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyringUnavailable, "{entry}");
    }
    let error = dead.list(&scratch.instance).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyringUnavailable);
    let error = scratch.files_alone().list(&scratch.instance).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Elsewhere);
    let found = scratch.load(&scratch.both(), "auth").unwrap();
    assert_eq!(found.unwrap(), "moved");
}

#[test]
fn an_instance_that_was_moved_piece_by_piece_settles() {
    let scratch = Scratch::new();
    scratch.fill(&scratch.both());
    scratch.save(&scratch.files_alone(), "auth", "1").unwrap();
    for entry in ENTRIES {
        assert_eq!(scratch.record(), "file, formerly keyring\n");
        scratch.save(&scratch.both(), entry, "2").unwrap();
    }
    assert_eq!(
        scratch.record(),
        "file\n",
        "the keyring holds nothing of it any more"
    );
    assert_eq!(scratch.in_files(), all());
}

#[test]
fn a_stale_copy_in_the_keyring_stops_a_move_there() {
    let scratch = Scratch::new();
    scratch
        .save(&scratch.both(), "auth", "of another root")
        .unwrap();
    scratch
        .both()
        .migrate(&scratch.instance, Backend::Files)
        .unwrap();
    scratch.fake.put("gateway/user_auth", b"of another root");
    let error = scratch
        .both()
        .migrate(&scratch.instance, Backend::Keyring)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("user_auth"), "{error}");
    assert_eq!(scratch.record(), "file\n");
    let user = EntryName::user_token();
    scratch.both().clear(scratch.place(&user)).unwrap();
    scratch
        .both()
        .migrate(&scratch.instance, Backend::Keyring)
        .unwrap();
    assert_eq!(scratch.in_keyring().len(), 1);
}

#[test]
fn where_files_are_demanded_nothing_moves_to_the_keyring() {
    let scratch = Scratch::new();
    let key = "AGE-SECRET-KEY-1HU4JNCH26ZV0VU7Y2AP59UZLY9MUD2V5JPEU78L88AUEK8HWN0QQXSL2TR".into();
    let key = CommonKey::parse(&key, KeySource::Environment).unwrap();
    let sealed = Selection::new(
        scratch.files().with_common_key(Some(key)),
        Some(scratch.fake.keyring()),
        Some(FileReason::KeyInEnvironment),
    );
    scratch.fill(&scratch.both());
    // The key is set to move away from the keyring.
    let migration = sealed.migrate(&scratch.instance, Backend::Files).unwrap();
    assert_eq!(migration.moved, 3);
    for entry in ENTRIES {
        assert_eq!(scratch.load(&sealed, entry).unwrap().unwrap(), entry);
    }
    for store in [&sealed, &scratch.files_alone()] {
        let error = store
            .migrate(&scratch.instance, Backend::Keyring)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Elsewhere);
    }
    assert!(scratch.in_keyring().is_empty());
}

#[test]
fn a_keyring_that_forgets_is_not_chosen() {
    let scratch = Scratch::new();
    let store = scratch.over(&scratch.fake.forgetful());
    let auth = EntryName::machine_token();
    let description = store.describe(scratch.place(&auth)).unwrap();
    assert!(description.note.unwrap().contains("forgets"));
    scratch.save(&store, "auth", "x").unwrap();
    assert_eq!(scratch.record(), "file\n");
    assert!(scratch.in_keyring().is_empty());
    let error = store
        .migrate(&scratch.instance, Backend::Keyring)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyringUnavailable);
    let description = store.describe(scratch.place(&auth)).unwrap();
    assert_eq!(description.presence, Presence::Present);
    assert_eq!(scratch.load(&store, "auth").unwrap().unwrap(), "x");
}

#[test]
fn the_shared_secret_of_the_earlier_sdk_moves_when_asked_to() {
    let scratch = Scratch::new();
    let store = scratch.both();
    let auth = EntryName::machine_token();
    assert!(!store.take_over_shared(scratch.place(&auth)).unwrap());
    for calls in 0.. {
        scratch.fake.put("runbeam/auth.json", b"shared");
        let dying = scratch.over(&scratch.fake.dying_after(calls));
        let moved = dying.take_over_shared(scratch.place(&auth));
        if moved.is_ok() {
            break;
        }
    }
    assert_eq!(scratch.load(&store, "auth").unwrap().unwrap(), "shared");
    assert!(
        !scratch
            .fake
            .accounts()
            .contains(&"runbeam/auth.json".to_owned())
    );

    scratch.fake.put("runbeam/auth.json", b"another");
    let error = store.take_over_shared(scratch.place(&auth)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(scratch.load(&store, "auth").unwrap().unwrap(), "shared");
    let runbeam: InstanceId = "runbeam".parse().unwrap();
    assert!(scratch.fake.keyring().list(&runbeam).unwrap().is_empty());
}

#[test]
fn a_rotation_tells_what_has_no_key() {
    let scratch = Scratch::new();
    scratch.fill(&scratch.both());
    let rotation = scratch.both().rotate(&scratch.instance).unwrap();
    assert!(rotation.in_keyring);
    assert_eq!(rotation.resealed, 0);
    scratch
        .both()
        .migrate(&scratch.instance, Backend::Files)
        .unwrap();
    let rotation = scratch.both().rotate(&scratch.instance).unwrap();
    assert!(!rotation.in_keyring);
    assert_eq!(rotation.resealed, 3);
    scratch.expect_all("after the rotation");
}

#[test]
fn secrets_of_a_directory_that_is_gone_move_too() {
    let scratch = Scratch::new();
    scratch.fill(&scratch.both());
    std::fs::remove_dir_all(scratch.directory.path().join("root")).unwrap();
    let migration = scratch
        .both()
        .migrate(&scratch.instance, Backend::Files)
        .unwrap();
    assert_eq!(migration.moved, 3);
    scratch.expect_all("from the keyring alone");
    assert!(scratch.in_keyring().is_empty());
}
