//! Builds a package outside of the workspace that depends on one of ours alone.
//!
//! Inside of the workspace, siblings lend each other features. What a user gets shows only outside of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::claims::{Claim, Features};
use crate::process::{cargo, run};
use crate::step::Result;
use crate::workspace;

/// Builds the consumer; findings are what its lock file has and should not have.
pub(super) fn check(claim: &Claim, lock: &str) -> Result<Vec<String>> {
    let target = workspace::metadata()?.target_directory;
    let directory = target.join("alone").join(claim.package);
    fs::create_dir_all(directory.join("src"))?;
    fs::write(
        directory.join("Cargo.toml"),
        manifest(claim, &workspace::root()),
    )?;
    fs::write(directory.join("src/lib.rs"), source(claim))?;
    // It starts from our versions, and cargo strikes what it does not need.
    fs::write(directory.join("Cargo.lock"), lock)?;

    let mut command = cargo("check --quiet");
    run(command
        .arg("--manifest-path")
        .arg(directory.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target))?;

    let used = packages(&fs::read_to_string(directory.join("Cargo.lock"))?);
    Ok(compare(claim, &used, &packages(lock)))
}

/// The profile is ours, so that the consumer shares what is built already.
fn manifest(claim: &Claim, root: &Path) -> String {
    let Claim {
        package, features, ..
    } = claim;
    let path = root.join("crates").join(package);
    let default_features = !matches!(features, Features::None);
    format!(
        r#"[package]
name = "consumer"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies.{package}]
path = '{}'
default-features = {default_features}

[profile.dev]
debug = "line-tables-only"

[workspace]
"#,
        path.display()
    )
}

fn source(claim: &Claim) -> String {
    format!(
        "//! Depends on {} alone.\n\nuse {} as _;\n",
        claim.package,
        claim.package.replace('-', "_")
    )
}

/// Name and version of everything in a lock file.
fn packages(lock: &str) -> BTreeSet<(String, String)> {
    let mut packages = BTreeSet::new();
    let mut name = "";
    for line in lock.lines() {
        let value = |key| {
            line.strip_prefix(key)
                .map(|value: &str| value.trim_matches('"'))
        };
        if let Some(value) = value("name = ") {
            name = value;
        } else if let Some(version) = value("version = ").filter(|_| !name.is_empty()) {
            packages.insert((name.to_owned(), version.to_owned()));
        }
    }
    packages
}

fn compare(
    claim: &Claim,
    used: &BTreeSet<(String, String)>,
    ours: &BTreeSet<(String, String)>,
) -> Vec<String> {
    let named = |wanted: &str| used.iter().any(|(name, _)| name == wanted);
    let missing = claim.has.iter().filter(|name| !named(name));
    let missing =
        missing.map(|name| format!("a consumer of {claim} should lock {name}, and does not"));
    let surplus = claim.lacks.iter().filter(|name| named(name));
    let surplus = surplus.map(|name| format!("a consumer of {claim} locks {name}, and must not"));
    let foreign = used.difference(ours).filter(|(name, _)| name != "consumer");
    let foreign = foreign.map(|(name, version)| {
        format!("a consumer of {claim} got {name} {version}, which is not ours")
    });
    missing.chain(surplus).chain(foreign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: Claim = Claim {
        package: "ours",
        features: Features::None,
        has: &["ring"],
        lacks: &["tokio"],
        built: true,
    };

    #[track_caller]
    fn check(used: &[(&str, &str)], expected: &[&str]) {
        let lock = |packages: &[(&str, &str)]| {
            let text: String = packages
                .iter()
                .map(|(name, version)| {
                    format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n")
                })
                .collect();
            self::packages(&format!("version = 4\n\n{text}"))
        };
        let ours = lock(&[("ours", "0.1.0"), ("ring", "0.17.14"), ("tokio", "1.54.1")]);
        assert_eq!(compare(&CLAIM, &lock(used), &ours), expected);
    }

    #[test]
    fn a_consumer_gets_what_is_claimed() {
        check(
            &[
                ("consumer", "0.0.0"),
                ("ours", "0.1.0"),
                ("ring", "0.17.14"),
            ],
            &[],
        );
    }

    #[test]
    fn what_it_gets_besides_or_not_is_named() {
        check(
            &[
                ("consumer", "0.0.0"),
                ("ours", "0.1.0"),
                ("tokio", "1.54.1"),
            ],
            &[
                "a consumer of ours without features should lock ring, and does not",
                "a consumer of ours without features locks tokio, and must not",
            ],
        );
    }

    #[test]
    fn another_version_than_ours_is_named() {
        check(
            &[("ring", "0.17.15")],
            &["a consumer of ours without features got ring 0.17.15, which is not ours"],
        );
    }

    #[test]
    fn the_manifest_says_what_the_claim_says() {
        let text = manifest(&CLAIM, Path::new("/checkout"));
        let manifest: serde_json::Value = basic_toml::from_str(&text).unwrap();
        let dependency = &manifest["dependencies"]["ours"];
        assert_eq!(dependency["path"].as_str(), Some("/checkout/crates/ours"));
        assert_eq!(dependency["default-features"].as_bool(), Some(false));
        assert!(manifest.get("workspace").is_some());
    }
}
