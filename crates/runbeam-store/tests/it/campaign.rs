//! How long a campaign is: short by default, so that everybody runs it, and long where somebody waits for it.

use crate::process::variable;

/// Whether this run has the time for all of it: `cargo xtask ci full` says so.
pub(crate) fn is_full() -> bool {
    variable("RUNBEAM_CAMPAIGN").as_deref() == Some("full")
}
