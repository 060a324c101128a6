//! The binary, in a home of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Where one test types its commands.
pub(crate) struct Shell {
    home: TempDir,
    environment: Vec<(String, String)>,
    unset: Vec<&'static str>,
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Shell {
    pub(crate) fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            unset: Vec::new(),
        }
    }

    /// One that talks to this cloud.
    pub(crate) fn of(url: &str) -> Self {
        Self::new().with("RUNBEAM_API_URL", url)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.unset.push(name);
        self
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.home.path().join(".runbeam")
    }

    pub(crate) fn directory(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file of the home.
    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runbeam"));
        command
            .args(line.split(' ').filter(|word| !word.is_empty()))
            .current_dir(self.home.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("RUNBEAM_HOME", self.home())
            .env("RUNBEAM_DISABLE_KEYRING", "1")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in &self.unset {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn start(&self, line: &str) -> Child {
        self.command(line).spawn().unwrap()
    }

    pub(crate) fn run(&self, line: &str) -> Done {
        Done::from(self.command(line).output().unwrap())
    }

    pub(crate) fn run_with_input(&self, line: &str, input: &str) -> Done {
        let mut child = self.command(line).stdin(Stdio::piped()).spawn().unwrap();
        let written = child.stdin.take().unwrap().write_all(input.as_bytes());
        written.unwrap();
        Done::from(child.wait_with_output().unwrap())
    }

    /// Runs what must succeed, and gives its JSON.
    #[track_caller]
    pub(crate) fn json(&self, line: &str) -> Value {
        self.run(&format!("{line} --json")).ok().json()
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Done {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.ends_with(0)
    }

    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text), "no `{text}` in out: {}", self.out);
        self
    }

    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(self.err.contains(text), "no `{text}` in err: {}", self.err);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A file beside this project, or `None` where it is missing, which is no more than a notice outside of CI.
pub(crate) fn shared(path: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let found = std::fs::read_to_string(root.join(path)).ok();
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "shared/{path} is missing");
        eprintln!("skipped: shared/{path} is missing");
    }
    found
}
