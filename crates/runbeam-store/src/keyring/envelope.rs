//! What stands in the keyring: a line that names the entry and its generation, then the secret.
//!
//! ```text
//! <instance>/<entry>      runbeam-entry <instance> <entry> <generation>⏎ and the secret
//! ```
//!
//! or, if the keyring does not hold that much in one value:
//!
//! ```text
//! <instance>/<entry>      runbeam-entry <instance> <entry> <generation> parts <slot> <count>⏎
//! <instance>/<entry>/a0   runbeam-part <generation>⏎ and the first part of it
//! <instance>/<entry>/a1   …
//! ```
//!
//! The parts stand in one of two slots, `a` and `b`. A save writes those of the slot that is not in use, and then the value
//! of the entry itself in one step. So whoever reads finds the former secret or the new one.

use runbeam_model::SecretBytes;

use crate::generation::Generation;
use crate::seal::{PLACE_TAG, Place};
use crate::{Error, ErrorKind, Stored};

const PART_TAG: &str = "runbeam-part";

/// The value of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    Whole(Stored),
    Parts(Parts),
}

/// Where the parts of a secret are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) generation: Generation,
    pub(super) slot: Slot,
    pub(super) count: usize,
}

/// One of the two places for parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    A,
    B,
}

/// More parts are never written: the largest secret, in parts of 128 bytes.
pub(super) const MOST_PARTS: usize = 512;

impl Slot {
    pub(super) const ALL: [Self; 2] = [Self::A, Self::B];

    pub(super) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.as_str() == text)
    }
}

impl Envelope {
    pub(super) fn generation(&self) -> Generation {
        match self {
            Self::Whole(stored) => stored.generation,
            Self::Parts(parts) => parts.generation,
        }
    }

    /// Reads the value of an entry. One without the line was put there by somebody else, and is the secret itself.
    pub(super) fn parse(value: SecretBytes, place: Place<'_>) -> Result<Self, Error> {
        let Some((line, secret)) = split_line(value.expose(), PLACE_TAG) else {
            return Ok(Self::Whole(Stored::of(value, Generation::UNNUMBERED)));
        };
        let words: Vec<&str> = line.split(' ').collect();
        let [instance, entry, generation, rest @ ..] = &*words else {
            return Err(unreadable(place));
        };
        if *instance != place.instance.as_str() || *entry != place.entry.as_str() {
            return Err(Error::new(
                ErrorKind::Misplaced,
                format!(
                    "the keyring holds the secret of another entry in place of entry `{}` of instance `{}`; save it again",
                    place.entry, place.instance
                ),
            ));
        }
        let generation = Generation::parse(generation).ok_or_else(|| unreadable(place))?;
        match rest {
            [] => {
                let secret = SecretBytes::from(secret.to_vec());
                Ok(Self::Whole(Stored::of(secret, generation)))
            }
            ["parts", slot, count] => Slot::parse(slot)
                .zip(count.parse().ok().filter(|count| *count <= MOST_PARTS))
                .map(|(slot, count)| {
                    Self::Parts(Parts {
                        generation,
                        slot,
                        count,
                    })
                })
                .ok_or_else(|| unreadable(place)),
            _ => Err(unreadable(place)),
        }
    }
}

/// The value of an entry that holds the secret itself.
pub(super) fn whole(place: Place<'_>, stored: &Stored) -> SecretBytes {
    let line = format!("{}\n", line_of(place, stored.generation));
    joined(&line, stored.value.expose())
}

/// The value of an entry whose secret is in parts.
pub(super) fn in_parts(place: Place<'_>, parts: Parts) -> SecretBytes {
    let Parts {
        generation,
        slot,
        count,
    } = parts;
    let line = line_of(place, generation);
    joined(&format!("{line} parts {} {count}\n", slot.as_str()), b"")
}

/// The value of a part.
pub(super) fn part(generation: Generation, secret: &[u8]) -> SecretBytes {
    joined(&part_line(generation), secret)
}

/// How much of a secret fits into a part of at most `limit` bytes.
pub(super) fn room_in_part(generation: Generation, limit: usize) -> usize {
    limit.saturating_sub(part_line(generation).len())
}

/// The secret of a part, if it is one of `generation`.
pub(super) fn secret_of_part(value: &SecretBytes, generation: Generation) -> Option<&[u8]> {
    let (line, secret) = split_line(value.expose(), PART_TAG)?;
    (Generation::parse(line) == Some(generation)).then_some(secret)
}

