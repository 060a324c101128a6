//! What goes wrong with a keyring, as an error of this crate.

use keyring_core::Error as KeyringError;

use super::SERVICE;
use crate::{Error, ErrorKind};

/// Why work over a connection ended.
#[derive(Debug)]
pub(super) enum Failure {
    /// The keyring failed or refused.
    Keyring(KeyringError),
    /// The keyring did what it should.
    Ours(Error),
}

impl From<KeyringError> for Failure {
    fn from(error: KeyringError) -> Self {
        Self::Keyring(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl Failure {
    pub(super) fn into_error(self, account: &str) -> Error {
        match self {
            Self::Keyring(error) => refused(account, error),
            Self::Ours(error) => error,
        }
    }
}

const NOT_WORKING: &str =
    "does not work here; start it, or set RUNBEAM_DISABLE_KEYRING to keep secrets in files";

/// Some errors of the keyring carry the secret: none becomes a source as it is.
fn refused(account: &str, error: KeyringError) -> Error {
    let (kind, problem, cause) = match error {
        KeyringError::NoStorageAccess(cause) => (
            ErrorKind::KeyringDenied,
            "is locked; unlock it, or set RUNBEAM_DISABLE_KEYRING to keep secrets in files",
            Some(cause.to_string()),
        ),
        KeyringError::PlatformFailure(cause) => (
            ErrorKind::KeyringUnavailable,
            NOT_WORKING,
            Some(cause.to_string()),
        ),
        KeyringError::NotSupportedByStore(cause) => {
            (ErrorKind::KeyringUnavailable, NOT_WORKING, Some(cause))
        }
        KeyringError::TooLong(..) => (
            ErrorKind::TooLarge,
            "cannot hold a value of that size",
            None,
        ),
        KeyringError::Ambiguous(_) => (
            ErrorKind::Damaged,
            "holds several secrets of that name; remove all but one",
            None,
        ),
        KeyringError::BadEncoding(_)
        | KeyringError::BadDataFormat(..)
        | KeyringError::BadStoreFormat(_) => (
            ErrorKind::Damaged,
            "holds something that cannot be read; remove it",
            None,
        ),
        _ => (ErrorKind::KeyringUnavailable, NOT_WORKING, None),
    };
    let error = Error::new(
        kind,
        format!("the keyring {problem} (service `{SERVICE}`, account `{account}`)"),
    );
    match cause {
        Some(cause) => error.because(cause),
        None => error,
    }
}
