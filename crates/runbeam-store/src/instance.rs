//! The id of an instance: one isolated namespace of secrets.

use std::fmt;
use std::str::FromStr;

use crate::portable_name::{self, Problem};
use crate::{Error, ErrorKind};

/// The name of an instance, such as `harmony`, `my-gateway` or `runbeam-cli`: its secrets are apart from those
/// of every other instance.
///
/// It has 1 to 64 characters out of `a`–`z`, `0`–`9`, `-`, `_` and `.`, begins with a letter or a digit, and
/// does not end in a dot. Names that Windows reserves (`nul`, `com1.txt`) and names of files that stand beside
/// the instances (anything that ends in `.json`, `.key`, `.lock` or `.tmp`) are refused. So two ids never mean one
/// directory, on any system. Upper case is refused: write `My-Gateway` as `my-gateway`, and rename
/// the directory that an earlier SDK made for it.
///
/// ```
/// # use runbeam_store::InstanceId;
/// let id: InstanceId = "my-gateway".parse()?;
/// assert_eq!(id.as_str(), "my-gateway");
/// assert!("../escaped".parse::<InstanceId>().is_err());
/// # Ok::<_, runbeam_store::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(String);

impl InstanceId {
    /// The longest id.
    pub const MAX_LEN: usize = 64;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str) -> Result<(), Problem> {
    portable_name::check(text, InstanceId::MAX_LEN, &['-', '_', '.'])?;
    if [".json", ".key", ".lock", ".tmp"]
        .iter()
        .any(|ending| text.ends_with(ending))
    {
        return Err("it ends like a file that stands beside the instances");
    }
    Ok(())
}

impl TryFrom<&str> for InstanceId {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        match check(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(problem) => Err(Error::new(
                ErrorKind::InvalidName,
                format!(
                    "invalid instance id: {problem}; use 1 to 64 lower-case letters, digits, `-`, `_` and `.`"
                ),
            )),
        }
    }
}

impl FromStr for InstanceId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::try_from(text)
    }
}

impl AsRef<str> for InstanceId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_use_are_accepted() {
        for id in [
            "harmony",
            "harmony-production",
            "runbeam-cli",
            "1a2b3c4d",
            "a",
            "eu.west_1",
            "console",
        ] {
            assert_eq!(InstanceId::try_from(id).unwrap().to_string(), id);
        }
        assert!(InstanceId::try_from("x".repeat(64).as_str()).is_ok());
    }

    #[test]
    fn what_could_alias_or_escape_is_refused() {
        let long = "x".repeat(65);
        let refused = [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "/etc",
            "c:",
            "a\0",
            "a.",
            " a",
            "a ",
            "-a",
            "_a",
            ".a",
            "A",
            "é",
            "ﬁ",
            "nul",
            "com1",
            "lpt0.txt",
            "con.a.b",
            "encryption.key",
            "harmony.json",
            "a.tmp",
            "a.lock",
            &long,
        ];
        for id in refused {
            let error = InstanceId::try_from(id).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidName, "{id:?}");
        }
    }

    #[test]
    fn upper_case_is_told_the_way_out() {
        let error = InstanceId::try_from("My-Gateway").unwrap_err();
        assert!(
            error.to_string().contains("write it in lower case"),
            "{error}"
        );
    }

    proptest::proptest! {
        #[test]
        fn an_accepted_id_is_one_plain_component(text in "[a-zA-Z0-9._/\\\\ é-]{0,12}") {
            if let Ok(id) = InstanceId::try_from(text.as_str()) {
                let path = std::path::Path::new(id.as_str());
                let components: Vec<_> = path.components().collect();
                assert_eq!(components, [std::path::Component::Normal(id.as_str().as_ref())]);
                assert_eq!(id.as_str().to_lowercase(), text);
            }
        }
    }
}
