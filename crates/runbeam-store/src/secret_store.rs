//! The trait of everything that keeps secrets.

use std::collections::BTreeSet;
use std::future::Future;

use runbeam_model::{ParseError, SecretBytes};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::generation::Generation;
use crate::{Description, EntryName, Error, ErrorKind, InstanceId, Revision, StoredValue, Watch};

/// Keeps the secrets of instances.
///
/// Every implementation obeys the rules of [`conformance`](crate::conformance): a save is complete or did not
/// happen, a precondition is checked and the value written in one step, an absent secret is `None`, and
/// whatever else prevents reading it is an error.
///
/// The stores of this crate do their work on the blocking threads of Tokio and need a Tokio runtime. A call
/// that has begun goes on to its end even if its future is dropped.
pub trait SecretStore: Send + Sync {
    /// Reads a secret, or `None` if there is none. Creates nothing.
    ///
    /// # Errors
    ///
    /// If the backend does not answer, or if what it holds cannot be read.
    fn load(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> impl Future<Output = Result<Option<Stored>, Error>> + Send;

    /// Keeps a secret of at most [`MAX_SECRET_LEN`] bytes. When it returns, the secret survives a power loss.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ErrorKind::Conflict) if the precondition does not hold, [`TooLarge`](ErrorKind::TooLarge), or
    /// whatever kept the backend from writing. After any of them the former secret is intact.
    fn save(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        value: &SecretBytes,
        precondition: Precondition,
    ) -> impl Future<Output = Result<Revision, Error>> + Send;

    /// Removes a secret, and says whether there was one.
    ///
    /// # Errors
    ///
    /// If the secret, or a copy of it, may still be there.
    fn clear(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Says where a secret is, or would be kept, and how it is protected. Changes nothing.
    ///
    /// # Errors
    ///
    /// If that cannot be found out.
    fn describe(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> impl Future<Output = Result<Description, Error>> + Send;

    /// The entries of an instance that hold a secret.
    ///
    /// # Errors
    ///
    /// If the backend does not answer: some of them may be missing then.
    fn list(
        &self,
        instance: &InstanceId,
    ) -> impl Future<Output = Result<BTreeSet<EntryName>, Error>> + Send;

    /// Waits until the state of an entry differs from the one of revision `seen`, and returns it. `None` is the state
    /// without a secret, in both places. It returns at once if the state differs already.
    ///
    /// The stores of this crate see what their clones write at once, and look for what others write in an interval;
    /// for that they need Tokio's timer. The future may be dropped at any time.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    fn changed(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        seen: Option<Revision>,
    ) -> impl Future<Output = Result<Option<Stored>, Error>> + Send;

    /// Watches an entry from the state of revision `from` on, where `None` is the state without a secret.
    fn watch<'a>(
        &'a self,
        instance: &InstanceId,
        entry: &EntryName,
        from: Option<Revision>,
    ) -> Watch<'a, Self>
    where
        Self: Sized,
    {
        Watch::new(self, instance, entry, from)
    }

    /// Reads a secret as a value, such as a [`MachineToken`](runbeam_model::MachineToken).
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load), and [`Value`](ErrorKind::Value) if the secret is not such a value.
    fn load_value<T: StoredValue>(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> impl Future<Output = Result<Option<T>, Error>> + Send {
        async move {
            let Some(stored) = self.load(instance, entry).await? else {
                return Ok(None);
            };
            T::from_secret_bytes(&stored.value)
                .map(Some)
                .map_err(|problem| not_what_was_asked_for(instance, entry, problem))
        }
    }

    /// Keeps a value, whatever was there before.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save).
    fn save_value<T: StoredValue>(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        value: &T,
    ) -> impl Future<Output = Result<Revision, Error>> + Send {
        let bytes = value.to_secret_bytes();
        async move { self.save(instance, entry, &bytes, Precondition::Any).await }
    }

    /// Reads a secret as the JSON of a `T`, for values of your own.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load), and [`Value`](ErrorKind::Value) if the secret is not such a value.
    fn load_json<T: DeserializeOwned>(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
    ) -> impl Future<Output = Result<Option<T>, Error>> + Send {
        async move {
            let stored = self.load(instance, entry).await?;
            let value = stored.map(|stored| stored.value.parse_json());
            value
                .transpose()
                .map_err(|problem| not_what_was_asked_for(instance, entry, problem))
        }
    }

    /// Keeps the JSON of a value of your own, whatever was there before. A [`Secret`](runbeam_model::Secret) in it
    /// is written where its field says so.
    ///
    /// # Errors
    ///
    /// Those of [`save`](Self::save), and [`Value`](ErrorKind::Value) if the value has no JSON form.
    fn save_json<T: Serialize + ?Sized>(
        &self,
        instance: &InstanceId,
        entry: &EntryName,
        value: &T,
    ) -> impl Future<Output = Result<Revision, Error>> + Send {
        let json = SecretBytes::from_json_pretty(&value).map_err(|problem| {
            let message = format!(
                "what is to be kept as entry `{entry}` of instance `{instance}` has no JSON form"
            );
            Error::new(ErrorKind::Value, message).because(problem)
        });
        async move { self.save(instance, entry, &json?, Precondition::Any).await }
    }
}

fn not_what_was_asked_for(instance: &InstanceId, entry: &EntryName, problem: ParseError) -> Error {
    let message =
        format!("entry `{entry}` of instance `{instance}` does not hold what was asked for");
    Error::new(ErrorKind::Value, message).because(problem)
}

/// The largest secret that is kept: 64 KiB.
pub const MAX_SECRET_LEN: usize = 64 * 1024;

/// A secret, and which state of its entry it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The secret itself.
    pub value: SecretBytes,
    /// For [`Precondition::Unchanged`] and [`SecretStore::watch`].
    pub revision: Revision,
    pub(crate) generation: Generation,
}

