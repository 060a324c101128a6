//! Habits of the manifests: one place for versions and lints, and nothing in it that nobody uses.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The manifest of a member.
pub(super) struct Manifest {
    /// From the root of the workspace.
    pub(super) path: String,
    pub(super) toml: Value,
}

const KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// What is wrong with the manifest of the workspace and those of its members.
pub(super) fn check(root: &Value, members: &[Manifest]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for Manifest { path, toml } in members {
        if !is_inherited(&toml["lints"]) {
            findings.push(format!("{path}: `[lints]` must say `workspace = true`"));
        }
        for (name, value) in dependencies(toml) {
            used.insert(name);
            if !is_inherited(value) {
                findings.push(format!(
                    "{path}: {name} must say `workspace = true`: versions stand in one place"
                ));
            }
        }
    }
    let declared = root["workspace"]["dependencies"].as_object();
    let unused = declared
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| !used.contains(name.as_str()));
    findings.extend(unused.map(|name| format!("Cargo.toml: no member uses `{name}`")));
    findings
}

fn is_inherited(value: &Value) -> bool {
    value["workspace"] == true
}

/// Every dependency of a member, also those of one platform.
fn dependencies(toml: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let platforms = toml["target"].as_object().into_iter().flat_map(Map::values);
    let tables = [toml].into_iter().chain(platforms);
    let kinds = tables.flat_map(|table| KINDS.iter().filter_map(|kind| table[kind].as_object()));
    kinds.flatten().map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINTS: &str = "[lints]\nworkspace = true\n";

    #[track_caller]
    fn check(root: &str, member: &str, expected: &[&str]) {
        let root = basic_toml::from_str(root).unwrap();
        let member = Manifest {
            path: "a/Cargo.toml".to_owned(),
            toml: basic_toml::from_str(member).unwrap(),
        };
        assert_eq!(super::check(&root, &[member]), expected);
    }

    #[test]
    fn lints_are_those_of_the_workspace() {
        let expected = ["a/Cargo.toml: `[lints]` must say `workspace = true`"];
        check("", LINTS, &[]);
        check("", "", &expected);
        check("", "[lints.rust]\nunsafe_code = \"allow\"", &expected);
    }

    #[test]
    fn an_entry_that_a_member_uses_is_alive() {
        let root = "[workspace.dependencies]\none = '1'\ntwo = '2'\nthree = '3'\nfour = '4'";
        let member = "[dependencies]\none.workspace = true\n[dev-dependencies]\ntwo = { workspace = true }\n\
                      [build-dependencies]\nthree.workspace = true\n\
                      [target.'cfg(windows)'.dependencies]\nfour.workspace = true\n";
        check(root, &format!("{member}{LINTS}"), &[]);
    }

    #[test]
    fn an_entry_that_nobody_uses_is_dead() {
        check(
            "[workspace.dependencies]\none = '1'",
            LINTS,
            &["Cargo.toml: no member uses `one`"],
        );
    }

    #[test]
    fn a_version_stands_in_one_place() {
        let expected =
            ["a/Cargo.toml: one must say `workspace = true`: versions stand in one place"];
        check("", &format!("{LINTS}[dependencies]\none = '1'"), &expected);
        check(
            "",
            &format!("{LINTS}[dev-dependencies]\none = {{ version = '1' }}"),
            &expected,
        );
        check(
            "",
            &format!("{LINTS}[target.'cfg(unix)'.dependencies]\none = '1'"),
            &expected,
        );
    }
}
