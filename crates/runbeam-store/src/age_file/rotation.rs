//! Sealing every secret of an instance with another key, while others read them.

use super::{AgeFiles, CommonKey, does_not_open, seal_state};
use crate::encryption_key::Identities;
use crate::instance_dir::LockedInstance;
use crate::seal::{self, Opened, Place};
use crate::{EntryName, Error, ErrorKind, InstanceId, KeySource, Rotation, Stored};

/// What became of an entry.
enum Outcome {
    Resealed,
    WasCurrent,
}

impl AgeFiles {
    /// Seals all entries of an instance anew.
    pub(crate) fn rotate(&self, instance: &InstanceId) -> Result<Rotation, Error> {
        match self.lock_existing(instance)? {
            Some(locked) => self.rotate_locked(&locked, instance),
            None => Ok(Rotation::default()),
        }
    }

    /// The same, for an instance whose lock is held.
    pub(crate) fn rotate_locked(
        &self,
        locked: &LockedInstance,
        instance: &InstanceId,
    ) -> Result<Rotation, Error> {
        if let Some(key) = &self.key {
            return self.reseal_all(locked, instance, &key.identities, &key.source);
        }
        let Some(key) = self.read_own_key(locked, instance)? else {
            // Without any key there is nothing that it sealed, or else it is gone: loading tells.
            for entry in locked.entries()? {
                self.open_sealed(
                    locked,
                    Place {
                        instance,
                        entry: &entry,
                    },
                )?;
            }
            return Ok(Rotation::default());
        };
        // Several identities are a rotation that was interrupted: it goes on.
        let identities = if key.identities.is_single() {
            let identities = key.identities.with_new_first();
            locked.replace_key(&identities.to_written_form())?;
            identities
        } else {
            key.identities.clone()
        };
        let rotation = self.reseal_all(locked, instance, &identities, &key.source)?;
        locked.replace_key(&identities.first_alone().to_written_form())?;
        Ok(rotation)
    }

    /// Makes a key that was handed over the instance's own, and seals all entries anew with it.
    pub(crate) fn adopt_key(&self, instance: &InstanceId, key: &CommonKey) -> Result<(), Error> {
        let new = key.identities.first_alone();
        if let Some(common) = &self.key {
            if common.identities.seals_as(&new) {
                return Ok(());
            }
            let message = format!(
                "the key of this store is another one, from {}; set the new one there",
                common.source
            );
            return Err(Error::new(ErrorKind::EncryptionKey, message));
        }
        let locked = self.lock(instance)?;
        let written = new.to_written_form();
        let current = match self.read_own_key(&locked, instance)? {
            Some(current) => current,
            None if locked.create_key(&written)? => return Ok(()),
            // A process that knows no lock was faster, and may have sealed with its key by now.
            None => match self.read_own_key(&locked, instance)? {
                Some(current) => current,
                None => return Err(self.key_is_being_written(instance)),
            },
        };
        if current.identities.is_single() && current.identities.seals_as(&new) {
            return Ok(());
        }
        let both = current.identities.with_first_of(&new);
        locked.replace_key(&both.to_written_form())?;
        self.reseal_all(&locked, instance, &both, &current.source)?;
        locked.replace_key(&written)
    }

    fn reseal_all(
        &self,
        locked: &LockedInstance,
        instance: &InstanceId,
        identities: &Identities,
        source: &KeySource,
    ) -> Result<Rotation, Error> {
        let mut rotation = Rotation::default();
        let mut first_error = None;
        for entry in locked.entries()? {
            match reseal(locked, instance, &entry, identities, source) {
                Ok(Some(Outcome::Resealed)) => rotation.resealed += 1,
                Ok(Some(Outcome::WasCurrent)) => rotation.current += 1,
                Ok(None) => {}
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            None => Ok(rotation),
            Some(error) => Err(error.within(format_args!(
                "the rotation of instance `{instance}` is not finished, and its former key is still needed"
            ))),
        }
    }
}

fn reseal(
    locked: &LockedInstance,
    instance: &InstanceId,
    entry: &EntryName,
    identities: &Identities,
    source: &KeySource,
) -> Result<Option<Outcome>, Error> {
    let place = Place { instance, entry };
    let Some(sealed) = locked.find(entry)? else {
        return Ok(None);
    };
    let open =
        |identities: &Identities| seal::open(sealed.bytes.expose(), place, identities.iter());
    // A file of the `age` program may have other recipients beside the first one.
    if let Ok(Opened { recipients: 1, .. }) = open(&identities.first_alone()) {
        locked.remove_hidden(entry)?;
        return Ok(Some(Outcome::WasCurrent));
    }
    let opened = open(identities).map_err(|error| does_not_open(&sealed, source, error))?;
    let stored = Stored::of(opened.value, opened.generation);
    locked.write(entry, &seal_state(&stored, place, identities)?)?;
    Ok(Some(Outcome::Resealed))
}

#[cfg(test)]
mod tests {
    use runbeam_model::SecretBytes;

    use super::*;
    use crate::Precondition;
    use crate::blocking::Blocking;

    #[test]
    fn a_key_that_is_rotated_between_the_two_readings_is_no_wrong_key() {
        const ROTATIONS: usize = 5;
        let scratch = tempfile::tempdir().unwrap();
        let files = || AgeFiles::new(&scratch.path().join("root")).unwrap();
        let (instance, entry) = ("gateway".parse().unwrap(), EntryName::machine_token());
        let place = Place {
            instance: &instance,
            entry: &entry,
        };
        let value = SecretBytes::from(b"x".to_vec());
        files().save(place, &value, Precondition::Any).unwrap();

        let dir = files().open(&instance).unwrap().unwrap();
        let mut rotations = 0;
        let opened = files().open_sealed_while(&dir, place, || {
            if rotations < ROTATIONS {
                rotations += 1;
                assert_eq!(files().rotate(&instance).unwrap().resealed, 1);
            }
        });
        let (opened, ..) = opened.unwrap().unwrap();
        assert_eq!(opened.value, value);
        assert_eq!(rotations, ROTATIONS);
    }
}
