//! The keyring of each operating system.

use std::collections::HashMap;
use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::error::Result;

#[cfg(target_os = "linux")]
pub(super) fn connect() -> Result<Arc<CredentialStore>> {
    super::secret_service::connect()
}

#[cfg(target_os = "macos")]
pub(super) fn connect() -> Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
pub(super) fn connect() -> Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub(super) fn connect() -> Result<Arc<CredentialStore>> {
    Err(keyring_core::Error::NotSupportedByStore(
        "no keyring is known for this system".to_owned(),
    ))
}

/// The longest value that the keyring holds, if it is shorter than the largest secret.
pub(super) const VALUE_LIMIT: Option<usize> = if cfg!(windows) {
    // CRED_MAX_CREDENTIAL_BLOB_SIZE. The bytes are stored as they are, not as UTF-16.
    Some(2_560)
} else {
    None
};

/// What to search for to find at least everything of `service`.
pub(super) fn search(service: &str) -> HashMap<&str, &str> {
    if cfg!(windows) {
        // Every credential: their names are built by a rule that is not ours.
        HashMap::new()
    } else {
        HashMap::from([("service", service)])
    }
}
