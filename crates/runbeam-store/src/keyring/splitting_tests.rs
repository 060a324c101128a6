//! Secrets that do not fit into one value of the keyring.

use std::sync::atomic::{AtomicBool, Ordering};

use super::fake::Fake;
use super::*;
use crate::ErrorKind;

/// As on Windows.
const LIMIT: usize = 2_560;

fn small() -> Fake {
    Fake::holding_at_most(LIMIT)
}

fn value(byte: u8, len: usize) -> SecretBytes {
    SecretBytes::from(vec![byte; len])
}

struct Subject {
    instance: InstanceId,
    entry: EntryName,
}

impl Subject {
    fn new() -> Self {
        Self {
            instance: "gateway".parse().unwrap(),
            entry: EntryName::machine_token(),
        }
    }

    fn save(&self, fake: &Fake, value: &SecretBytes) -> Result<Revision, Error> {
        fake.keyring().save(self.place(), value, Precondition::Any)
    }

    fn load(&self, fake: &Fake) -> Option<SecretBytes> {
        let stored = fake.keyring().load(self.place()).unwrap();
        stored.map(|stored| stored.value)
    }

    fn place(&self) -> Place<'_> {
        Place {
            instance: &self.instance,
            entry: &self.entry,
        }
    }
}

#[test]
fn the_largest_secret_fits_on_windows() {
    let (fake, subject) = (small(), Subject::new());
    for len in [0, 1, 2_400, 2_560, 8 * 1024, crate::MAX_SECRET_LEN] {
        subject.save(&fake, &value(b'x', len)).unwrap();
        assert_eq!(subject.load(&fake).unwrap().len(), len);
        assert_eq!(
            fake.keyring().list(&subject.instance).unwrap().len(),
            1,
            "parts are no entries"
        );
    }
    assert!(fake.accounts().len() > 20);
    subject.save(&fake, &value(b'y', 10)).unwrap();
    assert_eq!(fake.accounts(), ["gateway/auth"], "former parts are gone");
}

#[test]
fn what_fits_is_not_split() {
    let (fake, subject) = (Fake::new(), Subject::new());
    subject.save(&fake, &value(b'x', 8 * 1024)).unwrap();
    assert_eq!(fake.accounts(), ["gateway/auth"]);
}

#[test]
fn wherever_a_writer_dies_the_former_or_the_new_secret_is_there() {
    let subject = Subject::new();
    for (former, new) in [(10, 9_000), (9_000, 9_000), (9_000, 5_000), (9_000, 10)] {
        for calls in 0.. {
            let fake = small();
            subject.save(&fake, &value(b'a', former)).unwrap();
            // Another one died here before.
            let _ = subject.save(&fake.dying_after(3), &value(b'z', 9_000));
            let before = subject.load(&fake).unwrap();
            let saved = subject.save(&fake.dying_after(calls), &value(b'b', new));
            let found = subject.load(&fake).unwrap();
            let is_new = found == value(b'b', new);
            assert!(
                is_new || saved.is_err() && found == before,
                "{former} to {new} bytes, dead after {calls} calls"
            );
            // The next save and the next clear leave nothing behind.
            subject.save(&fake, &value(b'c', 7_000)).unwrap();
            assert_eq!(subject.load(&fake).unwrap(), value(b'c', 7_000));
            assert!(fake.keyring().clear(subject.place()).unwrap());
            assert_eq!(fake.accounts(), Vec::<String>::new());
            if saved.is_ok() && is_new && calls > 40 {
                break;
            }
        }
    }
}

#[test]
fn a_reader_beside_a_writer_sees_whole_secrets() {
    let (fake, subject) = (small(), Subject::new());
    subject.save(&fake, &value(b'a', 9_000)).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = StopWhenDropped(&stop);
        scope.spawn(|| {
            for byte in (b'a'..=b'z').cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let len = if byte % 3 == 0 { 100 } else { 9_000 };
                subject.save(&fake, &value(byte, len)).unwrap();
            }
        });
        for _ in 0..500 {
            let found = subject.load(&fake).unwrap();
            let first = found.expose()[0];
            assert!(found.expose().iter().all(|byte| *byte == first));
        }
    });
}

/// Ends the writer, also if the reader panics.
struct StopWhenDropped<'a>(&'a AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_lost_part_is_damage_and_a_save_heals_it() {
    let (fake, subject) = (small(), Subject::new());
    subject.save(&fake, &value(b'a', 9_000)).unwrap();
    let part = fake
        .accounts()
        .into_iter()
        .find(|account| account.ends_with("/a1"))
        .unwrap();
    fake.put(&part, b"something else");
    let error = fake.keyring().load(subject.place()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    subject.save(&fake, &value(b'b', 9_000)).unwrap();
    assert_eq!(subject.load(&fake).unwrap(), value(b'b', 9_000));
}

#[test]
fn a_keyring_that_holds_nearly_nothing_is_told() {
    let fake = Fake::holding_at_most(100);
    let error = Subject::new()
        .save(&fake, &value(b'a', crate::MAX_SECRET_LEN))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}
