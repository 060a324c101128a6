//! Settings and where each is from: a flag, the environment, a file of the project or the user, or the default.

use std::fmt;
use std::path::{Path, PathBuf};

use runbeam_sdk::DEFAULT_API_URL;
use runbeam_sdk::model::BaseUrl;
use runbeam_sdk::store::InstanceId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::args::Globals;
use crate::environment;
use crate::failure::Failure;
use crate::files::{self, Home};

pub(crate) const DEFAULT_PROFILE: &str = "default";
/// The file of the user, which the earlier command wrote, too.
const USER_FILE: &str = "config.json";
/// The file of a project, in its directory or one above.
const PROJECT_FILE: &str = ".runbeam.json";

/// Where a setting is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Environment(&'static str),
    Project(PathBuf),
    User(PathBuf),
    Default,
}

/// A value, and where it is from.
#[derive(Debug, Clone)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// All settings of one run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) home: Home,
    pub(crate) profile: Setting<String>,
    pub(crate) api_url: Setting<String>,
    pub(crate) ca_file: Setting<Option<PathBuf>>,
}

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    ApiUrl,
    CaFile,
    Profile,
}

impl Key {
    pub(crate) const ALL: [Self; 3] = [Self::ApiUrl, Self::CaFile, Self::Profile];

    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        Self::ALL
            .into_iter()
            .find(|key| key.name() == text.replace('_', "-"))
            .ok_or_else(|| {
                Failure::failed(
                    format!("there is no setting `{text}`"),
                    "use api-url, ca-file or profile",
                )
            })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiUrl => "api-url",
            Self::CaFile => "ca-file",
            Self::Profile => "profile",
        }
    }

    /// Its name in the file, which is that of the earlier command.
    fn field(self) -> &'static str {
        match self {
            Self::ApiUrl => "api_url",
            Self::CaFile => "ca_file",
            Self::Profile => "profile",
        }
    }
}

impl Settings {
    pub(crate) fn read(globals: &Globals) -> Result<Self, Failure> {
        let home = Home::find()?;
        let user = UserFile::read(&home)?;
        let profile = profile(globals, &user, &home)?;
        check_profile(&profile.value)?;
        let in_file = |key: Key| {
            let value = user.get(&profile.value, key).map(str::to_owned);
            value.map(|value| Setting {
                value,
                origin: Origin::User(home.path_of(USER_FILE)),
            })
        };
        let api_url = first([
            flag("--api-url", globals.api_url.clone()),
            from_environment(environment::API_URL)?,
            in_file(Key::ApiUrl),
        ])
        .unwrap_or_else(|| Setting::default(DEFAULT_API_URL.to_owned()));
        let named = globals.ca_file.as_ref().map(|path| Setting {
            value: path.clone(),
            origin: Origin::Flag("--ca-file"),
        });
        let ca_file = named.or(first([
            from_environment(environment::CA_FILE)?,
            in_file(Key::CaFile),
        ])
        .map(|setting| setting.map(PathBuf::from)));
        Ok(Self {
            home,
            profile,
            api_url,
            ca_file: match ca_file {
                Some(setting) => setting.map(Some),
                None => Setting::default(None),
            },
        })
    }

    /// The cloud.
    ///
    /// # Errors
    ///
    /// If the setting is no address that tokens may be sent to.
    pub(crate) fn base_url(&self) -> Result<BaseUrl, Failure> {
        check_api_url(&self.api_url.value).map_err(|failure| {
            failure.with_cause(format_args!("it is from {}", self.api_url.origin))
        })
    }

    /// The certificates to trust besides those of the system.
    pub(crate) fn root_certificates(&self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(path) = &self.ca_file.value else {
            return Ok(None);
        };
        files::read_bytes(path).map(Some).map_err(|error| {
            Failure::failed(
                format!("the certificates in {} cannot be read", path.display()),
                format!("correct the path, which is from {}", self.ca_file.origin),
            )
            .because(&error)
        })
    }

    /// The instance that keeps the login of the profile. That of the default profile is the one of the earlier command.
    pub(crate) fn login_instance(&self) -> Result<InstanceId, Failure> {
        let name = match self.profile.value.as_str() {
            DEFAULT_PROFILE => "runbeam-cli".to_owned(),
            profile => format!("runbeam-cli-{profile}"),
        };
        Ok(name.parse()?)
    }

    /// Changes a setting in the file of the user; `None` removes it. It says whether there was one.
    pub(crate) fn store(&self, key: Key, value: Option<&str>) -> Result<bool, Failure> {
        self.home.change(USER_FILE, |file: &mut UserFile| {
            Ok(file.set(&self.profile.value, key, value))
        })
    }

    /// Removes all settings of a profile.
    #[cfg(feature = "dev")]
    pub(crate) fn forget_profile(&self, profile: &str) -> Result<(), Failure> {
        self.home.change(USER_FILE, |file: &mut UserFile| {
            file.profiles.remove(profile);
            Ok(())
        })
    }
}

