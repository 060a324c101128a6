//! `runbeam`: log in to Runbeam Cloud, authorize gateways, and see what is where and why something fails.
//!
//! Results go to standard output and everything else to standard error. See `README.md` beside this crate for the
//! commands, the forms of their JSON and the exit codes.

mod args;
mod browser;
mod commands;
mod environment;
mod failure;
mod files;
mod guard;
mod instances;
mod logging;
mod output;
mod qr;
mod running;
mod session;
mod settings;
mod spoken_time;

use std::process::ExitCode;

use crate::args::Invocation;
use crate::failure::Failure;
use crate::output::Output;

fn main() -> ExitCode {
    guard::forbid_core_dumps();
    guard::without_crash_output(run).unwrap_or(ExitCode::FAILURE)
}

fn run() -> ExitCode {
    let invocation = match Invocation::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(stop) => return stop.tell(),
    };
    logging::start(&invocation.globals);
    let output = Output::new(&invocation.globals);
    match commands::run(&invocation, &output) {
        Ok(report) => {
            output.result(&report);
            report.exit_code()
        }
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
        }
    }
}

/// What a command ends with.
type Outcome = Result<output::Report, Failure>;
