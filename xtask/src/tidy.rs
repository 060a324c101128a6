//! The step `tidy`: habits of this project that neither the compiler nor clippy looks after.

mod code;
mod manifests;
mod source;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::Metadata;
use serde_json::Value;

use crate::step::{self, Result};
use crate::workspace;
use manifests::Manifest;

/// Where our files are; the rest of the top level is looked at by name only.
const DIRECTORIES: &[&str] = &["crates", "xtask", ".ci", ".cargo"];

/// Files that hold text which people write.
const TEXT: &[&str] = &["rs", "toml", "md", "sh", "yml", "yaml"];

/// # Errors
///
/// When a habit is broken.
pub(crate) fn run() -> Result {
    let root = workspace::root();
    let metadata = workspace::metadata()?;
    let top = entries(&root)?;
    let files = files(&root, &top)?;

    let mut findings = tree::unexpected(&top.iter().map(|path| name(path)).collect::<Vec<_>>());
    findings.extend(tree::vague(&files));
    findings.extend(tree::untested(&libraries(&metadata, &root), &files));
    for path in &files {
        if is_text(path) {
            findings.extend(source::places(path, &fs::read_to_string(root.join(path))?));
        }
        if path.ends_with(".rs") {
            findings.extend(source::check(path, &fs::read_to_string(root.join(path))?));
        }
    }
    let members = metadata.workspace_packages().into_iter().map(|package| {
        let path = relative(package.manifest_path.as_std_path(), &root);
        Ok(Manifest {
            toml: parse(package.manifest_path.as_std_path())?,
            path,
        })
    });
    let members = members.collect::<Result<Vec<_>>>()?;
    findings.extend(manifests::check(
        &parse(&root.join("Cargo.toml"))?,
        &members,
    ));
    step::settle(
        &findings,
        &format!("{} files and {} manifests", files.len(), members.len() + 1),
    )
}

fn parse(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path)?;
    basic_toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The directories of the members that have a library.
fn libraries(metadata: &Metadata, root: &Path) -> Vec<String> {
    let packages = metadata.workspace_packages();
    let with_library = packages
        .iter()
        .filter(|package| package.targets.iter().any(|target| target.is_lib()));
    let directory = |manifest: &Path| relative(manifest.parent().unwrap_or(manifest), root);
    with_library
        .map(|package| directory(package.manifest_path.as_std_path()))
        .collect()
}

/// Our files, as paths from the root with `/` between their parts, in order.
fn files(root: &Path, top: &[PathBuf]) -> Result<Vec<String>> {
    let mut files: Vec<String> = top
        .iter()
        .filter(|path| path.is_file())
        .map(|path| relative(path, root))
        .collect();
    let mut directories: Vec<PathBuf> = DIRECTORIES.iter().map(|name| root.join(name)).collect();
    while let Some(directory) = directories.pop() {
        for path in entries(&directory)? {
            if !path.is_dir() {
                files.push(relative(&path, root));
            } else if name(&path) != "target" {
                directories.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let paths = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    paths.collect()
}

fn relative(path: &Path, root: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn is_text(path: &str) -> bool {
    path == ".ci/run"
        || path
            .rsplit_once('.')
            .is_some_and(|(_, extension)| TEXT.contains(&extension))
}
