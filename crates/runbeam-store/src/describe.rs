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

    /// The kind of place: `keyring`, `file` or `memory`.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        match self.location {
            Location::Keyring { .. } => "keyring",
            Location::File(_) => "file",
            Location::Memory => "memory",
        }
    }

    /// What the secret survives.
    #[must_use]
    pub fn survival(&self) -> Survival {
        Survival {
            process_restart: self.lifetime != Lifetime::Process,
            reboot: matches!(self.lifetime, Lifetime::Container | Lifetime::Durable),
            container_replacement: match (&self.location, self.lifetime) {
                (Location::File(_), Lifetime::Durable) => Some(true),
                // The keyring may be that of the container or that of its host.
                (Location::Keyring { .. }, Lifetime::Durable) => None,
                _ => Some(false),
            },
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
    /// The end of the container: its file is in the layer that a container loses when it is replaced.
    Container,
    /// Nothing: it stays until it is cleared.
    Durable,
}

/// What a secret survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Survival {
    /// The end of the process, and the start of the next one.
    pub process_restart: bool,
    /// The next start of the machine.
    pub reboot: bool,
    /// A new container in place of the one that this process runs in, with the same volumes. `None` if that cannot be
    /// known.
    pub container_replacement: Option<bool>,
}

/// Where an encryption key is from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// The caller handed it over.
    Caller,
    /// `RUNBEAM_ENCRYPTION_KEY`.
    Environment,
    /// The file at this path, which `RUNBEAM_ENCRYPTION_KEY_FILE` names.
    MountedFile(PathBuf),
    /// The instance's own key file, whose path this is.
    File(PathBuf),
}

impl fmt::Display for Survival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let survives = |survives| {
            if survives {
                "survives"
            } else {
                "does not survive"
            }
        };
        write!(
            f,
            "{} a restart of the process, {} a reboot, {} the replacement of a container",
            survives(self.process_restart),
            survives(self.reboot),
            self.container_replacement.map_or("may survive", survives)
        )
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller => f.write_str("the key that was handed over"),
            Self::Environment => f.write_str("RUNBEAM_ENCRYPTION_KEY"),
            Self::MountedFile(path) => {
                write!(f, "RUNBEAM_ENCRYPTION_KEY_FILE ({})", path.display())
            }
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
            Lifetime::Container => "the container is replaced",
            Lifetime::Durable => "it is cleared",
        };
        write!(
            f,
            "the secret {presence} in {}, protected by {}, until {lifetime}",
            self.location,
            self.protection()
        )?;
        write!(f, "; it {}", self.survival())?;
        if let Some(source) = &self.key_source {
            write!(f, "; the encryption key is from {source}")?;
        }
        if let Some(note) = &self.note {
            write!(f, "; {note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(location: Location, lifetime: Lifetime, expected: (bool, bool, Option<bool>)) {
        let description = Description::new(location, Presence::Present, lifetime);
        let survival = description.survival();
        assert_eq!(
            (
                survival.process_restart,
                survival.reboot,
                survival.container_replacement
            ),
            expected,
            "{description}"
        );
    }

    #[test]
    fn what_it_survives_is_told() {
        let file = || Location::File("/x".into());
        let keyring = || Location::Keyring {
            service: "runbeam".to_owned(),
            account: "gateway/auth".to_owned(),
        };
        check(
            Location::Memory,
            Lifetime::Process,
            (false, false, Some(false)),
        );
        check(file(), Lifetime::Boot, (true, false, Some(false)));
        check(file(), Lifetime::Container, (true, true, Some(false)));
        check(file(), Lifetime::Durable, (true, true, Some(true)));
        check(keyring(), Lifetime::Session, (true, false, Some(false)));
        check(keyring(), Lifetime::Durable, (true, true, None));
    }
}