fn profile(globals: &Globals, user: &UserFile, home: &Home) -> Result<Setting<String>, Failure> {
    let project = ProjectFile::find()?;
    Ok(first([
        flag("--profile", globals.profile.clone()),
        from_environment(environment::PROFILE)?,
        project.map(|(path, file)| Setting {
            value: file.profile,
            origin: Origin::Project(path),
        }),
        user.profile.clone().map(|value| Setting {
            value,
            origin: Origin::User(home.path_of(USER_FILE)),
        }),
    ])
    .unwrap_or_else(|| Setting::default(DEFAULT_PROFILE.to_owned())))
}

/// Tokens are sent there: https, or http to this machine.
pub(crate) fn check_api_url(text: &str) -> Result<BaseUrl, Failure> {
    text.parse().map_err(|error| {
        Failure::failed(
            format!("`{text}` is no address of a cloud"),
            "use an https address, or http://127.0.0.1 with a port for a cloud on this machine",
        )
        .because(&error)
    })
}

/// It becomes part of the name of an instance.
pub(crate) fn check_profile(name: &str) -> Result<(), Failure> {
    let checked = format!("runbeam-cli-{name}").parse::<InstanceId>();
    checked.map(drop).map_err(|error| {
        Failure::usage(
            format!("`{name}` cannot be the name of a profile"),
            "use lower-case letters, digits, `-`, `_` and `.`",
        )
        .because(&error)
    })
}

fn first<T, const N: usize>(settings: [Option<Setting<T>>; N]) -> Option<Setting<T>> {
    settings.into_iter().flatten().next()
}

fn flag(name: &'static str, value: Option<String>) -> Option<Setting<String>> {
    value.map(|value| Setting {
        value,
        origin: Origin::Flag(name),
    })
}

fn from_environment(name: &'static str) -> Result<Option<Setting<String>>, Failure> {
    Ok(environment::text(name)?.map(|value| Setting {
        value,
        origin: Origin::Environment(name),
    }))
}

impl<T> Setting<T> {
    fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }

    fn map<U>(self, map: impl FnOnce(T) -> U) -> Setting<U> {
        Setting {
            value: map(self.value),
            origin: self.origin,
        }
    }
}

impl Origin {
    /// Its name for programs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Flag(_) => "flag",
            Self::Environment(_) => "environment",
            Self::Project(_) => "project",
            Self::User(_) => "user",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "the flag {name}"),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::Project(path) => write!(f, "the project file {}", path.display()),
            Self::User(path) => write!(f, "the config file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// `config.json`. The settings of the default profile stand at its top, where the earlier command has them.
#[derive(Debug, Default, Serialize, Deserialize)]
struct UserFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    profiles: Map<String, Value>,
    #[serde(flatten)]
    settings: Map<String, Value>,
}

impl UserFile {
    fn read(home: &Home) -> Result<Self, Failure> {
        Ok(home.read(USER_FILE)?.unwrap_or_default())
    }

    fn get(&self, profile: &str, key: Key) -> Option<&str> {
        let settings = match profile {
            DEFAULT_PROFILE => &self.settings,
            named => self.profiles.get(named)?.as_object()?,
        };
        settings
            .get(key.field())?
            .as_str()
            .filter(|value| !value.is_empty())
    }

    fn set(&mut self, profile: &str, key: Key, value: Option<&str>) -> bool {
        if key == Key::Profile {
            let former = std::mem::replace(&mut self.profile, value.map(str::to_owned));
            return former.is_some();
        }
        let settings = match profile {
            DEFAULT_PROFILE => &mut self.settings,
            named => {
                let entry = self
                    .profiles
                    .entry(named)
                    .or_insert_with(|| Value::Object(Map::new()));
                if !entry.is_object() {
                    *entry = Value::Object(Map::new());
                }
                match entry.as_object_mut() {
                    Some(settings) => settings,
                    None => return false,
                }
            }
        };
        match value {
            Some(value) => settings.insert(key.field().to_owned(), value.into()),
            None => settings.remove(key.field()),
        }
        .is_some()
    }
}

/// What a project may say: which of the user's own profiles is for it, and nothing else. Where tokens go is not for the
/// files of a repository to decide.
#[derive(Debug, Deserialize)]
struct ProjectFile {
    profile: String,
}

impl ProjectFile {
    fn find() -> Result<Option<(PathBuf, Self)>, Failure> {
        // Without a directory to be in there is no project.
        let Ok(here) = std::env::current_dir() else {
            return Ok(None);
        };
        for directory in here.ancestors().map(Path::to_path_buf) {
            let path = directory.join(PROJECT_FILE);
            if let Some(file) = files::read(&path)? {
                return Ok(Some((path, file)));
            }
        }
        Ok(None)
    }
}
