//! Options of a table, each with its line, and none left over.

use toml::de::{DeTable, DeValue};

use super::{AuthConfig, as_tables};
use crate::BuildError;

/// A table of which each option is asked for by its name.
pub(super) struct Table<'a> {
    config: &'a AuthConfig,
    table: &'a DeTable<'a>,
    line: usize,
    known: Vec<String>,
}

/// The value of an option, and the line where it stands.
#[derive(Clone)]
pub(super) struct Setting<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(config: &'a AuthConfig, table: &'a DeTable<'a>, place: usize) -> Self {
        Self {
            config,
            table,
            line: config.line(place),
            known: Vec::new(),
        }
    }

    /// A text, with its variables replaced.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<Setting<String>>, BuildError> {
        let Some((value, line)) = self.value(name) else {
            return Ok(None);
        };
        let text = value.as_str().ok_or_else(|| {
            self.config
                .error_at(line, format!("`{name}` is not a text"))
        })?;
        self.expand(text, line).map(Some)
    }

    pub(super) fn required_text(&mut self, name: &str) -> Result<Setting<String>, BuildError> {
        self.text(name)?
            .ok_or_else(|| self.error(format!("`{name}` is missing")))
    }

    /// A list of texts, with their variables replaced.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<Setting<String>>>, BuildError> {
        let Some((value, line)) = self.value(name) else {
            return Ok(None);
        };
        let wrong = || {
            self.config
                .error_at(line, format!("`{name}` is not a list of texts"))
        };
        let list = value.as_array().ok_or_else(wrong)?;
        let texts = list.iter().map(|item| {
            let text = item.get_ref().as_str().ok_or_else(wrong)?;
            self.expand(text, self.config.line(item.span().start))
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, BuildError> {
        let Some((value, line)) = self.value(name) else {
            return Ok(None);
        };
        let flag = value.as_bool();
        flag.map(Some).ok_or_else(|| {
            let problem = format!("`{name}` is not true or false");
            self.config.error_at(line, problem)
        })
    }

    /// A whole number that is not negative.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<Setting<u64>>, BuildError> {
        let Some((value, line)) = self.value(name) else {
            return Ok(None);
        };
        let number = value.as_integer().and_then(|number| {
            // The parser has taken the underscores out, and the prefix of another base.
            u64::from_str_radix(number.as_str(), number.radix()).ok()
        });
        let number = number.map(|value| Setting { value, line });
        number.map(Some).ok_or_else(|| {
            let problem = format!("`{name}` is not a whole number from 0");
            self.config.error_at(line, problem)
        })
    }

    pub(super) fn required_table(&mut self, name: &str) -> Result<Self, BuildError> {
        let Some((value, line)) = self.value(name) else {
            return Err(self.error(format!("`{name}` is missing")));
        };
        let table = value.as_table().ok_or_else(|| {
            self.config
                .error_at(line, format!("`{name}` is not a table"))
        })?;
        Ok(Self {
            config: self.config,
            table,
            line,
            known: Vec::new(),
        })
    }

    /// The tables of a list; none if it is not there.
    pub(super) fn tables(&mut self, name: &str) -> Result<Vec<Self>, BuildError> {
        let Some((value, line)) = self.value(name) else {
            return Ok(Vec::new());
        };
        let tables = as_tables(value).ok_or_else(|| {
            let problem = format!("`{name}` is not a list of tables: write [[{name}]]");
            self.config.error_at(line, problem)
        })?;
        let table = |(table, place)| Self::new(self.config, table, place);
        Ok(tables.into_iter().map(table).collect())
    }

    pub(super) fn config(&self) -> &'a AuthConfig {
        self.config
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// An error about an option that is not there.
    pub(super) fn error(&self, problem: impl Into<String>) -> BuildError {
        self.config.error_at(self.line, problem)
    }

    /// Says of an error where its cause stands.
    pub(super) fn place(&self, error: BuildError, line: usize) -> BuildError {
        error.at(&self.config.file, line)
    }

    /// That nothing is in the table that nobody has asked for.
    pub(super) fn finish(self) -> Result<(), BuildError> {
        let is_unknown = |name: &str| !self.known.iter().any(|known| known == name);
        let mut names = self.table.iter().map(|(name, _)| name);
        let Some(unknown) = names.find(|name| is_unknown(name.get_ref())) else {
            return Ok(());
        };
        // A name may be a value that ended up in the wrong place, and is not shown.
        let line = self.config.line(unknown.span().start);
        let known = self.known.join(", ");
        Err(self.config.error_at(
            line,
            format!("an option that is not known here; known are {known}"),
        ))
    }

    fn value(&mut self, name: &str) -> Option<(&'a DeValue<'a>, usize)> {
        self.known.push(name.to_owned());
        let value = self.table.get(name)?;
        let line = self.config.line(value.span().start);
        Some((value.get_ref(), line))
    }

    /// Replaces each `${NAME}`.
    fn expand(&self, text: &str, line: usize) -> Result<Setting<String>, BuildError> {
        let mut value = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, variable)) = rest.split_once("${") {
            let problem = |problem: String| self.config.error_at(line, problem);
            let name_and_rest = variable.split_once('}').filter(|(name, _)| is_name(name));
            let (name, after) = name_and_rest.ok_or_else(|| {
                problem("`${` does not begin the name of a variable in braces".to_owned())
            })?;
            let found = (self.config.variables)(name).filter(|value| !value.is_empty());
            let found = found.ok_or_else(|| {
                problem(format!(
                    "the environment variable {name} is not set, or empty"
                ))
            })?;
            value.push_str(before);
            value.push_str(&found);
            rest = after;
        }
        value.push_str(rest);
        Ok(Setting { value, line })
    }
}

/// Whether it is a name of a variable (POSIX.1-2024, section 8.1, with letters of both cases).
fn is_name(text: &str) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    text.as_bytes().first().is_some_and(is_letter)
        && text
            .bytes()
            .all(|byte| is_letter(&byte) || byte.is_ascii_digit())
}
