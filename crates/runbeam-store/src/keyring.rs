//! Secrets in the keyring of the operating system.

mod connection;
mod deadline;
mod platform;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyring_core::api::CredentialPersistence;
use keyring_core::{Entry, Error as KeyringError};
use runbeam_model::SecretBytes;

use crate::blocking::{Blocking, secret_store_in_background};
use crate::keyring::connection::{Connect, Connection};
use crate::keyring::deadline::Caller;
use crate::{
    Description, EntryName, Error, ErrorKind, InstanceId, Lifetime, Location, Precondition,
    Presence, Revision, Stored,
};

/// Keeps secrets in the keyring of the operating system: the Secret Service on Linux, the Keychain on macOS, the
/// Credential Manager on Windows.
///
/// The service is `runbeam`, the account `<instance>/<entry>`, whatever directory other backends use. No call
/// takes longer than its deadline, and a keyring that is locked, hangs or is gone is an error, never an absent
/// secret. A daemon that was started anew is found again.
///
/// A keyring knows no preconditions: they are checked and the value is written in one step among the clones of
/// this store, but not among processes. [`Store`](crate::Store) adds a lock among processes. After the deadline of a
/// save has passed, the value may still be written; until that is settled, other writes fail at once.
///
/// Windows keeps at most 2,560 bytes.
#[derive(Debug, Clone)]
pub struct KeyringStore {
    keyring: Arc<Keyring>,
}

impl KeyringStore {
    /// Uses the keyring of this user. It is not called yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_deadline(DEFAULT_DEADLINE)
    }

    /// Uses the keyring of this user, where each call ends after at most `deadline` instead of 3 s.
    #[must_use]
    pub fn with_deadline(deadline: Duration) -> Self {
        Self {
            keyring: Arc::new(Keyring::new(deadline)),
        }
    }
}

impl Default for KeyringStore {
    fn default() -> Self {
        Self::new()
    }
}

secret_store_in_background!(KeyringStore, keyring);

pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(3);

const SERVICE: &str = "runbeam";

/// The same, blocking.
#[derive(Debug)]
pub(crate) struct Keyring {
    readers: Caller,
    writers: Caller,
    connection: Arc<Connection>,
    writing: Mutex<()>,
}

/// A keyring that hangs must not collect threads for as long as somebody asks it.
const MOST_HANGING_READERS: usize = 8;

/// While a write hangs there is no other one: it may still be done, and would replace what was written after it.
const MOST_HANGING_WRITERS: usize = 1;

impl Keyring {
    pub(crate) fn new(deadline: Duration) -> Self {
        Self::over(platform::connect, deadline)
    }

    fn over(connect: Connect, deadline: Duration) -> Self {
        Self {
            readers: Caller::new(deadline, MOST_HANGING_READERS),
            writers: Caller::new(deadline, MOST_HANGING_WRITERS),
            connection: Arc::new(Connection::new(connect)),
            writing: Mutex::default(),
        }
    }

    /// Does `work` on the credential of an entry, within the deadline of `caller`.
    fn call<T: Send + 'static>(
        &self,
        caller: &Caller,
        instance: &InstanceId,
        entry: &EntryName,
        work: impl Fn(&Entry) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, Error> {
        let account = account(instance, entry);
        let (connection, name) = (self.connection.clone(), account.clone());
        let outcome = caller.call(move || connection.with(SERVICE, &name, work));
        let outcome = match outcome {
            Some(outcome) => outcome.map_err(|error| refused(&account, error)),
            None => {
                // The stuck call holds the connection, so that every later one would wait behind it.
                self.connection.discard();
                Err(caller.hung(&account))
            }
        };
        if let Err(error) = &outcome {
            tracing::debug!(%error, "a call of the keyring failed");
        }
        outcome
    }
}

impl Blocking for Keyring {
    fn load(&self, instance: &InstanceId, entry: &EntryName) -> Result<Option<Stored>, Error> {
        self.call(&self.readers, instance, entry, read)
    }

