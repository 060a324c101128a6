//! Where the workspace is and what is in it, and what cargo and CI say about this run.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};

use crate::step::Result;

/// The root of the workspace. What cargo says now counts more than what it said when this was built: a target
/// directory can outlive the place of the checkout.
pub(crate) fn root() -> PathBuf {
    let xtask =
        env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&xtask)
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// The cargo that runs this program, so that every step uses one toolchain.
pub(crate) fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Whether this is CI, where a missing tool is a failure and not a reason to skip.
pub(crate) fn on_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

/// The members of the workspace, without their resolved dependencies: it needs no network.
///
/// # Errors
///
/// When cargo cannot read a manifest.
pub(crate) fn metadata() -> Result<Metadata> {
    let metadata = MetadataCommand::new()
        .cargo_path(cargo())
        .current_dir(root())
        .no_deps()
        .exec()?;
    Ok(metadata)
}
