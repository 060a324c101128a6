//! The step `tools`: what the other steps need beyond Rust, installed where that is possible.

mod oidc;

use std::path::Path;

use crate::process::{cargo, on_path, probe, program, run};
use crate::step::{Outcome, Result};
use crate::workspace;

/// A subcommand of cargo, from crates.io.
struct CargoTool {
    /// Without the `cargo-` of its crate.
    name: &'static str,
    version: &'static str,
}

const DENY: CargoTool = CargoTool {
    name: "deny",
    version: "0.20.2",
};
const FUZZ: CargoTool = CargoTool {
    name: "fuzz",
    version: "0.13.2",
};
const MUTANTS: CargoTool = CargoTool {
    name: "mutants",
    version: "27.1.0",
};

/// A Debian package, and what shows that it, or its like on another system, is there.
pub(crate) struct Package {
    name: &'static str,
    /// Names of programs, or absolute paths of files.
    proofs: &'static [&'static str],
}

/// libFuzzer is written in C++.
const CPP: &str = "g++";

const PACKAGES: &[Package] = &[
    Package {
        name: "age",
        proofs: &["age", "age-keygen"],
    },
    Package {
        name: "ca-certificates",
        proofs: &["/etc/ssl/certs/ca-certificates.crt"],
    },
    Package {
        name: "chromium",
        proofs: &["chromium"],
    },
    Package {
        name: "dbus",
        proofs: &["dbus-run-session"],
    },
    Package {
        name: CPP,
        proofs: &["c++"],
    },
    Package {
        name: "gnome-keyring",
        proofs: &["gnome-keyring-daemon"],
    },
    Package {
        name: "libsecret-tools",
        proofs: &["secret-tool"],
    },
    Package {
        name: "strace",
        proofs: &["strace"],
    },
    Package {
        name: "util-linux",
        proofs: &["setpriv"],
    },
];

/// For programs of PyPI that have a place of their own: a long step needs it.
pub(crate) const VENV: Package = Package {
    name: "python3-venv",
    proofs: &["python3", "/usr/share/doc/python3-venv"],
};

/// For requests in great numbers: a long step needs it.
pub(crate) const WRK: Package = Package {
    name: "wrk",
    proofs: &["wrk"],
};

/// What brings the packages of PyPI, where one of them is needed.
const PIP: Package = Package {
    name: "python3-pip",
    proofs: &["python3", "pip3"],
};

/// # Errors
///
/// When this is CI and something is missing that could not be installed. For a person it is a notice: the tests that
/// need it skip themselves.
pub(crate) fn provide() -> Result {
    let mut remedies: Vec<String> = Vec::new();
    remedies.extend(rust_components());
    remedies.extend(cargo_tool(&DENY));
    remedies.extend(debian_packages(PACKAGES));
    if oidc::wants_pip() {
        remedies.extend(debian_packages(&[PIP]));
    }
    remedies.extend(oidc::provider());

    if remedies.is_empty() {
        println!("everything is there");
        return Ok(Outcome::Passed);
    }
    let missing = format!(
        "something is missing; install it with: {}",
        remedies.join("; ")
    );
    if workspace::on_ci() {
        Err(missing.into())
    } else {
        Ok(Outcome::Noted(missing))
    }
}

/// Provides what a single step needs.
///
/// # Errors
///
/// When it is missing and cannot be installed.
pub(crate) fn need(package: Package) -> Result<()> {
    match debian_packages(&[package]) {
        None => Ok(()),
        Some(remedy) => Err(format!("something is missing; install it with: {remedy}").into()),
    }
}

/// Returns, as its siblings below do, what a person has to type when it could not install what it is about.
fn rust_components() -> Option<String> {
    let missing: Vec<&str> = [("rustfmt", "fmt --version"), ("clippy", "clippy --version")]
        .into_iter()
        .filter(|(_, version)| probe(&mut cargo(version)).is_none())
        .map(|(component, _)| component)
        .collect();
    if missing.is_empty() {
        return None;
    }
    let added = run(program("rustup").args(["component", "add"]).args(&missing));
    added.err().map(|error| {
        eprintln!("{error}");
        format!("rustup component add {}", missing.join(" "))
    })
}

