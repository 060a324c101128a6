//! How answers are read that spell one fact in several ways, at the cost of one pass and no intermediate value.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{AnyJson, Known};

/// For `#[serde(default, deserialize_with = "lenient")]`: a field that informs, and whose odd form must not make the
/// rest unreadable.
pub(crate) fn lenient<'de, D: Deserializer<'de>, F: Field>(deserializer: D) -> Result<F, D::Error> {
    F::read(deserializer)
}

/// What can stand in an answer for a `Self`. What stands for none is `None`, never an error.
pub(crate) trait Lenient: Sized {
    fn from_text(text: &str) -> Option<Self>;

    fn from_integer(_: i128) -> Option<Self> {
        None
    }

    fn from_float(_: f64) -> Option<Self> {
        None
    }

    fn from_flag(_: bool) -> Option<Self> {
        None
    }

    /// # Errors
    ///
    /// Only where the text is no JSON.
    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        none(object)
    }
}

/// Passes over what is left of an object.
fn none<'de, A: MapAccess<'de>, T>(mut object: A) -> Result<Option<T>, A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(None)
}

/// How a whole field is read: like [`Lenient`], with a value for what stands for none.
pub(crate) trait Field: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl<T: Lenient> Field for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Anything::<T>::deserialize(deserializer)?.0)
    }
}

impl<T: Lenient> Field for Known<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::read(deserializer).map(Self::from)
    }
}

impl<T: Lenient> Field for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

impl Field for BTreeMap<String, AnyJson> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Anything::<Self>::deserialize(deserializer)?
            .0
            .unwrap_or_default())
    }
}

impl Field for AnyJson {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// Fields that have a value where none is stated.
macro_rules! field_with_default {
    ($($type:ty)*) => {
        $(impl Field for $type {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Anything::<Self>::deserialize(deserializer)?.0.unwrap_or_default())
            }
        })*
    };
}

field_with_default!(String f64 u32 u64 bool);

impl Lenient for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn from_integer(number: i128) -> Option<Self> {
        Some(number.to_string())
    }

    fn from_float(number: f64) -> Option<Self> {
        Some(number.to_string())
    }

    fn from_flag(flag: bool) -> Option<Self> {
        Some(flag.to_string())
    }
}

impl Lenient for bool {
    fn from_text(text: &str) -> Option<Self> {
        match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    fn from_integer(number: i128) -> Option<Self> {
        matches!(number, 0 | 1).then_some(number == 1)
    }

    fn from_flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

impl Lenient for f64 {
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &Self| number.is_finite())
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "seconds and weights are far below 2^53"
    )]
    fn from_integer(number: i128) -> Option<Self> {
        Some(number as Self)
    }

    fn from_float(number: f64) -> Option<Self> {
        Some(number)
    }
}

macro_rules! lenient_integer {
    ($($type:ty)*) => {
        $(impl Lenient for $type {
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn from_integer(number: i128) -> Option<Self> {
                number.try_into().ok()
            }

            #[allow(
                clippy::cast_possible_truncation,
                reason = "only whole numbers that an i64 holds pass the filter"
            )]
            fn from_float(number: f64) -> Option<Self> {
                let is_whole = number.fract() == 0.0 && number.abs() < 9e15;
                is_whole.then_some(number as i64)?.try_into().ok()
            }
        })*
    };
}

lenient_integer!(u16 u32 u64 i64);

/// PHP writes an empty object as an empty list, which drains to the default.
impl Lenient for BTreeMap<String, AnyJson> {
    fn from_text(_: &str) -> Option<Self> {
        None
    }

    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut entries = Self::new();
        while let Some((name, value)) = object.next_entry()? {
            entries.insert(name, value);
        }
        Ok(Some(entries))
    }
}

/// Any value, read as a `T` if it stands for one.
pub(crate) struct Anything<T>(pub(crate) Option<T>);

impl<'de, T: Lenient> Deserialize<'de> for Anything<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnythingVisitor(PhantomData))
    }
}

