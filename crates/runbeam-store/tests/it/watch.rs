//! Changes that others make are seen, and a watch ends with its owner.

use std::time::Duration;

use runbeam_store::{MemoryStore, Precondition, SecretStore, Stored};

use crate::scratch::{Scratch, auth, bytes, gateway, save, wait};

/// In which something that must happen has happened.
const LONG: Duration = Duration::from_secs(30);

fn text(stored: Option<Stored>) -> Option<String> {
    stored.map(|stored| String::from_utf8(stored.value.expose().to_vec()).unwrap())
}

#[test]
fn what_another_store_writes_is_seen() {
    let scratch = Scratch::new();
    let watched = scratch
        .builder()
        .without_keyring()
        .with_watch_interval(Duration::from_millis(5))
        .build()
        .unwrap();
    wait(async {
        let (instance, entry) = (gateway(), auth());
        let mut watch = watched.watch(&instance, &entry, None);
        for number in 0..5 {
            let value = bytes(&format!("value {number}"));
            // Written by a process that shares nothing but the directory.
            let other = scratch.files();
            let (seen, saved) = tokio::join!(
                tokio::time::timeout(LONG, watch.next()),
                other.save(&instance, &entry, &value, Precondition::Any),
            );
            saved.unwrap();
            assert_eq!(
                text(seen.unwrap().unwrap()).unwrap(),
                format!("value {number}")
            );
        }
        scratch.files().clear(&instance, &entry).await.unwrap();
        let seen = tokio::time::timeout(LONG, watch.next()).await;
        assert_eq!(text(seen.unwrap().unwrap()), None);
    });
}

#[test]
fn without_a_change_a_watch_waits() {
    let scratch = Scratch::new();
    let memory = MemoryStore::new();
    let files = scratch
        .files()
        .with_watch_interval(Duration::from_millis(2));
    let (in_memory, in_file) = (save(&memory, "x").unwrap(), save(&files, "x").unwrap());
    wait(async {
        let (instance, entry) = (gateway(), auth());
        let short = Duration::from_millis(100);
        let memory = memory.changed(&instance, &entry, Some(in_memory));
        let files = files.changed(&instance, &entry, Some(in_file));
        assert!(tokio::time::timeout(short, memory).await.is_err());
        assert!(tokio::time::timeout(short, files).await.is_err());
    });
}

#[test]
fn a_clone_is_told_at_once() {
    let scratch = Scratch::new();
    let files = scratch.files().with_watch_interval(LONG * 1000);
    wait(async {
        let (instance, entry) = (gateway(), auth());
        let mut watch = files.watch(&instance, &entry, None);
        let (clone, value) = (files.clone(), bytes("x"));
        let (seen, saved) = tokio::join!(
            tokio::time::timeout(LONG, watch.next()),
            clone.save(&instance, &entry, &value, Precondition::Any),
        );
        saved.unwrap();
        assert_eq!(text(seen.unwrap().unwrap()).unwrap(), "x");
    });
}

#[test]
fn an_error_does_not_end_a_watch_or_make_it_spin() {
    let scratch = Scratch::new();
    let files = scratch.files();
    save(&files, "x").unwrap();
    crate::scratch::write_private(scratch.file("auth.json"), "broken");
    wait(async {
        let (instance, entry) = (gateway(), auth());
        let mut watch = files.watch(&instance, &entry, None);
        watch.next().await.unwrap_err();
        let again = tokio::time::timeout(Duration::from_millis(100), watch.next());
        assert!(again.await.is_err(), "the next look comes later");
        let value = bytes("healed");
        let saved = files.save(&instance, &entry, &value, Precondition::Any);
        saved.await.unwrap();
        let seen = tokio::time::timeout(LONG, watch.next()).await.unwrap();
        assert_eq!(text(seen.unwrap()).unwrap(), "healed");
    });
}

#[test]
fn a_thousand_watches_take_no_thread() {
    let scratch = Scratch::new();
    let memory = MemoryStore::new();
    let files = scratch.files();
    save(&files, "x").unwrap();
    wait(async {
        let (instance, entry) = (gateway(), auth());
        let mut watches = tokio::task::JoinSet::new();
        for _ in 0..1000 {
            let memory = memory.clone();
            let (instance, entry) = (instance.clone(), entry.clone());
            watches.spawn(async move {
                let mut watch = memory.watch(&instance, &entry, None);
                watch.next().await.unwrap()
            });
        }
        tokio::task::yield_now().await;
        memory
            .save(&instance, &entry, &bytes("x"), Precondition::Any)
            .await
            .unwrap();
        while let Some(seen) = watches.join_next().await {
            assert_eq!(text(seen.unwrap()).unwrap(), "x");
        }
        #[cfg(target_os = "linux")]
        {
            let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
            assert!(threads < 50, "{threads} threads");
        }
    });
}
