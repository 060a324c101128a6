//! The one place that reads the environment of the process.

use std::ffi::OsString;
use std::path::PathBuf;

use runbeam_sdk::model::Secret;

use crate::failure::Failure;

pub(crate) const API_URL: &str = "RUNBEAM_API_URL";
pub(crate) const PROFILE: &str = "RUNBEAM_PROFILE";
pub(crate) const CA_FILE: &str = "RUNBEAM_CA_FILE";
pub(crate) const TOKEN: &str = "RUNBEAM_TOKEN";
pub(crate) const HOME: &str = "RUNBEAM_HOME";

/// What all variables of this program begin with. Many hold secrets, and none is for programs that it starts.
const OURS: &str = "RUNBEAM_";

/// The names that ask for a proxy.
pub(crate) const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

#[allow(
    clippy::disallowed_methods,
    reason = "configuration of this program is read here"
)]
fn read(variable: &str) -> Option<OsString> {
    std::env::var_os(variable)
}

/// The variables that no program which is started here may inherit.
pub(crate) fn ours() -> impl Iterator<Item = OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| name.as_encoded_bytes().starts_with(OURS.as_bytes()))
}

/// A setting. An empty one is none.
///
/// # Errors
///
/// If it is not UTF-8.
pub(crate) fn text(variable: &'static str) -> Result<Option<String>, Failure> {
    let Some(value) = read(variable).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    value.into_string().map(Some).map_err(|_| {
        Failure::failed(
            format!("{variable} is not UTF-8"),
            format!("set {variable} anew, or unset it"),
        )
    })
}

/// The token that the environment hands over.
pub(crate) fn token() -> Result<Option<Secret>, Failure> {
    Ok(text(TOKEN)?.map(|token| Secret::from(token.trim())))
}

/// The filter of log lines.
pub(crate) fn log_filter() -> Option<String> {
    read("RUST_LOG")?.into_string().ok()
}

pub(crate) fn is_set(variable: &str) -> bool {
    read(variable).is_some_and(|value| !value.is_empty())
}

/// Whether it is set, even to nothing.
pub(crate) fn is_there(variable: &str) -> bool {
    read(variable).is_some()
}

/// Where the files of this program are: `RUNBEAM_HOME`, or else where those of the earlier command are.
pub(crate) fn home() -> Result<PathBuf, Failure> {
    if let Some(home) = read(HOME) {
        if home.is_empty() {
            return Err(Failure::failed(
                "RUNBEAM_HOME is empty",
                "set it to a directory, or unset it for the one in your home directory",
            ));
        }
        return Ok(home.into());
    }
    let usual = if cfg!(windows) {
        read("APPDATA").map(|data| PathBuf::from(data).join("runbeam"))
    } else {
        std::env::home_dir().map(|home| home.join(".runbeam"))
    };
    usual.ok_or_else(|| {
        Failure::failed(
            "there is no home directory",
            "set RUNBEAM_HOME to a directory of your own",
        )
    })
}

/// Whether a browser that is opened here would show up in front of whoever typed the command.
pub(crate) fn has_desktop() -> bool {
    let is_remote = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]
        .into_iter()
        .any(is_set);
    let is_automatic = [
        "CI",
        "GITHUB_ACTIONS",
        "GITLAB_CI",
        "JENKINS_URL",
        "TF_BUILD",
    ]
    .into_iter()
    .any(is_set);
    let has_display =
        cfg!(any(windows, target_os = "macos")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    has_display && !is_remote && !is_automatic
}
