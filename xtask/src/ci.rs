//! The steps of CI, in the order in which they run: what is quick comes first.

mod request;
mod summary;

use std::process::ExitCode;
use std::time::Instant;

use crate::step::{self, Outcome, Result, Step};
use crate::{alone, demo, deny, layers, lint, test, tidy, tools};
use request::Request;
use summary::Row;

const STEPS: &[Step] = &[
    Step::new(
        "tools",
        "what the other steps need is there, or gets installed",
        tools::provide,
    ),
    Step::new("fmt", "the sources are formatted", lint::fmt),
    Step::new(
        "tidy",
        "files, attributes and manifests keep the habits of this project",
        tidy::run,
    ),
    Step::new(
        "layers",
        "dependencies between our crates follow the map",
        layers::run,
    ),
    Step::new(
        "alone",
        "each crate brings what it needs and nothing else",
        alone::run,
    ),
    Step::new(
        "clippy",
        "no warnings, in the workspace and in each package alone",
        lint::clippy,
    ),
    Step::new(
        "deny",
        "licences, bans, sources and advisories of third-party crates",
        deny::check,
    ),
    Step::new(
        "docs",
        "the documentation builds without warnings",
        lint::docs,
    ),
    Step::new("examples", "the examples build", test::examples),
    Step::new("test", "unit and integration tests", test::tests),
    Step::new(
        "doctest",
        "the examples in the documentation run",
        test::doctests,
    ),
    Step::new(
        "demo",
        "the main job on loopback, as `cargo xtask demo` shows it",
        demo::run,
    ),
    Step::new(
        "peers",
        "earlier SDKs talk to the emulator, in the workspace crates/bench",
        test::peers,
    ),
];

/// What only `ci full` adds: campaigns that take longer than CI has.
const LONG: &[Step] = &[];

/// Runs what the words after `ci` ask for.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    match request::parse(words, STEPS, LONG) {
        Ok(Request::List) => {
            println!("{}", request::list(STEPS, LONG));
            ExitCode::SUCCESS
        }
        Ok(Request::Run(steps)) => perform(&steps),
        Err(unknown) => {
            eprintln!(
                "{unknown}; the steps are:\n\n{}",
                request::list(STEPS, LONG)
            );
            ExitCode::from(step::MISUSE)
        }
    }
}

/// A step that failed does not stop the others: one run shows everything there is to repair.
fn perform(steps: &[Step]) -> ExitCode {
    let rows: Vec<Row> = steps.iter().map(perform_one).collect();

    // The output of a single step closes with the lines of the tool that it runs; there is nothing to sum up.
    if rows.len() > 1 {
        println!("\n{}", summary::render(&rows, summary::Colour::of_stdout()));
    }
    if rows.iter().any(|row| row.result.is_err()) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn perform_one(step: &Step) -> Row {
    println!("\n== {}: {}", step.name, step.about);
    let start = Instant::now();
    let result: Result<Outcome> = (step.run)();
    match &result {
        Ok(outcome) => outcome.announce(),
        Err(error) => eprintln!("error: {}: {error}", step.name),
    }
    Row {
        name: step.name,
        result: result.map_err(|error| error.to_string()),
        time: start.elapsed(),
    }
}
