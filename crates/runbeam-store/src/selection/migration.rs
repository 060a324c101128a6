//! Moving an instance from one backend to the other.
//!
//! The order is the same in both directions: remember that it moves, copy each entry with its generation, read the copy
//! back, remove the former one, and at last remember that it has moved. Interrupted anywhere, each entry has one copy, or
//! two of which the newer counts, and both places are looked at.

use super::{FileReason, Selection, refuse_a_short_lifetime};
use crate::blocking::Blocking;
use crate::choice::{Choice, Record};
use crate::instance_dir::LockedInstance;
use crate::keyring::Keyring;
use crate::migration::{Backend, Migration};
use crate::seal::Place;
use crate::{EntryName, Error, ErrorKind, InstanceId, Precondition, Stored};

impl Selection {
    /// Moves all entries of an instance to `target`, which it has chosen from then on.
    pub(crate) fn migrate(
        &self,
        instance: &InstanceId,
        target: Backend,
    ) -> Result<Migration, Error> {
        let locked = match self.files.lock_existing(instance)? {
            Some(locked) => locked,
            // Its directory is gone, but not what the keyring holds.
            None if target == Backend::Files && !self.list(instance)?.is_empty() => {
                self.files.lock(instance)?
            }
            None => return Ok(Migration::default()),
        };
        let migrated = match target {
            Backend::Files => self.migrate_to_files(&locked, instance),
            Backend::Keyring => self.migrate_to_keyring(&locked, instance),
        };
        self.changes().tell();
        migrated
    }

    fn migrate_to_files(
        &self,
        locked: &LockedInstance,
        instance: &InstanceId,
    ) -> Result<Migration, Error> {
        let mut migration = Migration::default();
        let may_have_keyring = || match self.list_unchosen(instance) {
            Ok(entries) if !entries.is_empty() => Some(Choice::Keyring),
            _ => None,
        };
        let choice = Record::read(locked)?.choice.or_else(may_have_keyring);
        if let Some(choice) = choice.filter(|choice| choice.has_used_keyring()) {
            // Files may be demanded, since they are the target: what matters is that there is a keyring.
            let keyring = self
                .keyring
                .as_ref()
                .ok_or_else(|| self.elsewhere(instance))?;
            let entries = keyring.list(instance)?;
            Choice::FileAfterKeyring.remember(locked)?;
            for entry in entries {
                let place = Place {
                    instance,
                    entry: &entry,
                };
                if self.move_to_file(keyring, choice, locked, place)? {
                    migration.moved += 1;
                }
            }
        }
        Choice::File.remember(locked)?;
        migration.kept = locked.entries()?.len().saturating_sub(migration.moved);
        Ok(migration)
    }

    fn move_to_file(
        &self,
        keyring: &Keyring,
        choice: Choice,
        locked: &LockedInstance,
        place: Place<'_>,
    ) -> Result<bool, Error> {
        let Some(kept) = keyring.load(place)? else {
            return Ok(false);
        };
        let file_counts = self
            .files
            .claimed_generation(locked, place.entry)?
            .is_some_and(|claimed| {
                claimed > kept.generation || claimed == kept.generation && !choice.prefers_keyring()
            });
        if !file_counts {
            self.files.write(locked, place, &kept)?;
        }
        let read_back = self.files.load_from(locked, place, None)?;
        if !file_counts {
            expect_same(place, &kept, read_back.as_ref())?;
        }
        keyring.clear(place)?;
        Ok(!file_counts)
    }

