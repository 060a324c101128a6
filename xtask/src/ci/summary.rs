//! The table that closes a run: step, result, time.

use std::io::{self, IsTerminal};
use std::time::Duration;

use crate::step::Outcome;

/// What became of one step.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) result: Result<Outcome, String>,
    pub(crate) time: Duration,
}

/// Whether results are coloured.
#[derive(Clone, Copy)]
pub(crate) enum Colour {
    Plain,
    Ansi,
}

impl Colour {
    /// Colours are for a terminal; in a file or a pipe they are noise.
    pub(crate) fn of_stdout() -> Self {
        if io::stdout().is_terminal() {
            Self::Ansi
        } else {
            Self::Plain
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// The table, and below it one line that sums it up.
pub(crate) fn render(rows: &[Row], colour: Colour) -> String {
    let name_width = rows
        .iter()
        .map(|row| row.name.len())
        .max()
        .unwrap_or_default()
        .max("step".len());
    let time_width = rows
        .iter()
        .map(|row| time(row.time).len())
        .max()
        .unwrap_or_default()
        .max("time".len());

    let mut text = format!("{:name_width$}  result   {:>time_width$}\n", "step", "time");
    for row in rows {
        let (code, word, note) = match &row.result {
            Ok(Outcome::Passed) => ("32", "ok", ""),
            Ok(Outcome::Noted(note)) => ("32", "ok", note.as_str()),
            Ok(Outcome::Skipped(reason)) => ("33", "skipped", reason.as_str()),
            Err(error) => ("31", "failed", error.as_str()),
        };
        let word = colour.paint(code, &format!("{word:7}"));
        let line = format!(
            "{:name_width$}  {word}  {:>time_width$}  {note}",
            row.name,
            time(row.time)
        );
        text += line.trim_end();
        text.push('\n');
    }
    text + &totals(rows)
}

fn totals(rows: &[Row]) -> String {
    let failed = rows.iter().filter(|row| row.result.is_err()).count();
    let skipped = rows
        .iter()
        .filter(|row| matches!(row.result, Ok(Outcome::Skipped(_))))
        .count();
    let passed = rows.len() - failed - skipped;
    let total = time(rows.iter().map(|row| row.time).sum());
    format!("{passed} ok, {failed} failed, {skipped} skipped, in {total}")
}

fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, result: Result<Outcome, String>, milliseconds: u64) -> Row {
        Row {
            name,
            result,
            time: Duration::from_millis(milliseconds),
        }
    }

    #[test]
    fn every_result_has_its_word_its_time_and_its_reason() {
        let rows = [
            row("fmt", Ok(Outcome::Passed), 420),
            row(
                "deny",
                Ok(Outcome::Noted("advisories skipped".into())),
                2_000,
            ),
            row(
                "doctest",
                Err("`cargo test` ended with exit status: 101".into()),
                63_000,
            ),
            row("peers", Ok(Outcome::Skipped("no crates/bench".into())), 0),
        ];
        let expected = "\
step     result         time
fmt      ok            0.4 s
deny     ok            2.0 s  advisories skipped
doctest  failed   1 min 03 s  `cargo test` ended with exit status: 101
peers    skipped       0.0 s  no crates/bench
2 ok, 1 failed, 1 skipped, in 1 min 05 s";
        assert_eq!(render(&rows, Colour::Plain), expected);
    }

    #[test]
    fn colours_only_where_asked_for() {
        let rows = [row("fmt", Ok(Outcome::Passed), 0)];
        assert!(render(&rows, Colour::Ansi).contains("\x1b[32mok     \x1b[0m"));
        assert!(!render(&rows, Colour::Plain).contains('\x1b'));
    }
}
