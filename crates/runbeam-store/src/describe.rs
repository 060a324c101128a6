//! Where a secret is, how it is protected, and what it survives.

use std::fmt;
use std::path::PathBuf;

/// Where a secret is or would be kept, how it is protected, and what it survives.
///
/// It holds nothing secret. Its `Display` is a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// Where it is.
    pub location: Location,
    /// Whether there is one.
    pub presence: Presence,
    /// How long it stays.
    pub lifetime: Lifetime,
    /// Where the encryption key is from, if the secret is a sealed file.
    pub key_source: Option<KeySource>,
    /// Why it is not in the keyring, or why its presence is unknown.
    pub note: Option<String>,
}

impl Description {
    /// For whoever writes a store.
    #[must_use]
    pub fn new(location: Location, presence: Presence, lifetime: Lifetime) -> Self {
        Self {
            location,
            presence,
            lifetime,
            key_source: None,
            note: None,
        }
    }

    /// What protects the secret.
    #[must_use]
    pub fn protection(&self) -> &'static str {
        match self.location {
            Location::Keyring { .. } => "the keyring of the operating system",
            Location::File(_) => {
                "age encryption (X25519, ChaCha20-Poly1305) and the permissions of the file"
            }
            Location::Memory => "nothing but the process itself",
        }
    }
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// In the keyring of the operating system.
    #[non_exhaustive]
    Keyring {
        /// The service attribute: always `runbeam`.
        service: String,
        /// The account attribute: `<instance>/<entry>`.
        account: String,
    },
    /// In an age file.
    File(PathBuf),
    /// In this process.
    Memory,
}

/// Whether there is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presence {
    /// There is one.
    Present,
    /// There is none.
    Absent,
    /// The backend does not say.
    Unknown,
}

/// What ends the life of a secret, other than clearing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lifetime {
    /// The end of the process.
    Process,
    /// The end of the user's session.
    Session,
    /// The next start of the machine.
    Boot,
    /// Nothing: it stays until it is cleared.
    Durable,
}

/// Where an encryption key is from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// The caller handed it over.
    Caller,
    /// `RUNBEAM_ENCRYPTION_KEY`.
    Environment,
    /// The instance's own key file, whose path this is.
    File(PathBuf),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller => f.write_str("the key that was handed over"),
            Self::Environment => f.write_str("RUNBEAM_ENCRYPTION_KEY"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring { service, account } => {
                write!(f, "the keyring (service `{service}`, account `{account}`)")
            }
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Memory => f.write_str("memory"),
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let presence = match self.presence {
            Presence::Present => "is",
            Presence::Absent => "would be kept",
            Presence::Unknown => "may be",
        };
        let lifetime = match self.lifetime {
            Lifetime::Process => "the process ends",
            Lifetime::Session => "the user logs out",
            Lifetime::Boot => "the machine starts again",
            Lifetime::Durable => "it is cleared",
        };
        write!(
            f,
            "the secret {presence} in {}, protected by {}, until {lifetime}",
            self.location,
            self.protection()
        )?;
        if let Some(source) = &self.key_source {
            write!(f, "; the encryption key is from {source}")?;
        }
        if let Some(note) = &self.note {
            write!(f, "; {note}")?;
        }
        Ok(())
    }
}
