//! The state of one emulated cloud.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    accounts::{Accounts, User},
    gateways::Gateways,
    issuer::SigningKey,
    operation::Operation,
    tokens::Tokens,
};

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Cloud {
    /// Scheme, host and port, as in `http://127.0.0.1:8090`.
    pub(crate) origin: String,
    pub(crate) signing_key: SigningKey,
    pub(crate) jwt_lifetime: Duration,
    pub(crate) gateway_code: String,
    pub(crate) default_user: User,
    records: Mutex<Records>,
    requests: Mutex<HashMap<Operation, u64>>,
}

/// What the cloud remembers.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) accounts: Accounts,
    pub(crate) gateways: Gateways,
    pub(crate) tokens: Tokens,
}

impl Cloud {
    pub(crate) fn new(
        origin: String,
        signing_key: SigningKey,
        jwt_lifetime: Duration,
        gateway_code: String,
    ) -> Self {
        let default_user = Accounts::first_user();
        let mut records = Records::default();
        records.accounts.add(default_user.clone());
        Self {
            origin,
            signing_key,
            jwt_lifetime,
            gateway_code,
            default_user,
            records: Mutex::new(records),
            requests: Mutex::default(),
        }
    }

    /// Everything that is remembered, for one reading or one change.
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        unpoisoned(&self.records)
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
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
