//! Which of the two places, and which of two copies in them, counts.

use std::sync::Arc;

use super::{Demand, Selection, chosen};
use crate::blocking::Blocking;
use crate::choice::{Choice, Record};
use crate::copies::{Evidence, system_time};
use crate::directory::Wait;
use crate::instance_dir::{InstanceDir, LockedInstance};
use crate::keyring::Keyring;
use crate::seal::Place;
use crate::{Error, InstanceId, Stored};

/// What a look into both places found.
pub(super) enum Newest {
    Nothing,
    Found(Stored),
    /// A copy moved from one place to the other between the two looks.
    Moved,
}

impl Selection {
    /// What the record of an instance says.
    pub(super) fn record(&self, dir: &InstanceDir, instance: &InstanceId) -> Result<Record, Error> {
        match self.written_record(dir, instance)? {
            Some(record) => Ok(record),
            None => Ok(Record::unwritten(dir, dir.holds_sealed()?)),
        }
    }

    /// The record of an instance, if there is one. It is not read again while it stands unchanged.
    fn written_record(
        &self,
        dir: &InstanceDir,
        instance: &InstanceId,
    ) -> Result<Option<Record>, Error> {
        if let Some((choice, witness)) = self.known_choices.unchanged(instance) {
            return Ok(Some(Record::written(*choice, Some(witness))));
        }
        let before = system_time();
        let record = Record::read_written(dir)?;
        if let Some(Record {
            choice: Some(choice),
            witness,
            ..
        }) = &record
        {
            let choice = Arc::new(*choice);
            self.known_choices
                .note(instance, &choice, witness.as_ref(), before);
        }
        Ok(record)
    }

    pub(super) fn choice(&self, instance: &InstanceId) -> Result<Option<Choice>, Error> {
        match self.files.open(instance)? {
            Some(dir) => Ok(Record::read(&dir)?.choice),
            None => Ok(None),
        }
    }

    /// What an entry holds in the place, or the places, where it may be.
    pub(super) fn find(
        &self,
        dir: Option<&InstanceDir>,
        record: &Record,
        place: Place<'_>,
        evidence: Option<Evidence>,
    ) -> Result<Newest, Error> {
        match self.demanded(record.choice) {
            Demand::Files => {
                let found = match dir {
                    Some(dir) => self.files.load_from(dir, place, evidence)?,
                    None => None,
                };
                match found {
                    Some(found) => Ok(Newest::Found(found)),
                    None if record.choice.is_some_and(Choice::has_used_keyring) => {
                        Err(self.elsewhere(place.instance))
                    }
                    None => Ok(Newest::Nothing),
                }
            }
            Demand::Both(keyring, choice) => self.newest(keyring, choice, dir, place),
            Demand::Either(keyring) => match keyring.load(place) {
                Ok(Some(found)) => Ok(Newest::Found(found)),
                Ok(None) => Ok(Newest::Nothing),
                Err(error) => {
                    self.warn(&error);
                    Ok(Newest::Nothing)
                }
            },
        }
    }

    /// What an entry holds in a file that is in the memory of the system, if files alone are looked at.
    pub(super) fn load_file_at_once(&self, place: Place<'_>) -> Result<Option<Stored>, Error> {
        let evidence = Evidence::from_now();
        let Some(dir) = self.files.open_by(place.instance, Wait::Refused)? else {
            return Ok(None);
        };
        // If there is no record, the very file that is loaded says what there is to know.
        let record = self
            .written_record(&dir, place.instance)?
            .unwrap_or_else(|| Record::unwritten(&dir, true));
        match self.demanded(record.choice) {
            Demand::Files => {
                let witnesses = dir.witnesses().into_iter().chain([record.witness]);
                self.files
                    .load_from(&dir, place, Some(evidence.with_all(witnesses)))
            }
            Demand::Both(..) | Demand::Either(_) => Ok(None),
        }
    }

    /// The newer one of the copies in the two places. The place that an instance leaves is looked at first: whatever
    /// is gone from there has arrived.
    pub(super) fn newest(
        &self,
        keyring: &Keyring,
        choice: Choice,
        dir: Option<&InstanceDir>,
        place: Place<'_>,
    ) -> Result<Newest, Error> {
        let in_keyring = || keyring.load(place).map_err(|error| chosen(place, error));
        let in_file = || match dir {
            Some(dir) => self.files.claimed_generation(dir, place.entry),
            None => Ok(None),
        };
        let (kept, claimed) = if choice.prefers_keyring() {
            let claimed = in_file()?;
            (in_keyring()?, claimed)
        } else {
            (in_keyring()?, in_file()?)
        };
        let file_counts = match (&kept, claimed) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(kept), Some(claimed)) if claimed == kept.generation => !choice.prefers_keyring(),
            (Some(kept), Some(claimed)) => claimed > kept.generation,
        };
        let found = match (file_counts, dir) {
            (true, Some(dir)) => {
                let found = self.files.load_from(dir, place, None)?;
                return Ok(found.map_or(Newest::Moved, Newest::Found));
            }
            _ => kept,
        };
        Ok(found.map_or(Newest::Nothing, Newest::Found))
    }

    /// What an entry holds while its instance is locked.
    pub(super) fn newest_locked(
        &self,
        keyring: &Keyring,
        choice: Choice,
        locked: &LockedInstance,
        place: Place<'_>,
    ) -> Result<Option<Stored>, Error> {
        match self.newest(keyring, choice, Some(locked), place)? {
            Newest::Found(stored) => Ok(Some(stored)),
            Newest::Nothing | Newest::Moved => Ok(None),
        }
    }

    /// Whether the file is the copy that counts, or the place of the next save.
    pub(super) fn is_kept_in_file(
        &self,
        keyring: &Keyring,
        choice: Choice,
        dir: Option<&InstanceDir>,
        place: Place<'_>,
    ) -> bool {
        let claimed = dir.and_then(|dir| {
            self.files
                .claimed_generation(dir, place.entry)
                .ok()
                .flatten()
        });
        match (keyring.load(place), claimed) {
            (Err(_), _) => false,
            (Ok(None), None) => !choice.prefers_keyring(),
            (Ok(None), Some(_)) => true,
            (Ok(Some(_)), None) => false,
            (Ok(Some(kept)), Some(claimed)) => {
                claimed > kept.generation || claimed == kept.generation && !choice.prefers_keyring()
            }
        }
    }
}
