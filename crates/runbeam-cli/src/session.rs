//! Who is logged in, from where, and a client that speaks for them.

use std::fmt;

use runbeam_sdk::auth::{
    BearerToken, Claims, RemoteVerifier, TokenKind, TrustPolicy, TrustedIssuer, Verified,
};
use runbeam_sdk::http::HttpClient;
use runbeam_sdk::model::{Clock, Secret, SystemClock, UserToken};
use runbeam_sdk::store::{EntryName, SecretStore, Store};
use runbeam_sdk::{ManagementClient, RunbeamClient, RunbeamClientBuilder};

use crate::args::Globals;
use crate::environment;
use crate::failure::Failure;
use crate::files;
use crate::instances::Instance;
use crate::settings::{DEFAULT_PROFILE, Origin, Settings};

/// What the earlier command called itself, too.
const PROGRAM: &str = concat!("runbeam-cli/", env!("CARGO_PKG_VERSION"));
/// Where version 0.3 and 0.4 of the earlier command kept the login, in the clear.
const LEGACY_FILE: &str = "auth.json";

/// The settings of one run, and what is done by them.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) settings: Settings,
}

/// A login, and where it is from.
#[derive(Debug)]
pub(crate) struct LoginState {
    pub(crate) token: UserToken,
    pub(crate) kind: TokenKind,
    pub(crate) source: Source,
}

/// Where a login is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Environment,
    Store,
}

impl Session {
    pub(crate) fn open(globals: &Globals) -> Result<Self, Failure> {
        let settings = Settings::read(globals)?;
        Ok(Self { settings })
    }

    /// The login: that of `RUNBEAM_TOKEN`, or else the one that is kept.
    pub(crate) async fn login(&self) -> Result<Option<LoginState>, Failure> {
        if let Some(token) = environment::token()? {
            let token = UserToken::new(token, None, None);
            return LoginState::new(token, Source::Environment)
                .map(Some)
                .map_err(|failure| failure.then("set RUNBEAM_TOKEN anew, or unset it"));
        }
        self.kept_login().await
    }

    /// The login that is kept, whatever the environment hands over.
    pub(crate) async fn kept_login(&self) -> Result<Option<LoginState>, Failure> {
        let store = Store::from_env()?;
        let instance = self.settings.login_instance()?;
        let kept = store
            .load_value(&instance, &EntryName::user_token())
            .await?;
        let token: Option<UserToken> = match kept {
            Some(token) => Some(token),
            None => self.take_over_legacy_login().await?,
        };
        token
            .map(|token| LoginState::new(token, Source::Store))
            .transpose()
    }

    /// The login, which is needed.
    pub(crate) async fn require_login(&self) -> Result<LoginState, Failure> {
        let Some(login) = self.login().await? else {
            return Err(Failure::sign_in("you are not logged in"));
        };
        if login.token.is_expired_at(SystemClock.now()) {
            return Err(Failure::sign_in("your login has expired"));
        }
        Ok(login)
    }

    /// A client that speaks for whoever is logged in. A JWT is verified before it is sent anywhere.
    pub(crate) async fn client(&self) -> Result<RunbeamClient, Failure> {
        let login = self.require_login().await?;
        self.verify(&login).await?;
        Ok(self.anonymous_client()?.with_token(&login.token.token))
    }

    /// A client that speaks for nobody.
    pub(crate) fn anonymous_client(&self) -> Result<RunbeamClient, Failure> {
        let base = self.settings.base_url()?;
        Ok(self.builder(&base.to_string())?.build()?)
    }

    /// The claims of a JWT that the configured cloud issued; `None` for a token about which only the cloud can tell.
    pub(crate) async fn verify(
        &self,
        login: &LoginState,
    ) -> Result<Option<Verified<Claims>>, Failure> {
        if login.kind != TokenKind::Jwt {
            return Ok(None);
        }
        let claims = self.verifier()?.verify(login.token.token.expose()).await;
        claims.map(Some).map_err(|error| {
            let failure = Failure::from(error);
            failure.with_cause(format_args!(
                "the cloud whose tokens are trusted is {} (from {})",
                self.settings.api_url.value, self.settings.api_url.origin
            ))
        })
    }

