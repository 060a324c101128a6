//! The connection to the keyring: opened when it is needed, and opened anew when it is dead.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyring_core::Error;
use keyring_core::api::CredentialStore;

use super::failure::Failure;

/// Opens a connection.
pub(super) type Connect = Arc<dyn Fn() -> Result<Arc<CredentialStore>, Error> + Send + Sync>;

/// A connection that all calls share.
pub(super) struct Connection {
    connect: Connect,
    open: Mutex<Option<Arc<CredentialStore>>>,
}

impl Connection {
    pub(super) fn new(connect: Connect) -> Self {
        Self {
            connect,
            open: Mutex::default(),
        }
    }

    /// Does `work` over the connection that is open, and once more over a new one if that fails: a daemon that was
    /// started anew knows nothing of the former connection.
    pub(super) fn with<T>(
        &self,
        work: impl Fn(&CredentialStore) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Some(open) = self.current() {
            match work(&*open) {
                Err(Failure::Keyring(Error::PlatformFailure(_))) => {}
                outcome => return outcome,
            }
        }
        let new = (self.connect)()?;
        let outcome = work(&*new);
        let is_alive = !matches!(outcome, Err(Failure::Keyring(Error::PlatformFailure(_))));
        *self.open() = is_alive.then_some(new);
        outcome
    }

    /// Uses another connection from now on.
    pub(super) fn discard(&self) {
        self.open().take();
    }

    /// The connection that is open.
    pub(super) fn current(&self) -> Option<Arc<CredentialStore>> {
        self.open().clone()
    }

    fn open(&self) -> MutexGuard<'_, Option<Arc<CredentialStore>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
