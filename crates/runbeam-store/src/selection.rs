//! The choice between the keyring and files, for each instance.

use std::fmt;
use std::sync::Once;

use runbeam_model::SecretBytes;

use crate::age_file::AgeFiles;
use crate::blocking::Blocking;
use crate::choice::Choice;
use crate::instance_dir::LockedInstance;
use crate::keyring::Keyring;
use crate::seal::Place;
use crate::{Description, EntryName, Error, ErrorKind, InstanceId, Precondition, Revision, Stored};

/// Both backends, and the rules of the choice.
///
/// What an instance has chosen is written before its first secret goes to the keyring. So "nothing is remembered"
/// proves that the keyring holds nothing of it.
#[derive(Debug)]
pub(crate) struct Selection {
    files: AgeFiles,
    /// `None` if it must never be called.
    keyring: Option<Keyring>,
    /// Why secrets are kept in files, whatever the instance has chosen.
    files_because: Option<FileReason>,
    warned: Once,
}

/// Why files are demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileReason {
    KeyFromCaller,
    KeyInEnvironment,
    DisabledByCaller,
    DisabledByEnvironment,
}

/// A choice that changes while it is followed is followed anew; this often, and no process changes it so fast.
const ATTEMPTS_TO_FOLLOW: usize = 4;

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
            warned: Once::new(),
        }
    }

    fn choice(&self, instance: &InstanceId) -> Result<Option<Choice>, Error> {
        match self.files.open(instance)? {
            Some(dir) => Choice::of(&dir),
            None => Ok(None),
        }
    }

    fn demanded(&self, choice: Option<Choice>) -> Demand<'_> {
        match (self.usable_keyring(), choice) {
            (Some(keyring), Some(Choice::Keyring)) => Demand::Keyring(keyring),
            (Some(keyring), None) => Demand::Either(keyring),
            _ => Demand::Files,
        }
    }

    /// The keyring, unless files are demanded.
    fn usable_keyring(&self) -> Option<&Keyring> {
        self.keyring
            .as_ref()
            .filter(|_| self.files_because.is_none())
    }

    fn load_from(
        &self,
        choice: Option<Choice>,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> Result<Option<Stored>, Error> {
        match self.demanded(choice) {
            Demand::Files => match (self.files.load(instance, entry)?, self.usable_keyring()) {
                (None, keyring) if choice.is_some_and(Choice::has_used_keyring) => keyring
                    .ok_or_else(|| self.elsewhere(instance))
                    .and_then(|keyring| load_from_keyring(keyring, instance, entry)),
                (found, _) => Ok(found),
            },
            Demand::Keyring(keyring) => load_from_keyring(keyring, instance, entry),
            Demand::Either(keyring) => match keyring.load(instance, entry) {
                Ok(found) => Ok(found),
                Err(error) => {
                    self.warn(&error);
                    Ok(None)
                }
            },
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
    ) -> Result<Revision, Error> {
        // A keyring that does not even answer a question is not remembered, not even for a moment.
        keyring.load(place.instance, place.entry)?;
        Choice::Keyring.remember(locked)?;
        keyring.save(place.instance, place.entry, value, precondition)
    }

    /// Removes a secret from the keyring that has been moved to a file.
    fn remove_left_over(&self, instance: &InstanceId, entry: &EntryName) {
        let removed = match &self.keyring {
            Some(keyring) => keyring.clear(instance, entry),
            None => Err(self.elsewhere(instance)),
        };
        if let Err(error) = removed {
            tracing::warn!(%instance, %entry, %error, "a former secret is left behind in the keyring");
        }
    }

    fn elsewhere(&self, instance: &InstanceId) -> Error {
        let step = match self.files_because {
            Some(FileReason::KeyFromCaller) => "build the store without an encryption key",
            Some(FileReason::KeyInEnvironment) => "unset RUNBEAM_ENCRYPTION_KEY",
            Some(FileReason::DisabledByEnvironment) => "unset RUNBEAM_DISABLE_KEYRING",
            Some(FileReason::DisabledByCaller) | None => "build the store with a keyring",
        };
        Error::new(
            ErrorKind::Elsewhere,
            format!(
                "instance `{instance}` keeps its secrets in the keyring, which this store may not use; {step}, or save \
                 the secret again to keep it in a file"
            ),
        )
    }

    fn warn(&self, error: &Error) {
        self.warned.call_once(|| {
            tracing::warn!(%error, "the keyring is not used; secrets are kept in encrypted files");
        });
    }
}

impl Blocking for Selection {
    fn load(&self, instance: &InstanceId, entry: &EntryName) -> Result<Option<Stored>, Error> {
        let mut choice = self.choice(instance)?;
        for _ in 1..ATTEMPTS_TO_FOLLOW {
            let found = self.load_from(choice, instance, entry);
            if matches!(found, Ok(Some(_))) {
                return found;
            }
            let choice_now = self.choice(instance)?;
            if choice_now == choice {
                return found;
            }
            choice = choice_now;
        }
        self.load_from(choice, instance, entry)
    }

    fn save(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error> {
        let locked = self.files.lock(instance)?;
        let place = Place { instance, entry };
        let choice = Choice::of(&locked)?;
        match self.demanded(choice) {
            Demand::Files => {
                let revision = self
                    .files
                    .save_locked(&locked, place, value, precondition)?;
                if choice.is_some_and(Choice::has_used_keyring) {
                    Choice::FileAfterKeyring.remember(&locked)?;
                    self.remove_left_over(instance, entry);
                } else {
                    Choice::File.remember(&locked)?;
                }
                Ok(revision)
            }
            Demand::Keyring(keyring) => {
                keyring
                    .save(instance, entry, value, precondition)
                    .map_err(|error| {
                        error.within(format_args!(
                            "instance `{instance}` keeps its secrets in the keyring"
                        ))
                    })
            }
            Demand::Either(keyring) => {
                match self.save_first(keyring, &locked, place, value, precondition) {
                    Err(error) if may_fall_back(&error) => {
                        self.warn(&error);
                        Choice::File.remember(&locked)?;
                        self.files.save_locked(&locked, place, value, precondition)
                    }
                    outcome => outcome,
                }
            }
        }
    }

    fn clear(&self, instance: &InstanceId, entry: &EntryName) -> Result<bool, Error> {
        let locked = self.files.lock_existing(instance)?;
        let (choice, was_in_file) = match &locked {
            Some(locked) => (Choice::of(locked)?, locked.remove(entry)?),
            None => (None, false),
        };
        let was_in_keyring = match (&self.keyring, choice) {
            (Some(keyring), Some(choice)) if choice.has_used_keyring() => {
                keyring.clear(instance, entry)?
            }
            (None, Some(choice)) if choice.has_used_keyring() => {
                return Err(self.elsewhere(instance));
            }
            // A save whose deadline passed may have left a copy there.
            (Some(keyring), _) => keyring.clear(instance, entry).unwrap_or(false),
            (None, _) => false,
        };
        Ok(was_in_file || was_in_keyring)
    }

    fn describe(&self, instance: &InstanceId, entry: &EntryName) -> Result<Description, Error> {
        let choice = self.choice(instance)?;
        let keyring_note = match self.demanded(choice) {
            Demand::Keyring(keyring) => return keyring.describe(instance, entry),
            Demand::Either(keyring) => {
                let description = keyring.describe(instance, entry)?;
                match description.note {
                    None => return Ok(description),
                    Some(problem) => Some(problem),
                }
            }
            Demand::Files if choice.is_some_and(Choice::has_used_keyring) => {
                Some(self.elsewhere(instance).to_string())
            }
            Demand::Files => self
                .files_because
                .map(|reason| format!("files are used because {reason}")),
        };
        let mut description = self.files.describe(instance, entry)?;
        description.note =
            keyring_note.or_else(|| Some("this instance has chosen files".to_owned()));
        Ok(description)
    }
}

fn load_from_keyring(
    keyring: &Keyring,
    instance: &InstanceId,
    entry: &EntryName,
) -> Result<Option<Stored>, Error> {
    keyring.load(instance, entry).map_err(|error| {
        error.within(format_args!(
            "instance `{instance}` keeps its secrets in the keyring"
        ))
    })
}

/// Where a secret must be.
enum Demand<'a> {
    Files,
    Keyring(&'a Keyring),
    /// In the keyring, or else in files: nothing is settled yet.
    Either(&'a Keyring),
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
            Self::DisabledByCaller => "the store was built without a keyring",
            Self::DisabledByEnvironment => "RUNBEAM_DISABLE_KEYRING is set",
        })
    }
}
