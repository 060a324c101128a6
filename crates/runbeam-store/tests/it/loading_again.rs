//! What was loaded once is loaded again without reading it, unless anything changed.

use std::os::unix::fs::symlink;
use std::time::Duration;

use runbeam_store::{ErrorKind, SecretStore, Store};

use crate::scratch::{
    Scratch, auth, clear, gateway, load, save, set_mode, wait, write, write_private,
};

/// After which a file counts as settled, and some more.
const SETTLED: Duration = Duration::from_millis(150);

fn store(scratch: &Scratch) -> Store {
    scratch.builder().without_keyring().build().unwrap()
}

/// A store that has loaded `value` and holds a copy of it, as the tests of `AgeFiles` show.
fn with_copy(scratch: &Scratch, value: &str) -> Store {
    let store = store(scratch);
    save(&store, value).unwrap();
    std::thread::sleep(SETTLED);
    assert_eq!(load(&store).unwrap().unwrap(), value);
    assert!(loads_at_once(&store));
    store
}

/// Whether a load is ready when it is polled for the first time, without a thread that reads.
fn loads_at_once(store: &impl SecretStore) -> bool {
    wait(async {
        let (instance, entry) = (gateway(), auth());
        let mut load = std::pin::pin!(store.load(&instance, &entry));
        let first = std::future::poll_fn(|context| {
            std::task::Poll::Ready(load.as_mut().poll(context).is_ready())
        })
        .await;
        if !first {
            load.await.map(drop).unwrap_or_default();
        }
        first
    })
}

#[test]
fn an_unchanged_secret_is_there_at_once() {
    let scratch = Scratch::new();
    let store = with_copy(&scratch, "x");
    for _ in 0..100 {
        assert!(loads_at_once(&store));
        assert_eq!(load(&store.clone()).unwrap().unwrap(), "x");
    }
}

#[test]
fn a_change_by_another_store_is_seen_at_once() {
    let scratch = Scratch::new();
    let store = with_copy(&scratch, "first");
    let other = self::store(&scratch);
    for number in 0..200 {
        let value = format!("{number:05}");
        save(&other, &value).unwrap();
        assert_eq!(load(&store).unwrap().unwrap(), value);
    }
    assert!(clear(&other).unwrap());
    assert_eq!(load(&store).unwrap(), None);
}

#[test]
fn a_file_that_is_changed_in_place_is_read_again() {
    let scratch = Scratch::new();
    let store = with_copy(&scratch, "x");
    let path = scratch.file("auth.json");
    let sealed = std::fs::read(&path).unwrap();
    let mut broken = sealed.clone();
    *broken.last_mut().unwrap() ^= 1;
    // The same file, length and time of modification.
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    let write_in_place = |content: &[u8]| {
        let mut file = std::fs::File::options().write(true).open(&path).unwrap();
        std::io::Write::write_all(&mut file, content).unwrap();
        file.set_modified(modified).unwrap();
    };
    write_in_place(&broken);
    assert_eq!(load(&store).unwrap_err().kind(), ErrorKind::Damaged);
    write_in_place(&sealed);
    assert_eq!(load(&store).unwrap().unwrap(), "x");
}

/// Every refusal of a load holds for what was loaded before.
fn check(kind: ErrorKind, change: impl FnOnce(&Scratch)) {
    let scratch = Scratch::new();
    let store = with_copy(&scratch, "x");
    change(&scratch);
    assert_eq!(load(&store).unwrap_err().kind(), kind);
    assert_eq!(load(&self::store(&scratch)).unwrap_err().kind(), kind);
}

#[test]
fn what_would_be_refused_is_refused() {
    check(ErrorKind::Permissions, |scratch| {
        set_mode(scratch.file("auth.json"), 0o640);
    });
    check(ErrorKind::Permissions, |scratch| {
        set_mode(scratch.file(""), 0o770);
    });
    check(ErrorKind::Permissions, |scratch| {
        set_mode(scratch.root(), 0o777);
    });
    check(ErrorKind::Permissions, |scratch| {
        set_mode(scratch.file("encryption.key"), 0o644);
    });
    check(ErrorKind::Permissions, |scratch| {
        let moved = scratch.path().join("moved");
        std::fs::rename(scratch.file("auth.json"), &moved).unwrap();
        symlink(moved, scratch.file("auth.json")).unwrap();
    });
    check(ErrorKind::Permissions, |scratch| {
        let moved = scratch.path().join("moved");
        std::fs::rename(scratch.file(""), &moved).unwrap();
        symlink(moved, scratch.root().join("gateway")).unwrap();
    });
    check(ErrorKind::EncryptionKey, |scratch| {
        std::fs::remove_file(scratch.file("encryption.key")).unwrap();
    });
    check(ErrorKind::Elsewhere, |scratch| {
        std::fs::remove_file(scratch.file("auth.json")).unwrap();
        write_private(scratch.file("backend"), "keyring\n");
    });
    check(ErrorKind::Damaged, |scratch| {
        write_private(scratch.file("backend"), "floppy\n");
    });
}

#[test]
fn a_file_of_the_earlier_sdk_gives_way_to_ours() {
    let scratch = Scratch::new();
    save(&scratch.files(), "former").unwrap();
    let former = std::fs::read(scratch.file("auth.json")).unwrap();
    clear(&scratch.files()).unwrap();
    write(scratch.file("runbeam/auth.json"), former);
    set_mode(scratch.file("runbeam"), 0o755);
    std::thread::sleep(SETTLED);
    let store = scratch.files();
    assert_eq!(load(&store).unwrap().unwrap(), "former");
    assert!(loads_at_once(&store));
    save(&scratch.files(), "ours").unwrap();
    assert_eq!(load(&store).unwrap().unwrap(), "ours");
}
