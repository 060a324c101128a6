//! The result of a command: one JSON value for programs, and blocks of text for people.

use std::process::ExitCode;

use anstyle::Style;
use serde::Serialize;
use serde_json::Value;

use super::plain::{self, plain};
use super::{BOLD, Table, wrapped};

/// The result of a command.
#[derive(Debug)]
pub(crate) struct Report {
    json: Value,
    blocks: Vec<Block>,
    exit: u8,
    is_raw: bool,
}

/// A part of the text.
#[derive(Debug)]
enum Block {
    Line(String),
    /// A lead in a style, and a text behind it that may take several lines.
    Led(Style, String, String),
    Table(Table),
    /// Names and what they are, below one another.
    Fields(Vec<(String, String)>),
    /// The result as programs get it.
    Json,
}

impl Report {
    /// `json` is a value of our own or of the model, which always has a JSON form.
    pub(crate) fn new(json: impl Serialize) -> Self {
        Self {
            json: serde_json::to_value(json).unwrap_or_default(),
            blocks: Vec::new(),
            exit: 0,
            is_raw: false,
        }
    }

    /// Text for a program, which is the same with and without `--json`.
    pub(crate) fn raw(text: impl Into<String>) -> Self {
        let mut report = Self::new(Value::Null).line(text);
        report.is_raw = true;
        report
    }

    /// JSON that is for programs first, and the same with and without `--json`.
    pub(crate) fn json_alone(json: impl Serialize) -> Self {
        let mut report = Self::new(json);
        report.blocks.push(Block::Json);
        report
    }

    pub(crate) fn line(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Line(text.into()));
        self
    }

    pub(crate) fn led(
        mut self,
        style: Style,
        lead: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        self.blocks
            .push(Block::Led(style, lead.into(), text.into()));
        self
    }

    pub(crate) fn table(mut self, table: Table) -> Self {
        self.blocks.push(Block::Table(table));
        self
    }

    pub(crate) fn fields<N: Into<String>, V: Into<String>>(
        mut self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let fields = fields.into_iter();
        let fields = fields.map(|(name, value)| (name.into(), value.into()));
        self.blocks.push(Block::Fields(fields.collect()));
        self
    }

    /// For a command that has a result and a failure at once.
    pub(crate) fn with_exit(mut self, exit: u8) -> Self {
        self.exit = exit;
        self
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        self.exit.into()
    }

    pub(super) fn json(&self) -> &Value {
        &self.json
    }

    pub(super) fn is_raw(&self) -> bool {
        self.is_raw
    }

    pub(super) fn text(&self, width: Option<u16>) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            match block {
                Block::Line(line) if line.is_empty() && !self.is_raw => text.push('\n'),
                Block::Line(line) if self.is_raw => text.push_str(line),
                Block::Line(line) => {
                    text.push_str(&wrapped::behind(0, &plain(line), width.map(usize::from)));
                }
                Block::Led(style, lead, line) => {
                    let columns = lead.chars().count();
                    let line = wrapped::behind(columns, &plain(line), width.map(usize::from));
                    text.push_str(&format!("{style}{lead}{style:#}{line}"));
                }
                Block::Table(table) => text.push_str(&table.render(width)),
                Block::Fields(fields) => text.push_str(&render_fields(fields, width)),
                Block::Json => text.push_str(&plain::json(&self.json)),
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}

fn render_fields(fields: &[(String, String)], columns: Option<u16>) -> String {
    let width = fields
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for (name, value) in fields {
        let value = wrapped::behind(width + 2, &plain(value), columns.map(usize::from));
        let name = plain(name);
        text.push_str(&format!("{BOLD}{name:width$}{BOLD:#}  {value}\n"));
    }
    text
}
