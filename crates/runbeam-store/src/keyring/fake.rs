//! A keyring in memory, which may be small, forgetful, or dead from some call on.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use keyring_core::api::{
    Credential, CredentialApi, CredentialPersistence, CredentialStore, CredentialStoreApi,
};
use keyring_core::{Entry, Error, Result};

use super::{Keyring, KeyringSettings};

/// Clones share their content.
#[derive(Clone)]
pub(crate) struct Fake {
    values: Arc<Mutex<Values>>,
    /// The longest value that it accepts.
    limit: usize,
    is_forgetful: bool,
    /// How many calls succeed before all fail.
    calls_left: Arc<AtomicUsize>,
}

/// By service and account.
type Values = BTreeMap<(String, String), Vec<u8>>;

impl Fake {
    pub(crate) fn new() -> Self {
        Self {
            values: Arc::default(),
            limit: usize::MAX,
            is_forgetful: false,
            calls_left: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }

    pub(crate) fn holding_at_most(limit: usize) -> Self {
        Self {
            limit,
            ..Self::new()
        }
    }

    /// The same keyring, which admits that it forgets.
    pub(crate) fn forgetful(&self) -> Self {
        Self {
            is_forgetful: true,
            ..self.clone()
        }
    }

    /// The same keyring for a process that dies after `calls` calls, as far as the keyring can tell.
    pub(crate) fn dying_after(&self, calls: usize) -> Self {
        Self {
            calls_left: Arc::new(AtomicUsize::new(calls)),
            ..self.clone()
        }
    }

    pub(crate) fn keyring(&self) -> Keyring {
        let settings = KeyringSettings {
            value_limit: self.limit,
            ..KeyringSettings::default()
        };
        let fake = self.clone();
        let connect = move || -> Result<Arc<CredentialStore>> { Ok(Arc::new(fake.clone())) };
        Keyring::over(Arc::new(connect), settings)
    }

    pub(crate) fn put(&self, account: &str, value: &[u8]) {
        let place = ("runbeam".to_owned(), account.to_owned());
        self.values().insert(place, value.to_vec());
    }

    pub(crate) fn accounts(&self) -> Vec<String> {
        let accounts = self.values();
        accounts
            .keys()
            .map(|(_, account)| account.clone())
            .collect()
    }

    fn values(&self) -> MutexGuard<'_, Values> {
        self.values.lock().unwrap()
    }

    fn call(&self) -> Result<()> {
        let left = self
            .calls_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        match left {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::PlatformFailure("dead".into())),
        }
    }

    fn credential(&self, service: &str, account: &str) -> Entry {
        Entry::new_with_credential(Arc::new(Item {
            fake: self.clone(),
            place: (service.to_owned(), account.to_owned()),
        }))
    }
}

impl CredentialStoreApi for Fake {
    fn vendor(&self) -> String {
        "fake".to_owned()
    }

    fn id(&self) -> String {
        "fake".to_owned()
    }

    fn build(&self, service: &str, user: &str, _: Option<&HashMap<&str, &str>>) -> Result<Entry> {
        Ok(self.credential(service, user))
    }

    fn search(&self, spec: &HashMap<&str, &str>) -> Result<Vec<Entry>> {
        self.call()?;
        let values = self.values();
        let wanted = spec.get("service");
        let found = values
            .keys()
            .filter(|(service, _)| wanted.is_none_or(|wanted| wanted == service));
        Ok(found
            .map(|(service, account)| self.credential(service, account))
            .collect())
    }

    fn persistence(&self) -> CredentialPersistence {
        if self.is_forgetful {
            CredentialPersistence::UntilReboot
        } else {
            CredentialPersistence::UntilDelete
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("fake")
    }
}

struct Item {
    fake: Fake,
    place: (String, String),
}

impl CredentialApi for Item {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        self.fake.call()?;
        if secret.len() > self.fake.limit {
            return Err(Error::TooLong("secret".to_owned(), 0));
        }
        self.fake
            .values()
            .insert(self.place.clone(), secret.to_vec());
        Ok(())
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        self.fake.call()?;
        let value = self.fake.values().get(&self.place).cloned();
        value.ok_or(Error::NoEntry)
    }

    fn delete_credential(&self) -> Result<()> {
        self.fake.call()?;
        match self.fake.values().remove(&self.place) {
            Some(_) => Ok(()),
            None => Err(Error::NoEntry),
        }
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some(self.place.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("fake")
    }
}
