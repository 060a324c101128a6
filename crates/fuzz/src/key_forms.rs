//! Any text as an encryption key.

use std::sync::LazyLock;

use runbeam_model::{Secret, SecretBytes};
use runbeam_store::ErrorKind;

use crate::shows;
use crate::store::{Scratch, load, save};

/// A key that is accepted seals and opens, and one that is not is told without being shown.
pub fn key_forms(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let scratch = Scratch::new();
    let store = match scratch.files().with_encryption_key(&Secret::from(text)) {
        Ok(store) => store,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::EncryptionKey);
            let shown = format!("{error} {error:?}");
            let is_one_of_ours = OTHER_ERRORS.iter().any(|other| *other == shown);
            assert!(is_one_of_ours, "the error tells of the text: {shown}");
            return;
        }
    };
    let secret = SecretBytes::from(b"kept with this key".to_vec());
    save(&store, &secret).unwrap();
    assert_eq!(load(&store).unwrap(), Some(secret));
    assert!(!shows(&format!("{store:?}"), text), "`Debug` shows the key");
}

/// What is said of texts that hold no secret. An error that says nothing else tells nothing.
static OTHER_ERRORS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let too_long = "A".repeat(100_000);
    let texts = [
        "",
        "no key",
        "age1",
        "AGE-SECRET-KEY-1",
        "AGE-SECRET-KEY-PQ-1",
        "AGE-PLUGIN-",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        &too_long,
    ];
    let scratch = Scratch::new();
    let error = |text| scratch.files().with_encryption_key(&Secret::from(text));
    let errors = texts.map(|text| error(text).unwrap_err());
    errors.map(|error| format!("{error} {error:?}")).to_vec()
});
