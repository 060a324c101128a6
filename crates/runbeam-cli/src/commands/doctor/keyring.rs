//! The keyring of the operating system: there, open, awake and lasting.

use runbeam_sdk::store::{EntryName, ErrorKind, InstanceId, KeyringStore, Lifetime, SecretStore};

use super::{Finding, PATIENCE};
use crate::environment;

const CHECK: &str = "keyring";

/// What says that files are used.
const FILES: [&str; 3] = [
    "RUNBEAM_DISABLE_KEYRING",
    "RUNBEAM_ENCRYPTION_KEY",
    "RUNBEAM_ENCRYPTION_KEY_FILE",
];

pub(super) async fn check() -> Vec<Finding> {
    if let Some(name) = FILES.into_iter().find(|name| environment::is_there(name)) {
        let why = format!("{name} is set, so that secrets are kept in files");
        return vec![Finding::skipped(CHECK, why)];
    }
    let Ok(instance) = "runbeam-cli".parse::<InstanceId>() else {
        return Vec::new();
    };
    let keyring = KeyringStore::with_deadline(PATIENCE);
    let entry = EntryName::user_token();
    let (loaded, described) = tokio::join!(
        keyring.load(&instance, &entry),
        keyring.describe(&instance, &entry)
    );
    vec![match (loaded, described) {
        (Ok(_), Ok(description)) if description.lifetime == Lifetime::Durable => Finding::good(
            CHECK,
            "it answers, is open, and keeps secrets until they are cleared",
        ),
        (Ok(_), Ok(_)) => Finding::warning(
            CHECK,
            "keyring-forgets",
            "the keyring forgets its secrets when you log out or the machine starts again; files are used",
            "nothing has to be done; with a keyring that lasts, `runbeam token migrate --to keyring` moves the login there",
        ),
        (Err(error), _) | (_, Err(error)) => match error.kind() {
            ErrorKind::KeyringDenied => Finding::fault(
                CHECK,
                "keyring-locked",
                error.to_string(),
                "unlock it (log in to the desktop, or `gnome-keyring-daemon --replace --unlock`), or set RUNBEAM_DISABLE_KEYRING to keep secrets in files",
            ),
            _ if error.to_string().contains("gave no answer") => Finding::fault(
                CHECK,
                "keyring-hangs",
                error.to_string(),
                "restart the keyring (its daemon, or your session), or set RUNBEAM_DISABLE_KEYRING to keep secrets in files",
            ),
            _ => Finding::warning(
                CHECK,
                "keyring-absent",
                "no keyring works here; secrets are kept in encrypted files",
                "nothing has to be done; set RUNBEAM_DISABLE_KEYRING so that none is looked for",
            ),
        },
    }]
}
