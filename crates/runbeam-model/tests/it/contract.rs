//! The API description, and the operations that it lists.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::examples::shared;

/// The description as JSON.
pub(crate) struct Contract {
    document: Value,
}

/// An operation as the description has it.
pub(crate) struct Described<'a> {
    pub(crate) method: String,
    pub(crate) path: &'a str,
    pub(crate) value: &'a Value,
}

impl Contract {
    /// The description, read once in a process; `None` where the contract is missing, which CI does not allow.
    pub(crate) fn get() -> Option<&'static Self> {
        static CONTRACT: OnceLock<Option<Contract>> = OnceLock::new();
        let read = || {
            let yaml = shared("contract/runbeam-cloud.openapi.yaml")?;
            Some(Self {
                document: document(&yaml),
            })
        };
        CONTRACT.get_or_init(read).as_ref()
    }

    pub(crate) fn operations(&self) -> BTreeMap<&str, Described<'_>> {
        let mut operations = BTreeMap::new();
        for (path, methods) in self.document["paths"].as_object().unwrap() {
            for (method, value) in methods.as_object().unwrap() {
                let described = Described {
                    method: method.to_uppercase(),
                    path,
                    value,
                };
                operations.insert(value["operationId"].as_str().unwrap(), described);
            }
        }
        operations
    }

    /// Follows a reference within the document.
    pub(crate) fn deref<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(place) => self
                .document
                .pointer(place.strip_prefix('#').unwrap())
                .unwrap(),
            None => value,
        }
    }

    pub(crate) fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.document["components"],
            "allOf": [schema],
        });
        jsonschema::options()
            .should_validate_formats(true)
            .build(&whole)
            .unwrap()
    }
}

/// Reading YAML takes seconds without optimization, and each test is a process of its own: what one has read, the
/// others find beside the test binaries.
fn document(yaml: &str) -> Value {
    let mut hasher = DefaultHasher::new();
    yaml.hash(&mut hasher);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let cache = directory.join(format!("contract-{:016x}.json", hasher.finish()));
    if let Some(document) = fs::read(&cache)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
    {
        return document;
    }
    // YAML 1.1 takes `n`, the modulus of a key, for `false`.
    let options = serde_saphyr::options! { strict_booleans: true };
    let document: Value = serde_saphyr::from_str_with_options(yaml, options).unwrap();
    let mut file = tempfile::NamedTempFile::new_in(directory).unwrap();
    serde_json::to_writer(&mut file, &document).unwrap();
    file.persist(cache).unwrap();
    document
}
