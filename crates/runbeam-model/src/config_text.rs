//! The TOML text of a gateway's configuration, which may hold passwords.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::lenient::Lenient;

/// The TOML text of a resource's configuration.
///
/// It reads like a `str`. Configurations may hold passwords and keys, so that `Debug` shows its length alone.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfigText(Box<str>);

impl ConfigText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for ConfigText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for ConfigText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for ConfigText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Lenient for ConfigText {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl fmt::Debug for ConfigText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigText([{} bytes])", self.0.len())
    }
}
