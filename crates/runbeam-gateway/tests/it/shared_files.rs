//! Files that tests read beside the project.

use std::path::{Path, PathBuf};

/// The text of a shared file; `None` where it is missing, which CI does not allow.
#[allow(
    clippy::disallowed_methods,
    reason = "CI says by this variable that it is CI"
)]
pub(crate) fn read(file: &str) -> Option<String> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared")
        .join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "{} is missing",
            path.display()
        );
        eprintln!("skipped: {} is missing", path.display());
    }
    text
}
