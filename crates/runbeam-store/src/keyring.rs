//! Secrets in the keyring of the operating system.

mod connection;
mod credentials;
mod deadline;
mod envelope;
mod failure;
mod platform;
#[cfg(target_os = "linux")]
mod secret_service;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyring_core::api::CredentialPersistence;
use runbeam_model::{Clock, SecretBytes, SystemClock};

use crate::blocking::{Blocking, secret_store_in_background};
use crate::generation::Generation;
use crate::keyring::connection::{Connect, Connection};
use crate::keyring::credentials::Credentials;
use crate::keyring::deadline::Caller;
use crate::keyring::envelope::Envelope;
use crate::keyring::failure::Failure;
use crate::seal::Place;
use crate::watch::Changes;
use crate::{
    Description, EntryName, Error, InstanceId, Lifetime, Location, Precondition, Presence,
    Revision, Stored,
};

/// Keeps secrets in the keyring of the operating system: the Secret Service on Linux, the Keychain on macOS, the
/// Credential Manager on Windows.
///
/// The service is `runbeam`, the account `<instance>/<entry>`, whatever directory other backends use. The value
/// is a line `runbeam-entry <instance> <entry> <generation>` and then the secret; a value without that line, as `secret-tool
/// store` makes one, is the secret itself. Secrets that Windows cannot hold in one value of 2,560 bytes are
/// split, and still replaced in one step.
///
/// No call takes longer than its deadline, and a keyring that is locked, hangs or is gone is an error, never an absent
/// secret. A daemon that was started anew is found again.
///
/// A keyring knows no preconditions: they are checked and the value is written in one step among the clones of
/// this store, but not among processes. [`Store`](crate::Store) adds a lock among processes. After the deadline of a
/// save has passed, the value may still be written; until that is settled, other writes fail at once.
#[derive(Debug, Clone)]
pub struct KeyringStore {
    keyring: Arc<Keyring>,
}

impl KeyringStore {
    /// Uses the keyring of this user. It is not called yet.
    #[must_use]
    pub fn new() -> Self {
        Self::from_settings(KeyringSettings::default())
    }

    /// Uses the keyring of this user, where each call ends after at most `deadline` instead of 3 s.
    #[must_use]
    pub fn with_deadline(deadline: Duration) -> Self {
        Self::from_settings(KeyringSettings {
            deadline,
            ..KeyringSettings::default()
        })
    }

    /// Waits for a person who is asked to unlock the keyring, for at most `deadline`. A keyring that does not even answer
    /// whether it is there still is an error after the other deadline.
    #[must_use]
    pub fn with_prompt(self, deadline: Duration) -> Self {
        Self::from_settings(KeyringSettings {
            prompt: Some(deadline),
            ..self.keyring.settings.clone()
        })
    }

    /// Splits what is longer than `limit` bytes, for a keyring that holds less than that of its platform usually does.
    #[must_use]
    pub fn with_value_limit(self, limit: usize) -> Self {
        Self::from_settings(KeyringSettings {
            value_limit: limit,
            ..self.keyring.settings.clone()
        })
    }

    /// Looks for changes of a watched entry every `interval` instead of every second.
    #[must_use]
    pub fn with_watch_interval(self, interval: Duration) -> Self {
        Self::from_settings(KeyringSettings {
            watch_interval: interval,
            ..self.keyring.settings.clone()
        })
    }

    fn from_settings(settings: KeyringSettings) -> Self {
        Self {
            keyring: Arc::new(Keyring::new(settings)),
        }
    }
}

impl Default for KeyringStore {
    fn default() -> Self {
        Self::new()
    }
}

secret_store_in_background!(KeyringStore, keyring);

const SERVICE: &str = "runbeam";

