//! This binary as other processes: with another environment, another user, or to be killed.

use std::collections::BTreeMap;
use std::process::{Command, Output};
#[cfg(unix)]
use std::sync::OnceLock;

/// Names the job of a child process.
const JOB: &str = "RUNBEAM_STORE_TEST_JOB";

/// Does the job that the parent names, and nothing in a usual run.
#[test]
fn child() {
    let Some(job) = variable(JOB) else {
        return;
    };
    let jobs = jobs();
    jobs[job.as_str()]();
}

fn jobs() -> BTreeMap<&'static str, fn()> {
    let mut jobs: BTreeMap<&'static str, fn()> = BTreeMap::new();
    jobs.extend(crate::settings::JOBS.iter().copied());
    jobs.extend(crate::key_files::JOBS.iter().copied());
    jobs.extend(crate::provisioning::JOBS.iter().copied());
    #[cfg(unix)]
    jobs.extend(crate::concurrency::JOBS.iter().copied());
    #[cfg(unix)]
    jobs.extend(crate::crashes::JOBS.iter().copied());
    #[cfg(unix)]
    jobs.extend(crate::permissions::JOBS.iter().copied());
    jobs.extend(crate::rotation::JOBS.iter().copied());
    #[cfg(target_os = "linux")]
    for more in [
        crate::keyring::JOBS,
        crate::keyring_failures::JOBS,
        crate::migration_faults::JOBS,
    ] {
        jobs.extend(more.iter().copied());
    }
    jobs
}

/// What `job` is told by its parent.
pub(crate) fn told(name: &str) -> String {
    variable(&format!("RUNBEAM_STORE_TEST_{name}")).unwrap_or_else(|| panic!("{name} is not told"))
}

/// This binary, to do `job` in a process of its own. What it is told follows with [`Tell::tell`].
pub(crate) fn command(job: &str) -> Command {
    command_through(&[], job)
}

/// The same through another program, such as `dbus-run-session --`.
pub(crate) fn command_through(program: &[&str], job: &str) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut line: Vec<_> = program.iter().map(|part| part.into()).collect();
    line.push(this.into_os_string());
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).args([
        "--exact",
        "process::child",
        "--nocapture",
        "--test-threads=1",
    ]);
    remove_our_variables(&mut command).env(JOB, job);
    command
}

/// What the environment of the tests says of a store is not for this command.
pub(crate) fn remove_our_variables(command: &mut Command) -> &mut Command {
    for name in [
        "RUNBEAM_HOME",
        "RUNBEAM_ENCRYPTION_KEY",
        "RUNBEAM_ENCRYPTION_KEY_FILE",
        "RUNBEAM_MACHINE_TOKEN",
        "RUNBEAM_MACHINE_TOKEN_FILE",
        "RUNBEAM_DISABLE_KEYRING",
    ] {
        command.env_remove(name);
    }
    command
}

pub(crate) trait Tell {
    fn tell(&mut self, name: &str, value: impl ToString) -> &mut Self;
    fn run(&mut self) -> Output;
}

impl Tell for Command {
    fn tell(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.env(format!("RUNBEAM_STORE_TEST_{name}"), value.to_string())
    }

    /// Runs it to its end, which must be a success.
    fn run(&mut self) -> Output {
        let output = self.output().unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(
            output.status.success(),
            "{:?} ended with {}\n{out}\n{err}",
            self.get_program(),
            output.status
        );
        assert!(
            out.contains("1 passed"),
            "the job did not run\n{out}\n{err}"
        );
        output
    }
}

/// Whether the test that started this process still runs: a job without an end ends with it.
#[cfg(unix)]
pub(crate) fn has_parent() -> bool {
    static PARENT: OnceLock<u32> = OnceLock::new();
    let parent = std::os::unix::process::parent_id();
    parent == *PARENT.get_or_init(|| parent)
}

/// Whether the programs that a test needs are here. Missing ones fail the test where CI says that all are there.
pub(crate) fn has(programs: &[&str]) -> bool {
    let path = variable("PATH").unwrap_or_default();
    let missing = programs.iter().find(|program| {
        !std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    });
    match missing {
        None => true,
        Some(program) => {
            skipped(&format!("`{program}` is not installed"));
            false
        }
    }
}

pub(crate) fn skipped(reason: &str) {
    assert_ne!(
        variable("CI").as_deref(),
        Some("true"),
        "would be skipped: {reason}"
    );
    println!("skipped: {reason}");
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place of these tests that reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
