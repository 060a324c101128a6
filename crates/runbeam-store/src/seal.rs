//! Sealed secrets: age files that know which instance and entry they belong to.

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{Read, Write};

use age::{DecryptError, Decryptor, EncryptError, Encryptor};
use age_core::format::{FileKey, Stanza};
use runbeam_model::SecretBytes;
use zeroize::Zeroizing;

use crate::encryption_key::Identities;
use crate::generation::Generation;
use crate::{EntryName, InstanceId, age_header};

/// The instance and the entry that a sealed secret belongs to.
///
/// They stand with the generation in a stanza of their own in the header of the file,
/// `-> runbeam-entry <instance> <entry> <generation>`. The header's MAC authenticates it, other implementations of age
/// skip it, and the payload stays exactly the secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) instance: &'a InstanceId,
    pub(crate) entry: &'a EntryName,
}

pub(crate) const PLACE_TAG: &str = "runbeam-entry";

/// What a sealed secret holds.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) value: SecretBytes,
    pub(crate) generation: Generation,
    /// How many X25519 recipients can open it.
    pub(crate) recipients: usize,
}

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

/// Seals `value` as the state `generation` of `place` with the first of `identities`.
pub(crate) fn seal(
    value: &SecretBytes,
    place: Place<'_>,
    generation: Generation,
    identities: &Identities,
) -> Result<Vec<u8>, EncryptError> {
    let recipient = identities.recipient();
    let binding = Binding { place, generation };
    let recipients: [&dyn age::Recipient; 2] = [&recipient, &binding];
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
pub(crate) fn open<'i>(
    sealed: &[u8],
    place: Place<'_>,
    identities: impl IntoIterator<Item = &'i age::x25519::Identity>,
) -> Result<Opened, OpenError> {
    let header = Cell::new(Header::default());
    let readers: Vec<_> = identities
        .into_iter()
        .map(|identity| HeaderReader {
            identity,
            place,
            header: &header,
        })
        .collect();
    let opened = decrypt(
        sealed,
        readers.iter().map(|reader| reader as &dyn age::Identity),
    );
    let header = header.get();
    match opened {
        Ok(_) | Err(DecryptError::NoMatchingKeys) if header.place == NamedPlace::Other => {
            Err(OpenError::Misplaced)
        }
        Ok(value) => Ok(Opened {
            value,
            generation: match header.place {
                NamedPlace::Ours(generation) => generation,
                NamedPlace::None | NamedPlace::Other => Generation::UNNUMBERED,
            },
            recipients: header.recipients,
        }),
        Err(DecryptError::NoMatchingKeys) => Err(OpenError::WrongKey),
        Err(error) => Err(OpenError::Damaged(error)),
    }
}

/// The generation that a sealed secret claims. Nothing is authenticated, no key is needed.
pub(crate) fn claimed_generation(sealed: &[u8]) -> Generation {
    let header = sealed
        .split(|byte| *byte == b'\n')
        .take_while(|line| !line.starts_with(b"---"));
    header
        .filter_map(|line| std::str::from_utf8(line).ok()?.strip_prefix("-> "))
        .filter_map(|stanza| {
            let mut words = stanza.split(' ');
            (words.next() == Some(PLACE_TAG)).then(|| words.nth(2))?
        })
        .filter_map(Generation::parse)
        .max()
        .unwrap_or(Generation::UNNUMBERED)
}

fn decrypt<'a>(
    sealed: &[u8],
    identities: impl Iterator<Item = &'a dyn age::Identity>,
) -> Result<SecretBytes, DecryptError> {
    if !age_header::ends_every_stanza(sealed) {
        return Err(DecryptError::InvalidHeader);
    }
    let mut reader = Decryptor::new_buffered(sealed)?.decrypt(identities)?;
    let mut value = SecretBytes::with_capacity(sealed.len());
    // A small one for a small secret: it is wiped byte by byte.
    let mut chunk = Zeroizing::new(vec![0; sealed.len().min(4096)]);
    loop {
        match reader.read(chunk.as_mut_slice())? {
            0 => return Ok(value),
            len => value.extend_from_slice(&chunk[..len]),
        }
    }
}

/// A state of a place, as the stanza that names it.
struct Binding<'a> {
    place: Place<'a>,
    generation: Generation,
}

/// Adds the stanza. It wraps no key.
impl age::Recipient for Binding<'_> {
    fn wrap_file_key(&self, _: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let stanza = Stanza {
            tag: PLACE_TAG.to_owned(),
            args: vec![
                self.place.instance.to_string(),
                self.place.entry.to_string(),
                self.generation.to_string(),
            ],
            body: Vec::new(),
        };
        Ok((vec![stanza], HashSet::new()))
    }
}

/// What a header says, whether it is authentic or not.
#[derive(Debug, Clone, Copy, Default)]
struct Header {
    place: NamedPlace,
    recipients: usize,
}

/// The place that a header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum NamedPlace {
    #[default]
    None,
    Ours(Generation),
    Other,
}

impl Header {
    fn of(stanzas: &[Stanza], place: Place<'_>) -> Self {
        let mut named = NamedPlace::None;
        for stanza in stanzas.iter().filter(|stanza| stanza.tag == PLACE_TAG) {
            named = match named {
                NamedPlace::None => named_place(&stanza.args, place),
                // Two names are one too many.
                NamedPlace::Ours(_) | NamedPlace::Other => NamedPlace::Other,
            };
        }
        Self {
            place: named,
            recipients: stanzas.iter().filter(|s| s.tag == "X25519").count(),
        }
    }
}

/// Files of before there were generations name a place without one.
fn named_place(args: &[String], place: Place<'_>) -> NamedPlace {
    let [instance, entry, rest @ ..] = args else {
        return NamedPlace::Other;
    };
    if instance != place.instance.as_str() || entry != place.entry.as_str() {
        return NamedPlace::Other;
    }
    match rest.first().map(|number| Generation::parse(number)) {
        None => NamedPlace::Ours(Generation::UNNUMBERED),
        Some(Some(generation)) => NamedPlace::Ours(generation),
        Some(None) => NamedPlace::Other,
    }
}

/// An identity that notes what the header says.
///
/// It does not judge: whether the header is authentic is known only after its MAC was checked.
struct HeaderReader<'a> {
    identity: &'a age::x25519::Identity,
    place: Place<'a>,
    header: &'a Cell<Header>,
}

impl age::Identity for HeaderReader<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.identity.unwrap_stanza(stanza)
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        self.header.set(Header::of(stanzas, self.place));
        self.identity.unwrap_stanzas(stanzas)
    }
}

#[cfg(test)]
mod tests;
