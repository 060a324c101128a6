//! What a keyring may do wrong, with one that does it.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use keyring_core::api::{CredentialApi, CredentialStore, CredentialStoreApi};
use keyring_core::{Entry, Error as KeyringError};

use super::*;
use crate::ErrorKind;

const CANARY: &str = "canary-51ab";

/// A keyring whose every call fails, or hangs, as its entry demands.
struct BadKeyring;

struct BadCredential(String);

/// How often a connection was made.
static CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

fn connect() -> Result<Arc<CredentialStore>, KeyringError> {
    CONNECTIONS.fetch_add(1, Ordering::SeqCst);
    Ok(Arc::new(BadKeyring))
}

impl CredentialStoreApi for BadKeyring {
    fn vendor(&self) -> String {
        "bad".to_owned()
    }

    fn id(&self) -> String {
        "bad".to_owned()
    }

    fn build(
        &self,
        _: &str,
        account: &str,
        _: Option<&HashMap<&str, &str>>,
    ) -> Result<Entry, KeyringError> {
        let demand = account.split('/').next_back().unwrap_or_default();
        Ok(Entry::new_with_credential(Arc::new(BadCredential(
            demand.to_owned(),
        ))))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bad")
    }
}

impl BadCredential {
    fn fail(&self) -> KeyringError {
        let secret = || CANARY.as_bytes().to_vec();
        match self.0.as_str() {
            "encoding" => KeyringError::BadEncoding(secret()),
            "format" => KeyringError::BadDataFormat(secret(), "broken".into()),
            "ambiguous" => KeyringError::Ambiguous(Vec::new()),
            "long" => KeyringError::TooLong("password".to_owned(), 2560),
            "locked" => KeyringError::NoStorageAccess("locked".into()),
            "failing" => KeyringError::PlatformFailure("dead".into()),
            "hanging" => loop {
                std::thread::park();
            },
            _ => KeyringError::NoEntry,
        }
    }
}

impl CredentialApi for BadCredential {
    fn set_secret(&self, _: &[u8]) -> Result<(), KeyringError> {
        match self.0.as_str() {
            "working" => Ok(()),
            _ => Err(self.fail()),
        }
    }

    fn get_secret(&self) -> Result<Vec<u8>, KeyringError> {
        Err(self.fail())
    }

    fn delete_credential(&self) -> Result<(), KeyringError> {
        Err(self.fail())
    }

    fn get_credential(&self) -> Result<Option<Arc<keyring_core::api::Credential>>, KeyringError> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn debug_fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bad")
    }
}

fn instance() -> InstanceId {
    "gateway".parse().unwrap()
}

fn keyring(deadline: Duration) -> Keyring {
    let settings = KeyringSettings {
        deadline,
        ..KeyringSettings::default()
    };
    Keyring::over(Arc::new(connect), settings)
}

fn load(keyring: &Keyring, entry: &EntryName) -> Result<Option<Stored>, Error> {
    keyring.load(Place {
        instance: &instance(),
        entry,
    })
}

fn check(demand: &str, expected: ErrorKind) {
    let keyring = keyring(Duration::from_secs(5));
    let (instance, entry) = (instance(), demand.parse().unwrap());
    let place = Place {
        instance: &instance,
        entry: &entry,
    };
    let value = SecretBytes::from(CANARY.as_bytes().to_vec());
    let errors = [
        keyring.load(place).map(drop).unwrap_err(),
        keyring
            .save(place, &value, Precondition::Any)
            .map(drop)
            .unwrap_err(),
        keyring.clear(place).map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), expected, "{demand}: {error}");
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
        // Neither does a byte list in decimal, as the debug form of the foreign error prints.
        assert!(!format!("{error:?}").contains("99, 97, 110"), "{error:?}");
    }
}

#[test]
fn every_error_has_its_kind_and_none_shows_the_secret() {
    check("encoding", ErrorKind::Damaged);
    check("format", ErrorKind::Damaged);
    check("ambiguous", ErrorKind::Damaged);
    check("long", ErrorKind::TooLarge);
    check("locked", ErrorKind::KeyringDenied);
    check("failing", ErrorKind::KeyringUnavailable);
}

#[test]
fn a_call_that_hangs_takes_neither_the_connection_nor_other_calls_with_it() {
    let keyring = keyring(Duration::from_millis(50));
    let (hanging, absent) = ("hanging".parse().unwrap(), "absent".parse().unwrap());
    assert_eq!(load(&keyring, &absent).unwrap(), None);
    let before = keyring.connection.current().unwrap();
    assert_eq!(
        load(&keyring, &hanging).unwrap_err().kind(),
        ErrorKind::KeyringUnavailable
    );
    assert!(
        keyring.connection.current().is_none(),
        "the connection is held by the call that hangs"
    );
    assert_eq!(load(&keyring, &absent).unwrap(), None);
    assert!(!Arc::ptr_eq(
        &before,
        &keyring.connection.current().unwrap()
    ));
    assert!(CONNECTIONS.load(Ordering::SeqCst) >= 2);
}

#[test]
fn no_write_follows_one_that_may_still_be_done() {
    const DEADLINE: Duration = Duration::from_secs(2);
    let keyring = keyring(DEADLINE);
    let value = SecretBytes::from(b"x".to_vec());
    let (hanging, working) = ("hanging".parse().unwrap(), "working".parse().unwrap());
    let save = |entry: &EntryName| {
        let place = Place {
            instance: &instance(),
            entry,
        };
        keyring.save(place, &value, Precondition::Absent)
    };
    save(&working).unwrap();
    assert_eq!(
        save(&hanging).unwrap_err().kind(),
        ErrorKind::KeyringUnavailable
    );
    let start = Instant::now();
    let error = save(&working).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyringUnavailable);
    assert!(
        start.elapsed() < DEADLINE / 2,
        "it does not wait for what hangs"
    );
}
