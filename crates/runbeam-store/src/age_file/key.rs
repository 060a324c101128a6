//! Which key seals and opens the files of an instance.

use std::sync::Arc;

use runbeam_model::{Secret, SecretBytes};

use super::AgeFiles;
use crate::copies::system_time;
use crate::directory::Witness;
use crate::encryption_key::Identities;
use crate::instance_dir::{InstanceDir, LockedInstance, Sealed};
use crate::{Error, ErrorKind, InstanceId, KeySource};

/// A key for all instances.
#[derive(Debug, Clone)]
pub(crate) struct CommonKey {
    pub(super) identities: Identities,
    pub(super) source: KeySource,
}

impl CommonKey {
    pub(crate) fn parse(key: &Secret, source: KeySource) -> Result<Self, Error> {
        match Identities::parse(key.expose().as_bytes()) {
            Ok(identities) => Ok(Self { identities, source }),
            Err(problem) => Err(unusable_key(&source, problem)),
        }
    }

    /// The identity that seals, in the form that every version reads.
    pub(crate) fn to_written_form(&self) -> Secret {
        written(&self.identities)
    }
}

fn written(identities: &Identities) -> Secret {
    let written = identities.first_alone().to_written_form();
    // It is base64, which is text.
    Secret::from(String::from_utf8_lossy(written.expose()).into_owned())
}

/// The identities at hand, where they are from, and what holds as long as they would be the same.
#[derive(Debug)]
pub(crate) struct Key {
    pub(super) identities: Identities,
    pub(super) source: KeySource,
    /// The text of the instance's own key.
    pub(super) text: Option<SecretBytes>,
    /// What holds as long as the instance's own key is the same; the outer `None` is a key that was handed over.
    pub(super) witness: Option<Option<Witness>>,
}

impl AgeFiles {
    /// The identity that seals the files of `instance`, in the form that every version reads, if there is one yet.
    pub(crate) fn written_key(&self, instance: &InstanceId) -> Result<Option<Secret>, Error> {
        if let Some(key) = &self.key {
            return Ok(Some(key.to_written_form()));
        }
        let Some(dir) = self.open(instance)? else {
            return Ok(None);
        };
        let key = self.read_own_key(&dir, instance)?;
        Ok(key.map(|key| written(&key.identities)))
    }

    /// The key that opens what is in `dir`.
    pub(super) fn key(
        &self,
        dir: &InstanceDir,
        instance: &InstanceId,
    ) -> Result<Option<Arc<Key>>, Error> {
        match &self.key {
            Some(key) => Ok(Some(Arc::new(Key {
                identities: key.identities.clone(),
                source: key.source.clone(),
                text: None,
                witness: None,
            }))),
            None => self.read_own_key(dir, instance),
        }
    }

    pub(super) fn sealing_key(
        &self,
        locked: &LockedInstance,
        instance: &InstanceId,
    ) -> Result<Identities, Error> {
        match &self.key {
            Some(key) => Ok(key.identities.clone()),
            None => self.own_key_or_new(locked, instance),
        }
    }

    pub(super) fn read_own_key(
        &self,
        dir: &InstanceDir,
        instance: &InstanceId,
    ) -> Result<Option<Arc<Key>>, Error> {
        if let Some((key, _)) = self.known_keys.unchanged(instance) {
            return Ok(Some(key));
        }
        let before = system_time();
        let Some(content) = dir.read_key()? else {
            return Ok(None);
        };
        let source = KeySource::File(InstanceDir::path_of_key(&self.root, instance));
        match Identities::parse(content.bytes.expose()) {
            Ok(identities) => {
                let key = Arc::new(Key {
                    identities,
                    source,
                    text: Some(content.bytes),
                    witness: Some(content.witness),
                });
                let witness = key.witness.as_ref().and_then(Option::as_ref);
                self.known_keys.note(instance, &key, witness, before);
                Ok(Some(key))
            }
            Err(problem) => Err(unusable_key(&source, problem)),
        }
    }

    pub(super) fn own_key_or_new(
        &self,
        locked: &LockedInstance,
        instance: &InstanceId,
    ) -> Result<Identities, Error> {
        if let Some(key) = self.read_own_key(locked, instance)? {
            return Ok(key.identities.clone());
        }
        if locked.holds_sealed()? {
            tracing::warn!(
                %instance,
                "the encryption key of the instance is gone: what it sealed cannot be read, a new key is made"
            );
        }
        let identities = Identities::generate();
        if locked.create_key(&identities.to_written_form())? {
            return Ok(identities);
        }
        // A process that knows no lock, such as the earlier SDK, was faster: its key is the one.
        match self.read_own_key(locked, instance)? {
            Some(key) => Ok(key.identities.clone()),
            None => Err(self.key_is_being_written(instance)),
        }
    }

    pub(super) fn key_is_being_written(&self, instance: &InstanceId) -> Error {
        let path = InstanceDir::path_of_key(&self.root, instance);
        let message = format!("another process is writing {}; try again", path.display());
        Error::new(ErrorKind::Locked, message)
    }

    pub(super) fn key_is_gone(&self, sealed: &Sealed, instance: &InstanceId) -> Error {
        Error::new(
            ErrorKind::EncryptionKey,
            format!(
                "the key that sealed {} is gone; restore {}, or set RUNBEAM_ENCRYPTION_KEY, or save the secret again",
                sealed.path.display(),
                InstanceDir::path_of_key(&self.root, instance).display()
            ),
        )
    }
}

fn unusable_key(source: &KeySource, problem: &str) -> Error {
    Error::new(
        ErrorKind::EncryptionKey,
        format!(
            "the encryption key from {source} cannot be used: {problem}; make one with `age-keygen`, or remove it to \
             use a key that is made for the instance"
        ),
    )
}
