//! The choice between the keyring and files, for each instance.

mod migration;
mod newest;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Once;

use runbeam_model::{Secret, SecretBytes};

use crate::age_file::{AgeFiles, CommonKey};
use crate::blocking::Blocking;
use crate::choice::{Choice, Record};
use crate::copies::Evidence;
use crate::generation::Generation;
use crate::instance_dir::LockedInstance;
use crate::keyring::Keyring;
use crate::known_file::KnownFiles;
use crate::seal::Place;
use crate::selection::newest::Newest;
use crate::watch::Changes;
use crate::{
    Description, EntryName, Error, ErrorKind, InstanceId, Lifetime, Precondition, Revision,
    Rotation, Stored,
};

/// Both backends, and the rules of the choice.
///
/// What an instance has chosen is written before its first secret goes to the keyring. So "nothing is remembered"
/// proves that the keyring holds nothing of it.
///
/// Where an entry may have a copy in both places, the newer generation counts. A crash between the write of a copy and
/// the removal of the former one, anywhere, so does no harm.
#[derive(Debug)]
pub(crate) struct Selection {
    files: AgeFiles,
    /// `None` if it must never be called.
    keyring: Option<Keyring>,
    /// Why secrets are kept in files, whatever the instance has chosen.
    files_because: Option<FileReason>,
    known_choices: KnownFiles<Choice>,
    warned: Once,
}

/// Why files are demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileReason {
    KeyFromCaller,
    KeyInEnvironment,
    KeyFileInEnvironment,
    DisabledByCaller,
    DisabledByEnvironment,
}

