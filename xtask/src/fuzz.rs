//! The step `fuzz`: inputs like those that strangers may send.
//!
//! libFuzzer works with the stable compiler as long as no sanitizer is asked for. There is no unsafe code of ours,
//! so what can be found is what a target asserts.

mod report;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::{env, fs, thread};

use crate::process::{cargo, line, program, read, run};
use crate::step::{Campaign, Outcome, Result};
use crate::{tools, workspace};
use report::Report;

/// A workspace of its own, because libFuzzer wants other flags for everything that it runs.
const FUZZ: &str = "crates/fuzz";

/// How the targets are built, and how one is run by hand.
const FLAGS: &str =
    "--fuzz-dir crates/fuzz --target-dir target/fuzz --sanitizer none --features libfuzzer";

/// How long each target runs, in seconds, where the environment says so.
const SECONDS: &str = "RUNBEAM_FUZZ_SECONDS";

/// The kept corpus and the same changes of it each time, and in the long form what libFuzzer finds in some minutes.
///
/// # Errors
///
/// When an input breaks a promise, or when this is the long form in CI and libFuzzer cannot be had.
pub(crate) fn fuzz(campaign: Campaign) -> Result {
    let target = workspace::metadata()?.target_directory;
    let replay = format!("test --manifest-path {FUZZ}/Cargo.toml --locked --no-fail-fast");
    run(cargo(&replay).arg("--target-dir").arg(&target))?;
    if campaign == Campaign::Short {
        return Ok(Outcome::Passed);
    }

    tools::provide_fuzzing();
    if let Some(remedy) = tools::missing_for_fuzzing() {
        let missing = format!("libFuzzer was not run; for that: {remedy}");
        return if workspace::on_ci() {
            Err(missing.into())
        } else {
            Ok(Outcome::Noted(missing))
        };
    }
    run(&mut cargo(&format!("fuzz build --release {FLAGS}")))?;
    let place = Place {
        programs: target
            .as_std_path()
            .join("fuzz")
            .join(host()?)
            .join("release"),
        kept: workspace::root().join(FUZZ),
        found: target.as_std_path().join("fuzz/found"),
    };
    run_all(&place, &targets(&place.kept)?, seconds()?)
}

fn seconds() -> Result<u64> {
    match env::var(SECONDS) {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("{SECONDS} is not a number of seconds: `{text}`").into()),
        Err(_) => Ok(300),
    }
}

/// What the programs of this machine are built for.
fn host() -> Result<String> {
    let version = read(program("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "`rustc -vV` does not say which host this is".into())
}

/// Where the parts of a target are, below a directory for each or under its name.
struct Place {
    programs: PathBuf,
    kept: PathBuf,
    /// What is new, in this run and in earlier ones.
    found: PathBuf,
}

/// Each target has a directory of inputs.
fn targets(kept: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(kept.join("corpus"))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// As many at once as there are cores, because libFuzzer uses one.
fn run_all(place: &Place, targets: &[String], seconds: u64) -> Result {
    let waiting = Mutex::new(targets.iter());
    let failed = Mutex::new(Vec::new());
    let next = || waiting.lock().ok()?.next();
    let work = || {
        while let Some(target) = next() {
            if let Err(error) = run_one(place, target, seconds) {
                eprintln!("error: {target}: {error}");
                if let Ok(mut failed) = failed.lock() {
                    failed.push(target.as_str());
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    if failed.is_empty() {
        return Ok(Outcome::Passed);
    }
    Err(format!("a promise is broken: {}", failed.join(", ")).into())
}

fn run_one(place: &Place, target: &str, seconds: u64) -> Result<()> {
    let found = place.found.join(target);
    fs::create_dir_all(&found)?;
    let mut command = command(place, target, &found, seconds);
    let Output { status, stderr, .. } = command.output()?;
    let text = String::from_utf8_lossy(&stderr);
    if status.success() {
        println!("{target}: {}", Report::of(&text));
        return Ok(());
    }
    let tail: Vec<&str> = text.lines().rev().take(40).collect();
    for line in tail.iter().rev() {
        eprintln!("  {line}");
    }
    let again = report::reproducer(&text).map_or_else(
        || format!("`{}`", line(&command)),
        |input| format!("`cargo fuzz run {FLAGS} {target} {input}`"),
    );
    Err(format!("{status}; again with {again}").into())
}

fn command(place: &Place, target: &str, found: &Path, seconds: u64) -> Command {
    let dictionary = place
        .kept
        .join("dictionaries")
        .join(format!("{target}.dict"));
    let artifacts = place.found.join(format!("{target}-"));
    let mut command = program(place.programs.join(target));
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-dict={}", dictionary.display()))
        .arg(format!("-artifact_prefix={}", artifacts.display()))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        // New inputs go to the first of them.
        .arg(found)
        .arg(place.kept.join("corpus").join(target));
    command
}
