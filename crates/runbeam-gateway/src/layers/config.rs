//! Chains of authentication as a configuration file has them.

mod jwt_options;
mod table;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use runbeam_sdk::http::HttpClient;
use runbeam_sdk::model::{Clock, Secret, SystemClock};
use toml::de::{DeTable, DeValue};

use self::jwt_options::jwt;
use self::table::{Setting, Table};
use super::{ApiKeyAuth, Authenticator, AuthenticatorBuilder, BasicAuth, Method, StoredHash};
use crate::BuildError;

/// Chains of authentication in a configuration file, which is TOML 1.1: inline tables may have several lines,
/// comments, and a comma at the end.
///
/// [`chain`](Self::chain) makes one of all `[[middleware]]` that authenticate, in the order of the file. Here it lets
/// a token pass, or else an API key:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = r#"
///     [[middleware]]
///     type = "jwt-auth"
///     config = { algorithm = "RS256", jwks_url = "https://auth.example.com/.well-known/jwks.json" }
///     optional = true
///
///     [[middleware]]
///     type = "api-key"
///     config = {
///         header = "X-API-Key",
///         keys = ["2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"], # SHA-256
///     }
/// "#;
/// use runbeam_gateway::layers::AuthConfig;
///
/// let authenticator = AuthConfig::parse(config, "gateway.toml")?.chain()?.build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Options
///
/// `${NAME}` in a text stands for the environment variable of that name. A variable that is not set, or is empty, is an
/// error that names it. So is an option that is not in this table: one that is misspelled must not be a check less.
///
/// | type | option | what |
/// |---|---|---|
/// | `jwt-auth`, `jwtauth` | `issuer`, `trusted_issuers` | whose tokens are trusted. An origin in `trusted_issuers` stands for all issuers of it, anything else for the same text. Default: the origin of `jwks_url` |
/// | | `audience` | the audience that a token must name. Default: any |
/// | | `jwks_url`, `jwks_uri` | where the keys are |
/// | | `public_key_path`, `public_key` | the file that has the key, or the key itself: PEM, a JWK or a JWK set |
/// | | `algorithm`, `algorithms` | `RS256`, the default, or `HS256` |
/// | | `secret`, `hs256_secret` | the secret of HS256, at least 32 bytes. There is no default |
/// | | `use_hs256` | `true` is another way to say `algorithm = "HS256"` |
/// | | `leeway_secs`, `leeway_seconds` | how far clocks may differ, from 0 to 300. Default: 60 |
/// | | `required_claims` | claims that a token must have besides `iss` and `exp` |
/// | | `validate_expiry` | `true`; anything else is refused |
/// | `basic-auth`, `auth` | `username`, `password_hash` | a user, and the hash by bcrypt of the password |
/// | | `password` | the password itself, best as `${NAME}` |
/// | | `token_path` | ignored |
/// | `api-key` | `header` | the field of the key |
/// | | `keys` | the hashes of the keys: SHA-256 in hexadecimal digits, with or without `sha256:`, or bcrypt |
///
/// A hyphen and an underscore are the same in types. Paths are those of the process, not of the file.
///
/// [`named`](Self::named) makes a chain of one method of an `[authentications.NAME]`, whose `method` is `jwt`, `basic`
/// or `api_key`, and whose `options` are the same.
#[derive(Clone)]
pub struct AuthConfig {
    file: String,
    text: Secret,
    other_types: Vec<String>,
    variables: Arc<Variables>,
    client: Option<HttpClient>,
    key_snapshot: Vec<u8>,
    clock: Arc<dyn Clock>,
}

type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

impl AuthConfig {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not TOML.
    pub fn read(file: impl AsRef<Path>) -> Result<Self, BuildError> {
        let name = file.as_ref().display().to_string();
        let text = std::fs::read_to_string(file).map_err(|error| {
            BuildError::new("the configuration cannot be read")
                .with_source(error)
                .at(&name, None)
        })?;
        Self::parse(text, name)
    }

    /// Reads the text of a file. `file` is its name, for errors.
    ///
    /// # Errors
    ///
    /// If it is not TOML.
    pub fn parse(text: impl Into<Secret>, file: impl Into<String>) -> Result<Self, BuildError> {
        let config = Self {
            file: file.into(),
            text: text.into(),
            other_types: Vec::new(),
            variables: Arc::new(environment),
            client: None,
            key_snapshot: Vec::new(),
            clock: Arc::new(SystemClock),
        };
        config.document()?;
        Ok(config)
    }

    /// Takes the values of `${NAME}` from `variables` in place of the environment.
    #[must_use]
    pub fn with_variables(
        mut self,
        variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.variables = Arc::new(variables);
        self
    }

    /// Types of middleware that do something else than to authenticate, and are passed over. Without this, a type that
    /// is not known is an error: it may be one that was meant to authenticate.
    #[must_use]
    pub fn with_other_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.other_types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Fetches keys with `client`.
    #[must_use]
    pub fn with_http_client(mut self, client: HttpClient) -> Self {
        self.client = Some(client);
        self
    }

    /// Starts with the public keys of a [snapshot](Authenticator::key_snapshot), so that tokens are verified before any key
    /// can be fetched. One that does not read is passed over: the keys are fetched then. Whoever can change it says which
    /// keys are trusted.
    #[must_use]
    pub fn with_key_snapshot(mut self, snapshot: impl Into<Vec<u8>>) -> Self {
        self.key_snapshot = snapshot.into();
        self
    }