/// How a keyring is used.
#[derive(Debug, Clone)]
pub(crate) struct KeyringSettings {
    pub(crate) deadline: Duration,
    /// How long a call may wait for a person, if at all.
    pub(crate) prompt: Option<Duration>,
    pub(crate) value_limit: usize,
    pub(crate) watch_interval: Duration,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Default for KeyringSettings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(3),
            prompt: None,
            value_limit: platform::VALUE_LIMIT.unwrap_or(usize::MAX),
            watch_interval: crate::watch::DEFAULT_INTERVAL,
            clock: Arc::new(SystemClock),
        }
    }
}

/// The same, blocking.
#[derive(Debug)]
pub(crate) struct Keyring {
    settings: KeyringSettings,
    readers: Caller,
    writers: Caller,
    connection: Arc<Connection>,
    writing: Mutex<()>,
    changes: Changes,
}

/// A keyring that hangs must not collect threads for as long as somebody asks it.
const MOST_HANGING_READERS: usize = 8;

/// While a write hangs there is no other one: it may still be done, and would replace what was written after it.
const MOST_HANGING_WRITERS: usize = 1;

impl Keyring {
    pub(crate) fn new(settings: KeyringSettings) -> Self {
        Self::over(Arc::new(platform::connect), settings)
    }

    pub(crate) fn over(connect: Connect, settings: KeyringSettings) -> Self {
        let longest = settings.prompt.unwrap_or(settings.deadline);
        Self {
            readers: Caller::new(longest, MOST_HANGING_READERS),
            writers: Caller::new(longest, MOST_HANGING_WRITERS),
            connection: Arc::new(Connection::new(connect)),
            writing: Mutex::default(),
            changes: Changes::polled(settings.watch_interval),
            settings,
        }
    }

    /// Saves a state that is newer than `other_copy`.
    pub(crate) fn save_newer(
        &self,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
        other_copy: Generation,
    ) -> Result<Stored, Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, clock) = (value.clone(), self.settings.clock.clone());
        // The work is done once more if the connection broke, perhaps after the value was written.
        let attempted: Mutex<Option<Stored>> = Mutex::default();
        self.call(&self.writers, place, move |credentials, place| {
            let mut attempted = attempted.lock().unwrap_or_else(PoisonError::into_inner);
            let former = match precondition {
                // What cannot be read is about to be replaced.
                Precondition::Any => match credentials.envelope(place) {
                    Err(Failure::Ours(_)) => None,
                    former => former?,
                },
                _ => credentials.envelope(place)?,
            };
            let former_generation = former.as_ref().map(Envelope::generation);
            if let Some(done) = attempted.as_ref()
                && former_generation == Some(done.generation)
            {
                return Ok(done.clone());
            }
            match precondition {
                Precondition::Any => {}
                Precondition::Absent => precondition.check_presence(former.is_some())?,
                Precondition::Unchanged(_) => {
                    let current = credentials.load(place)?;
                    precondition.check(current.map(|stored| stored.revision))?;
                }
            }
            let generation = former_generation
                .unwrap_or_default()
                .max(other_copy)
                .next(&clock);
            let stored = Stored::of(value.clone(), generation);
            *attempted = Some(stored.clone());
            credentials.write(place, &stored, former.as_ref())?;
            Ok(stored)
        })
    }

    /// Writes a state of an entry as it is.
    pub(crate) fn write(&self, place: Place<'_>, stored: &Stored) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = stored.clone();
        self.call(&self.writers, place, move |credentials, place| {
            let former = match credentials.envelope(place) {
                Err(Failure::Ours(_)) => None,
                former => former?,
            };
            credentials.write(place, &stored, former.as_ref())
        })
    }

    /// What another version keeps under `account`.
    pub(crate) fn load_account(&self, account: &str) -> Result<Option<SecretBytes>, Error> {
        let wanted = account.to_owned();
        self.call_over(&self.readers, account, move |credentials| {
            credentials.get(&wanted)
        })
    }

    /// Removes what another version keeps under `account`.
    pub(crate) fn clear_account(&self, account: &str) -> Result<bool, Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let unwanted = account.to_owned();
        self.call_over(&self.writers, account, move |credentials| {
            credentials.delete(&unwanted)
        })
    }

    /// How long a secret stays, as far as the keyring tells.
    pub(crate) fn lifetime(&self) -> Lifetime {
        let connection = self.connection.current();
        match connection.map(|connection| connection.persistence()) {
            Some(CredentialPersistence::EntryOnly | CredentialPersistence::ProcessOnly) => {
                Lifetime::Process
            }
            Some(CredentialPersistence::UntilLogout) => Lifetime::Session,
            Some(CredentialPersistence::UntilReboot) => Lifetime::Boot,
            _ => Lifetime::Durable,
        }
    }

    /// Does `work` on an entry, within the deadline of `caller`.
    fn call<T: Send + 'static>(
        &self,
        caller: &Caller,
        place: Place<'_>,
        work: impl Fn(&Credentials<'_>, Place<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let (instance, entry) = (place.instance.clone(), place.entry.clone());
        self.call_over(caller, &envelope::account(place), move |credentials| {
            let place = Place {
                instance: &instance,
                entry: &entry,
            };
            work(credentials, place)
        })
    }

    fn call_over<T: Send + 'static>(
        &self,
        caller: &Caller,
        account: &str,
        work: impl Fn(&Credentials<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        if self.settings.prompt.is_some() {
            self.see_that_it_answers(account)?;
        }
        let (connection, limit) = (self.connection.clone(), self.settings.value_limit);
        let outcome = caller
            .call(move || connection.with(|connection| work(&Credentials::new(connection, limit))));
        let outcome = match outcome {
            Some(outcome) => outcome.map_err(|failure| failure.into_error(account)),
            None => {
                // The stuck call holds the connection, so that every later one would wait behind it.
                self.connection.discard();
                Err(caller.hung(account))
            }
        };
        if let Err(error) = &outcome {
            tracing::debug!(%error, "a call of the keyring failed");
        }
        outcome
    }

    /// Asks for what nobody has, which needs no prompt: only a person may take longer than the shorter deadline.
    fn see_that_it_answers(&self, account: &str) -> Result<(), Error> {
        let asker = Caller::new(self.settings.deadline, 1);
        let connection = self.connection.clone();
        let answered = asker.call(move || {
            connection.with(|connection| {
                connection.search(&platform::search("runbeam-nothing"))?;
                Ok(())
            })
        });
        match answered {
            Some(answered) => answered.map_err(|failure| failure.into_error(account)),
            None => {
                self.connection.discard();
                Err(asker.hung(account))
            }
        }
    }
}

