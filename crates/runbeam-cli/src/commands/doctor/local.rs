//! What can be seen without asking anybody: files, settings and variables.

use runbeam_sdk::http::HttpClient;
use runbeam_sdk::store::{self, ErrorKind};

use super::Finding;
use crate::args::Globals;
use crate::environment;
use crate::files::Home;
use crate::instances;
use crate::settings::Settings;

const FILES: &str = "files";
const SETTINGS: &str = "settings";

pub(super) fn check(globals: &Globals) -> Vec<Finding> {
    let mut findings = vec![encryption_key(), proxy()];
    match Home::find() {
        Ok(home) => {
            findings.extend(files(&home));
            if let Err(failure) = instances::list(&home) {
                findings.push(Finding::fault(
                    FILES,
                    "gateway-list-unreadable",
                    failure.what(),
                    failure.next(),
                ));
            }
        }
        Err(failure) => findings.push(Finding::fault(
            FILES,
            "no-home",
            failure.what(),
            failure.next(),
        )),
    }
    if let Ok(settings) = Settings::read(globals) {
        findings.push(api_url(&settings));
        findings.extend(ca_file(&settings));
    }
    findings
}

fn encryption_key() -> Finding {
    const CHECK: &str = "encryption key";
    match store::encryption_key_from_env() {
        Ok(Some(_)) => Finding::good(CHECK, "the key that the environment hands over can be used"),
        Ok(None) => Finding::good(CHECK, "none is set; each instance has a key of its own"),
        Err(error) if error.kind() == ErrorKind::EncryptionKey => Finding::fault(
            CHECK,
            "encryption-key-unusable",
            error.to_string(),
            "set RUNBEAM_ENCRYPTION_KEY to the line of `age-keygen` that begins with AGE-SECRET-KEY-1, or to base64 of it; or unset it",
        ),
        Err(error) => Finding::fault(
            CHECK,
            "encryption-key-ambiguous",
            error.to_string(),
            "unset RUNBEAM_ENCRYPTION_KEY or RUNBEAM_ENCRYPTION_KEY_FILE",
        ),
    }
}

fn proxy() -> Finding {
    const CHECK: &str = "proxy";
    let set = environment::PROXIES
        .into_iter()
        .find(|name| environment::is_set(name));
    match (set, HttpClient::builder().build()) {
        (None, _) => Finding::good(CHECK, "none is set, and connections are direct"),
        (Some(_), Ok(_)) => Finding::good(
            CHECK,
            "what the environment says is followed; this machine itself is reached directly",
        ),
        (Some(name), Err(error)) => Finding::fault(
            CHECK,
            "proxy-unusable",
            error.to_string(),
            format!("correct the address of the proxy, such as http://proxy:3128, or unset {name}"),
        ),
    }
}

fn api_url(settings: &Settings) -> Finding {
    const CHECK: &str = "cloud address";
    match settings.base_url() {
        Ok(url) => Finding::good(CHECK, format!("{url} (from {})", settings.api_url.origin)),
        Err(failure) => Finding::fault(
            CHECK,
            "api-url-unusable",
            format!("{} (from {})", failure.what(), settings.api_url.origin),
            failure.next(),
        ),
    }
}

fn ca_file(settings: &Settings) -> Option<Finding> {
    match settings.root_certificates() {
        Ok(None) => None,
        Ok(Some(pem)) => {
            let builder = HttpClient::builder();
            Some(match builder.with_root_certificates_pem(pem) {
                Ok(_) => Finding::good(SETTINGS, "the certificates of ca-file can be used"),
                Err(error) => Finding::fault(
                    SETTINGS,
                    "ca-file-unusable",
                    format!("ca-file is of no use: {error}"),
                    "name a file that holds certificates as PEM, or run `runbeam config:unset ca-file`",
                ),
            })
        }
        Err(failure) => Some(Finding::fault(
            SETTINGS,
            "ca-file-unusable",
            failure.what(),
            failure.next(),
        )),
    }
}

#[cfg(unix)]
fn files(home: &Home) -> Vec<Finding> {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    let mode = |path: &Path| {
        let data = std::fs::symlink_metadata(path).ok()?;
        (!data.is_symlink()).then(|| data.permissions().mode() & 0o777)
    };
    let mut findings = Vec::new();
    let mut wrong = |path: &Path, fault, allowed: u32| {
        let Some(mode) = mode(path).filter(|mode| mode & !allowed & 0o777 != 0) else {
            return;
        };
        let path = path.display();
        findings.push(Finding::fault(
            FILES,
            fault,
            format!("{path} is open to others (mode {mode:03o})"),
            format!("run `chmod {allowed:o} {path}`"),
        ));
    };
    // Others may look into the directory, but nobody else may put files there.
    wrong(home.path(), "home-open", 0o755);
    for directory in children(home.path()) {
        if !directory.is_dir() {
            continue;
        }
        for file in children(&directory)
            .into_iter()
            .chain(children(&directory.join("runbeam")))
        {
            let name = file.file_name().and_then(|name| name.to_str());
            let name = name.unwrap_or_default();
            if name != "config.json" && (name.ends_with(".json") || name.ends_with(".key")) {
                wrong(&file, "secret-open", 0o600);
            }
        }
    }
    let legacy = home.path_of("auth.json");
    if legacy.is_file() {
        findings.push(Finding::warning(
            FILES,
            "login-in-the-clear",
            format!(
                "{} holds a login of an early version in the clear",
                legacy.display()
            ),
            "run `runbeam verify`, which moves it to where secrets are kept",
        ));
    }
    if findings.is_empty() {
        let home = home.path().display();
        findings.push(Finding::good(
            FILES,
            format!("the files in {home} are closed to others"),
        ));
    }
    findings
}

#[cfg(not(unix))]
fn files(home: &Home) -> Vec<Finding> {
    let home = home.path().display();
    vec![Finding::skipped(
        FILES,
        format!("{home} is protected by the access rights of its folder"),
    )]
}

#[cfg(unix)]
fn children(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}
