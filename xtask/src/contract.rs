//! The long step `contract`: a fuzzer that others wrote reads the description of the API and asks the emulator for
//! everything in it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::process::{cargo, probe, program, run};
use crate::step::{Outcome, Result};
use crate::{tools, workspace};

/// From PyPI, into an environment of its own below the target directory.
const SCHEMATHESIS: &str = "4.32.5";

/// Where the description lies, beside the checkout.
const DESCRIPTION: &str = "../shared/contract/runbeam-cloud.openapi.yaml";

/// What is not asked of the emulator, because the description does not say enough for it.
///
/// - `positive_data_acceptance`: rules that stand in prose alone are kept, such as the letters of a gateway's name, and
///   that a code is there once.
/// - `negative_data_rejection`: as Laravel does, what is asked of a page beyond its limits is taken for the limit, and
///   fields that are not known are passed over.
/// - `unsupported_method`, `allow_header_conformance`: the description lists `PUT`, and says in prose that the emulator
///   takes `PATCH` for it, too.
const UNASKED: &str =
    "positive_data_acceptance,negative_data_rejection,unsupported_method,allow_header_conformance";

/// # Errors
///
/// When an answer does not fit the description, or something that this needs cannot be had.
pub(crate) fn run_fuzzer() -> Result {
    let description = workspace::root().join(DESCRIPTION);
    if !description.is_file() {
        let missing = format!("{DESCRIPTION} does not exist");
        if workspace::on_ci() {
            return Err(missing.into());
        }
        return Ok(Outcome::Skipped(missing));
    }
    let target = workspace::metadata()?.target_directory.into_std_path_buf();
    let fuzzer = fuzzer(&target)?;
    run(&mut cargo(
        "build --package runbeam-emulator --bin runbeam-emulator",
    ))?;
    let emulator = Emulator::start(&target.join("debug/runbeam-emulator"), &[])?;
    let mut command = Command::new(fuzzer);
    command
        // What it remembers of a run stays below the target directory.
        .current_dir(&target)
        .stdin(Stdio::null())
        .arg("run")
        .arg(&description)
        .args(["--url", emulator.text("url")?])
        .arg("--header")
        .arg(format!(
            "Authorization: Bearer {}",
            emulator.text("sanctum_token")?
        ))
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "20",
        ])
        .args(["--exclude-checks", UNASKED])
        .args([
            "--generation-deterministic",
            "--continue-on-failure",
            "--no-color",
        ]);
    run(&mut command)?;
    Ok(Outcome::Passed)
}

/// The fuzzer's program, installed if it is not there in this version.
fn fuzzer(target: &Path) -> Result<PathBuf> {
    let environment = target.join("schemathesis");
    let fuzzer = environment.join("bin/schemathesis");
    let version = probe(Command::new(&fuzzer).arg("--version"));
    if version.is_some_and(|version| version.ends_with(SCHEMATHESIS)) {
        return Ok(fuzzer);
    }
    tools::need(tools::VENV)?;
    run(program("python3").args(["-m", "venv"]).arg(&environment))?;
    run(Command::new(environment.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .arg(format!("schemathesis=={SCHEMATHESIS}"))
        .stdin(Stdio::null()))?;
    Ok(fuzzer)
}

/// A running emulator, which ends with this.
pub(crate) struct Emulator {
    child: Child,
    ready: Value,
}

impl Emulator {
    /// Starts the program and waits until it says that it is ready.
    ///
    /// # Errors
    ///
    /// When it cannot be started or says something else.
    pub(crate) fn start(path: &Path, arguments: &[&str]) -> Result<Self> {
        let mut child = program(path)
            .args(["--listen", "127.0.0.1:0", "--json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", path.display()))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let ready = serde_json::from_str(&line).unwrap_or_default();
        Ok(Self { child, ready })
    }

    /// A text of what it said when it was ready.
    ///
    /// # Errors
    ///
    /// When it did not say it.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        let text = self.ready[name].as_str();
        text.ok_or_else(|| format!("the emulator did not start: it says no {name}").into())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It has ended by itself if this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
