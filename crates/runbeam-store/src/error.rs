//! The one error of this crate, and its kinds by what to do next.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// Why a secret could not be kept, read or cleared.
///
/// [`Error::kind`] says what the caller can do. The text says what failed, where, and the next step; it never
/// holds a secret. The cause, if there is one, is behind [`source`](StdError::source).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`], named by what is wrong and so by what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An instance id or an entry name breaks the rules of names. Choose another one.
    InvalidName,
    /// A setting cannot be used: no home directory, an unusable `RUNBEAM_HOME`. Correct it.
    Configuration,
    /// The precondition of a save does not hold: somebody else wrote. Load again and decide.
    Conflict,
    /// Another process held the lock of the instance for longer than the deadline. Transient.
    Locked,
    /// The keyring does not answer, or not within its deadline. Nothing is known about the secret. Transient.
    KeyringUnavailable,
    /// The keyring answers and refuses: it is locked, or the user dismissed its prompt. Unlock it.
    KeyringDenied,
    /// The secret is kept in a backend that this store may not use. Allow that backend, or save again.
    Elsewhere,
    /// An encryption key is set but useless, or the key that sealed the secret is gone. Provide the key.
    EncryptionKey,
    /// The secret is sealed with another key than the ones that are at hand. Provide the former key.
    WrongKey,
    /// What is stored was cut, changed, or never written by a store. Restore it, or clear and save again.
    Damaged,
    /// The file belongs to another instance or entry: files were exchanged. Put it back.
    Misplaced,
    /// An older state of the secret was put back over one that this store has seen. Save again, or open a new store.
    RolledBack,
    /// The value is larger than the backend keeps.
    TooLarge,
    /// A file or directory is open to others, belongs to somebody else, or is a link. Correct what is named.
    Permissions,
    /// What is stored was read, but it is not the kind of value that was asked for; or a value to be kept has no
    /// JSON form.
    Value,
    /// The operating system refused: no space, read-only, too many open files. The cause says which.
    Io,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Puts `context` before the message: what the caller was about to do.
    pub(crate) fn within(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message).into();
        self
    }

    /// What kind of problem it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later without anybody doing anything:
    /// [`Locked`](ErrorKind::Locked) and [`KeyringUnavailable`](ErrorKind::KeyringUnavailable).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Locked | ErrorKind::KeyringUnavailable
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug
            .field("kind", &self.0.kind)
            .field("message", &self.0.message);
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
