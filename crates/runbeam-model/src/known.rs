//! A fact that some forms of a token or a resource state and others leave out.

use std::fmt;

use serde::{Serialize, Serializer};

/// A fact about a token or a resource, or "unknown" where the form it was handed over in does not state it.
///
/// It displays as the fact or as `unknown`, and a textual fact compares with its text. An `Option` of the fact
/// compares with it, too.
///
/// ```
/// # use runbeam_model::{GatewayCode, Known};
/// let code: Known<GatewayCode> = "edge-lisbon".parse::<GatewayCode>()?.into();
/// assert_eq!(code.to_string(), "edge-lisbon");
/// assert_eq!(Known::<GatewayCode>::unknown().to_string(), "unknown");
/// # Ok::<_, runbeam_model::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Known<T>(Option<T>);

impl<T> Known<T> {
    /// The form does not state it.
    #[must_use]
    pub const fn unknown() -> Self {
        Self(None)
    }

    /// The fact, or `None` where it is unknown.
    #[must_use]
    pub const fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// The fact, or `None` where it is unknown.
    #[must_use]
    pub fn into_option(self) -> Option<T> {
        self.0
    }
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self::unknown()
    }
}

impl<T> From<T> for Known<T> {
    fn from(fact: T) -> Self {
        Self(Some(fact))
    }
}

impl<T> From<Option<T>> for Known<T> {
    fn from(fact: Option<T>) -> Self {
        Self(fact)
    }
}

impl<T: PartialEq> PartialEq<Option<T>> for Known<T> {
    fn eq(&self, other: &Option<T>) -> bool {
        self.0 == *other
    }
}

/// The fact, or null.
impl<T: Serialize> Serialize for Known<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: AsRef<str>> PartialEq<str> for Known<T> {
    fn eq(&self, other: &str) -> bool {
        self.0.as_ref().is_some_and(|fact| fact.as_ref() == other)
    }
}

impl<T: AsRef<str>> PartialEq<&str> for Known<T> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl<T: fmt::Display> fmt::Display for Known<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(fact) => fact.fmt(f),
            None => f.pad("unknown"),
        }
    }
}
