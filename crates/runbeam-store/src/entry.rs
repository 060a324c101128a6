//! The name of an entry: one secret of an instance.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::portable_name::{self, Problem};
use crate::{Error, ErrorKind};

/// The name of one secret of an instance, such as `auth` or `user_auth`.
///
/// It has 1 to 64 characters out of `a`–`z`, `0`–`9`, `-` and `_`, and begins with a letter or a digit. Names that
/// Windows reserves and `config` (a file of the gateway in the same directory) are refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryName(Cow<'static, str>);

impl EntryName {
    /// The longest name.
    pub const MAX_LEN: usize = 64;

    /// `auth`: the machine token of a gateway.
    #[must_use]
    pub const fn machine_token() -> Self {
        Self(Cow::Borrowed("auth"))
    }

    /// `user_auth`: the token that a person logged in with.
    #[must_use]
    pub const fn user_token() -> Self {
        Self(Cow::Borrowed("user_auth"))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str) -> Result<(), Problem> {
    portable_name::check(text, EntryName::MAX_LEN, &['-', '_'])?;
    if text == "config" {
        return Err("the gateway keeps a file of that name beside its secrets");
    }
    Ok(())
}

impl TryFrom<&str> for EntryName {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        match check(text) {
            Ok(()) => Ok(Self(text.to_owned().into())),
            Err(problem) => Err(Error::new(
                ErrorKind::InvalidName,
                format!(
                    "invalid entry name: {problem}; use 1 to 64 lower-case letters, digits, `-` and `_`"
                ),
            )),
        }
    }
}

impl FromStr for EntryName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::try_from(text)
    }
}

impl AsRef<str> for EntryName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_names_obey_the_rule() {
        for name in [EntryName::machine_token(), EntryName::user_token()] {
            assert_eq!(EntryName::try_from(name.as_str()).unwrap(), name);
        }
    }

    #[test]
    fn names_of_other_files_are_refused() {
        for name in [
            "",
            "config",
            "auth.json",
            "../auth",
            "nul",
            "Auth",
            ".lock",
            "a b",
        ] {
            assert_eq!(
                EntryName::try_from(name).unwrap_err().kind(),
                ErrorKind::InvalidName,
                "{name:?}"
            );
        }
    }
}
