//! Where a key for all instances is from: the caller, the environment, or a file that the environment names.

use runbeam_model::Secret;

use crate::age_file::CommonKey;
use crate::mounted_file::MountedFile;
use crate::selection::FileReason;
use crate::{Error, ErrorKind, KeySource};

/// A key for all instances as it was set, before anybody looked at it.
#[derive(Debug, Clone)]
pub(crate) enum KeySetting {
    /// The caller handed it over.
    Caller(Secret),
    /// `RUNBEAM_ENCRYPTION_KEY`.
    Environment(Secret),
    /// What `RUNBEAM_ENCRYPTION_KEY_FILE` names.
    File(MountedFile),
}

impl KeySetting {
    /// Why secrets are kept in files then.
    pub(crate) fn reason(&self) -> FileReason {
        match self {
            Self::Caller(_) => FileReason::KeyFromCaller,
            Self::Environment(_) => FileReason::KeyInEnvironment,
            Self::File(_) => FileReason::KeyFileInEnvironment,
        }
    }

    /// Reads the key. A file is read now, and not again by the store that gets the key.
    pub(crate) fn read(self) -> Result<CommonKey, Error> {
        match self {
            Self::Caller(key) => CommonKey::parse(&key, KeySource::Caller),
            Self::Environment(key) => CommonKey::parse(&key, KeySource::Environment),
            Self::File(file) => {
                let key = file.read_text(ErrorKind::EncryptionKey)?;
                CommonKey::parse(&key, KeySource::MountedFile(file.path))
            }
        }
    }
}
