//! A deserializer around another one that refuses an object in which a name stands twice, whoever reads it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::names::Names;
use super::{Problem, Text};

/// Which member of the outermost object was being read when reading failed.
#[derive(Default)]
pub(super) struct Fault {
    member: RefCell<Option<String>>,
    has_double: Cell<bool>,
}

impl Fault {
    /// What is wrong with a text that is JSON.
    pub(super) fn problem(self) -> Problem {
        if self.has_double.get() {
            return Problem::Malformed;
        }
        self.member
            .into_inner()
            .map_or(Problem::Type, Problem::Member)
    }
}

pub(super) struct Strict<'f, D> {
    inner: D,
    fault: &'f Fault,
}

impl<'f, D> Strict<'f, D> {
    pub(super) fn new(inner: D, fault: &'f Fault) -> Self {
        Self { inner, fault }
    }
}

macro_rules! forward {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($name,)* Watching { visitor, fault: self.fault })
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
    }

    /// An object. Other readers of JSON take a list of its values for one.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }

    /// What is ignored is looked through all the same.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_any(visitor)
    }
}

/// A visitor whose objects and lists are watched.
struct Watching<'f, V> {
    visitor: V,
    fault: &'f Fault,
}

macro_rules! pass_on {
    ($($method:ident($type:ty);)*) => {
        $(fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Watching<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    pass_on! {
        visit_bool(bool);
        visit_i64(i64);
        visit_i128(i128);
        visit_u64(u64);
        visit_u128(u128);
        visit_f64(f64);
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Strict::new(inner, self.fault))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor
            .visit_newtype_struct(Strict::new(inner, self.fault))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let fault = self.fault;
        self.visitor.visit_seq(Items { inner, fault })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Members {
            inner,
            names: Names::default(),
            current: Cow::Borrowed(""),
            fault: self.fault,
        })
    }
}

struct Items<'f, A> {
    inner: A,
    fault: &'f Fault,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let fault = self.fault;
        self.inner.next_element_seed(Seed { seed, fault })
    }
}

struct Members<'f, 'de, A> {
    inner: A,
    names: Names<'de>,
    /// The name of the member that is read.
    current: Cow<'de, str>,
    fault: &'f Fault,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let Some(Text(name)) = self.inner.next_key_seed(PhantomData::<Text<'de>>)? else {
            return Ok(None);
        };
        self.current = name.clone();
        if !self.names.insert(name.clone()) {
            self.fault.has_double.set(true);
            return Err(A::Error::custom("a name stands twice"));
        }
        let key = match name {
            Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
            Cow::Owned(name) => seed.deserialize(StringDeserializer::new(name)),
        };
        key.map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let fault = self.fault;
        let value = self.inner.next_value_seed(Seed { seed, fault });
        if value.is_err() {
            // Of objects in each other, the outermost has the last word.
            fault.member.replace(Some(self.current.to_string()));
        }
        value
    }
}

struct Seed<'f, S> {
    seed: S,
    fault: &'f Fault,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.seed.deserialize(Strict::new(inner, self.fault))
    }
}
