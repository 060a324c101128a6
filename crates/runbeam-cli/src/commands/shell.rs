//! `completions` and `man`: what a shell and a manual want of the commands.

use clap_complete::Shell;

use crate::Outcome;
use crate::args;
use crate::failure::Failure;
use crate::output::Report;

pub(super) fn completions(shell: Shell) -> Report {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "runbeam", &mut script);
    Report::raw(String::from_utf8_lossy(&script))
}

pub(super) fn manual() -> Outcome {
    let mut page = Vec::new();
    clap_mangen::Man::new(args::command())
        .render(&mut page)
        .map_err(|error| Failure::failed("the page cannot be made", "report it").because(&error))?;
    Ok(Report::raw(String::from_utf8_lossy(&page)))
}