    fn save(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> Result<Revision, Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let written = value.clone();
        let saved = self.call(&self.writers, instance, entry, move |credential| {
            if precondition != Precondition::Any {
                let current = read(credential)?.map(|stored| stored.revision);
                if let Err(conflict) = precondition.check(current) {
                    return Ok(Err(conflict));
                }
            }
            credential.set_secret(written.expose())?;
            Ok(Ok(Revision::of(written.expose())))
        });
        saved?
    }

    fn clear(&self, instance: &InstanceId, entry: &EntryName) -> Result<bool, Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.call(
            &self.writers,
            instance,
            entry,
            |credential| match credential.delete_credential() {
                Ok(()) => Ok(true),
                Err(KeyringError::NoEntry) => Ok(false),
                Err(error) => Err(error),
            },
        )
    }

    fn describe(&self, instance: &InstanceId, entry: &EntryName) -> Result<Description, Error> {
        let location = Location::Keyring {
            service: SERVICE.to_owned(),
            account: account(instance, entry),
        };
        let (presence, note) = match self.load(instance, entry) {
            Ok(Some(_)) => (Presence::Present, None),
            Ok(None) => (Presence::Absent, None),
            Err(error) => (Presence::Unknown, Some(error.to_string())),
        };
        let connection = self.connection.current();
        let lifetime = match connection.map(|connection| connection.persistence()) {
            Some(CredentialPersistence::EntryOnly | CredentialPersistence::ProcessOnly) => {
                Lifetime::Process
            }
            Some(CredentialPersistence::UntilLogout) => Lifetime::Session,
            Some(CredentialPersistence::UntilReboot) => Lifetime::Boot,
            _ => Lifetime::Durable,
        };
        let mut description = Description::new(location, presence, lifetime);
        description.note = note;
        Ok(description)
    }
}

fn read(credential: &Entry) -> Result<Option<Stored>, KeyringError> {
    match credential.get_secret() {
        Ok(value) => {
            let value = SecretBytes::from(value);
            let revision = Revision::of(value.expose());
            Ok(Some(Stored::new(value, revision)))
        }
        Err(KeyringError::NoEntry) => Ok(None),
        Err(error) => Err(error),
    }
}

fn account(instance: &InstanceId, entry: &EntryName) -> String {
    format!("{instance}/{entry}")
}

const NOT_WORKING: &str =
    "does not work here; start it, or set RUNBEAM_DISABLE_KEYRING to keep secrets in files";

/// Some errors of the keyring carry the secret: none becomes a source as it is.
fn refused(account: &str, error: KeyringError) -> Error {
    let (kind, problem, cause) = match error {
        KeyringError::NoStorageAccess(cause) => (
            ErrorKind::KeyringDenied,
            "is locked; unlock it, or set RUNBEAM_DISABLE_KEYRING to keep secrets in files",
            Some(cause.to_string()),
        ),
        KeyringError::PlatformFailure(cause) => (
            ErrorKind::KeyringUnavailable,
            NOT_WORKING,
            Some(cause.to_string()),
        ),
        KeyringError::NotSupportedByStore(cause) => {
            (ErrorKind::KeyringUnavailable, NOT_WORKING, Some(cause))
        }
        KeyringError::TooLong(..) => (
            ErrorKind::TooLarge,
            "cannot hold a value of that size",
            None,
        ),
        KeyringError::Ambiguous(_) => (
            ErrorKind::Damaged,
            "holds several secrets of that name; remove all but one",
            None,
        ),
        KeyringError::BadEncoding(_)
        | KeyringError::BadDataFormat(..)
        | KeyringError::BadStoreFormat(_) => (
            ErrorKind::Damaged,
            "holds something that cannot be read; remove it",
            None,
        ),
        _ => (ErrorKind::KeyringUnavailable, NOT_WORKING, None),
    };
    let error = Error::new(
        kind,
        format!("the keyring {problem} (service `{SERVICE}`, account `{account}`)"),
    );
    match cause {
        Some(cause) => error.because(cause),
        None => error,
    }
}

#[cfg(test)]
mod tests;