    /// Trusts the configured cloud and nobody else.
    pub(crate) fn verifier(&self) -> Result<RemoteVerifier, Failure> {
        let base = self.settings.base_url()?;
        let mut issuer = TrustedIssuer::cloud(&base);
        if self.settings.api_url.origin != Origin::Default {
            // The operator's own address may be in a private network.
            issuer = issuer.dangerous_allow_any_address();
        }
        let mut http = HttpClient::builder();
        if let Some(roots) = self.settings.root_certificates()? {
            http = http
                .with_root_certificates_pem(roots)
                .map_err(runbeam_sdk::Error::from)?;
        }
        let http = http.build().map_err(runbeam_sdk::Error::from)?;
        let verifier = RemoteVerifier::builder(TrustPolicy::new(issuer)).with_http_client(http);
        Ok(verifier.build().map_err(runbeam_sdk::Error::from)?)
    }

    /// A client of a gateway's management API.
    pub(crate) fn gateway(&self, instance: &Instance) -> Result<ManagementClient, Failure> {
        let address = instance.address();
        let builder = self.builder(&address)?;
        Ok(ManagementClient::with_builder(
            builder,
            &address,
            instance.prefix(),
        )?)
    }

    fn builder(&self, address: &str) -> Result<RunbeamClientBuilder, Failure> {
        let builder = RunbeamClient::builder(address).with_user_agent(PROGRAM)?;
        Ok(match self.settings.root_certificates()? {
            Some(roots) => builder.with_root_certificates_pem(roots)?,
            None => builder,
        })
    }

    /// Keeps a login. Nothing may be printed before this has returned.
    pub(crate) async fn keep(&self, token: &UserToken) -> Result<(), Failure> {
        let instance = self.settings.login_instance()?;
        let store = Store::from_env()?;
        store
            .save_value(&instance, &EntryName::user_token(), token)
            .await?;
        Ok(())
    }

    /// Forgets the login that is kept, and says whether there was one.
    pub(crate) async fn forget(&self) -> Result<bool, Failure> {
        let instance = self.settings.login_instance()?;
        let store = Store::from_env()?;
        let was_kept = store.clear(&instance, &EntryName::user_token()).await?;
        let was_legacy = self.is_default_profile() && self.settings.home.remove(LEGACY_FILE)?;
        Ok(was_kept || was_legacy)
    }

    /// Moves the login of an early version to where it is safe.
    async fn take_over_legacy_login(&self) -> Result<Option<UserToken>, Failure> {
        if !self.is_default_profile() {
            return Ok(None);
        }
        let path = self.settings.home.path_of(LEGACY_FILE);
        let bytes = match files::read_bytes(&path) {
            Ok(bytes) => Secret::from(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Failure::failed(
                    format!("{} cannot be read", path.display()),
                    "remove it, and run `runbeam login`",
                )
                .because(&error));
            }
        };
        let token = UserToken::from_json(bytes.expose().as_bytes()).map_err(|error| {
            Failure::sign_in(format!("{} holds no login", path.display()))
                .because(&error)
                .then("remove the file, and run `runbeam login`")
        })?;
        self.keep(&token).await?;
        self.settings.home.remove(LEGACY_FILE)?;
        tracing::info!("the login of an earlier version was moved to where secrets are kept");
        Ok(Some(token))
    }

    fn is_default_profile(&self) -> bool {
        self.settings.profile.value == DEFAULT_PROFILE
    }
}

impl LoginState {
    pub(crate) fn new(token: UserToken, source: Source) -> Result<Self, Failure> {
        let kind = BearerToken::parse(token.token.expose())
            .map_err(|error| Failure::sign_in("the token is not one").because(&error))?
            .kind();
        Ok(Self {
            token,
            kind,
            source,
        })
    }

    /// The kind in words.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind {
            TokenKind::Jwt => "jwt",
            TokenKind::Sanctum => "sanctum",
            _ => "opaque",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "RUNBEAM_TOKEN",
            Self::Store => "the login that is kept",
        })
    }
}
