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

pub(super) fn manual(words: &[String]) -> Outcome {
    let mut all = args::command();
    // It gives what every command takes, and its whole name, to each.
    all.build();
    let mut command = &all;
    for word in words.iter().flat_map(|word| word.split(':')) {
        command = command.find_subcommand(word).ok_or_else(|| {
            Failure::usage(
                format!("there is no command `{}`", words.join(" ")),
                "see `runbeam list`",
            )
        })?;
    }
    let name = command.get_display_name().unwrap_or("runbeam").to_owned();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .render(&mut page)
        .map_err(|error| Failure::failed("the page cannot be made", "report it").because(&error))?;
    Ok(Report::raw(String::from_utf8_lossy(&page)))
}
