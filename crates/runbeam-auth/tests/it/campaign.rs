//! How long the long tests are: short, unless the environment asks for the whole campaign.

/// `long` with `RUNBEAM_CAMPAIGN=full`, which `cargo xtask ci full` sets, and `short` otherwise.
#[allow(
    clippy::disallowed_methods,
    reason = "the environment is how a person asks for the whole campaign"
)]
pub(crate) fn long_or<T>(long: T, short: T) -> T {
    let is_long = std::env::var_os("RUNBEAM_CAMPAIGN").is_some_and(|value| value == "full");
    if is_long { long } else { short }
}
