//! Configuration files of a gateway: written for its changes, and read when it pushes them.

use serde_json::{Map, Value, json};
use toml::Table;

use crate::{changes::ChangeKind, kind::Kind, record::Record};

/// What a change to a record of this kind is called; `None` for kinds that no gateway has a file of.
pub(crate) const fn change_kind(kind: Kind) -> Option<ChangeKind> {
    match kind {
        Kind::Gateway => Some(ChangeKind::Gateway),
        Kind::Pipeline => Some(ChangeKind::Pipeline),
        Kind::Transform => Some(ChangeKind::Transform),
        Kind::Mesh => Some(ChangeKind::Mesh),
        _ => None,
    }
}

/// The kind of record that a change is about.
pub(crate) const fn record_kind(kind: ChangeKind) -> Kind {
    match kind {
        ChangeKind::Gateway => Kind::Gateway,
        ChangeKind::Pipeline => Kind::Pipeline,
        ChangeKind::Transform => Kind::Transform,
        ChangeKind::Mesh => Kind::Mesh,
    }
}

/// The table in a file that holds the record, before a table with its name where a file may hold several.
const fn heading(kind: Kind) -> (&'static str, bool) {
    match kind {
        Kind::Gateway => ("proxy", false),
        Kind::Transform => ("transform", false),
        Kind::Mesh => ("mesh", true),
        _ => ("pipelines", true),
    }
}

/// The TOML text of a record.
pub(crate) fn of(record: &Record) -> String {
    let mut fields = Map::new();
    fields.insert("id".into(), json!(record.id));
    match record.kind {
        Kind::Gateway => {
            fields.insert("id".into(), json!(record.code));
            if let Value::Object(settings) = record.value("settings") {
                fields.extend(settings.clone());
            }
            for name in [
                "pipelines_path",
                "transforms_path",
                "jwks_cache_duration_hours",
            ] {
                fields.insert(name.into(), record.value(name).clone());
            }
        }
        Kind::Transform => {
            fields.insert("name".into(), json!(record.name));
            let instructions = record.value("instructions").clone();
            fields.insert("instructions".into(), instructions);
        }
        Kind::Pipeline => {
            for name in ["description", "networks"] {
                fields.insert(name.into(), record.value(name).clone());
            }
            for name in ["endpoints", "backends", "middleware"] {
                if let Value::Object(entries) = record.value(name) {
                    let names: Vec<&String> = entries.keys().collect();
                    fields.insert(name.into(), json!(names));
                }
            }
        }
        _ => {
            for field in record.kind.fields() {
                fields.insert(field.name.into(), record.value(field.name).clone());
            }
        }
    }
    let (heading, is_named) = heading(record.kind);
    let inner = without_nulls(Value::Object(fields));
    let outer = if is_named {
        json!({ (heading): { (record.code.clone()): inner } })
    } else {
        json!({ (heading): inner })
    };
    // Only a null cannot be written in TOML, and there is none left.
    toml::to_string(&outer).unwrap_or_default()
}

/// TOML has no null: what has no value is left out.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(items) => items
            .into_iter()
            .filter(|item| !item.is_null())
            .map(without_nulls)
            .collect(),
        other => other,
    }
}

/// A file that a gateway pushed.
#[derive(Debug)]
pub(crate) struct Pushed {
    file: Table,
    kind: Kind,
    /// The name in the file; a gateway has none.
    pub(crate) name: Option<String>,
}