    fn migrate_to_keyring(
        &self,
        locked: &LockedInstance,
        instance: &InstanceId,
    ) -> Result<Migration, Error> {
        let mut migration = Migration::default();
        let keyring = self
            .usable_keyring()
            .ok_or_else(|| self.files_are_demanded())?;
        let choice = Record::read(locked)?.choice;
        let entries = locked.entries()?;
        let in_keyring = keyring.list(instance)?;
        refuse_a_short_lifetime(keyring)?;
        if !choice.is_some_and(Choice::has_used_keyring) {
            for entry in &in_keyring {
                self.expect_older(keyring, locked, Place { instance, entry })?;
            }
        }
        if !entries.is_empty() {
            Choice::KeyringAfterFile.remember(locked)?;
        }
        for entry in &entries {
            let place = Place { instance, entry };
            if self.move_to_keyring(keyring, choice, locked, place)? {
                migration.moved += 1;
            }
        }
        Choice::Keyring.remember(locked)?;
        let all: std::collections::BTreeSet<&EntryName> =
            entries.iter().chain(&in_keyring).collect();
        migration.kept = all.len().saturating_sub(migration.moved);
        Ok(migration)
    }

    fn move_to_keyring(
        &self,
        keyring: &Keyring,
        choice: Option<Choice>,
        locked: &LockedInstance,
        place: Place<'_>,
    ) -> Result<bool, Error> {
        let kept = keyring.load(place)?;
        let claimed = self.files.claimed_generation(locked, place.entry)?;
        let keyring_counts = match (&kept, claimed) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(kept), Some(claimed)) => {
                kept.generation > claimed
                    || kept.generation == claimed && choice.is_some_and(Choice::prefers_keyring)
            }
        };
        if !keyring_counts {
            let Some(stored) = self.files.load_from(locked, place, None)? else {
                return Ok(false);
            };
            keyring.write(place, &stored)?;
            expect_same(place, &stored, keyring.load(place)?.as_ref())?;
        }
        self.files.remove(locked, place)?;
        Ok(!keyring_counts)
    }

    /// Where files alone count, a copy in the keyring is a leftover, or belongs to another root directory. It must
    /// neither come back nor be lost.
    fn expect_older(
        &self,
        keyring: &Keyring,
        locked: &LockedInstance,
        place: Place<'_>,
    ) -> Result<(), Error> {
        let Some(kept) = keyring.load(place)? else {
            return Ok(());
        };
        let stored = self.files.load_from(locked, place, None)?;
        match stored {
            Some(stored) if kept.generation < stored.generation || kept == stored => Ok(()),
            _ => Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "the keyring holds another secret for entry `{}` of instance `{}`, which keeps its secrets in files; \
                     clear that entry or save it again, then migrate",
                    place.entry, place.instance
                ),
            )),
        }
    }

    fn files_are_demanded(&self) -> Error {
        let reason = self.files_because.unwrap_or(FileReason::DisabledByCaller);
        Error::new(
            ErrorKind::Elsewhere,
            format!(
                "nothing can move to the keyring, because {reason}; {}",
                self.step_to_keyring()
            ),
        )
    }

    /// Moves the secret that versions 0.4 to 0.6 of the earlier SDK kept for all instances together.
    pub(crate) fn take_over_shared(&self, place: Place<'_>) -> Result<bool, Error> {
        let keyring = self.keyring.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Elsewhere,
                format!(
                    "the shared secret is in the keyring, which this store may not use; {}",
                    self.step_to_keyring()
                ),
            )
        })?;
        let account = format!("runbeam/{}.json", place.entry);
        let Some(shared) = keyring.load_account(&account)? else {
            return Ok(false);
        };
        match self.save(place, &shared, Precondition::Absent) {
            Ok(_) => {}
            // An interrupted call has saved it already.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let stored = self.load(place)?;
                if stored.is_none_or(|stored| stored.value != shared) {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        let stored = self.load(place)?;
        if stored.is_none_or(|stored| stored.value != shared) {
            return Err(not_read_back(place));
        }
        keyring.clear_account(&account)?;
        self.changes().tell();
        Ok(true)
    }
}

fn expect_same(place: Place<'_>, written: &Stored, read: Option<&Stored>) -> Result<(), Error> {
    if read == Some(written) {
        Ok(())
    } else {
        Err(not_read_back(place))
    }
}

fn not_read_back(place: Place<'_>) -> Error {
    Error::new(
        ErrorKind::Io,
        format!(
            "the copy of entry `{}` of instance `{}` does not read back as it was written; its original stays",
            place.entry, place.instance
        ),
    )
}
