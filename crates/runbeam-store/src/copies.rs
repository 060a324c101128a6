//! Copies of secrets in this process, each good for as long as the files that it was read from stand unchanged.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use runbeam_model::{Clock, SystemClock, Timestamp};

use crate::directory::Witness;
use crate::generation::Generation;
use crate::seal::Place;
use crate::{EntryName, InstanceId, Stored};

/// What a store knows of the entries that it used last.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    slots: Mutex<Slots>,
}

/// How many entries are known. A gateway uses one or two.
const MOST_ENTRIES: usize = 64;

#[derive(Debug, Default)]
struct Slots {
    slots: Vec<Slot>,
    uses: u64,
}

#[derive(Debug)]
struct Slot {
    instance: InstanceId,
    entry: EntryName,
    /// The newest generation that was seen: an older one in its place was put back.
    newest: Generation,
    copy: Option<Arc<Copy>>,
    last_use: u64,
}

/// `Stored` zeroizes its value when the last reader is done with it.
#[derive(Debug)]
struct Copy {
    stored: Stored,
    witnesses: Vec<Witness>,
}

/// What was seen while a secret was read, so that its copy can be trusted later. `None` of a witness: it cannot.
#[derive(Debug)]
pub(crate) struct Evidence {
    witnesses: Option<Vec<Witness>>,
    since_1970: Duration,
}

impl Evidence {
    /// Nothing is read yet.
    pub(crate) fn from_now() -> Self {
        Self::at(system_time())
    }

    /// Nothing is read yet, at the time `since_1970` of the system.
    fn at(since_1970: Duration) -> Self {
        Self {
            witnesses: Some(Vec::new()),
            since_1970,
        }
    }

    fn add(&mut self, witness: Option<Witness>) {
        match (&mut self.witnesses, witness) {
            (Some(witnesses), Some(witness)) if witness.was_settled(self.since_1970) => {
                witnesses.push(witness);
            }
            (witnesses, _) => *witnesses = None,
        }
    }

    pub(crate) fn add_all(&mut self, witnesses: impl IntoIterator<Item = Option<Witness>>) {
        for witness in witnesses {
            self.add(witness);
        }
    }

    pub(crate) fn with_all(mut self, witnesses: impl IntoIterator<Item = Option<Witness>>) -> Self {
        self.add_all(witnesses);
        self
    }
}

/// The time since 1970 by the clock of the system, to be compared with times that the file system took from it.
pub(crate) fn system_time() -> Duration {
    SystemClock
        .now()
        .saturating_duration_since(Timestamp::UNIX_EPOCH)
}

impl Copies {
    /// The copy of a secret, if every file that it came from is unchanged. This looks at each of them with one system
    /// call, and does nothing else that could block.
    pub(crate) fn unchanged(&self, place: Place<'_>) -> Option<Stored> {
        let copy = self.slots().find(place)?.copy.clone()?;
        if copy.witnesses.iter().all(Witness::holds) {
            return Some(copy.stored.clone());
        }
        self.drop_copy(place);
        None
    }

    /// The newest generation of an entry that was seen.
    pub(crate) fn newest(&self, place: Place<'_>) -> Generation {
        self.slots()
            .find(place)
            .map_or(Generation::UNNUMBERED, |slot| slot.newest)
    }

    /// Notes what was read, and keeps a copy of it if the evidence allows.
    pub(crate) fn note_load(&self, place: Place<'_>, stored: &Stored, evidence: Evidence) {
        let copy = evidence.witnesses.map(|witnesses| {
            Arc::new(Copy {
                stored: stored.clone(),
                witnesses,
            })
        });
        let mut slots = self.slots();
        let slot = slots.find_or_add(place);
        slot.newest = slot.newest.max(stored.generation);
        slot.copy = copy;
    }

    /// Notes that `generation` was written.
    pub(crate) fn note_save(&self, place: Place<'_>, generation: Generation) {
        let mut slots = self.slots();
        let slot = slots.find_or_add(place);
        slot.newest = slot.newest.max(generation);
        slot.copy = None;
    }

    /// Forgets all about an entry: it was cleared.
    pub(crate) fn forget(&self, place: Place<'_>) {
        self.slots().slots.retain(|slot| !slot.is_of(place));
    }

    fn drop_copy(&self, place: Place<'_>) {
        if let Some(slot) = self.slots().find(place) {
            slot.copy = None;
        }
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        // The slots are whole between their calls, whatever panicked.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn find(&mut self, place: Place<'_>) -> Option<&mut Slot> {
        self.uses += 1;
        let slot = self.slots.iter_mut().find(|slot| slot.is_of(place))?;
        slot.last_use = self.uses;
        Some(slot)
    }

    fn find_or_add(&mut self, place: Place<'_>) -> &mut Slot {
        self.uses += 1;
        let index = match self.slots.iter().position(|slot| slot.is_of(place)) {
            Some(index) => index,
            None => {
                let new = Slot {
                    instance: place.instance.clone(),
                    entry: place.entry.clone(),
                    newest: Generation::UNNUMBERED,
                    copy: None,
                    last_use: self.uses,
                };
                self.put(new)
            }
        };
        let slot = &mut self.slots[index];
        slot.last_use = self.uses;
        slot
    }

    /// Puts it in the place of the one that was not used for the longest time, if there are too many.
    fn put(&mut self, new: Slot) -> usize {
        let longest_unused = (self.slots.len() >= MOST_ENTRIES)
            .then(|| (0..self.slots.len()).min_by_key(|index| self.slots[*index].last_use))
            .flatten();
        match longest_unused {
            Some(index) => {
                self.slots[index] = new;
                index
            }
            None => {
                self.slots.push(new);
                self.slots.len() - 1
            }
        }
    }
}

impl Slot {
    fn is_of(&self, place: Place<'_>) -> bool {
        self.entry == *place.entry && self.instance == *place.instance
    }
}

#[cfg(test)]
mod tests {
    use runbeam_model::SecretBytes;

    use super::*;

    fn note(copies: &Copies, entry: &EntryName, generation: &str) {
        let instance = "gateway".parse().unwrap();
        let place = Place {
            instance: &instance,
            entry,
        };
        let generation = Generation::parse(generation).unwrap();
        let stored = Stored::of(SecretBytes::from(b"x".to_vec()), generation);
        copies.note_load(place, &stored, Evidence::at(Duration::ZERO));
    }

    #[test]
    fn the_entries_that_were_used_last_are_known() {
        let copies = Copies::default();
        let entries: Vec<EntryName> = (0..=MOST_ENTRIES)
            .map(|number| format!("entry-{number}").parse().unwrap())
            .collect();
        for entry in &entries {
            note(&copies, entry, "7");
            // The first one stays in use.
            note(&copies, &entries[0], "9");
            note(&copies, &entries[0], "8");
        }
        let instance: InstanceId = "gateway".parse().unwrap();
        let known = |entry: &EntryName| {
            let place = Place {
                instance: &instance,
                entry,
            };
            copies.newest(place).to_string()
        };
        assert_eq!(copies.slots().slots.len(), MOST_ENTRIES);
        assert_eq!(known(&entries[0]), "9", "the newest one counts");
        assert_eq!(known(&entries[1]), "0", "it gave way");
        assert_eq!(known(&entries[MOST_ENTRIES]), "7");
    }
}