impl Pushed {
    /// Reads a file; the error says what is wrong with it.
    pub(crate) fn read(kind: Kind, text: &str) -> Result<Self, &'static str> {
        let file: Table = text
            .parse()
            .map_err(|_| "The config field must be valid TOML.")?;
        let (heading, is_named) = heading(kind);
        let inner = file.get(heading).and_then(toml::Value::as_table);
        let name = match kind {
            Kind::Gateway => None,
            _ if is_named => {
                let name = inner.and_then(|named| named.keys().next()).cloned();
                Some(name.ok_or("The config field must name what it configures.")?)
            }
            _ => {
                let name = inner.and_then(|inner| inner.get("name")?.as_str());
                Some(
                    name.ok_or("The config field must name what it configures.")?
                        .to_owned(),
                )
            }
        };
        Ok(Self { file, kind, name })
    }

    fn inner(&self) -> Option<&Table> {
        let (heading, is_named) = heading(self.kind);
        let table = self.file.get(heading)?.as_table()?;
        match (&self.name, is_named) {
            (Some(name), true) => table.get(name)?.as_table(),
            _ => Some(table),
        }
    }

    /// What a request would say that changes a record to what the file says.
    pub(crate) fn to_request(&self, record: Option<&Record>) -> Map<String, Value> {
        let mut request = Map::new();
        let name = match record {
            Some(record) => Some(record.name.clone()),
            None => self.name.clone(),
        };
        request.insert("name".into(), json!(name));
        let inner = self.inner();
        for field in self.kind.fields() {
            let value = inner.and_then(|inner| inner.get(field.name));
            if let Some(value) = value
                && let Ok(value) = serde_json::to_value(value)
            {
                request.insert(field.name.into(), value);
            }
        }
        request
    }

    /// The file with the cloud's id in it.
    pub(crate) fn with_id(mut self, id: &str) -> String {
        let (heading, is_named) = heading(self.kind);
        let name = self.name.clone().unwrap_or_default();
        let table = self
            .file
            .get_mut(heading)
            .and_then(toml::Value::as_table_mut);
        let inner = match (table, is_named) {
            (Some(table), true) => table.get_mut(&name).and_then(toml::Value::as_table_mut),
            (table, _) => table,
        };
        if let Some(inner) = inner {
            inner.insert("id".into(), id.into());
        }
        self.file.to_string()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_pipeline_is_written_under_its_code() {
        let now = Timestamp::UNIX_EPOCH;
        let mut record = Record::new(Kind::Pipeline, "t", "studies".into(), "Studies".into(), now);
        record.set("networks", json!(["default"]));
        record.set("endpoints", json!({ "studies-in": { "service": "http" } }));
        let file: Table = of(&record).parse().unwrap();
        let inner = file["pipelines"]["studies"].as_table().unwrap();
        assert_eq!(inner["id"].as_str(), Some(record.id.as_str()));
        assert_eq!(inner["endpoints"].as_array().unwrap().len(), 1);
        assert!(inner.get("middleware").is_none());
    }

    #[test]
    fn a_pushed_file_names_what_it_configures() {
        let name = |kind, text| Pushed::read(kind, text).map(|pushed| pushed.name);
        let some = |name: &str| Ok(Some(name.to_owned()));
        assert_eq!(name(Kind::Gateway, "[proxy]\nid = \"x\""), Ok(None));
        assert_eq!(name(Kind::Pipeline, "[pipelines.studies]"), some("studies"));
        assert_eq!(name(Kind::Mesh, "[mesh.regional]"), some("regional"));
        assert_eq!(
            name(Kind::Transform, "[transform]\nname = \"strip\""),
            some("strip")
        );
        let unnamed = Err("The config field must name what it configures.");
        assert_eq!(name(Kind::Pipeline, "x = 1"), unnamed);
        assert_eq!(name(Kind::Transform, "[transform]"), unnamed);
        assert_eq!(
            name(Kind::Gateway, "["),
            Err("The config field must be valid TOML.")
        );
    }

    #[test]
    fn the_id_of_the_cloud_is_written_into_the_file() {
        let pushed = Pushed::read(Kind::Pipeline, "[pipelines.studies]\nx = 1").unwrap();
        let file: Table = pushed.with_id("01kc").parse().unwrap();
        assert_eq!(file["pipelines"]["studies"]["id"].as_str(), Some("01kc"));
        assert_eq!(file["pipelines"]["studies"]["x"].as_integer(), Some(1));
    }
}