impl Blocking for Keyring {
    fn load(&self, place: Place<'_>) -> Result<Option<Stored>, Error> {
        self.call(&self.readers, place, |credentials, place| {
            credentials.load(place)
        })
    }

    fn save(
        &self,
        place: Place<'_>,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error> {
        let saved = self.save_newer(place, value, precondition, Generation::UNNUMBERED);
        saved.map(|stored| stored.revision)
    }

    fn clear(&self, place: Place<'_>) -> Result<bool, Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.call(&self.writers, place, |credentials, place| {
            credentials.remove(place)
        })
    }

    fn list(&self, instance: &InstanceId) -> Result<BTreeSet<EntryName>, Error> {
        let wanted = instance.clone();
        let account = format!("{instance}/…");
        self.call_over(&self.readers, &account, move |credentials| {
            credentials.list(&wanted)
        })
    }

    fn describe(&self, place: Place<'_>) -> Result<Description, Error> {
        let location = Location::Keyring {
            service: SERVICE.to_owned(),
            account: envelope::account(place),
        };
        let (presence, note) = match self.load(place) {
            Ok(Some(_)) => (Presence::Present, None),
            Ok(None) => (Presence::Absent, None),
            Err(error) => (Presence::Unknown, Some(error.to_string())),
        };
        let mut description = Description::new(location, presence, self.lifetime());
        description.note = note;
        Ok(description)
    }

    fn changes(&self) -> &Changes {
        &self.changes
    }
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod splitting_tests;
#[cfg(test)]
mod tests;
