//! `list`: all commands with what they do.

use serde_json::json;

use crate::args::{self, both_spellings};
use crate::output::{Report, Table};

pub(super) fn run() -> Report {
    let mut rows = Vec::new();
    for command in visible(&args::command()) {
        let mut below = visible(command).peekable();
        if below.peek().is_none() {
            rows.push((command.get_name().to_owned(), about(command)));
        }
        rows.extend(below.map(|inner| {
            let name = both_spellings(command.get_name(), inner.get_name());
            (name, about(inner))
        }));
    }
    let mut table = Table::new(["NAME", "DESCRIPTION"], "");
    for (name, about) in &rows {
        table.row([name, about]);
    }
    let data: Vec<_> = rows
        .iter()
        .map(|(name, about)| json!({ "name": name, "description": about }))
        .collect();
    Report::new(json!({ "data": data })).table(table)
}

fn visible(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

fn about(command: &clap::Command) -> String {
    command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default()
}
