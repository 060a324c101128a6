//! The steps of CI, in the order in which they run: what is quick comes first.

mod request;
mod summary;

use std::process::ExitCode;
use std::time::Instant;

use crate::step::{self, Campaign, Outcome, Result, Step};
use crate::{
    alone, cli_times, contract, demo, deny, earlier_cli, fuzz, layers, lint, load, miri, mutants,
    test, tidy, tools,
};
use request::Request;
use summary::Row;

const STEPS: &[Step] = &[
    Step::new(
        "tools",
        "what the other steps need is there, or gets installed",
        |_| tools::provide(),
    ),
    Step::new("fmt", "the sources are formatted", |_| lint::fmt()),
    Step::new(
        "tidy",
        "files, attributes and manifests keep the habits of this project",
        |_| tidy::run(),
    ),
    Step::new(
        "layers",
        "dependencies between our crates follow the map",
        |_| layers::run(),
    ),
    Step::new(
        "alone",
        "each crate brings what it needs and nothing else",
        |_| alone::run(),
    ),
    Step::new(
        "clippy",
        "no warnings, in the workspace and in packages alone",
        lint::clippy,
    ),
    Step::new(
        "deny",
        "licences, bans, sources and advisories of third-party crates",
        |_| deny::check(),
    ),
    Step::new("docs", "the documentation builds without warnings", |_| {
        lint::docs()
    }),
    Step::new("examples", "the examples build", |_| test::examples()),
    Step::new("test", "unit and integration tests", |_| test::tests()),
    Step::new("doctest", "the examples in the documentation run", |_| {
        test::doctests()
    }),
    Step::new(
        "demo",
        "the main job on loopback, as `cargo xtask demo` shows it",
        |_| demo::run(),
    ),
    Step::new(
        "peers",
        "earlier SDKs talk to the emulator, in the workspace crates/bench",
        |_| test::peers(),
    ),
    Step::new(
        "fuzz",
        "the kept corpus and changes of it, in the workspace crates/fuzz",
        fuzz::fuzz,
    ),
];

/// What only `ci full` adds: campaigns that take longer than CI has.
const LONG: &[Step] = &[
    Step::new(
        "campaigns",
        "all tests at full length, optimized and with overflow checks",
        |_| test::campaigns(),
    ),
    Step::new(
        "contract",
        "schemathesis finds no answer of the emulator that the description of the API does not allow",
        |_| contract::run_fuzzer(),
    ),
    Step::new(
        "earlier-cli",
        "the earlier command line from crates.io works with the emulator",
        |_| earlier_cli::run_earlier_cli(),
    ),
    Step::new(
        "cli-times",
        "the size of the command line and the times of its commands, beside the earlier one",
        |_| cli_times::run_times(),
    ),
    Step::new(
        "load",
        "the numbers of the emulator: start, requests a second, memory",
        |_| load::run_measurements(),
    ),
    Step::new(
        "miri",
        "what can be run without foreign code, under miri where it is installed",
        |_| miri::miri(),
    ),
    Step::new(
        "mutants",
        "the tests of runbeam-auth notice changes of its code",
        |_| mutants::mutants(),
    ),
];

/// Runs what the words after `ci` ask for.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    match request::parse(words, STEPS, LONG) {
        Ok(Request::List) => {
            println!("{}", request::list(STEPS, LONG));
            ExitCode::SUCCESS
        }
        Ok(Request::Run(steps)) => perform(&steps, Campaign::of_environment()),
        Ok(Request::Full(steps)) => perform(&steps, Campaign::Full),
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
fn perform(steps: &[Step], campaign: Campaign) -> ExitCode {
    let rows: Vec<Row> = steps
        .iter()
        .map(|step| perform_one(step, campaign))
        .collect();

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

fn perform_one(step: &Step, campaign: Campaign) -> Row {
    println!("\n== {}: {}", step.name, step.about);
    let start = Instant::now();
    let result: Result<Outcome> = (step.run)(campaign);
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
