//! JSON of any form, of which nothing but names is shown.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A JSON value whose form the API leaves open, such as the options of a middleware.
///
/// It reads like the [`Value`] that it holds. Options may hold passwords and keys, so that `Debug` shows the names of
/// an object and no values.
///
/// ```
/// # use runbeam_model::AnyJson;
/// let options = AnyJson::from(serde_json::json!({ "username": "ines", "password": "hunter2" }));
/// assert_eq!(options["username"], "ines");
/// assert_eq!(format!("{options:?}"), r#"AnyJson{"password", "username"}"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnyJson(Value);

impl AnyJson {
    /// The value itself.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }
}

impl Deref for AnyJson {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for AnyJson {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl fmt::Debug for AnyJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyJson")?;
        match &self.0 {
            Value::Object(object) => f.debug_set().entries(object.keys()).finish(),
            Value::Array(list) => write!(f, "[{} items]", list.len()),
            Value::Null => f.write_str("(null)"),
            Value::Bool(_) => f.write_str("(flag)"),
            Value::Number(_) => f.write_str("(number)"),
            Value::String(_) => f.write_str("(text)"),
        }
    }
}
