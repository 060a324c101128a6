//! The environment variables of the store, read in this one place.

use std::ffi::OsString;
use std::path::PathBuf;

use runbeam_model::Secret;

use crate::key_setting::KeySetting;
use crate::mounted_file::MountedFile;
use crate::{Error, ErrorKind};

pub(crate) const MACHINE_TOKEN: &str = "RUNBEAM_MACHINE_TOKEN";

/// What the environment says about the store itself.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) root: Option<PathBuf>,
    pub(crate) encryption_key: Option<KeySetting>,
    pub(crate) is_keyring_disabled: bool,
}

impl Environment {
    pub(crate) fn read() -> Result<Self, Error> {
        let root = variable("RUNBEAM_HOME").map(PathBuf::from);
        if root
            .as_ref()
            .is_some_and(|root| root.as_os_str().is_empty())
        {
            return Err(Error::new(
                ErrorKind::Configuration,
                "RUNBEAM_HOME is empty; set it to a directory, or unset it for ~/.runbeam",
            ));
        }
        let encryption_key = text_or_file(
            "RUNBEAM_ENCRYPTION_KEY",
            "RUNBEAM_ENCRYPTION_KEY_FILE",
            ErrorKind::EncryptionKey,
        )?;
        Ok(Self {
            root,
            encryption_key: encryption_key.map(|setting| match setting {
                Setting::Text(key) => KeySetting::Environment(key),
                Setting::File(file) => KeySetting::File(file),
            }),
            is_keyring_disabled: variable("RUNBEAM_DISABLE_KEYRING").is_some(),
        })
    }
}

/// The encryption key that `RUNBEAM_ENCRYPTION_KEY`, or the file that `RUNBEAM_ENCRYPTION_KEY_FILE` names, hands over, in
/// the one form that every version reads: base64 of the identity that seals. `None` if neither is set.
///
/// It is for handing the key on to a gateway; a [`Store`](crate::Store) reads it by itself.
///
/// # Errors
///
/// [`EncryptionKey`](ErrorKind::EncryptionKey) if what is set is not a key, and
/// [`Configuration`](ErrorKind::Configuration) if both are set.
pub fn encryption_key_from_env() -> Result<Option<Secret>, Error> {
    let setting = Environment::read()?.encryption_key;
    setting
        .map(|key| Ok(key.read()?.to_written_form()))
        .transpose()
}

/// What stands in a variable, or in the file that its twin names.
#[derive(Debug)]
pub(crate) enum Setting {
    Text(Secret),
    File(MountedFile),
}

/// The machine token that the environment hands over.
pub(crate) fn machine_token() -> Result<Option<Setting>, Error> {
    text_or_file(
        MACHINE_TOKEN,
        "RUNBEAM_MACHINE_TOKEN_FILE",
        ErrorKind::Configuration,
    )
}

/// Two of them are an error, as in the images of Docker: whichever one won, somebody would have meant the other.
fn text_or_file(
    text: &'static str,
    file: &'static str,
    kind: ErrorKind,
) -> Result<Option<Setting>, Error> {
    match (variable(text), variable(file)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Error::new(
            ErrorKind::Configuration,
            format!("{text} and {file} are both set; unset one of them"),
        )),
        (Some(value), None) => match value.into_string() {
            Ok(value) => Ok(Some(Setting::Text(Secret::from(value)))),
            Err(_) => Err(Error::new(kind, format!("{text} is not UTF-8 text"))),
        },
        (None, Some(path)) if path.is_empty() => Err(Error::new(
            kind,
            format!("{file} is empty; set it to the path of a file, or unset it"),
        )),
        (None, Some(path)) => Ok(Some(Setting::File(MountedFile {
            variable: file,
            path: path.into(),
        }))),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment of the store"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// `~/.runbeam`.
pub(crate) fn default_root() -> Result<PathBuf, Error> {
    match std::env::home_dir().filter(|home| !home.as_os_str().is_empty()) {
        Some(home) => Ok(home.join(".runbeam")),
        None => Err(Error::new(
            ErrorKind::Configuration,
            "this user has no home directory; set RUNBEAM_HOME to the directory for the secrets",
        )),
    }
}
