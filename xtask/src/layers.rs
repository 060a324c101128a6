//! The step `layers`: dependencies between our crates follow the map, and nothing else.

mod map;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, Package};

use crate::step::{self, Result};
use crate::workspace;
use map::{Arrow, Confined, Row};

/// What the step needs to know about a member of the workspace.
struct Member {
    name: String,
    dependencies: Vec<Dependency>,
    features: BTreeMap<String, Vec<String>>,
}

struct Dependency {
    name: String,
    dev: bool,
    optional: bool,
}

/// # Errors
///
/// When a dependency is not on the map.
pub(crate) fn run() -> Result {
    let metadata = workspace::metadata()?;
    let members: Vec<Member> = metadata
        .workspace_packages()
        .into_iter()
        .map(Member::from)
        .collect();

    let mut findings = off_the_map(&members, map::ROWS);
    findings.extend(outside_their_confines(&members, map::CONFINED));
    let dependencies: usize = members.iter().map(|member| member.dependencies.len()).sum();
    step::settle(
        &findings,
        &format!("{dependencies} dependencies of {} crates", members.len()),
    )
}

impl From<&Package> for Member {
    fn from(package: &Package) -> Self {
        let dependency = |dependency: &cargo_metadata::Dependency| Dependency {
            name: dependency.name.clone(),
            dev: dependency.kind == DependencyKind::Development,
            optional: dependency.optional,
        };
        Self {
            name: package.name.to_string(),
            dependencies: package.dependencies.iter().map(dependency).collect(),
            features: package.features.clone(),
        }
    }
}

/// Arrows between members that the map does not have, and members that have no row in it.
fn off_the_map(members: &[Member], rows: &[Row]) -> Vec<String> {
    let mut findings = Vec::new();
    for member in members {
        let Some(row) = rows.iter().find(|row| row.name == member.name) else {
            findings.push(format!(
                "{} is not on the map: add a row for it to xtask/src/layers/map.rs",
                member.name
            ));
            continue;
        };
        let ours =
            |dependency: &&Dependency| members.iter().any(|other| other.name == dependency.name);
        findings.extend(
            member
                .dependencies
                .iter()
                .filter(ours)
                .filter_map(|to| fault(member, to, row)),
        );
    }
    findings
}

/// What is wrong with one arrow.
fn fault(member: &Member, dependency: &Dependency, row: &Row) -> Option<String> {
    let (from, to) = (&member.name, &dependency.name);
    let arrow = row.arrows.iter().find(|arrow| arrow.to() == to);
    if dependency.dev {
        let allowed = arrow.is_some() || row.tests_with.contains(&to.as_str());
        return (!allowed).then(|| {
            format!(
                "{from} → {to} (dev-dependency): the tests of {from} may use {}",
                row.for_tests()
            )
        });
    }
    match arrow {
        None => Some(format!(
            "{from} → {to}: {from} may depend on {}",
            row.for_code()
        )),
        Some(Arrow::Always(_)) => None,
        Some(Arrow::Behind { feature, .. }) if !dependency.optional => Some(format!(
            "{from} → {to}: it must be optional, behind the feature `{feature}`"
        )),
        Some(Arrow::Behind { feature, .. }) => {
            let switches = switches(member, to);
            (switches != [*feature]).then(|| {
                format!(
                    "{from} → {to}: the feature `{feature}` alone may bring it, but these do: {}",
                    listed(&switches)
                )
            })
        }
    }
}

/// The features that turn an optional dependency on by themselves. Cargo makes one of the dependency's own name when
/// no feature says `dep:`, and lists it among the others.
fn switches<'a>(member: &'a Member, dependency: &str) -> Vec<&'a str> {
    let turns_on = |value: &String| {
        let value = value.strip_prefix("dep:").unwrap_or(value);
        value.split('/').next() == Some(dependency)
    };
    let switch = |(name, values): (&'a String, &Vec<String>)| {
        values.iter().any(turns_on).then_some(name.as_str())
    };
    member.features.iter().filter_map(switch).collect()
}

/// Third-party crates that are named where they must not be; and, so that a misspelled rule does not pass for a kept
/// one, those that nobody names.
fn outside_their_confines(members: &[Member], confined: &[Confined]) -> Vec<String> {
    let mut findings = Vec::new();
    for rule in confined {
        for third_party in rule.crates {
            let names = |member: &Member, in_tests: bool| {
                let mut dependencies = member.dependencies.iter();
                dependencies.any(|to| to.name == *third_party && to.dev == in_tests)
            };
            let may = |member: &&Member, allowed: &[&str]| allowed.contains(&member.name.as_str());
            let users = |in_tests| members.iter().filter(move |member| names(member, in_tests));
            if users(false).chain(users(true)).next().is_none() {
                findings.push(format!(
                    "the rule about {third_party} proves nothing: no crate depends on it"
                ));
            }
            let in_code = users(false).filter(|user| !may(user, rule.to));
            let in_tests = users(true).filter(|user| {
                !may(user, rule.to) && !may(user, rule.tests_of) && !names(user, false)
            });
            for user in in_code.chain(in_tests) {
                findings.push(format!(
                    "{} → {third_party}: {}, so only {} may",
                    user.name,
                    rule.because,
                    listed(rule.to)
                ));
            }
        }
    }
    findings
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        "nothing of ours".to_owned()
    } else {
        names.join(", ")
    }
}
