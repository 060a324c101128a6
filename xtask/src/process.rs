//! Runs other programs: shows the command line, and turns the exit status into a result.
//!
//! No child gets a standard input: a question that nobody answers would hold CI up for ever.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use crate::step::Result;
use crate::workspace;

/// How often a child with a deadline is looked at.
const POLL: Duration = Duration::from_millis(50);

/// A command at the root of the workspace.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(workspace::root()).stdin(Stdio::null());
    command
}

/// The cargo that runs this program, with the words of `line` as arguments.
pub(crate) fn cargo(line: &str) -> Command {
    let mut command = program(workspace::cargo());
    command.args(line.split_whitespace());
    command
}

/// Shows a command line and runs it; what it prints is seen as it comes.
///
/// # Errors
///
/// When it cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", line(command));
    let status = command
        .status()
        .map_err(|error| cannot_start(command, &error))?;
    success(command, status)
}

/// Runs every command, also after one has failed, so that one run shows everything there is to repair.
///
/// # Errors
///
/// Names the commands that failed.
pub(crate) fn run_all(commands: &mut [Command]) -> Result<()> {
    let failed: Vec<String> = commands
        .iter_mut()
        .filter_map(|command| run(command).err().map(|_| format!("`{}`", line(command))))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(format!("failed: {}", failed.join(", ")).into())
}

/// Runs a command as [`run`] does, and ends it and all that it started when the time is up.
///
/// # Errors
///
/// Those of [`run`], and when it had to be ended.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    println!("$ {}", line(command));
    let start = Instant::now();
    let mut child = in_own_group(command)
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return success(command, status);
        }
        if start.elapsed() >= limit {
            end_group(&mut child)?;
            return Err(format!("`{}` took longer than {limit:?}", line(command)).into());
        }
        thread::sleep(POLL);
    }
}

#[cfg(unix)]
fn in_own_group(command: &mut Command) -> &mut Command {
    std::os::unix::process::CommandExt::process_group(command, 0)
}

#[cfg(not(unix))]
fn in_own_group(command: &mut Command) -> &mut Command {
    command
}

/// A grandchild that stays behind would hold our output open, and whoever reads it would wait for its end.
fn end_group(child: &mut Child) -> io::Result<()> {
    if cfg!(unix) {
        // The one of the shell, because a slim system has no program of this name.
        let kill = format!("kill -KILL -{}", child.id());
        program("sh").args(["-c", &kill]).status()?;
    }
    child.kill()?;
    child.wait().map(drop)
}

/// What a command prints to its standard output. Only what it complains about is seen.
///
/// # Errors
///
/// When it cannot be started, does not succeed, or prints something that is not UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_start(command, &error))?;
    success(command, output.status)?;
    Ok(String::from_utf8(output.stdout)?)
}

/// What a command prints, or `None` when it cannot be run: to see whether a tool is there.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = || String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then(text)
}

/// Whether a program of this name is found on `PATH`.
pub(crate) fn on_path(name: &str) -> bool {
    let directories = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&directories).any(|directory| directory.join(name).is_file())
}

fn success(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    Err(format!("`{}` ended with {status}", line(command)).into())
}

fn cannot_start(command: &Command, error: &io::Error) -> String {
    format!("`{}` cannot be started: {error}", line(command))
}

/// The command line as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let variables = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.display(), value?.display())));
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = [program].into_iter().chain(command.get_args()).map(quoted);
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty() || word.contains(char::is_whitespace) {
        return format!("'{word}'");
    }
    word.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_reads_as_it_is_typed() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command
            .args(["doc", "two words"])
            .env("RUSTDOCFLAGS", "-Dwarnings");
        assert_eq!(
            line(&command),
            "RUSTDOCFLAGS=-Dwarnings cargo doc 'two words'"
        );
    }

    #[test]
    fn the_exit_status_decides() {
        assert!(run(&mut program("true")).is_ok());
        let error = run(&mut program("false")).unwrap_err().to_string();
        assert_eq!(error, "`false` ended with exit status: 1");
        let error = run(&mut program("no-such-program"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`no-such-program` cannot be started"),
            "{error}"
        );
    }

    #[test]
    fn every_command_runs_and_the_failed_ones_are_named() {
        let mut commands = [
            program("false"),
            program("true"),
            program("no-such-program"),
        ];
        let error = run_all(&mut commands).unwrap_err().to_string();
        assert_eq!(error, "failed: `false`, `no-such-program`");
        assert!(run_all(&mut commands[1..2]).is_ok());
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        let mut slow = program("sleep");
        let error = run_within(slow.arg("60"), Duration::ZERO)
            .unwrap_err()
            .to_string();
        assert_eq!(error, "`sleep 60` took longer than 0ns");
        assert!(run_within(&mut program("true"), Duration::from_secs(60)).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn what_it_started_ends_with_it() {
        let (mut output, end_of_child) = io::pipe().unwrap();
        let mut slow = program("sh");
        slow.args(["-c", "echo begun; sleep 60 & wait"])
            .stdout(end_of_child);
        let start = Instant::now();
        assert!(run_within(&mut slow, Duration::from_millis(200)).is_err());
        drop(slow);

        // The text ends when nobody holds the other end of the pipe any more.
        let mut text = String::new();
        io::Read::read_to_string(&mut output, &mut text).unwrap();
        assert_eq!(text, "begun\n");
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_program_is_on_the_path_or_not() {
        assert!(on_path("true"));
        assert!(!on_path("no-such-program"));
        assert_eq!(probe(program("echo").arg("text")), Some("text".to_owned()));
        assert_eq!(probe(&mut program("no-such-program")), None);
    }
}