pub(super) fn account(place: Place<'_>) -> String {
    format!("{}/{}", place.instance, place.entry)
}

pub(super) fn account_of_part(place: Place<'_>, slot: Slot, index: usize) -> String {
    format!("{}/{}{index}", account(place), slot.as_str())
}

fn line_of(place: Place<'_>, generation: Generation) -> String {
    format!(
        "{PLACE_TAG} {} {} {generation}",
        place.instance, place.entry
    )
}

fn part_line(generation: Generation) -> String {
    format!("{PART_TAG} {generation}\n")
}

fn joined(line: &str, secret: &[u8]) -> SecretBytes {
    let mut value = SecretBytes::with_capacity(line.len() + secret.len());
    value.extend_from_slice(line.as_bytes());
    value.extend_from_slice(secret);
    value
}

/// The rest of the first line, which begins with `tag`, and what follows it.
fn split_line<'v>(value: &'v [u8], tag: &str) -> Option<(&'v str, &'v [u8])> {
    let rest = value.strip_prefix(tag.as_bytes())?.strip_prefix(b" ")?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&rest[..end]).ok()?, &rest[end + 1..]))
}

fn unreadable(place: Place<'_>) -> Error {
    Error::new(
        ErrorKind::Damaged,
        format!(
            "the keyring holds something that no store of this version wrote for entry `{}` of instance `{}`; \
             save the secret again",
            place.entry, place.instance
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EntryName, InstanceId};

    fn with_place(check: impl FnOnce(Place<'_>)) {
        let (instance, entry): (InstanceId, EntryName) =
            ("gateway".parse().unwrap(), "auth".parse().unwrap());
        check(Place {
            instance: &instance,
            entry: &entry,
        });
    }

    fn stored(secret: &[u8]) -> Stored {
        let generation = Generation::parse("17").unwrap();
        Stored::of(SecretBytes::from(secret.to_vec()), generation)
    }

    #[test]
    fn what_is_written_is_read() {
        with_place(|place| {
            for secret in [&b"mt_1"[..], b"", b"a\nb\n", b"\0\xff"] {
                let value = whole(place, &stored(secret));
                assert!(value.expose().ends_with(secret));
                let read = Envelope::parse(value, place).unwrap();
                assert_eq!(read, Envelope::Whole(stored(secret)));
            }
            let parts = Parts {
                generation: Generation::parse("17").unwrap(),
                slot: Slot::B,
                count: 3,
            };
            let value = in_parts(place, parts);
            assert_eq!(value.expose(), b"runbeam-entry gateway auth 17 parts b 3\n");
            let read = Envelope::parse(value, place).unwrap();
            assert_eq!(read, Envelope::Parts(parts));
        });
    }

    #[test]
    fn a_value_of_others_is_the_secret_itself() {
        with_place(|place| {
            for secret in [&b"{\"machine_token\": 1}"[..], b"", b"runbeam-entry"] {
                let read = Envelope::parse(SecretBytes::from(secret.to_vec()), place).unwrap();
                let Envelope::Whole(stored) = read else {
                    panic!("{read:?}")
                };
                assert_eq!(stored.value.expose(), secret);
                assert_eq!(stored.generation, Generation::UNNUMBERED);
            }
        });
    }

    #[test]
    fn what_was_exchanged_or_changed_is_told() {
        let check = |value: &str, kind| {
            with_place(|place| {
                let error = Envelope::parse(SecretBytes::from(value.as_bytes().to_vec()), place)
                    .unwrap_err();
                assert_eq!(error.kind(), kind, "{value:?}");
                assert!(!error.to_string().contains("canary"), "{error}");
            });
        };
        check(
            "runbeam-entry gateway2 auth 1\ncanary",
            ErrorKind::Misplaced,
        );
        check(
            "runbeam-entry gateway user_auth 1\ncanary",
            ErrorKind::Misplaced,
        );
        check("runbeam-entry gateway\ncanary", ErrorKind::Damaged);
        check("runbeam-entry gateway auth x\ncanary", ErrorKind::Damaged);
        check("runbeam-entry gateway auth 1 2\ncanary", ErrorKind::Damaged);
        check(
            "runbeam-entry gateway auth 1 parts c 2\n",
            ErrorKind::Damaged,
        );
        check(
            "runbeam-entry gateway auth 1 parts a 9999\n",
            ErrorKind::Damaged,
        );
    }
}
