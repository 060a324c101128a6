//! `config:*`: settings, with where each is from.

use serde_json::{Map, json};

use crate::Outcome;
use crate::args::Globals;
use crate::failure::Failure;
use crate::files;
use crate::output::{Report, Table};
use crate::session::Session;
use crate::settings::{self, Key, Setting, Settings};

pub(super) fn set(session: &Session, key: &str, value: &str) -> Outcome {
    let key = Key::parse(key)?;
    let value = match key {
        Key::ApiUrl => {
            settings::check_api_url(value)?;
            value.trim().trim_end_matches('/').to_owned()
        }
        Key::CaFile => absolute(value)?,
        Key::Profile => {
            settings::check_profile(value)?;
            value.to_owned()
        }
    };
    session.settings.store(key, Some(&value))?;
    let profile = &session.settings.profile.value;
    let report = Report::new(json!({ "key": key.name(), "value": value, "profile": profile }));
    Ok(report.line(format!(
        "{} is {value} from now on{}",
        key.name(),
        of_profile(&session.settings, key)
    )))
}

pub(super) fn get(session: &Session, key: Option<&str>) -> Outcome {
    let asked = key.map(Key::parse).transpose()?;
    let mut json = Map::new();
    let mut table = Table::new(["KEY", "VALUE", "FROM"], "");
    for key in Key::ALL {
        if asked.is_some_and(|asked| asked != key) {
            continue;
        }
        let Setting { value, origin } = current(&session.settings, key);
        table.row([
            key.name().to_owned(),
            value.clone().unwrap_or_else(|| "-".to_owned()),
            origin.to_string(),
        ]);
        let shown = json!({
            "value": value,
            "origin": origin.name(),
            "origin_detail": origin.to_string(),
        });
        json.insert(key.name().to_owned(), shown);
    }
    Ok(Report::new(json).table(table))
}

pub(super) fn unset(session: &Session, key: &str, globals: &Globals) -> Outcome {
    let key = Key::parse(key)?;
    let was_set = session.settings.store(key, None)?;
    let now = current(&Settings::read(globals)?, key);
    let report = Report::new(json!({
        "key": key.name(),
        "was_set": was_set,
        "value": now.value,
        "origin": now.origin.name(),
    }));
    let what = if was_set {
        "is no longer set"
    } else {
        "was not set"
    };
    Ok(report.line(format!(
        "{} {what}{}; it is {} now (from {})",
        key.name(),
        of_profile(&session.settings, key),
        now.value.as_deref().unwrap_or("nothing"),
        now.origin
    )))
}

fn current(settings: &Settings, key: Key) -> Setting<Option<String>> {
    let setting = |value, origin: &settings::Origin| Setting {
        value,
        origin: origin.clone(),
    };
    match key {
        Key::ApiUrl => {
            let value = Some(settings.api_url.value.clone());
            setting(value, &settings.api_url.origin)
        }
        Key::Profile => {
            let value = Some(settings.profile.value.clone());
            setting(value, &settings.profile.origin)
        }
        Key::CaFile => {
            let path = settings.ca_file.value.as_ref();
            let path = path.map(|path| path.display().to_string());
            setting(path, &settings.ca_file.origin)
        }
    }
}

fn of_profile(settings: &Settings, key: Key) -> String {
    if key == Key::Profile || settings.profile.value == settings::DEFAULT_PROFILE {
        return String::new();
    }
    format!(" in the profile `{}`", settings.profile.value)
}

/// The setting counts wherever a command is typed.
fn absolute(path: &str) -> Result<String, Failure> {
    let unusable = |error: &std::io::Error| {
        Failure::failed(
            format!("the certificates in {path} cannot be read"),
            "name a file that holds certificates as PEM",
        )
        .because(error)
    };
    let path = std::path::absolute(path).map_err(|error| unusable(&error))?;
    files::read_bytes(&path).map_err(|error| unusable(&error))?;
    path.into_os_string()
        .into_string()
        .map_err(|_| Failure::failed("the path is not UTF-8", "move the file to another place"))
}