    /// Verifies tokens by the time of `clock`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The chain of all `[[middleware]]` that authenticate, in the order of the file.
    ///
    /// # Errors
    ///
    /// If there is none, or an option is missing, unknown or of no use. The error names the line.
    pub fn chain(&self) -> Result<AuthenticatorBuilder, BuildError> {
        let document = self.document()?;
        let mut builder = Authenticator::builder();
        let mut is_empty = true;
        for mut middleware in self.root(&document).tables("middleware")? {
            let kind = middleware.required_text("type")?;
            let is_other = self.other_types.contains(&kind.value);
            if is_other {
                continue;
            }
            let read = match kind.value.replace('-', "_").as_str() {
                "jwt_auth" | "jwtauth" => jwt,
                "basic_auth" | "auth" => basic,
                "api_key" => api_key,
                _ => {
                    return Err(self.error_at(
                        kind.line,
                        "this type of middleware is not known: jwt-auth, basic-auth and api-key authenticate",
                    ));
                }
            };
            let is_optional = middleware.flag("optional")?.unwrap_or(false);
            let method = read(middleware.required_table("config")?)?;
            middleware.finish()?;
            is_empty = false;
            builder = if is_optional {
                builder.with_optional(method)
            } else {
                builder.with_required(method)
            };
        }
        if is_empty {
            let problem = "there is no [[middleware]] that authenticates";
            return Err(BuildError::new(problem).at(&self.file, None));
        }
        Ok(builder)
    }

    /// The one method of `[authentications.NAME]`.
    ///
    /// # Errors
    ///
    /// If it is not there, or its method is one that no layer has (`bearer`, `mutual_tls`, `custom`, `none`), or an
    /// option is missing, unknown or of no use. The error names the line.
    pub fn named(&self, name: &str) -> Result<AuthenticatorBuilder, BuildError> {
        let document = self.document()?;
        let mut all = self.root(&document).required_table("authentications")?;
        let mut authentication = all.required_table(name)?;
        authentication.text("id")?;
        let kind = authentication.required_text("method")?;
        let read = match kind.value.replace('-', "_").as_str() {
            "jwt" => jwt,
            "basic" => basic,
            "api_key" => api_key,
            _ => {
                return Err(self.error_at(
                    kind.line,
                    "this method is not supported: jwt, basic and api_key are",
                ));
            }
        };
        let method = read(authentication.required_table("options")?)?;
        authentication.finish()?;
        Ok(Authenticator::builder().with_required(method))
    }

    fn document(&self) -> Result<DeTable<'_>, BuildError> {
        let document = DeTable::parse(self.text.expose()).map_err(|error| {
            let line = error.span().map(|span| self.line(span.start));
            // The message tells what the grammar wants; more of the error would show the text.
            BuildError::new(format!("not TOML: {}", error.message())).at(&self.file, line)
        })?;
        Ok(document.into_inner())
    }

    fn root<'a>(&'a self, document: &'a DeTable<'a>) -> Table<'a> {
        Table::new(self, document, 0)
    }

    /// The line of a place in the text, counted from 1.
    fn line(&self, place: usize) -> usize {
        let before = self.text.expose().bytes().take(place);
        before.filter(|byte| *byte == b'\n').count() + 1
    }

    fn error_at(&self, line: usize, problem: impl Into<String>) -> BuildError {
        BuildError::new(problem).at(&self.file, line)
    }
}

fn basic(mut options: Table<'_>) -> Result<Method, BuildError> {
    let name = options.required_text("username")?;
    let hash = options.text("password_hash")?;
    let password = options.text("password")?;
    options.text("token_path")?;
    let at = |line| move |error: BuildError| (error, line);
    let method = match (hash, password) {
        (Some(hash), None) => StoredHash::parse(&hash.value)
            .map_err(at(hash.line))
            .and_then(|parsed| BasicAuth::new(&name.value, parsed).map_err(at(hash.line))),
        (None, Some(password)) => {
            BasicAuth::with_plain_password(&name.value, &password.value.as_str().into())
                .map_err(at(name.line))
        }
        (Some(_), Some(password)) => Err((
            BuildError::new("there is a `password_hash`, too: one of them is enough"),
            password.line,
        )),
        (None, None) => return Err(options.error("`password_hash` is missing")),
    };
    let method = method.map_err(|(error, line)| options.place(error, line))?;
    options.finish()?;
    Ok(method.into())
}

fn api_key(mut options: Table<'_>) -> Result<Method, BuildError> {
    let header = options.required_text("header")?;
    let mut method =
        ApiKeyAuth::new(&header.value).map_err(|error| options.place(error, header.line))?;
    let keys = options
        .texts("keys")?
        .ok_or_else(|| options.error("`keys` is missing"))?;
    if keys.is_empty() {
        return Err(options.error("`keys` is empty: it would refuse everybody"));
    }
    for Setting { value, line } in keys {
        method = StoredHash::parse(&value)
            .and_then(|key| method.with_key(key))
            .map_err(|error| options.place(error, line))?;
    }
    options.finish()?;
    Ok(method.into())
}

#[allow(
    clippy::disallowed_methods,
    reason = "configuration says by its name which variable it wants"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl fmt::Debug for AuthConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthConfig")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// The tables in a list of tables, with their places.
fn as_tables<'a>(value: &'a DeValue<'a>) -> Option<Vec<(&'a DeTable<'a>, usize)>> {
    let list = value.as_array()?.iter();
    list.map(|item| Some((item.get_ref().as_table()?, item.span().start)))
        .collect()
}
