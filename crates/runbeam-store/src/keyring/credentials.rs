//! Reading and writing entries over one connection to the keyring.

use std::collections::BTreeSet;

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error as KeyringError};
use runbeam_model::SecretBytes;

use super::envelope::{self, Envelope, MOST_PARTS, Parts, Slot};
use super::failure::Failure;
use super::{SERVICE, platform};
use crate::seal::Place;
use crate::{EntryName, Error, ErrorKind, InstanceId, Stored};

/// Entries over a connection.
pub(super) struct Credentials<'a> {
    connection: &'a CredentialStore,
    /// The longest value that the keyring holds.
    limit: usize,
}

/// A reader that finds its parts replaced begins anew; this often, and no writer is so fast.
const ATTEMPTS_TO_READ: usize = 8;

impl<'a> Credentials<'a> {
    pub(super) fn new(connection: &'a CredentialStore, limit: usize) -> Self {
        Self { connection, limit }
    }

    pub(super) fn load(&self, place: Place<'_>) -> Result<Option<Stored>, Failure> {
        for _ in 0..ATTEMPTS_TO_READ {
            match self.envelope(place)? {
                None => return Ok(None),
                Some(Envelope::Whole(stored)) => return Ok(Some(stored)),
                Some(Envelope::Parts(parts)) => {
                    if let Some(stored) = self.join(place, parts)? {
                        return Ok(Some(stored));
                    }
                }
            }
        }
        Err(Failure::Ours(Error::new(
            ErrorKind::Damaged,
            format!(
                "parts of entry `{}` of instance `{}` are missing in the keyring; save the secret again",
                place.entry, place.instance
            ),
        )))
    }

    /// The value of an entry, without its parts.
    pub(super) fn envelope(&self, place: Place<'_>) -> Result<Option<Envelope>, Failure> {
        match self.get(&envelope::account(place))? {
            Some(value) => Ok(Some(Envelope::parse(value, place)?)),
            None => Ok(None),
        }
    }

    /// Replaces what an entry holds, in one step. `former` is what it holds now.
    pub(super) fn write(
        &self,
        place: Place<'_>,
        stored: &Stored,
        former: Option<&Envelope>,
    ) -> Result<(), Failure> {
        let former_parts = match former {
            Some(Envelope::Parts(parts)) => Some(*parts),
            _ => None,
        };
        let whole = envelope::whole(place, stored);
        if whole.len() <= self.limit {
            self.set(&envelope::account(place), &whole)?;
        } else {
            let slot = former_parts.map_or(Slot::A, |parts| parts.slot.other());
            let parts = self.write_parts(place, stored, slot)?;
            self.set(&envelope::account(place), &envelope::in_parts(place, parts))?;
        }
        if let Some(parts) = former_parts
            && self.remove_parts(place, parts).is_err()
        {
            // The save is done. They are overwritten by the next one or removed with the entry.
            tracing::debug!(instance = %place.instance, entry = %place.entry, "former parts stay in the keyring");
        }
        Ok(())
    }

    /// Removes an entry with all its parts, and says whether there was one.
    pub(super) fn remove(&self, place: Place<'_>) -> Result<bool, Failure> {
        let account = envelope::account(place);
        // What cannot be read is removed as well.
        let former = self.envelope(place);
        let was_there = self.delete(&account)?;
        if let Ok(Some(Envelope::Parts(parts))) = former {
            self.remove_parts(place, parts)?;
        }
        if self.limit < usize::MAX {
            self.remove_left_over(place)?;
        }
        Ok(was_there)
    }

    /// The entries of an instance.
    pub(super) fn list(&self, instance: &InstanceId) -> Result<BTreeSet<EntryName>, Failure> {
        let mut entries = BTreeSet::new();
        for found in self.connection.search(&platform::search(SERVICE))? {
            let Some((service, account)) = found.get_specifiers() else {
                // It is not one of ours, or else why it cannot be read matters.
                found.get_attributes()?;
                continue;
            };
            let name = account
                .strip_prefix(instance.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
                .filter(|_| service == SERVICE);
            // Parts and the account of the earlier SDK have no name of an entry.
            entries.extend(name.and_then(|name| EntryName::try_from(name).ok()));
        }
        Ok(entries)
    }

    pub(super) fn get(&self, account: &str) -> Result<Option<SecretBytes>, Failure> {
        match self.credential(account)?.get_secret() {
            Ok(value) => Ok(Some(SecretBytes::from(value))),
            Err(KeyringError::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn delete(&self, account: &str) -> Result<bool, Failure> {
        match self.credential(account)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(KeyringError::NoEntry) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, account: &str, value: &SecretBytes) -> Result<(), Failure> {
        Ok(self.credential(account)?.set_secret(value.expose())?)
    }

    fn credential(&self, account: &str) -> Result<Entry, KeyringError> {
        self.connection.build(SERVICE, account, None)
    }

    /// Writes the parts of a secret, which nobody reads before the value of the entry names them.
    fn write_parts(&self, place: Place<'_>, stored: &Stored, slot: Slot) -> Result<Parts, Failure> {
        let generation = stored.generation;
        let room = envelope::room_in_part(generation, self.limit);
        let count = match room {
            0 => usize::MAX,
            room => stored.value.len().div_ceil(room),
        };
        if count > MOST_PARTS {
            return Err(KeyringError::TooLong("value".to_owned(), 0).into());
        }
        for (index, secret) in stored.value.expose().chunks(room).enumerate() {
            let account = envelope::account_of_part(place, slot, index);
            self.set(&account, &envelope::part(generation, secret))?;
        }
        Ok(Parts {
            generation,
            slot,
            count,
        })
    }

    /// The secret out of its parts, or `None` if they are being replaced.
    fn join(&self, place: Place<'_>, parts: Parts) -> Result<Option<Stored>, Failure> {
        let mut value = SecretBytes::with_capacity(parts.count * self.limit.min(4096));
        for index in 0..parts.count {
            let account = envelope::account_of_part(place, parts.slot, index);
            let Some(part) = self.get(&account)? else {
                return Ok(None);
            };
            match envelope::secret_of_part(&part, parts.generation) {
                Some(secret) => value.extend_from_slice(secret),
                None => return Ok(None),
            }
        }
        Ok(Some(Stored::of(value, parts.generation)))
    }

    fn remove_parts(&self, place: Place<'_>, parts: Parts) -> Result<(), Failure> {
        for index in 0..parts.count {
            self.delete(&envelope::account_of_part(place, parts.slot, index))?;
        }
        Ok(())
    }

    /// Removes what saves that were interrupted left, where values are split at all.
    fn remove_left_over(&self, place: Place<'_>) -> Result<(), Failure> {
        let prefix = format!("{}/", envelope::account(place));
        for found in self.connection.search(&platform::search(SERVICE))? {
            let specifiers = found.get_specifiers();
            let is_part = specifiers.is_some_and(|(service, account)| {
                service == SERVICE && account.starts_with(&prefix)
            });
            if is_part {
                match found.delete_credential() {
                    Ok(()) | Err(KeyringError::NoEntry) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}