/// Where a secret must be.
#[derive(Clone, Copy)]
enum Demand<'a> {
    Files,
    /// In the keyring, or in a file, or in both; the choice says which one is preferred.
    Both(&'a Keyring, Choice),
    /// In the keyring, or else in files: nothing is settled yet.
    Either(&'a Keyring),
}

/// A choice or a copy that changes while it is followed is followed anew; this often, and no process changes it so
/// fast.
const ATTEMPTS_TO_FOLLOW: usize = 8;

impl Selection {
    pub(crate) fn new(
        files: AgeFiles,
        keyring: Option<Keyring>,
        files_because: Option<FileReason>,
    ) -> Self {
        Self {
            files,
            keyring,
            files_because,
            known_choices: KnownFiles::default(),
            warned: Once::new(),
        }
    }

    /// Seals all files of an instance anew.
    pub(crate) fn rotate(&self, instance: &InstanceId) -> Result<Rotation, Error> {
        let Some(locked) = self.files.lock_existing(instance)? else {
            return Ok(Rotation::default());
        };
        let choice = Record::read(&locked)?.choice;
        let mut rotation = self.files.rotate_locked(&locked, instance)?;
        rotation.in_keyring = choice.is_some_and(Choice::has_used_keyring);
        Ok(rotation)
    }

    /// Makes a key that was handed over the instance's own.
    pub(crate) fn adopt_key(&self, instance: &InstanceId, key: &CommonKey) -> Result<(), Error> {
        self.files.adopt_key(instance, key)
    }

    /// The key that seals files of an instance, if there is one yet.
    pub(crate) fn encryption_key(&self, instance: &InstanceId) -> Result<Option<Secret>, Error> {
        self.files.written_key(instance)
    }

    fn demanded(&self, choice: Option<Choice>) -> Demand<'_> {
        match (self.usable_keyring(), choice) {
            (None, _) | (_, Some(Choice::File)) => Demand::Files,
            (Some(keyring), Some(choice)) => Demand::Both(keyring, choice),
            (Some(keyring), None) => Demand::Either(keyring),
        }
    }

    /// The keyring, unless files are demanded.
    fn usable_keyring(&self) -> Option<&Keyring> {
        self.keyring
            .as_ref()
            .filter(|_| self.files_because.is_none())
    }

    /// A save where files are demanded.
    fn save_to_file(
        &self,
        locked: &LockedInstance,
        record: &Record,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Stored, Error> {
        let leaves_keyring = record.choice.is_some_and(Choice::has_used_keyring);
        if leaves_keyring {
            Choice::FileAfterKeyring.remember(locked)?;
        }
        let unknown = Generation::UNNUMBERED;
        let saved = self
            .files
            .save_locked(locked, place, value, precondition, unknown)?;
        if leaves_keyring {
            self.remove_left_over(place);
        } else if !record.is_written {
            Choice::File.remember(locked)?;
        }
        Ok(saved)
    }

    /// A save where the other place may hold a copy.
    fn save_to_preferred(
        &self,
        keyring: &Keyring,
        choice: Choice,
        locked: &LockedInstance,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Stored, Error> {
        let is_in_file = self.files.claimed_generation(locked, place.entry);
        if choice.prefers_keyring() && matches!(is_in_file, Ok(None)) {
            // The keyring checks the precondition itself.
            let unknown = Generation::UNNUMBERED;
            return keyring
                .save_newer(place, value, precondition, unknown)
                .map_err(|error| chosen(place, error));
        }
        let newest = match (
            self.newest_locked(keyring, choice, locked, place),
            precondition,
        ) {
            // What cannot be read is about to be replaced.
            (Err(_), Precondition::Any) => None,
            (newest, _) => newest?,
        };
        precondition.check(newest.as_ref().map(|stored| stored.revision))?;
        let newest = newest.map_or(Generation::UNNUMBERED, |stored| stored.generation);
        let saved = if choice.prefers_keyring() {
            let saved = keyring
                .save_newer(place, value, Precondition::Any, newest)
                .map_err(|error| chosen(place, error))?;
            self.files.remove(locked, place)?;
            saved
        } else {
            let any = Precondition::Any;
            let saved = self.files.save_locked(locked, place, value, any, newest)?;
            self.remove_left_over(place);
            saved
        };
        self.settle(keyring, choice, locked, place.instance);
        Ok(saved)
    }

    /// Remembers that an instance has left the former place, if it has.
    fn settle(
        &self,
        keyring: &Keyring,
        choice: Choice,
        locked: &LockedInstance,
        instance: &InstanceId,
    ) {
        let settled = match choice {
            Choice::Keyring | Choice::File => return,
            Choice::FileAfterKeyring => {
                let rest = keyring.list(instance);
                rest.is_ok_and(|rest| rest.is_empty())
                    .then_some(Choice::File)
            }
            Choice::KeyringAfterFile => {
                let rest = locked.holds_sealed();
                matches!(rest, Ok(false)).then_some(Choice::Keyring)
            }
        };
        if let Some(settled) = settled
            && let Err(error) = settled.remember(locked)
        {
            // Both places go on to be looked at.
            tracing::debug!(%instance, %error, "the move of the instance is not remembered as done");
        }
    }

    /// The first save of an instance that may choose the keyring.
    fn save_first(
        &self,
        keyring: &Keyring,
        locked: &LockedInstance,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Stored, Error> {
        // A keyring that does not even answer a question is not remembered, not even for a moment.
        keyring.load(place)?;
        refuse_a_short_lifetime(keyring)?;
        Choice::Keyring.remember(locked)?;
        keyring.save_newer(place, value, precondition, Generation::UNNUMBERED)
    }

    /// Removes a secret from the keyring that has been moved to a file.
    fn remove_left_over(&self, place: Place<'_>) {
        let removed = match &self.keyring {
            Some(keyring) => keyring.clear(place),
            None => Err(self.elsewhere(place.instance)),
        };
        if let Err(error) = removed {
            let Place { instance, entry } = place;
            tracing::warn!(%instance, %entry, %error, "a former secret is left behind in the keyring");
        }
    }

    fn elsewhere(&self, instance: &InstanceId) -> Error {
        Error::new(
            ErrorKind::Elsewhere,
            format!(
                "instance `{instance}` keeps its secrets in the keyring, which this store may not use; {}, or save \
                 the secret again to keep it in a file",
                self.step_to_keyring()
            ),
        )
    }

    fn step_to_keyring(&self) -> &'static str {
        match self.files_because {
            Some(FileReason::KeyFromCaller) => "build the store without an encryption key",
            Some(FileReason::KeyInEnvironment) => "unset RUNBEAM_ENCRYPTION_KEY",
            Some(FileReason::KeyFileInEnvironment) => "unset RUNBEAM_ENCRYPTION_KEY_FILE",
            Some(FileReason::DisabledByEnvironment) => "unset RUNBEAM_DISABLE_KEYRING",
            Some(FileReason::DisabledByCaller) | None => "build the store with a keyring",
        }
    }

    fn warn(&self, error: &Error) {
        self.warned.call_once(|| {
            tracing::warn!(%error, "the keyring is not used; secrets are kept in encrypted files");
        });
    }
}

impl Blocking for Selection {
    fn load_at_once(&self, place: Place<'_>) -> Option<Stored> {
        self.files
            .unchanged(place)
            .or_else(|| self.load_file_at_once(place).ok()?)
    }

    fn load(&self, place: Place<'_>) -> Result<Option<Stored>, Error> {
        let mut attempts = 0;
        loop {
            let evidence = Evidence::from_now();
            let dir = self.files.open(place.instance)?;
            let (record, evidence) = match &dir {
                Some(dir) => {
                    let record = self.record(dir, place.instance)?;
                    let witnesses = dir.witnesses().into_iter().chain([record.witness.clone()]);
                    (record, Some(evidence.with_all(witnesses)))
                }
                None => (Record::of_nothing(), None),
            };
            let found = self.find(dir.as_ref(), &record, place, evidence);
            attempts += 1;
            let found = match found {
                Ok(Newest::Found(found)) => return Ok(Some(found)),
                Ok(Newest::Moved) if attempts < ATTEMPTS_TO_FOLLOW => continue,
                Ok(Newest::Nothing | Newest::Moved) => Ok(None),
                Err(error) => Err(error),
            };
            if attempts == ATTEMPTS_TO_FOLLOW || self.choice(place.instance)? == record.choice {
                return found;
            }
        }
    }

    fn save(
        &self,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error> {
        let locked = self.files.lock(place.instance)?;
        let record = Record::read(&locked)?;
        let saved = match self.demanded(record.choice) {
            Demand::Files => self.save_to_file(&locked, &record, place, value, precondition)?,
            Demand::Both(keyring, choice) => {
                self.save_to_preferred(keyring, choice, &locked, place, value, precondition)?
            }
            Demand::Either(keyring) => {
                match self.save_first(keyring, &locked, place, value, precondition) {
                    Err(error) if may_fall_back(&error) => {
                        self.warn(&error);
                        // The keyring may be what is remembered by now.
                        Choice::File.remember(&locked)?;
                        let record = Record::read(&locked)?;
                        self.save_to_file(&locked, &record, place, value, precondition)?
                    }
                    outcome => outcome?,
                }
            }
        };
        Ok(saved.revision)
    }

    fn clear(&self, place: Place<'_>) -> Result<bool, Error> {
        let locked = self.files.lock_existing(place.instance)?;
        let choice = match &locked {
            Some(locked) => Record::read(locked)?.choice,
            None => None,
        };
        let in_keyring = || match (&self.keyring, choice) {
            (Some(keyring), Some(choice)) if choice.has_used_keyring() => keyring.clear(place),
            (None, Some(choice)) if choice.has_used_keyring() => {
                Err(self.elsewhere(place.instance))
            }
            // A save whose deadline passed may have left a copy there.
            (Some(keyring), _) => Ok(keyring.clear(place).unwrap_or(false)),
            (None, _) => Ok(false),
        };
        let in_file = || match &locked {
            Some(locked) => self.files.remove(locked, place),
            None => Ok(false),
        };
        // The older copy goes first: a crash in between must not bring it back. Both go as far as they can.
        let (was_in_keyring, was_in_file) = if choice.is_some_and(Choice::prefers_keyring) {
            let was_in_file = in_file();
            (in_keyring(), was_in_file)
        } else {
            (in_keyring(), in_file())
        };
        let was_there = was_in_keyring? | was_in_file?;
        if let (Some(locked), Demand::Both(keyring, choice)) = (&locked, self.demanded(choice)) {
            self.settle(keyring, choice, locked, place.instance);
        }
        Ok(was_there)
    }

    fn list(&self, instance: &InstanceId) -> Result<BTreeSet<EntryName>, Error> {
        let Some(dir) = self.files.open(instance)? else {
            return self.list_unchosen(instance);
        };
        let choice = Record::read(&dir)?.choice;
        match self.demanded(choice) {
            Demand::Files if choice.is_some_and(Choice::has_used_keyring) => {
                Err(self.elsewhere(instance))
            }
            Demand::Files => dir.entries(),
            Demand::Either(_) => self.list_unchosen(instance),
            // In the order of the looks of a load, so that nothing that moves meanwhile is missed.
            Demand::Both(keyring, choice) if choice.prefers_keyring() => {
                let mut entries = dir.entries()?;
                entries.append(&mut keyring.list(instance)?);
                Ok(entries)
            }
            Demand::Both(keyring, _) => {
                let mut entries = keyring.list(instance)?;
                entries.append(&mut dir.entries()?);
                Ok(entries)
            }
        }
    }

    fn describe(&self, place: Place<'_>) -> Result<Description, Error> {
        let dir = self.files.open(place.instance)?;
        let choice = match &dir {
            Some(dir) => Record::read(dir)?.choice,
            None => None,
        };
        let keyring_note = match self.demanded(choice) {
            Demand::Both(keyring, choice) => {
                if !self.is_kept_in_file(keyring, choice, dir.as_ref(), place) {
                    return keyring.describe(place);
                }
                Some("this instance also has secrets in the keyring".to_owned())
            }
            Demand::Either(keyring) => {
                let description = keyring.describe(place)?;
                let is_durable = description.lifetime == Lifetime::Durable;
                match description.note {
                    None if is_durable => return Ok(description),
                    None => refuse_a_short_lifetime(keyring)
                        .err()
                        .map(|error| error.to_string()),
                    Some(problem) => Some(problem),
                }
            }
            Demand::Files if choice.is_some_and(Choice::has_used_keyring) => {
                Some(self.elsewhere(place.instance).to_string())
            }
            Demand::Files => self
                .files_because
                .map(|reason| format!("files are used because {reason}")),
        };
        let mut description = self.files.describe(place)?;
        description.note =
            keyring_note.or_else(|| Some("this instance has chosen files".to_owned()));
        Ok(description)
    }

    fn changes(&self) -> &Changes {
        self.files.changes()
    }
}

impl Selection {
    fn list_unchosen(&self, instance: &InstanceId) -> Result<BTreeSet<EntryName>, Error> {
        let Some(keyring) = self.usable_keyring() else {
            return Ok(BTreeSet::new());
        };
        match keyring.list(instance) {
            Ok(entries) => Ok(entries),
            Err(error) => {
                self.warn(&error);
                Ok(BTreeSet::new())
            }
        }
    }
}

/// An error of the keyring, in an instance that has chosen it.
fn chosen(place: Place<'_>, error: Error) -> Error {
    error.within(format_args!(
        "instance `{}` keeps its secrets in the keyring",
        place.instance
    ))
}

/// A keyring that forgets before the secret is cleared is never chosen by itself.
fn refuse_a_short_lifetime(keyring: &Keyring) -> Result<(), Error> {
    let end = match keyring.lifetime() {
        Lifetime::Durable | Lifetime::Container => return Ok(()),
        Lifetime::Process => "the process ends",
        Lifetime::Session => "the user logs out",
        Lifetime::Boot => "the machine starts again",
    };
    Err(Error::new(
        ErrorKind::KeyringUnavailable,
        format!("the keyring is not chosen, since it forgets its secrets when {end}"),
    ))
}

/// Whether an instance that has chosen nothing yet may choose files after this error of the keyring.
fn may_fall_back(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::KeyringUnavailable
            | ErrorKind::KeyringDenied
            | ErrorKind::TooLarge
            | ErrorKind::Damaged
    )
}

impl fmt::Display for FileReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyFromCaller => "an encryption key was handed over",
            Self::KeyInEnvironment => "RUNBEAM_ENCRYPTION_KEY is set",
            Self::KeyFileInEnvironment => "RUNBEAM_ENCRYPTION_KEY_FILE is set",
            Self::DisabledByCaller => "the store was built without a keyring",
            Self::DisabledByEnvironment => "RUNBEAM_DISABLE_KEYRING is set",
        })
    }
}

#[cfg(test)]
mod tests;
