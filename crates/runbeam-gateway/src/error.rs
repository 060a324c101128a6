//! Why something cannot be built, and where the configuration says so.

use std::fmt;

use runbeam_sdk::auth;
use runbeam_sdk::model::ParseError;

/// Why a gateway cannot start with its configuration: it says what to change, and where. It holds no secret.
#[derive(Debug)]
pub struct BuildError {
    place: Option<Place>,
    problem: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

#[derive(Debug, Clone)]
struct Place {
    file: String,
    line: Option<usize>,
}

impl BuildError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self {
            place: None,
            problem: problem.into(),
            source: None,
        }
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says where, unless that is said already.
    pub(crate) fn at(mut self, file: &str, line: impl Into<Option<usize>>) -> Self {
        self.place.get_or_insert_with(|| Place {
            file: file.to_owned(),
            line: line.into(),
        });
        self
    }

    /// The file of configuration that it is about.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.file.as_str())
    }

    /// The line in that file, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().and_then(|place| place.line)
    }
}

impl From<auth::BuildError> for BuildError {
    fn from(error: auth::BuildError) -> Self {
        let problem = error.to_string();
        match std::error::Error::source(&error) {
            Some(_) => Self::new(problem).with_source(error),
            None => Self::new(problem),
        }
    }
}

impl From<ParseError> for BuildError {
    fn from(error: ParseError) -> Self {
        Self::new(error.to_string())
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(Place {
                file,
                line: Some(line),
            }) => write!(f, "{file}:{line}: {}", self.problem),
            Some(Place { file, line: None }) => write!(f, "{file}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
