//! Tables: one row a thing, columns apart by two blanks, no lines around them.

use comfy_table::{ContentArrangement, Table as Drawn};

use super::{BOLD, plain};

/// A table for people.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    if_empty: String,
}

impl Table {
    /// A table with these columns, and what is said where it has no row.
    pub(crate) fn new<H: Into<String>>(
        header: impl IntoIterator<Item = H>,
        if_empty: impl Into<String>,
    ) -> Self {
        Self {
            header: header.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
            if_empty: if_empty.into(),
        }
    }

    pub(crate) fn row<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// As wide as it needs to be, but no wider than `width`.
    pub(super) fn render(&self, width: Option<u16>) -> String {
        if self.rows.is_empty() {
            return plain(&self.if_empty);
        }
        let mut drawn = Drawn::new();
        drawn.load_style(comfy_table::presets::NOTHING);
        match width {
            Some(width) => {
                drawn.set_content_arrangement(ContentArrangement::Dynamic);
                drawn.set_width(width);
            }
            None => {
                drawn.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        drawn.set_header(self.header.iter().map(|name| plain(name)));
        for row in &self.rows {
            drawn.add_row(row.iter().map(|cell| one_line(cell)));
        }
        for column in drawn.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let text = drawn.to_string();
        let mut lines = text.lines().map(str::trim_end);
        let head = lines.next().unwrap_or_default();
        let mut text = format!("{BOLD}{head}{BOLD:#}\n");
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// A row has one line of its own unless the terminal is too narrow.
fn one_line(cell: &str) -> String {
    plain(&cell.replace(['\n', '\t'], " "))
}
