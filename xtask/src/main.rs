//! What CI runs, and what a person runs: `cargo xtask ci`, `cargo xtask demo`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is a program for people: its output is what it is for"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "it reads what cargo and CI set, and writes scratch files below the target directory only"
)]

mod alone;
mod ci;
mod cli_times;
mod contract;
mod demo;
mod deny;
mod earlier_cli;
mod fuzz;
mod layers;
mod lint;
mod load;
mod miri;
mod mutants;
mod process;
mod step;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  ci             every step, then a summary; exits with 1 if a step failed
  ci STEP...     the named steps alone
  ci full        every step, and the long campaigns; the tests read RUNBEAM_CAMPAIGN=full
  ci --list      the steps, one line each
  demo           the main job, from a user's token to a machine token and its end, on loopback
  help           this text";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();

    match words.as_slice() {
        ["ci", rest @ ..] => ci::run(rest),
        ["demo"] => alone_command(demo::run),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        other => {
            eprintln!("unknown command: `{}`\n\n{USAGE}", other.join(" "));
            ExitCode::from(step::MISUSE)
        }
    }
}

/// Runs what is a command and a step of `ci` at once, as a command.
fn alone_command(run: fn() -> step::Result) -> ExitCode {
    match run() {
        Ok(outcome) => {
            outcome.announce();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
