//! The step `mutants`: small changes of the code of runbeam-auth, each of which a test must notice.

use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use crate::process::{cargo, run_within};
use crate::step::{Outcome, Result};
use crate::{tools, workspace};

/// How long it may take, in minutes, where the environment says so.
const MINUTES: &str = "RUNBEAM_MUTANTS_MINUTES";
const DEFAULT_MINUTES: u64 = 180;

/// What a change can end as, by the names of the files in which cargo-mutants lists them.
const ENDS: &[&str] = &["caught", "missed", "timeout", "unviable"];

/// # Errors
///
/// When cargo-mutants cannot be had, or does not get as far as a change.
pub(crate) fn mutants() -> Result {
    if let Some(remedy) = tools::cargo_mutants() {
        return Err(format!("cargo-mutants is missing; install it with: {remedy}").into());
    }
    let place = workspace::metadata()?.target_directory.into_std_path_buf();
    let place = place.join("mutants");
    let copies = place.join("copies");
    prepare(&copies)?;

    // The longest tests notice nothing that others do not, and every change would wait for them.
    let without = "not (test(single_edits) or test(weak_secrets))";
    let mut command = cargo("mutants --package runbeam-auth --test-tool nextest --jobs 2");
    command
        .args(["--no-shuffle", "--minimum-test-timeout", "60", "--output"])
        .arg(&place)
        .args(["--", "--filterset", without])
        .env("TMPDIR", &copies);
    let ended = run_within(&mut command, Duration::from_secs(60 * minutes()?));
    report(
        &place.join("mutants.out"),
        ended.err().map(|error| error.to_string()),
    )
}

fn minutes() -> Result<u64> {
    match env::var(MINUTES) {
        Err(_) => Ok(DEFAULT_MINUTES),
        Ok(text) => text
            .parse()
            .map_err(|_| format!("{MINUTES} is not a number of minutes: `{text}`").into()),
    }
}

/// The tests look for the shared vectors beside the checkout, and so they do beside a copy of it.
fn prepare(copies: &Path) -> Result<()> {
    // What a run left behind that was ended by its limit.
    if copies.exists() {
        fs::remove_dir_all(copies)?;
    }
    fs::create_dir_all(copies)?;
    let shared = workspace::root().join("../shared");
    #[cfg(unix)]
    if shared.is_dir() {
        std::os::unix::fs::symlink(fs::canonicalize(shared)?, copies.join("shared"))?;
    }
    Ok(())
}

/// Changes that were missed are told and are no failure: some change nothing that can be seen.
fn report(directory: &Path, problem: Option<String>) -> Result {
    let list = |end: &&str| {
        let text = fs::read_to_string(directory.join(format!("{end}.txt"))).unwrap_or_default();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let lists: Vec<Vec<String>> = ENDS.iter().map(list).collect();
    if lists.iter().all(Vec::is_empty) {
        return Err(problem
            .unwrap_or_else(|| "cargo-mutants changed nothing".to_owned())
            .into());
    }
    for missed in &lists[1] {
        println!("missed: {missed}");
    }
    let counts = ENDS.iter().zip(&lists);
    let counts = counts.map(|(end, list)| format!("{} {end}", list.len()));
    let counts = counts.collect::<Vec<_>>().join(", ");
    Ok(Outcome::Noted(match problem {
        // It ends with an error, too, when changes were missed.
        Some(problem) if problem.contains("took longer") => format!("{counts}; {problem}"),
        _ => counts,
    }))
}
