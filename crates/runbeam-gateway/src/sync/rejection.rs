//! Why a gateway did not take over a change.

use std::fmt;

use runbeam_sdk::model::{ChangeId, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest line that is kept and reported, in bytes.
const LONGEST_LINE: usize = 1_000;

/// The most lines of detail.
const MOST_DETAILS: usize = 6;

/// Why a gateway did not take over a change or a configuration: one line, and lines of detail.
///
/// It is kept until it is reported, and shown to people: put nothing secret into it. A line is cut after 1,000 bytes, and six
/// lines of detail are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    error: String,
    #[serde(default)]
    details: Vec<String>,
}

impl Rejection {
    /// A rejection for this reason.
    #[must_use]
    pub fn new(error: impl AsRef<str>) -> Self {
        let error = line(error.as_ref());
        Self {
            // The cloud demands a reason.
            error: if error.is_empty() {
                "no reason was given".to_owned()
            } else {
                error
            },
            details: Vec::new(),
        }
    }

    /// Adds lines of detail.
    #[must_use]
    pub fn with_details(mut self, details: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let details = details.into_iter().map(|detail| line(detail.as_ref()));
        self.details.extend(details);
        self.details.truncate(MOST_DETAILS);
        self
    }

    /// The reason, in one line.
    #[must_use]
    pub fn error(&self) -> &str {
        &self.error
    }

    /// The lines of detail.
    #[must_use]
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// How much there is of it.
    pub(super) fn len(&self) -> usize {
        self.error.len() + self.details.iter().map(String::len).sum::<usize>()
    }

    /// Its beginning.
    pub(super) fn headline(&self) -> String {
        cut(&self.error, 200).to_owned()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl std::error::Error for Rejection {}

/// One line without control characters, which would be six characters each in JSON and who knows what on a terminal.
fn line(text: &str) -> String {
    let text = text.trim();
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    cut(text, LONGEST_LINE).chars().map(visible).collect()
}

fn cut(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A change that the gateway did not take over, and that it is not given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quarantined {
    /// The change.
    pub id: ChangeId,
    /// When it failed.
    pub at: Timestamp,
    /// The beginning of the reason.
    pub error: String,
}

impl Quarantined {
    pub(super) fn new(id: ChangeId, at: Timestamp, error: String) -> Self {
        Self { id, at, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_is_a_few_lines_whatever_it_is_made_of() {
        let long = "\u{1b}[31mé\n".repeat(10_000);
        let rejection = Rejection::new(&long).with_details(vec![&long; 50]);
        assert!(rejection.len() <= 7 * LONGEST_LINE, "{}", rejection.len());
        assert!(!rejection.error().contains(char::is_control));
        assert_eq!(rejection.details().len(), MOST_DETAILS);
        assert_eq!(Rejection::new(" \n").error(), "no reason was given");
    }
}
