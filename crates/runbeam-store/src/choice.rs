//! Which backend an instance has chosen, remembered so that a secret is never searched for in the wrong place.

use crate::instance_dir::{InstanceDir, LockedInstance};
use crate::{Error, ErrorKind};

/// The backend of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Keyring,
    File,
    /// Files, since they were demanded. What was saved before and not since is still in the keyring.
    FileAfterKeyring,
}

impl Choice {
    /// What `dir` remembers. Sealed secrets without a remembered choice are those of the earlier SDK: the instance
    /// stays with files.
    pub(crate) fn of(dir: &InstanceDir) -> Result<Option<Self>, Error> {
        match dir.read_choice()? {
            Some(text) => match text.expose().trim_ascii() {
                b"keyring" => Ok(Some(Self::Keyring)),
                b"file" => Ok(Some(Self::File)),
                b"file, formerly keyring" => Ok(Some(Self::FileAfterKeyring)),
                _ => Err(Error::new(
                    ErrorKind::Damaged,
                    format!(
                        "{} holds neither `keyring` nor `file`; write into it where the secret is",
                        dir.path_of_choice().display()
                    ),
                )),
            },
            None if dir.holds_sealed()? => Ok(Some(Self::File)),
            None => Ok(None),
        }
    }

    /// Whether a secret that is in no file may be in the keyring.
    pub(crate) fn has_used_keyring(self) -> bool {
        matches!(self, Self::Keyring | Self::FileAfterKeyring)
    }

    /// Remembers it, unless it is what is remembered.
    pub(crate) fn remember(self, locked: &LockedInstance) -> Result<(), Error> {
        let text: &[u8] = match self {
            Self::Keyring => b"keyring\n",
            Self::File => b"file\n",
            Self::FileAfterKeyring => b"file, formerly keyring\n",
        };
        if locked
            .read_choice()?
            .is_some_and(|former| former.expose() == text)
        {
            return Ok(());
        }
        locked.write_choice(text)
    }
}
