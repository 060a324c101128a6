//! The rules that fields of a request must meet, with the texts of Laravel's validator.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::{
    kind::{Field, Rule},
    problem::{FieldErrors, Problem},
};

/// Most characters in a short text.
const MAX_LENGTH: usize = 255;

/// The fields of one request, and what was found wrong with them so far.
///
/// Readers give `None` for a field that was not sent or that broke a rule; [`Fields::finish`] tells the two apart.
/// Fields that may be null are an `Option` within the `Option`.
pub(crate) struct Fields<'a> {
    sent: &'a Map<String, Value>,
    errors: FieldErrors,
}

/// Which texts a field takes besides its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letters {
    Any,
    /// Lower-case letters, digits, hyphen and underscore.
    Slug,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(sent: &'a Map<String, Value>) -> Self {
        Self {
            sent,
            errors: FieldErrors::default(),
        }
    }

    pub(crate) fn required_text(&mut self, field: &str, letters: Letters) -> Option<String> {
        let is_blank = match self.sent.get(field) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        };
        if is_blank {
            self.fail(field, "The :field field is required.");
            return None;
        }
        self.text(field, letters)
    }

    pub(crate) fn text(&mut self, field: &str, letters: Letters) -> Option<String> {
        let text = self.string(field, self.sent.get(field)?)?;
        let mut is_good = true;
        if text.chars().count() > MAX_LENGTH {
            self.fail(
                field,
                "The :field field must not be greater than 255 characters.",
            );
            is_good = false;
        }
        if letters == Letters::Slug && !is_slug(text) {
            self.fail(field, "The :field field format is invalid.");
            is_good = false;
        }
        is_good.then(|| text.to_owned())
    }

    pub(crate) fn nullable_text(&mut self, field: &str) -> Option<Option<String>> {
        match self.sent.get(field)? {
            Value::Null => Some(None),
            _ => self.text(field, Letters::Any).map(Some),
        }
    }

    /// A text whose length has no limit, such as a token or a key.
    pub(crate) fn long_text(&mut self, field: &str) -> Option<String> {
        self.string(field, self.sent.get(field)?).map(str::to_owned)
    }

    /// A text of any length that is not blank.
    pub(crate) fn required_long_text(&mut self, field: &str) -> Option<String> {
        let is_blank = match self.sent.get(field) {
            None | Some(Value::Null) => true,
            Some(value) => value.as_str().is_some_and(|text| text.trim().is_empty()),
        };
        if is_blank {
            self.fail(field, "The :field field is required.");
            return None;
        }
        self.long_text(field)
    }

    pub(crate) fn nullable_long_text(&mut self, field: &str) -> Option<Option<String>> {
        match self.sent.get(field)? {
            Value::Null => Some(None),
            _ => self.long_text(field).map(Some),
        }
    }

    pub(crate) fn boolean(&mut self, field: &str) -> Option<bool> {
        let value = self.sent.get(field)?.as_bool();
        if value.is_none() {
            self.fail(field, "The :field field must be true or false.");
        }
        value
    }

    pub(crate) fn nullable_integer(
        &mut self,
        field: &str,
        range: RangeInclusive<i64>,
    ) -> Option<Option<i64>> {
        let value = self.sent.get(field)?;
        if value.is_null() {
            return Some(None);
        }
        let Some(number) = integer(value) else {
            self.fail(field, "The :field field must be an integer.");
            return None;
        };
        if number < *range.start() {
            self.fail(
                field,
                &format!("The :field field must be at least {}.", range.start()),
            );
        } else if number > *range.end() {
            self.fail(
                field,
                &format!("The :field field must not be greater than {}.", range.end()),
            );
        } else {
            return Some(Some(number));
        }
        None
    }

    /// The id of another record, which older clients send as a number.
    pub(crate) fn nullable_id(&mut self, field: &str) -> Option<Option<String>> {
        let value = self.sent.get(field)?;
        match (value, integer(value)) {
            (Value::Null, _) => Some(None),
            (_, Some(number)) => Some(Some(number.to_string())),
            _ => self.text(field, Letters::Any).map(Some),
        }
    }

    pub(crate) fn nullable_texts(&mut self, field: &str) -> Option<Option<Vec<String>>> {
        let items = match self.sent.get(field)? {
            Value::Null => return Some(None),
            Value::Array(items) => items,
            _ => {
                self.fail(field, "The :field field must be an array.");
                return None;
            }
        };
        let texts: Vec<Option<String>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                self.string(&format!("{field}.{index}"), item)
                    .map(str::to_owned)
            })
            .collect();
        texts.into_iter().collect::<Option<_>>().map(Some)
    }

    /// A list or an object of any content, which are both arrays in PHP.
    pub(crate) fn nullable_structure(&mut self, field: &str) -> Option<Option<Value>> {
        match self.sent.get(field)? {
            Value::Null => Some(None),
            value @ (Value::Array(_) | Value::Object(_)) => Some(Some(value.clone())),
            _ => {
                self.fail(field, "The :field field must be an array.");
                None
            }
        }
    }

    /// The value of a field by its rule, in the form in which it is kept.
    pub(crate) fn value(&mut self, field: &Field) -> Option<Value> {
        let name = field.name;
        if field.required && self.sent.get(name).is_none_or(Value::is_null) {
            self.fail(name, "The :field field is required.");
            return None;
        }
        match field.rule {
            Rule::Text if field.required => self.required_text(name, Letters::Any).map(Value::from),
            Rule::Text => self.text(name, Letters::Any).map(Value::from),
            Rule::NullableText => self.nullable_text(name).map(Value::from),
            Rule::NullableLongText => self.nullable_long_text(name).map(Value::from),
            Rule::Description => self
                .nullable_long_text(name)
                .map(|text| Value::from(text.unwrap_or_default())),
            Rule::Boolean => self.boolean(name).map(Value::from),
            Rule::Flag => self.flag(name),
            Rule::Integer(least, most) => match self.nullable_integer(name, least..=most)? {
                Some(number) => Some(Value::from(number)),
                None => {
                    self.fail(name, "The :field field must be an integer.");
                    None
                }
            },
            Rule::NullableInteger(least, most) => {
                self.nullable_integer(name, least..=most).map(Value::from)
            }
            Rule::NullableId => self.nullable_id(name).map(Value::from),
            Rule::NullableTexts => self.nullable_texts(name).map(Value::from),
            Rule::Texts => self
                .nullable_texts(name)
                .map(|texts| Value::from(texts.unwrap_or_default())),
            Rule::NullableStructure => self.nullable_structure(name).map(Value::from),
            Rule::Connection => self.connection(name),
            Rule::Named => self.named(name),
            Rule::Anything => self.sent.get(name).cloned(),
        }
    }

    /// A boolean that is kept as 0 or 1.
    fn flag(&mut self, field: &str) -> Option<Value> {
        match self.sent.get(field)? {
            Value::Bool(flag) => Some(Value::from(u8::from(*flag))),
            number if matches!(integer(number), Some(0 | 1)) => integer(number).map(Value::from),
            _ => {
                self.fail(field, "The :field field must be true or false.");
                None
            }
        }
    }

    /// Host, port, protocol and base path, or null.
    fn connection(&mut self, field: &str) -> Option<Value> {
        let parts = match self.sent.get(field)? {
            Value::Null => return Some(Value::Null),
            Value::Object(parts) => parts,
            _ => {
                self.fail(field, "The :field field must be an array.");
                return None;
            }
        };
        let mut inner = Fields::of(parts);
        let connection = json!({
            "host": inner.nullable_text("host").flatten(),
            "port": inner.nullable_integer("port", 1..=65_535).flatten(),
            "protocol": inner.nullable_text("protocol").flatten(),
            "base_path": inner.nullable_text("base_path").flatten(),
        });
        if inner.errors.is_empty() {
            return Some(connection);
        }
        self.errors.append_below(field, inner.errors);
        None
    }

    /// An object keyed by name. A list of names stands for empty entries, and nothing for an empty list, as in PHP.
    fn named(&mut self, field: &str) -> Option<Value> {
        match self.sent.get(field)? {
            Value::Null => Some(json!([])),
            Value::Object(entries) if entries.is_empty() => Some(json!([])),
            Value::Object(entries) => Some(Value::Object(entries.clone())),
            Value::Array(names) if names.is_empty() => Some(json!([])),
            Value::Array(_) => {
                let names = self.nullable_texts(field)??;
                Some(names.into_iter().map(|name| (name, json!({}))).collect())
            }
            _ => {
                self.fail(field, "The :field field must be an array.");
                None
            }
        }
    }

    /// Notes a broken rule; `:field` in the text becomes the field's name in words.
    pub(crate) fn fail(&mut self, field: &str, text: &str) {
        self.errors
            .add(field, text.replace(":field", &field.replace('_', " ")));
    }

    /// Ends the validation.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::Invalid(self.errors))
        }
    }

    fn string<'v>(&mut self, field: &str, value: &'v Value) -> Option<&'v str> {
        let text = value.as_str();
        if text.is_none() {
            self.fail(field, "The :field field must be a string.");
        }
        text
    }
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

/// A whole number, also where it is written with a fraction of zero, as JSON Schema has it.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        // Below 2^53 a whole number is an exact `i64`.
        (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
    })
}

#[cfg(test)]
mod tests;