impl Stored {
    /// For whoever writes a store.
    #[must_use]
    pub fn new(value: SecretBytes, revision: Revision) -> Self {
        Self {
            value,
            revision,
            generation: Generation::UNNUMBERED,
        }
    }

    /// The state `generation` of an entry.
    pub(crate) fn of(value: SecretBytes, generation: Generation) -> Self {
        Self {
            revision: Revision::of_state(generation, &value),
            value,
            generation,
        }
    }
}

/// What must hold for a save to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Precondition {
    /// Nothing: the last one to write wins.
    Any,
    /// There is no secret yet.
    Absent,
    /// The secret is still the one that was seen.
    Unchanged(Revision),
}

impl Precondition {
    /// Checks it against whether there is a secret now, where no revision can fulfil it.
    pub(crate) fn check_presence(self, is_present: bool) -> Result<(), Error> {
        match (self, is_present) {
            (Self::Absent, true) => Err(conflict("there is a secret already")),
            _ => Ok(()),
        }
    }

    /// Checks it against the revision that is stored now.
    pub(crate) fn check(self, current: Option<Revision>) -> Result<(), Error> {
        match (self, current) {
            (Self::Any, _) | (Self::Absent, None) => Ok(()),
            (Self::Unchanged(seen), Some(current)) if seen == current => Ok(()),
            (Self::Absent, Some(_)) => self.check_presence(true),
            (Self::Unchanged(_), Some(_)) => {
                Err(conflict("the secret was changed since it was read"))
            }
            (Self::Unchanged(_), None) => Err(conflict("the secret was cleared since it was read")),
        }
    }
}

fn conflict(what: &str) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("{what}; load it again and decide"),
    )
}

pub(crate) fn check_len(value: &SecretBytes) -> Result<(), Error> {
    if value.len() <= MAX_SECRET_LEN {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::TooLarge,
        format!(
            "a secret has at most {MAX_SECRET_LEN} bytes, and this one has {}",
            value.len()
        ),
    ))
}
