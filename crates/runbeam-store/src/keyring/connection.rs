//! The connection to the keyring: opened when it is needed, and opened anew when it is dead.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};

/// Opens a connection.
pub(super) type Connect = fn() -> Result<Arc<CredentialStore>, Error>;

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

    /// Does `work` on a credential over the connection that is open, and once more over a new one if that fails: a
    /// daemon that was started anew knows nothing of the former connection.
    pub(super) fn with<T>(
        &self,
        service: &str,
        account: &str,
        work: impl Fn(&Entry) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let work_over =
            |connection: &Arc<CredentialStore>| work(&connection.build(service, account, None)?);
        if let Some(open) = self.current() {
            match work_over(&open) {
                Err(Error::PlatformFailure(_)) => {}
                outcome => return outcome,
            }
        }
        let new = (self.connect)()?;
        let outcome = work_over(&new);
        let is_alive = !matches!(outcome, Err(Error::PlatformFailure(_)));
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
