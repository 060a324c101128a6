//! How long the long tests run.

/// `full` with `RUNBEAM_CAMPAIGN=full`, or else `short`.
#[allow(
    clippy::disallowed_methods,
    reason = "whoever starts the tests says by this variable how long they may run"
)]
pub(crate) fn rounds(short: usize, full: usize) -> usize {
    match std::env::var("RUNBEAM_CAMPAIGN") {
        Ok(length) if length == "full" => full,
        _ => short,
    }
}
