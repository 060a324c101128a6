//! How answers are read that spell one fact in several ways.

use serde::Deserialize as DeriveDeserialize;
use serde::de::{Deserialize, Deserializer, Error};

/// A text, or an integer that stands for one.
#[derive(DeriveDeserialize)]
#[serde(untagged)]
pub(crate) enum TextOrInteger {
    Text(String),
    Unsigned(u64),
    Signed(i64),
}

impl TextOrInteger {
    pub(crate) fn into_string(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Unsigned(number) => number.to_string(),
            Self::Signed(number) => number.to_string(),
        }
    }
}

/// `true`, `false`, `0`, `1` or nothing.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(DeriveDeserialize)]
    #[serde(untagged)]
    enum Flag {
        Bool(bool),
        Number(u64),
    }
    match Option::<Flag>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Flag::Bool(flag)) => Ok(Some(flag)),
        Some(Flag::Number(number @ (0 | 1))) => Ok(Some(number == 1)),
        Some(Flag::Number(_)) => Err(D::Error::custom("a flag is true, false, 0 or 1")),
    }
}

/// The value, or its default for `null`.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The value, or `None` for `null`, for an empty text and for what does not read as one.
///
/// For facts that only inform: they must not make the rest unreadable.
pub(crate) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(DeriveDeserialize)]
    #[serde(untagged)]
    enum Maybe<T> {
        Value(T),
        Other(serde::de::IgnoredAny),
    }
    match Maybe::deserialize(deserializer)? {
        Maybe::Value(value) => Ok(Some(value)),
        Maybe::Other(_) => Ok(None),
    }
}
