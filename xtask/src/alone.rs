//! The step `alone`: a crate brings what it needs and nothing else.
//!
//! "Does not bring X" is true of a misspelled X as well. So each such claim has a twin that does find X.

mod banned;
mod claims;
mod consumer;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::process::{cargo, read};
use crate::step::{self, Result};
use crate::workspace;
use claims::{CLAIMS, Claim, Features, SIZES, Size};

/// # Errors
///
/// When a claim does not hold, when a crate brings too many, or when it does not build without the others.
pub(crate) fn run() -> Result {
    let mut findings = without_twin(CLAIMS);
    for claim in CLAIMS {
        findings.extend(broken(claim, &packages_of(claim)?));
    }
    for size in SIZES {
        findings.extend(exceeded(size, &tree(size.package, size.features, "")?));
    }
    let lock = std::fs::read_to_string(workspace::root().join("Cargo.lock"))?;
    let policy = std::fs::read_to_string(workspace::root().join("deny.toml"))?;
    findings.extend(banned::check(&lock, &policy)?);

    for claim in CLAIMS.iter().filter(|claim| claim.built) {
        let found = consumer::check(claim, &lock);
        findings
            .extend(found.unwrap_or_else(|error| vec![format!("a consumer of {claim}: {error}")]));
    }
    step::settle(
        &findings,
        &format!(
            "{} claims, {} sizes and the lock file",
            CLAIMS.len(),
            SIZES.len()
        ),
    )
}

/// The names of all packages that a user of this one gets, on whatever platform.
fn packages_of(claim: &Claim) -> Result<BTreeSet<String>> {
    Ok(names(&tree(claim.package, claim.features, "--target all")?))
}

/// Every package that a user of `package` gets, one a line, some of them several times.
fn tree(package: &str, features: Features, platform: &str) -> Result<String> {
    let selection = format!("tree --package {package} {}", features.flags());
    let format = "--edges normal --prefix none --format {p}";
    read(&mut cargo(&format!("{selection} {platform} {format}")))
}

/// Versions of one package count apart, as they are built apart.
fn exceeded(size: &Size, tree: &str) -> Option<String> {
    let packages = tree
        .lines()
        .map(|line| line.split_whitespace().take(2).collect())
        .filter(|words: &Vec<_>| !words.is_empty());
    let count = packages.collect::<BTreeSet<_>>().len();
    let Size { package, most, .. } = size;
    (count > *most).then(|| {
        format!("{package} brings {count} packages, at most {most} are agreed (`cargo tree --edges normal --package {package}` shows them)")
    })
}

/// The lines of `cargo tree` begin with a name: `serde v1.0.229 (*)`.
fn names(tree: &str) -> BTreeSet<String> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn broken(claim: &Claim, packages: &BTreeSet<String>) -> Vec<String> {
    let absent = claim.has.iter().filter(|name| !packages.contains(**name));
    let present = claim.lacks.iter().filter(|name| packages.contains(**name));
    let absent = absent.map(|name| format!("{claim} should bring {name}, and does not"));
    let present = present.map(|name| {
        format!("{claim} brings {name}, and must not (`cargo tree --invert {name}` shows the way)")
    });
    absent.chain(present).collect()
}

/// Names that a claim denies and no other claim finds.
fn without_twin(claims: &[Claim]) -> Vec<String> {
    let finds = |name: &str| {
        claims
            .iter()
            .any(|claim| claim.package == name || claim.has.contains(&name))
    };
    let lonely = |claim: &Claim| {
        let names = claim.lacks.iter().filter(|name| !finds(name));
        names
            .map(|name| format!("{claim} denies {name}, which no claim finds anywhere"))
            .collect::<Vec<_>>()
    };
    claims.iter().flat_map(lonely).collect()
}
