//! What people and programs see: results on standard output, everything else on standard error.
//!
//! All text passes [`plain()`] on its way out, so that nothing a server, a file or an argument says can move the cursor,
//! change a colour or hide a word.

mod plain;
mod report;
mod table;
mod wrapped;

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::running::aside;

pub(crate) use plain::plain;
pub(crate) use report::Report;
pub(crate) use table::Table;

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const RED: Style = AnsiColor::Red.on_default();

/// Where a command writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    is_json: bool,
    is_quiet: bool,
}

impl Output {
    pub(crate) fn new(globals: &Globals) -> Self {
        Self {
            is_json: globals.json,
            is_quiet: globals.quiet,
        }
    }

    /// For programs.
    pub(crate) fn json() -> Self {
        Self {
            is_json: true,
            is_quiet: false,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// The result. Nobody is told if nobody reads it.
    pub(crate) fn result(&self, report: &Report) {
        let mut out = anstream::stdout().lock();
        let text = if self.is_json && !report.is_raw() {
            let mut text = plain::json(report.json());
            text.push('\n');
            text
        } else {
            report.text(width_of_stdout())
        };
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Something that a person should know and that is no result.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet {
            error_line(&behind(0, text));
        }
    }

    /// Something that may be wrong.
    pub(crate) fn warning(&self, text: &str) {
        error_line(&format!("{YELLOW}warning{YELLOW:#}: {}", behind(9, text)));
    }

    /// One step of a longer way, when it is done.
    pub(crate) fn step(&self, number: usize, of: usize, text: &str) {
        if !self.is_quiet {
            error_line(&format!(
                "{DIM}[{number}/{of}]{DIM:#} {GREEN}✓{GREEN:#} {}",
                behind(8, text)
            ));
        }
    }

    /// Lines that hold no text of others, such as a QR code.
    pub(crate) fn drawing(&self, drawing: &str) {
        if !self.is_quiet {
            let _ = anstream::stderr().write_all(drawing.as_bytes());
        }
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        if failure.exit() == Exit::Interrupted && !self.is_json {
            error_line("interrupted");
            return;
        }
        if self.is_json {
            error_line(&plain::json(&failure.to_json()));
            return;
        }
        let mut text = format!("{RED}error{RED:#}: {}", behind(7, failure.what()));
        for cause in failure.causes() {
            text.push_str(&format!("\n  {DIM}because{DIM:#} {}", behind(10, cause)));
        }
        text.push_str(&format!(
            "\n  {BOLD}next{BOLD:#}    {}",
            behind(10, failure.next())
        ));
        error_line(&text);
    }

    /// Shows that something goes on, where somebody watches.
    pub(crate) fn progress(&self, text: &str) -> Progress {
        let target = if self.is_quiet || self.is_json || !watches() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.set_message(plain(text));
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress(bar)
    }
}

/// Something that goes on; it vanishes when dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn say(&self, text: &str) {
        self.0.set_message(plain(text));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Whether a person looks at standard error.
pub(crate) fn watches() -> bool {
    io::stderr().is_terminal()
}

/// Whether a person can be asked something.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && watches()
}

/// Asks a question whose answer is no unless it is yes. The end of input is no.
pub(crate) async fn ask(question: &str) -> Result<bool, Failure> {
    let mut err = anstream::stderr();
    let _ = write!(err, "{} [y/N] ", plain(question)).and_then(|()| err.flush());
    let answer = aside(|| {
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.map(|_| answer)
    });
    let answer = answer.await?.unwrap_or_default();
    if !answer.ends_with('\n') {
        // The input ended in the line of the question.
        error_line("");
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// What is said when nothing else works any more.
pub(crate) fn emergency(text: &str) {
    error_line(&plain(text));
}

fn error_line(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Text behind a lead of so many columns, in lines that the terminal has room for.
fn behind(lead: usize, text: &str) -> String {
    let width = watches().then(columns_of_stderr);
    wrapped::behind(lead, &plain(text), width)
}

/// The columns of the terminal, or `None` where the output goes elsewhere.
fn width_of_stdout() -> Option<u16> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| width.0)
}

/// The size of the terminal that a person looks at.
pub(crate) fn columns_of_stderr() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| width.0.into())
}