fn cargo_tool(tool: &CargoTool) -> Option<String> {
    if has(tool) {
        return None;
    }
    // A tool that starts others need not be optimized, and unoptimized it builds in a fraction of the time.
    let install = tool.install();
    let installed = run(cargo(&install).env("CARGO_PROFILE_DEV_DEBUG", "0"));
    installed.err().map(|error| {
        eprintln!("{error}");
        format!("cargo {install}")
    })
}

fn has(tool: &CargoTool) -> bool {
    let answer = probe(&mut cargo(&format!("{} --version", tool.name)));
    answer.is_some_and(|answer| is_version(&answer, tool.version))
}

impl CargoTool {
    fn install(&self) -> String {
        let Self { name, version } = self;
        format!("install --locked cargo-{name} --version {version} --debug")
    }
}

/// Installs what the long campaigns alone need.
pub(crate) fn cargo_mutants() -> Option<String> {
    cargo_tool(&MUTANTS)
}

/// Provides libFuzzer, where that is possible: for the long form, since building it and the targets takes minutes.
pub(crate) fn provide_fuzzing() {
    // What is missing then is told by `missing_for_fuzzing`.
    let _ = cargo_tool(&FUZZ);
}

/// What a person has to type before libFuzzer can be used. Nothing is installed.
pub(crate) fn missing_for_fuzzing() -> Option<String> {
    let mut remedies = Vec::new();
    if !has(&FUZZ) {
        remedies.push(format!("cargo {}", FUZZ.install()));
    }
    if !on_path("c++") {
        remedies.push(format!("apt-get install {CPP}"));
    }
    (!remedies.is_empty()).then(|| remedies.join("; "))
}

fn debian_packages(packages: &[Package]) -> Option<String> {
    let missing = || missing(packages, is_there);
    if missing().is_empty() {
        return None;
    }
    let install = |packages: &[&str]| {
        format!(
            "apt-get install -y --no-install-recommends {}",
            packages.join(" ")
        )
    };
    match elevation() {
        Some(elevation) if on_path("apt-get") => {
            for line in ["apt-get update", &install(&missing())] {
                let line = format!("{elevation}env DEBIAN_FRONTEND=noninteractive {line}");
                let mut words = line.split_whitespace();
                if let Err(error) = run(program(words.next().unwrap_or_default()).args(words)) {
                    eprintln!("{error}");
                }
            }
        }
        _ => println!("cannot install: it takes apt-get, and root or sudo without a password"),
    }
    // What counts is what is there in the end, not what the package manager said.
    let still_missing = missing();
    (!still_missing.is_empty()).then(|| install(&still_missing))
}

/// What a command line begins with so that it may install packages.
fn elevation() -> Option<&'static str> {
    if probe(program("id").arg("-u"))? == "0" {
        return Some("");
    }
    probe(program("sudo").args(["-n", "true"])).map(|_| "sudo -n ")
}

fn is_there(proof: &str) -> bool {
    if proof.starts_with('/') {
        Path::new(proof).exists()
    } else {
        on_path(proof)
    }
}

fn missing(packages: &[Package], is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    packages
        .iter()
        .filter(|package| !package.proofs.iter().all(|proof| is_there(proof)))
        .map(|package| package.name)
        .collect()
}

/// `cargo deny --version` answers `cargo-deny 0.20.2`.
fn is_version(answer: &str, version: &str) -> bool {
    answer.split_whitespace().last() == Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_missing_when_one_of_its_proofs_is() {
        assert_eq!(missing(PACKAGES, |_| true), Vec::<&str>::new());
        assert_eq!(missing(PACKAGES, |proof| proof != "age-keygen"), ["age"]);
        assert_eq!(
            missing(PACKAGES, |proof| !proof.starts_with('/')),
            ["ca-certificates"]
        );
        assert_eq!(missing(PACKAGES, |_| false).len(), PACKAGES.len());
    }

    #[test]
    fn a_proof_is_a_program_or_a_file() {
        assert!(is_there("true"));
        assert!(!is_there("no-such-program"));
        assert!(is_there("/"));
        assert!(!is_there("/no-such-file"));
    }

    #[test]
    fn another_version_is_not_the_right_one() {
        assert!(is_version("cargo-deny 0.20.2", "0.20.2"));
        assert!(!is_version("cargo-deny 0.20.1", "0.20.2"));
        assert!(!is_version("cargo-deny 10.20.2", "0.20.2"));
        assert!(!is_version("", "0.20.2"));
    }
}
