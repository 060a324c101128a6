//! One resource as the cloud keeps it, and the two ways in which it is written: as an answer, and as a row to keep.

use jiff::Timestamp;
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};
use serde_json::{Map, Value, json};

use crate::{
    clock,
    kind::{Field, Frame, Gateway, Kind, Shown},
    random,
    resource_request::Changes,
};

/// A resource of any kind.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) team_id: String,
    pub(crate) code: String,
    pub(crate) name: String,
    /// The name that an authorization shows, which is another one until somebody names the gateway.
    pub(crate) title: Option<String>,
    pub(crate) gateway_id: Option<String>,
    /// One value for each field of the kind, in the order of its definition.
    pub(crate) values: Box<[Value]>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Record {
    /// A record with the first values of its kind.
    pub(crate) fn new(
        kind: Kind,
        team_id: &str,
        code: String,
        name: String,
        now: Timestamp,
    ) -> Self {
        Self {
            kind,
            id: random::id(now),
            team_id: team_id.into(),
            code,
            name,
            title: None,
            gateway_id: None,
            values: kind.fields().iter().map(Field::first_value).collect(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Takes over what was sent and leaves the rest.
    pub(crate) fn merge(&mut self, changes: Changes, now: Timestamp) {
        if self.name != changes.name {
            self.title = None;
            self.name = changes.name;
        }
        if let Some(code) = changes.code {
            self.code = code;
        }
        if let Some(gateway_id) = changes.gateway_id {
            self.gateway_id = gateway_id;
        }
        for (value, sent) in self.values.iter_mut().zip(changes.values) {
            if let Some(sent) = sent {
                *value = sent;
            }
        }
        self.updated_at = now;
    }

    /// What people call it.
    pub(crate) fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// The value of a field; null for one that the kind does not have.
    pub(crate) fn value(&self, field: &str) -> &Value {
        self.kind
            .place(field)
            .and_then(|place| self.values.get(place))
            .unwrap_or(&Value::Null)
    }

    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.value(field).as_str()
    }

    pub(crate) fn is_enabled(&self) -> bool {
        match self.value("enabled") {
            Value::Bool(enabled) => *enabled,
            Value::Number(flag) => flag.as_i64() != Some(0),
            _ => true,
        }
    }

    pub(crate) fn set(&mut self, field: &str, value: Value) {
        if let Some(place) = self.kind.place(field) {
            self.values[place] = value;
        }
    }

    /// The row to keep: every field under its name in a request, without those that are null.
    pub(crate) fn to_row(&self) -> Value {
        let mut row = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                row.insert(name.to_owned(), value);
            }
        };
        put("id", json!(self.id));
        put("team_id", json!(self.team_id));
        put("code", json!(self.code));
        put("name", json!(self.name));
        put("title", json!(self.title));
        put("gateway_id", json!(self.gateway_id));
        put("created_at", json!(clock::wire(self.created_at)));
        put("updated_at", json!(clock::wire(self.updated_at)));
        for (field, value) in self.kind.fields().iter().zip(&self.values) {
            put(field.name, value.clone());
        }
        Value::Object(row)
    }
}

impl Serialize for Record {
    /// Writes the resource as answers show it, without building a tree first: lists of them are the bulk of all work.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let definition = self.kind.definition();
        let mut map = serializer.serialize_map(None)?;
        if definition.frame == Frame::Full {
            map.serialize_entry("type", definition.tag)?;
            map.serialize_entry("code", &self.code)?;
            map.serialize_entry("team_id", &self.team_id)?;
        }
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("name", &self.name)?;
        if matches!(definition.gateway, Gateway::Needed | Gateway::Optional) {
            map.serialize_entry("gateway_id", &self.gateway_id)?;
        }
        for (place, field) in definition.fields.iter().enumerate() {
            let value = self
                .values
                .get(place)
                .ok_or_else(|| S::Error::custom("a record lacks a field of its kind"))?;
            match field.shown {
                _ if field.is_hidden() => {}
                Shown::Plain => map.serialize_entry(field.name, value)?,
                Shown::Within(object) if self.opens(object, place) => {
                    map.serialize_entry(
                        object,
                        &Part {
                            record: self,
                            object,
                        },
                    )?;
                }
                Shown::Within(_) => {}
            }
        }
        if definition.frame == Frame::Full {
            map.serialize_entry("created_at", &Moment(self.created_at))?;
            map.serialize_entry("updated_at", &Moment(self.updated_at))?;
        }
        map.end()
    }
}

impl Record {
    /// Whether no earlier field stands within `object`.
    fn opens(&self, object: &str, place: usize) -> bool {
        !self.kind.fields()[..place]
            .iter()
            .any(|field| field.is_within(object))
    }
}

/// The fields of a record that stand within one object.
struct Part<'a> {
    record: &'a Record,
    object: &'a str,
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.record.kind.fields().iter().zip(&self.record.values);
        serializer.collect_map(
            fields
                .filter(|(field, _)| field.is_within(self.object))
                .map(|(field, value)| (field.name, value)),
        )
    }
}

/// A moment as the cloud writes it.
pub(crate) struct Moment(pub(crate) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.6}", self.0))
    }
}
