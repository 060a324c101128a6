//! What can be kept as a value: its form in bytes.

use runbeam_model::{MachineToken, ParseError, Secret, SecretBytes, UserToken};

/// A value that a store keeps, by its form in bytes.
pub trait StoredValue: Sized + Send + Sync {
    /// The bytes that are kept.
    fn to_secret_bytes(&self) -> SecretBytes;

    /// Reads the bytes that were kept.
    ///
    /// # Errors
    ///
    /// If they are not such a value.
    fn from_secret_bytes(bytes: &SecretBytes) -> Result<Self, ParseError>;
}

/// As the JSON that every version reads. Its entry is [`EntryName::machine_token`](crate::EntryName::machine_token).
impl StoredValue for MachineToken {
    fn to_secret_bytes(&self) -> SecretBytes {
        self.to_json()
    }

    fn from_secret_bytes(bytes: &SecretBytes) -> Result<Self, ParseError> {
        Self::from_json(bytes.expose())
    }
}

/// As JSON. Its entry is [`EntryName::user_token`](crate::EntryName::user_token).
impl StoredValue for UserToken {
    fn to_secret_bytes(&self) -> SecretBytes {
        self.to_json()
    }

    fn from_secret_bytes(bytes: &SecretBytes) -> Result<Self, ParseError> {
        Self::from_json(bytes.expose())
    }
}

/// As its UTF-8 text, nothing added.
impl StoredValue for Secret {
    fn to_secret_bytes(&self) -> SecretBytes {
        SecretBytes::from(self.expose().as_bytes().to_vec())
    }

    fn from_secret_bytes(bytes: &SecretBytes) -> Result<Self, ParseError> {
        match std::str::from_utf8(bytes.expose()) {
            Ok(text) => Ok(Self::from(text)),
            Err(_) => Err(ParseError::new("secret", "it is not UTF-8 text")),
        }
    }
}
