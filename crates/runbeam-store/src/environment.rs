//! The environment variables of the store, read in this one place.

use std::env::VarError;
use std::path::PathBuf;

use runbeam_model::Secret;

use crate::{Error, ErrorKind};

/// What the environment says.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) root: Option<PathBuf>,
    pub(crate) encryption_key: Option<Secret>,
    pub(crate) is_keyring_disabled: bool,
}

impl Environment {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment of the store"
    )]
    pub(crate) fn read() -> Result<Self, Error> {
        let root = std::env::var_os("RUNBEAM_HOME").map(PathBuf::from);
        if root
            .as_ref()
            .is_some_and(|root| root.as_os_str().is_empty())
        {
            return Err(Error::new(
                ErrorKind::Configuration,
                "RUNBEAM_HOME is empty; set it to a directory, or unset it for ~/.runbeam",
            ));
        }
        let encryption_key = match std::env::var("RUNBEAM_ENCRYPTION_KEY") {
            Ok(key) => Some(Secret::from(key)),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => {
                return Err(Error::new(
                    ErrorKind::EncryptionKey,
                    "RUNBEAM_ENCRYPTION_KEY is not text; make a key with `age-keygen`",
                ));
            }
        };
        let is_keyring_disabled = std::env::var_os("RUNBEAM_DISABLE_KEYRING").is_some();
        Ok(Self {
            root,
            encryption_key,
            is_keyring_disabled,
        })
    }
}

/// `~/.runbeam`.
pub(crate) fn default_root() -> Result<PathBuf, Error> {
    match std::env::home_dir().filter(|home| !home.as_os_str().is_empty()) {
        Some(home) => Ok(home.join(".runbeam")),
        None => Err(Error::new(
            ErrorKind::Configuration,
            "this user has no home directory; set RUNBEAM_HOME to the directory for the secrets",
        )),
    }
}
