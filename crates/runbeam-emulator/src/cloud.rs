//! The state of one emulated cloud, and the one way in which it changes.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    accounts::User, clock::Clock, data_file::DataFile, faults::Faults, issuer::SigningKey,
    jwt::Mint, keyring::Keyring, limits::Limiter, operation::Operation, problem::Problem,
    records::Records, request_log::RequestLog,
};

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Cloud {
    /// Scheme, host and port, as in `http://127.0.0.1:8090`.
    pub(crate) origin: String,
    pub(crate) settings: Settings,
    pub(crate) keyring: Keyring,
    pub(crate) clock: Clock,
    pub(crate) limiter: Limiter,
    pub(crate) faults: Faults,
    pub(crate) log: RequestLog,
    data_file: Option<DataFile>,
    records: Mutex<Records>,
    requests: Mutex<HashMap<Operation, u64>>,
}

/// What stays as it was at the start.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) default_user: User,
    pub(crate) jwt_lifetime: Duration,
    pub(crate) machine_lifetime: SignedDuration,
    pub(crate) gateway_code: String,
    /// Whether a device login is approved when it begins.
    pub(crate) approves_logins: bool,
    /// Whether other machines may reach the emulator, under names that it cannot know.
    pub(crate) any_address: bool,
}

impl Cloud {
    pub(crate) fn new(
        origin: String,
        settings: Settings,
        keys: Vec<SigningKey>,
        clock: Clock,
        kept: (Records, Option<DataFile>),
    ) -> Self {
        let (records, data_file) = kept;
        Self {
            origin,
            settings,
            keyring: Keyring::new(keys),
            clock,
            limiter: Limiter::default(),
            faults: Faults::default(),
            log: RequestLog::default(),
            data_file,
            records: Mutex::new(records),
            requests: Mutex::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Everything that is remembered, for one reading. Device logins, which are never written down, change here, too.
    pub(crate) fn read(&self) -> MutexGuard<'_, Records> {
        unpoisoned(&self.records)
    }

    /// Makes one change, and writes it down before anybody hears of it.
    ///
    /// What could not be written is tried again with the next change.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Records) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut records = self.read();
        let outcome = change(&mut records);
        if self.write_down(&mut records) {
            outcome
        } else {
            Err(Problem::NotStored)
        }
    }

    /// As [`Cloud::change`], for changes that cannot be refused; a failure to write is in the log alone.
    pub(crate) fn alter<T>(&self, change: impl FnOnce(&mut Records) -> T) -> T {
        let mut records = self.read();
        let outcome = change(&mut records);
        self.write_down(&mut records);
        outcome
    }

    fn write_down(&self, records: &mut Records) -> bool {
        let Some(file) = &self.data_file else {
            return true;
        };
        let touched = records.take_touched();
        if touched.is_empty() {
            return true;
        }
        match file.write(records, &touched) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, path = %file.path().display(), "the data file could not be written");
                records.touch_again(touched);
                false
            }
        }
    }

    pub(crate) const fn data_file(&self) -> Option<&DataFile> {
        self.data_file.as_ref()
    }

    /// Goes back to the first user, and forgets everything else that was remembered.
    pub(crate) fn forget(&self) {
        let mut records = self.read();
        *records = Records::new(self.data_file.is_some());
        if let Some(file) = &self.data_file
            && let Err(error) = file.clear()
        {
            tracing::error!(%error, path = %file.path().display(), "the data file could not be cleared");
        }
        self.write_down(&mut records);
        drop(records);
        unpoisoned(&self.requests).clear();
    }

    /// What mints user tokens, signing with `key`.
    pub(crate) fn mint<'a>(&'a self, key: &'a SigningKey) -> Mint<'a> {
        Mint {
            origin: &self.origin,
            key,
            default_user: &self.settings.default_user,
            lifetime: self.settings.jwt_lifetime,
        }
    }

    pub(crate) fn count(&self, operation: Operation) {
        *unpoisoned(&self.requests).entry(operation).or_default() += 1;
    }

    pub(crate) fn requests(&self, operation: Operation) -> u64 {
        unpoisoned(&self.requests)
            .get(&operation)
            .copied()
            .unwrap_or_default()
    }
}

/// A request that panicked must not take the cloud away from all later ones.
pub(crate) fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
