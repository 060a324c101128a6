//! Which backend an instance has chosen, remembered so that a secret is never searched for in the wrong place.

use crate::directory::Witness;
use crate::instance_dir::{InstanceDir, LockedInstance};
use crate::{Error, ErrorKind};

/// The backend of an instance.
///
/// While it moves from one to the other, secrets may be in either or in both. It is remembered before the first
/// secret is written to the new place and until the last one is gone from the former place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Keyring,
    File,
    /// Files are demanded. What was saved before and not since may still be in the keyring.
    FileAfterKeyring,
    /// It moves to the keyring. What has not moved yet is in files.
    KeyringAfterFile,
}

/// What the record of an instance says, and what holds as long as it says so.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) choice: Option<Choice>,
    /// Whether the file says so, rather than that there is none.
    pub(crate) is_written: bool,
    pub(crate) witness: Option<Witness>,
}

impl Record {
    /// That of an instance without a directory.
    pub(crate) fn of_nothing() -> Self {
        Self {
            choice: None,
            is_written: false,
            witness: None,
        }
    }

    /// That of a file which says `choice`.
    pub(crate) fn written(choice: Choice, witness: Option<Witness>) -> Self {
        Self {
            choice: Some(choice),
            is_written: true,
            witness,
        }
    }

    /// What `dir` remembers, or what follows from that it remembers nothing.
    pub(crate) fn read(dir: &InstanceDir) -> Result<Self, Error> {
        match Self::read_written(dir)? {
            Some(record) => Ok(record),
            None => Ok(Self::unwritten(dir, dir.holds_sealed()?)),
        }
    }

    /// What `dir` remembers.
    pub(crate) fn read_written(dir: &InstanceDir) -> Result<Option<Self>, Error> {
        let Some(content) = dir.read_choice()? else {
            return Ok(None);
        };
        match Choice::parse(content.bytes.expose()) {
            Some(choice) => Ok(Some(Self::written(choice, content.witness))),
            None => Err(Error::new(
                ErrorKind::Damaged,
                format!(
                    "{} holds neither `keyring` nor `file`; write into it where the secret is",
                    dir.path_of_choice().display()
                ),
            )),
        }
    }

    /// Sealed secrets without a remembered choice are those of the earlier SDK: the instance stays with files.
    pub(crate) fn unwritten(dir: &InstanceDir, holds_sealed: bool) -> Self {
        Self {
            choice: holds_sealed.then_some(Choice::File),
            is_written: false,
            witness: dir.witness_of_no_choice(),
        }
    }
}

impl Choice {
    const ALL: [Self; 4] = [
        Self::Keyring,
        Self::File,
        Self::FileAfterKeyring,
        Self::KeyringAfterFile,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File => "file",
            Self::FileAfterKeyring => "file, formerly keyring",
            Self::KeyringAfterFile => "keyring, formerly file",
        }
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        Self::ALL
            .into_iter()
            .find(|choice| choice.as_str().as_bytes() == text)
    }

    /// Whether a secret that is in no file may be in the keyring.
    pub(crate) fn has_used_keyring(self) -> bool {
        self != Self::File
    }

    /// Where saves go, and which of two copies of one generation counts.
    pub(crate) fn prefers_keyring(self) -> bool {
        matches!(self, Self::Keyring | Self::KeyringAfterFile)
    }

    /// Remembers it, unless it is what is remembered.
    pub(crate) fn remember(self, locked: &LockedInstance) -> Result<(), Error> {
        let text = format!("{}\n", self.as_str());
        if locked
            .read_choice()?
            .is_some_and(|former| former.bytes.expose() == text.as_bytes())
        {
            return Ok(());
        }
        locked.write_choice(text.as_bytes())
    }
}
