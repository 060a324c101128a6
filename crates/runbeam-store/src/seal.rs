//! Sealed secrets: age files that know which instance and entry they belong to.

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{Read, Write};

use age::{DecryptError, Decryptor, EncryptError, Encryptor};
use age_core::format::{FileKey, Stanza};
use runbeam_model::SecretBytes;
use zeroize::Zeroizing;

use crate::encryption_key::Identities;
use crate::{EntryName, InstanceId};

/// The instance and the entry that a sealed secret belongs to.
///
/// They stand in a stanza of their own in the header of the file, `-> runbeam-entry <instance> <entry>`. The
/// header's MAC authenticates it, other implementations of age skip it, and the payload stays exactly the
/// secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) instance: &'a InstanceId,
    pub(crate) entry: &'a EntryName,
}

const PLACE_TAG: &str = "runbeam-entry";

/// Why a sealed secret does not open.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// No identity fits.
    WrongKey,
    /// It was sealed for another place.
    Misplaced,
    /// It is not an age file, or not whole.
    Damaged(DecryptError),
}

/// Seals `value` for `place` with the first of `identities`.
pub(crate) fn seal(
    value: &SecretBytes,
    place: Place<'_>,
    identities: &Identities,
) -> Result<Vec<u8>, EncryptError> {
    let recipient = identities.recipient();
    let recipients: [&dyn age::Recipient; 2] = [&recipient, &place];
    let encryptor = Encryptor::with_recipients(recipients.into_iter())?;
    let mut sealed = Vec::with_capacity(value.len() + 512);
    let mut writer = encryptor
        .wrap_output(&mut sealed)
        .map_err(EncryptError::Io)?;
    writer.write_all(value.expose()).map_err(EncryptError::Io)?;
    writer.finish().map_err(EncryptError::Io)?;
    Ok(sealed)
}

/// Opens what was sealed for `place`, or for no place at all by another implementation of age.
pub(crate) fn open(
    sealed: &[u8],
    place: Place<'_>,
    identities: &Identities,
) -> Result<SecretBytes, OpenError> {
    let named_place = Cell::new(NamedPlace::None);
    let readers: Vec<_> = identities
        .iter()
        .map(|identity| PlacedIdentity {
            identity,
            place,
            named_place: &named_place,
        })
        .collect();
    let opened = decrypt(
        sealed,
        readers.iter().map(|reader| reader as &dyn age::Identity),
    );
    match opened {
        Ok(_) | Err(DecryptError::NoMatchingKeys) if named_place.get() == NamedPlace::Other => {
            Err(OpenError::Misplaced)
        }
        Ok(value) => Ok(value),
        Err(DecryptError::NoMatchingKeys) => Err(OpenError::WrongKey),
        Err(error) => Err(OpenError::Damaged(error)),
    }
}

fn decrypt<'a>(
    sealed: &[u8],
    identities: impl Iterator<Item = &'a dyn age::Identity>,
) -> Result<SecretBytes, DecryptError> {
    let mut reader = Decryptor::new_buffered(sealed)?.decrypt(identities)?;
    let mut value = SecretBytes::with_capacity(sealed.len());
    let mut chunk = Zeroizing::new([0; 4096]);
    loop {
        match reader.read(chunk.as_mut_slice())? {
            0 => return Ok(value),
            len => value.extend_from_slice(&chunk[..len]),
        }
    }
}

/// Adds the stanza. It wraps no key.
impl age::Recipient for Place<'_> {
    fn wrap_file_key(&self, _: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let stanza = Stanza {
            tag: PLACE_TAG.to_owned(),
            args: vec![self.instance.to_string(), self.entry.to_string()],
            body: Vec::new(),
        };
        Ok((vec![stanza], HashSet::new()))
    }
}

/// The place that a header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NamedPlace {
    None,
    Ours,
    Other,
}

/// An identity that notes the place that the header names.
///
/// It does not judge: whether the header is authentic is known only after its MAC was checked.
struct PlacedIdentity<'a> {
    identity: &'a age::x25519::Identity,
    place: Place<'a>,
    named_place: &'a Cell<NamedPlace>,
}

impl age::Identity for PlacedIdentity<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.identity.unwrap_stanza(stanza)
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        for stanza in stanzas.iter().filter(|stanza| stanza.tag == PLACE_TAG) {
            let is_ours = stanza.args == [self.place.instance.as_str(), self.place.entry.as_str()];
            if !is_ours {
                self.named_place.set(NamedPlace::Other);
            } else if self.named_place.get() == NamedPlace::None {
                self.named_place.set(NamedPlace::Ours);
            }
        }
        self.identity.unwrap_stanzas(stanzas)
    }
}

#[cfg(test)]
mod tests;
