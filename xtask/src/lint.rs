//! The steps that read the code without running it: `fmt`, `clippy`, `docs`.

use cargo_metadata::Package;

use crate::process::{cargo, run, run_all};
use crate::step::{Campaign, Outcome, Result};
use crate::workspace;

/// # Errors
///
/// When a file is not formatted.
pub(crate) fn fmt() -> Result {
    // The names of the files are enough: the same without `--check` is what repairs them.
    let mut commands = ["", "crates/bench/", "crates/fuzz/"].map(|workspace| {
        cargo(&format!(
            "fmt --all --manifest-path {workspace}Cargo.toml --check -- -l"
        ))
    });
    run_all(&mut commands)?;
    Ok(Outcome::Passed)
}

/// The workspace with everything in it, and then packages alone: with the features of its siblings mixed in, a crate can
/// build that would not build for anyone else. Each selection builds its own third-party crates, which takes long: that
/// those who have default features do without them is seen each time, the others are seen alone in the long form.
///
/// # Errors
///
/// When there is a warning.
pub(crate) fn clippy(campaign: Campaign) -> Result {
    let metadata = workspace::metadata()?;
    let workspace = "--workspace --all-targets --all-features --keep-going".to_owned();
    let alone = metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| selections_alone(package, campaign));
    let mut commands: Vec<_> = [workspace]
        .into_iter()
        .chain(alone)
        .map(|selection| cargo(&format!("clippy {selection} -- -D warnings")))
        .collect();
    run_all(&mut commands)?;
    Ok(Outcome::Passed)
}

fn selections_alone(package: &Package, campaign: Campaign) -> Vec<String> {
    let mut selections = Vec::new();
    let has_defaults = package.features.get("default");
    if has_defaults.is_some_and(|features| !features.is_empty()) {
        selections.push(format!("--package {} --no-default-features", package.name));
    }
    if campaign == Campaign::Full {
        selections.push(format!("--package {} --all-features", package.name));
    }
    selections
}

/// # Errors
///
/// When there is a warning.
pub(crate) fn docs() -> Result {
    let mut command = cargo("doc --workspace --no-deps --all-features");
    run(command.env("RUSTDOCFLAGS", "-Dwarnings"))?;
    Ok(Outcome::Passed)
}
