//! `doctor`: finds out what is wrong, and what to do about it. `docs/doctor.md` lists every fault that it names.

mod cloud;
mod gateways;
mod keyring;
mod local;
mod login;

use std::time::Duration;

use serde_json::{Value, json};

use crate::Outcome;
use crate::args::Globals;
use crate::failure::Exit;
use crate::output::{DIM, GREEN, RED, Report, YELLOW};
use crate::session::Session;

/// What a check waits for a server, a name or a keyring. All checks are made at once.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a check found.
#[derive(Debug)]
struct Finding {
    check: &'static str,
    status: Status,
    /// The name of the fault, for programs.
    fault: Option<&'static str>,
    what: String,
    remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Good,
    /// Not looked at, since something that it needs is missing.
    Skipped,
    Warning,
    Fault,
}

impl Finding {
    fn good(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Status::Good, what)
    }

    fn skipped(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, Status::Skipped, why)
    }

    fn warning(
        check: &'static str,
        fault: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            fault: Some(fault),
            remedy: Some(remedy.into()),
            ..Self::new(check, Status::Warning, what)
        }
    }

    fn fault(
        check: &'static str,
        fault: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::Fault,
            ..Self::warning(check, fault, what, remedy)
        }
    }

    fn new(check: &'static str, status: Status, what: impl Into<String>) -> Self {
        Self {
            check,
            status,
            fault: None,
            what: what.into(),
            remedy: None,
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "check": self.check,
            "status": self.status.name(),
            "fault": self.fault,
            "message": self.what,
            "remedy": self.remedy,
        })
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Skipped => "-",
            Self::Warning => "!",
            Self::Fault => "✗",
        }
    }
}

pub(super) async fn run(globals: &Globals) -> Outcome {
    let mut findings = local::check(globals);
    match Session::open(globals) {
        Ok(session) => {
            let (cloud, login, keyring, gateways) = tokio::join!(
                cloud::check(&session),
                login::check(&session),
                keyring::check(),
                gateways::check(&session),
            );
            for group in [cloud, login, keyring, gateways] {
                findings.extend(group);
            }
        }
        Err(failure) => findings.push(Finding::fault(
            "settings",
            "settings-unusable",
            failure.what(),
            failure.next(),
        )),
    }
    Ok(report(&findings))
}

fn report(findings: &[Finding]) -> Report {
    let count = |status| {
        findings
            .iter()
            .filter(|finding| finding.status == status)
            .count()
    };
    let (faults, warnings) = (count(Status::Fault), count(Status::Warning));
    let data: Vec<_> = findings.iter().map(Finding::to_json).collect();
    let mut report = Report::new(json!({
        "data": data,
        "faults": faults,
        "warnings": warnings,
    }));
    let width = findings.iter().map(|finding| finding.check.len()).max();
    let width = width.unwrap_or_default();
    for finding in findings {
        let style = match finding.status {
            Status::Good => GREEN,
            Status::Skipped => DIM,
            Status::Warning => YELLOW,
            Status::Fault => RED,
        };
        let lead = format!("{} {:width$}  ", finding.status.mark(), finding.check);
        report = report.led(style, lead, &*finding.what);
        if let Some(remedy) = &finding.remedy {
            let lead = format!("{:1$}→ ", "", width + 4);
            report = report.led(DIM, lead, &**remedy);
        }
    }
    let summary = match (faults, warnings) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (0, warnings) => format!("Nothing is wrong; {} to think about.", things(warnings)),
        (faults, _) => format!("{} wrong.", are(faults)),
    };
    let report = report.line("").line(summary);
    if faults > 0 {
        report.with_exit(Exit::Failed as u8)
    } else {
        report
    }
}

fn things(number: usize) -> String {
    match number {
        1 => "one thing".to_owned(),
        number => format!("{number} things"),
    }
}

fn are(number: usize) -> String {
    match number {
        1 => "One thing is".to_owned(),
        number => format!("{number} things are"),
    }
}