struct AnythingVisitor<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for AnythingVisitor<T> {
    type Value = Anything<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Anything<T>, E> {
        Ok(Anything(T::from_text(text)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Anything<T>, E> {
        Ok(Anything(T::from_integer(number.into())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Anything<T>, E> {
        Ok(Anything(T::from_integer(number.into())))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Anything<T>, E> {
        Ok(Anything(T::from_float(number)))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Anything<T>, E> {
        Ok(Anything(T::from_flag(flag)))
    }

    fn visit_unit<E: Error>(self) -> Result<Anything<T>, E> {
        Ok(Anything(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Anything<T>, A::Error> {
        drain(list)?;
        Ok(Anything(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Anything<T>, A::Error> {
        T::from_object(object).map(Anything)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(Anything(item)) = list.next_element()? {
            items.extend(item);
        }
        Ok(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Vec<T>, A::Error> {
        none::<_, T>(object).map(|_| Vec::new())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
}

fn drain<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Lets an object that derives `Deserialize` stand in a lenient field.
///
/// It is held as a whole before it is read: after a value of the wrong form nobody knows how much of it is left.
macro_rules! lenient_object {
    ($($type:ty)*) => {
        $(impl crate::lenient::Lenient for $type {
            fn from_text(_: &str) -> Option<Self> {
                None
            }

            fn from_object<'de, A: serde::de::MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
                let entries = serde::de::value::MapAccessDeserializer::new(object);
                let object = <serde_json::Value as serde::Deserialize>::deserialize(entries)?;
                Ok(<Self as serde::Deserialize>::deserialize(object).ok())
            }
        })*
    };
}
pub(crate) use lenient_object;

/// The same for one whose fields are lenient, every one: it fails where the text is no JSON, and else never.
macro_rules! all_lenient_object {
    ($($type:ty)*) => {
        $(impl crate::lenient::Lenient for $type {
            fn from_text(_: &str) -> Option<Self> {
                None
            }

            fn from_object<'de, A: serde::de::MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
                let entries = serde::de::value::MapAccessDeserializer::new(object);
                <Self as serde::Deserialize>::deserialize(entries).map(Some)
            }
        })*
    };
}
pub(crate) use all_lenient_object;

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::lenient;
    use crate::{GatewayId, Timestamp, UserInfo};

    #[derive(Debug, PartialEq, Default, Deserialize)]
    #[serde(default)]
    struct Row {
        #[serde(deserialize_with = "lenient")]
        text: String,
        #[serde(deserialize_with = "lenient")]
        flag: Option<bool>,
        #[serde(deserialize_with = "lenient")]
        port: Option<u16>,
        #[serde(deserialize_with = "lenient")]
        seconds: f64,
        #[serde(deserialize_with = "lenient")]
        id: Option<GatewayId>,
        #[serde(deserialize_with = "lenient")]
        time: Option<Timestamp>,
        #[serde(deserialize_with = "lenient")]
        texts: Vec<String>,
    }

    fn read(json: &str) -> Row {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_spelling_of_a_fact_is_read() {
        let row = read(
            r#"{"text":17,"flag":1,"port":"443","seconds":600,"id":7,"time":"2026-01-12T08:15:30Z","texts":["a",1,null,{},[]]}"#,
        );
        assert_eq!((row.text.as_str(), row.flag), ("17", Some(true)));
        assert_eq!((row.port, row.seconds), (Some(443), 600.0));
        assert_eq!(row.id.unwrap(), "7");
        assert!(row.time.is_some());
        assert_eq!(row.texts, ["a", "1"]);
        assert_eq!(read(r#"{"flag":false,"port":80.0}"#).port, Some(80));
    }

    #[test]
    fn an_object_without_what_makes_it_one_is_none() {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(deserialize_with = "lenient")]
            user: Option<UserInfo>,
            after: u8,
        }
        for user in [
            r#"{"id":"01kc","email":1}"#,
            r#"{"email":"a","name":[{}]}"#,
            r#"{"id":{"a":[1]},"email":"a","name":"b"}"#,
            r#"{"id":[{},1,"x"],"email":"a","name":"b"}"#,
            "{}",
        ] {
            let answer: Answer =
                serde_json::from_str(&format!(r#"{{"user":{user},"after":1}}"#)).unwrap();
            assert_eq!(
                (answer.user.is_some(), answer.after),
                (user.contains("01kc"), 1)
            );
        }
        for broken in [
            r#"{"user":{"id":{},"after":1}"#,
            r#"{"user":{"id","name":"a"},"after":1}"#,
        ] {
            assert!(serde_json::from_str::<Answer>(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn what_stands_for_none_costs_nothing_else() {
        for odd in [
            "null",
            r#"{"a":[1,{"b":null}]}"#,
            "[]",
            "[[1],{\"a\":2}]",
            "-1",
            "1e300",
        ] {
            for field in ["flag", "port", "id", "time", "texts"] {
                if matches!((odd, field), ("-1" | "1e300", "id")) {
                    continue;
                }
                let row = read(&format!(r#"{{"{field}":{odd},"text":"kept"}}"#));
                let expected = Row {
                    text: "kept".to_owned(),
                    texts: row.texts.clone(),
                    ..Row::default()
                };
                assert_eq!(row, expected, "{field}: {odd}");
            }
        }
        assert!(serde_json::from_str::<Row>(r#"{"texts":[1}"#).is_err());
    }
}
