//! What a command fails with: what went wrong, why, and the next step, without which none can be made.

use std::error::Error as StdError;
use std::fmt;
use std::process::ExitCode;

use runbeam_sdk::model::ParseError;
use runbeam_sdk::{ErrorKind, auth, store};
use serde_json::{Value, json};

/// How the process ends. These numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    SignIn = 4,
    NotAllowed = 5,
    Unreachable = 6,
    Interrupted = 130,
}

impl Exit {
    /// The kind in the JSON of a failure.
    fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::NotFound => "not_found",
            Self::SignIn => "sign_in",
            Self::NotAllowed => "not_allowed",
            Self::Unreachable => "unreachable",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How the layers of HTTP begin when what they say is that one below them failed.
const LAYERS: [&str; 2] = ["client error (", "tcp connect error"];

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    what: String,
    causes: Vec<String>,
    next: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self {
            exit,
            what: what.to_string(),
            causes: Vec::new(),
            next: next.to_string(),
        }
    }

    pub(crate) fn failed(what: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self::new(Exit::Failed, what, next)
    }

    pub(crate) fn usage(what: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, what, next)
    }

    pub(crate) fn not_found(what: impl fmt::Display, next: impl fmt::Display) -> Self {
        Self::new(Exit::NotFound, what, next)
    }

    pub(crate) fn sign_in(what: impl fmt::Display) -> Self {
        Self::new(Exit::SignIn, what, "run `runbeam login`")
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(
            Exit::Interrupted,
            "interrupted",
            "run the command again when you are ready",
        )
    }

    /// A call of the cloud that failed.
    pub(crate) fn of_cloud(error: &runbeam_sdk::Error) -> Self {
        let (exit, what, next) = match error.kind() {
            ErrorKind::SignIn => (
                Exit::SignIn,
                "Runbeam Cloud does not accept your token",
                "run `runbeam logout` and `runbeam login`",
            ),
            ErrorKind::NotAllowed => (
                Exit::NotAllowed,
                "Runbeam Cloud does not allow this to you",
                "ask for the ability, or log in as a member of the team that owns it (`runbeam whoami` shows who you are)",
            ),
            ErrorKind::NotFound => (
                Exit::NotFound,
                "Runbeam Cloud has no such thing for your team",
                "check the id with the `list` command of its kind",
            ),
            ErrorKind::Refused => (
                Exit::Failed,
                "Runbeam Cloud finds fault with the request",
                "correct what it names and try again",
            ),
            ErrorKind::RateLimited => (
                Exit::Failed,
                "Runbeam Cloud asks for fewer requests",
                "wait a minute and try again",
            ),
            ErrorKind::Unreachable => (
                Exit::Unreachable,
                "Runbeam Cloud cannot be reached",
                "run `runbeam doctor` to see where it fails",
            ),
            ErrorKind::Untrusted => (
                Exit::Unreachable,
                "the server cannot prove that it is Runbeam Cloud",
                "check the address with `runbeam config:get api-url`; name a certificate authority of your own with `--ca-file`",
            ),
            ErrorKind::CannotVerify => (
                Exit::Unreachable,
                "the keys that your token is checked with cannot be had",
                "try again later, or run `runbeam doctor`",
            ),
            ErrorKind::ServerFailed => (
                Exit::Failed,
                "Runbeam Cloud failed",
                "try again later; if it stays, report the request id",
            ),
            ErrorKind::UnexpectedAnswer => (
                Exit::Failed,
                "what answers is not Runbeam Cloud",
                "check the address with `runbeam config:get api-url`",
            ),
            ErrorKind::Storage => (
                Exit::Failed,
                "a secret cannot be kept or loaded",
                "run `runbeam doctor`, which checks the keyring, the files and the key",
            ),
            ErrorKind::InvalidInput => (
                Exit::Usage,
                "an argument is not what it should be",
                "correct it; `--help` shows its form",
            ),
            _ => (
                Exit::Failed,
                "a setting is missing or of no use",
                "see `runbeam config:get`, and correct it",
            ),
        };
        Self::new(exit, what, next).because(error)
    }

    /// A gateway's management API that did not do as asked. `gateway` is its label.
    pub(crate) fn of_gateway(error: &runbeam_sdk::Error, gateway: &str, address: &str) -> Self {
        let (exit, what, next) = match error.kind() {
            ErrorKind::Unreachable => (
                Exit::Unreachable,
                format!("the gateway `{gateway}` does not answer at {address}"),
                "check that it runs and that its management API listens there; correct the address with `runbeam harmony:add`".to_owned(),
            ),
            ErrorKind::Untrusted => (
                Exit::Unreachable,
                format!("the gateway `{gateway}` cannot prove who it is at {address}"),
                "name the certificate authority that signed its certificate with `--ca-file`".to_owned(),
            ),
            ErrorKind::NotFound => (
                Exit::NotFound,
                format!("the gateway `{gateway}` has no such page at {address}"),
                "check that management is enabled in its config.toml, and the path prefix with `runbeam harmony:list`".to_owned(),
            ),
            ErrorKind::NotAllowed => (
                Exit::NotAllowed,
                format!("the gateway `{gateway}` refuses this"),
                "see what it says above; `runbeam doctor` looks at its settings".to_owned(),
            ),
            ErrorKind::SignIn => (
                Exit::SignIn,
                format!("the gateway `{gateway}` has no machine token that works"),
                format!("run `runbeam harmony:authorize -l {gateway}`"),
            ),
            ErrorKind::UnexpectedAnswer => (
                Exit::Failed,
                format!("what answers at {address} is not a gateway's management API"),
                "correct the address with `runbeam harmony:add`".to_owned(),
            ),
            _ => (
                Exit::Failed,
                format!("the gateway `{gateway}` did not do this"),
                "see what it says above, and its log".to_owned(),
            ),
        };
        Self::new(exit, what, next).because(error)
    }

    /// Adds an error and all that it came from.
    pub(crate) fn because(mut self, error: &(dyn StdError + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            // Layers that repeat another one, or only name themselves, tell nothing.
            let is_said = self.causes.last().is_some_and(|last| last.contains(&text));
            if !is_said && !LAYERS.iter().any(|layer| text.starts_with(layer)) {
                self.causes.push(text);
            }
            cause = error.source();
        }
        self
    }

    /// The same failure as the cause of what matters more.
    pub(crate) fn behind(mut self, what: impl fmt::Display) -> Self {
        let cause = std::mem::replace(&mut self.what, what.to_string());
        self.causes.insert(0, cause);
        self
    }

    pub(crate) fn with_cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// The same failure with another next step.
    pub(crate) fn then(mut self, next: impl fmt::Display) -> Self {
        self.next = next.to_string();
        self
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn causes(&self) -> &[String] {
        &self.causes
    }

    pub(crate) fn next(&self) -> &str {
        &self.next
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }

    /// What `--json` shows of it, on standard error.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "error": {
            "kind": self.exit.name(),
            "exit_code": self.exit as u8,
            "message": self.what,
            "causes": self.causes,
            "next": self.next,
        }})
    }
}

impl From<runbeam_sdk::Error> for Failure {
    fn from(error: runbeam_sdk::Error) -> Self {
        Self::of_cloud(&error)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        runbeam_sdk::Error::from(error).into()
    }
}

impl From<auth::Error> for Failure {
    fn from(error: auth::Error) -> Self {
        runbeam_sdk::Error::from(error).into()
    }
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        runbeam_sdk::Error::from(error).into()
    }
}
