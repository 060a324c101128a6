//! The keyring of Linux: the Secret Service API, <https://specifications.freedesktop.org/secret-service-spec/latest/>.
//!
//! An entry is an item of the default collection with the attributes `service` and `username`, as the `keyring` crates
//! write it. Each connection has a runtime of its own, which runs on the threads that call and on no other: `zbus` needs
//! one, and the user's may end before the keyring answers.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use keyring_core::api::{Credential, CredentialApi, CredentialStore, CredentialStoreApi};
use keyring_core::{Entry, Error};
use secret_service::{EncryptionType, Error as ServiceError, Item, SecretService};
use tokio::runtime::Runtime;

type Result<T, E = Error> = std::result::Result<T, E>;

/// A connection with a session that encrypts what goes over the bus.
#[derive(Clone)]
struct Session(Arc<Open>);

struct Open {
    /// Gone only when this is dropped.
    parts: Option<(Runtime, SecretService<'static>)>,
}

/// Opens a connection. Must be called on a thread that belongs to no runtime, as every method of what it returns.
pub(super) fn connect() -> Result<Arc<CredentialStore>> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_io().enable_time().build();
    let runtime = runtime.map_err(|error| Error::PlatformFailure(Box::new(error)))?;
    let service = runtime.block_on(SecretService::connect(EncryptionType::Dh));
    match service {
        Ok(service) => Ok(Arc::new(Session(Arc::new(Open {
            parts: Some((runtime, service)),
        })))),
        Err(error) => {
            runtime.shutdown_background();
            Err(Error::PlatformFailure(Box::new(error)))
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some((runtime, service)) = self.parts.take() {
            let inside = runtime.enter();
            drop(service);
            drop(inside);
            // To wait for it is forbidden where the last owner is a task.
            runtime.shutdown_background();
        }
    }
}

impl Session {
    fn run<T>(
        &self,
        work: impl AsyncFnOnce(&SecretService<'static>) -> Result<T, Refusal>,
    ) -> Result<T> {
        let Some((runtime, service)) = &self.0.parts else {
            return Err(Error::PlatformFailure("the connection is closed".into()));
        };
        runtime.block_on(work(service)).map_err(|refusal| refusal.0)
    }

    fn entry(&self, service: &str, account: &str) -> Entry {
        Entry::new_with_credential(Arc::new(Secret {
            session: self.clone(),
            service: service.to_owned(),
            account: account.to_owned(),
        }))
    }
}

/// An error of the service, as the seam to all keyrings has it.
struct Refusal(Error);

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        Self(match error {
            ServiceError::Locked | ServiceError::NoResult | ServiceError::Prompt => {
                Error::NoStorageAccess(Box::new(error))
            }
            error => Error::PlatformFailure(Box::new(error)),
        })
    }
}

/// Everything with these attributes, unlocked: a person may be asked.
async fn search<'a>(
    service: &'a SecretService<'static>,
    attributes: HashMap<&str, &str>,
) -> Result<Vec<Item<'a>>, Refusal> {
    let mut found = service.search_items(attributes).await?;
    if !found.locked.is_empty() {
        let locked: Vec<_> = found.locked.iter().collect();
        service.unlock_all(&locked).await?;
    }
    found.unlocked.append(&mut found.locked);
    Ok(found.unlocked)
}

impl CredentialStoreApi for Session {
    fn vendor(&self) -> String {
        "Secret Service".to_owned()
    }

    fn id(&self) -> String {
        "session bus".to_owned()
    }

    fn build(
        &self,
        service: &str,
        account: &str,
        _: Option<&HashMap<&str, &str>>,
    ) -> Result<Entry> {
        Ok(self.entry(service, account))
    }

    fn search(&self, wanted: &HashMap<&str, &str>) -> Result<Vec<Entry>> {
        self.run(async |service| {
            let mut entries = Vec::new();
            for item in search(service, wanted.clone()).await? {
                let attributes = item.get_attributes().await?;
                if let (Some(service), Some(account)) =
                    (attributes.get("service"), attributes.get("username"))
                {
                    entries.push(self.entry(service, account));
                }
            }
            Ok(entries)
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret Service")
    }
}

/// The secret of one account.
struct Secret {
    session: Session,
    service: String,
    account: String,
}

const CONTENT_TYPE: &str = "application/octet-stream";

impl Secret {
    fn attributes(&self) -> HashMap<&str, &str> {
        HashMap::from([("service", &*self.service), ("username", &*self.account)])
    }

    /// The one item of this account.
    async fn item<'a>(&self, service: &'a SecretService<'static>) -> Result<Item<'a>, Refusal> {
        let mut found = search(service, self.attributes()).await?;
        match (found.pop(), found.is_empty()) {
            (Some(item), true) => Ok(item),
            (None, _) => Err(Refusal(Error::NoEntry)),
            (Some(_), false) => Err(Refusal(Error::Ambiguous(Vec::new()))),
        }
    }
}

impl CredentialApi for Secret {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        self.session.run(async |service| {
            match self.item(service).await {
                Err(Refusal(Error::NoEntry)) => {}
                item => return Ok(item?.set_secret(secret, CONTENT_TYPE).await?),
            }
            let collection = service.get_default_collection().await?;
            if collection.is_locked().await? {
                collection.unlock().await?;
            }
            let label = format!("keyring:{}@{}", self.account, self.service);
            let attributes = self.attributes();
            collection
                .create_item(&label, attributes, secret, true, CONTENT_TYPE)
                .await?;
            Ok(())
        })
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        self.session
            .run(async |service| Ok(self.item(service).await?.get_secret().await?))
    }

    fn delete_credential(&self) -> Result<()> {
        self.session
            .run(async |service| Ok(self.item(service).await?.delete().await?))
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some((self.service.clone(), self.account.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secret").field(&self.account).finish()
    }
}
