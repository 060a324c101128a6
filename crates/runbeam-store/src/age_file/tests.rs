//! When a copy of a secret is kept.

use std::time::{Duration, Instant};

use runbeam_model::SecretBytes;

use super::*;

/// After which a file counts as settled, and some more.
const SETTLED: Duration = Duration::from_millis(150);

#[test]
fn a_copy_is_kept_of_what_is_settled() {
    let scratch = tempfile::tempdir().unwrap();
    let files = || AgeFiles::new(&scratch.path().join("root")).unwrap();
    let (instance, entry) = ("gateway".parse().unwrap(), EntryName::machine_token());
    let place = Place {
        instance: &instance,
        entry: &entry,
    };
    let value = SecretBytes::from(b"x".to_vec());
    let (store, start) = (files(), Instant::now());
    store.save(place, &value, Precondition::Any).unwrap();
    assert_eq!(store.load(place).unwrap().unwrap().value, value);
    // Within a step of the clock of the file system another write could look the same. On a slow machine the time has
    // passed, and then the copy is good.
    assert!(store.unchanged(place).is_none() || start.elapsed() > Duration::from_millis(90));

    std::thread::sleep(SETTLED);
    assert_eq!(store.load(place).unwrap().unwrap().value, value);
    assert_eq!(store.unchanged(place).unwrap().value, value);

    let other = files();
    assert!(other.unchanged(place).is_none(), "it has no copy yet");
    // What was written a moment ago is in the memory of the system, where the system tells.
    #[cfg(target_os = "linux")]
    if tells_what_is_in_memory(scratch.path()) {
        assert_eq!(other.load_at_once(place).unwrap().value, value);
    }
    other.load(place).unwrap();
    assert_eq!(other.unchanged(place).unwrap().value, value);
}

#[cfg(target_os = "linux")]
fn tells_what_is_in_memory(scratch: &Path) -> bool {
    use rustix::io::{ReadWriteFlags, preadv2};
    let Ok(file) = std::fs::File::open(scratch.join("root/gateway/auth.json")) else {
        return false;
    };
    let mut buffer = [0; 8];
    let mut buffers = [std::io::IoSliceMut::new(&mut buffer)];
    let is_read = preadv2(&file, &mut buffers, 0, ReadWriteFlags::NOWAIT).is_ok();
    is_read && crate::directory::Directory::open(&scratch.join("root"), Wait::Refused).is_ok()
}

#[test]
fn whatever_is_in_the_way_is_left_to_the_thread_that_may_wait() {
    let scratch = tempfile::tempdir().unwrap();
    let files = AgeFiles::new(&scratch.path().join("root")).unwrap();
    let (instance, entry) = ("gateway".parse().unwrap(), EntryName::machine_token());
    let place = Place {
        instance: &instance,
        entry: &entry,
    };
    assert!(files.load_at_once(place).is_none());
    let value = SecretBytes::from(b"x".to_vec());
    files.save(place, &value, Precondition::Any).unwrap();
    std::fs::remove_file(scratch.path().join("root/gateway/encryption.key")).unwrap();
    assert!(files.load_at_once(place).is_none());
    let error = files.load(place).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EncryptionKey);
}
