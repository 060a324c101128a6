//! JSON in which every name of an object stands once (RFC 7515, section 4; RFC 7519, section 4; RFC 8259,
//! section 4).

mod names;
mod strict;

use std::borrow::{Borrow, Cow};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::error::Category;

use self::strict::{Fault, Strict};

/// Reads the value that `bytes` are the JSON text of, and nothing beside it.
///
/// UTF-8 only, no byte order mark, at most 127 levels deep, no name twice in any object, whether `T` has it or not.
pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    // Once for all of it is faster than for each text in it.
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::Malformed)?;
    let fault = Fault::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Strict::new(&mut json, &fault));
    let value = value.map_err(|error| match error.classify() {
        Category::Data => fault.problem(),
        Category::Io | Category::Syntax | Category::Eof => Problem::Malformed,
    })?;
    json.end().map_err(|_| Problem::Malformed)?;
    Ok(value)
}

/// Why a text is not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It is no JSON, or a name stands twice.
    Malformed,
    /// It is of a wrong type itself, or lacks a member.
    Type,
    /// This member of it is of a wrong type.
    Member(String),
}

/// A text, copied only if it holds an escape.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// For a member that may be missing, but not be `null`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests;
