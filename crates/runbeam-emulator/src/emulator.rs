//! A running emulator: its addresses, its inhabitants and their tokens.

mod controls;

use std::{fmt, net::SocketAddr, sync::Arc};

use crate::{
    accounts::{Team, User},
    builder::Builder,
    cloud::Cloud,
    error::Error,
    issuer::SigningKey,
    jwt::JwtSpec,
    operation::Operation,
    server::Server,
    tokens::SanctumSpec,
};

/// A running Runbeam Cloud with state of its own, which stops when this is dropped.
pub struct Emulator {
    address: SocketAddr,
    cloud: Arc<Cloud>,
    server: Server,
}

impl Emulator {
    /// Starts an emulator on 127.0.0.1 and a free port.
    ///
    /// # Errors
    ///
    /// No port is free.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with networking and time.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Settings for another start.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) const fn new(address: SocketAddr, cloud: Arc<Cloud>, server: Server) -> Self {
        Self {
            address,
            cloud,
            server,
        }
    }

    /// The address that accepts connections.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The origin, as in `http://127.0.0.1:8090`. Clients may also use it with `/api` at its end.
    #[must_use]
    pub fn url(&self) -> String {
        self.cloud.origin.clone()
    }

    /// The issuer to trust: the origin. The `iss` of a token is an address below it.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.url()
    }

    /// The address of the public keys.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{}/api/.well-known/jwks.json", self.cloud.origin)
    }

    /// The key that signs, for tests that sign tokens of their own.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        self.cloud.keyring.signing()
    }

    /// The default user, Ines Prado, whose id never changes.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.cloud.settings.default_user
    }

    /// The team of the default user, Atlantic Imaging, whose id never changes.
    #[must_use]
    pub fn team(&self) -> &Team {
        self.cloud.settings.default_user.team()
    }

    /// A code that no gateway has at the start, so that authorizing it creates one.
    #[must_use]
    pub fn gateway_code(&self) -> &str {
        &self.cloud.settings.gateway_code
    }

    /// Founds another team.
    #[must_use = "a team has no effect until somebody belongs to it"]
    pub fn add_team(&self, name: &str) -> Team {
        let team = Team::new(name, self.cloud.now());
        self.cloud.alter(|records| records.add_team(team.clone()));
        team
    }

    /// Adds a user to a team.
    pub fn add_user(&self, team: &Team, name: &str, email: &str) -> User {
        let user = User::new(team, name, email, self.cloud.now());
        self.cloud.alter(|records| records.add_user(user.clone()));
        user
    }

    /// Mints a user token of the default user, as a device login would.
    #[must_use]
    pub fn mint_jwt(&self) -> String {
        self.mint_jwt_with(JwtSpec::new())
    }

    /// Mints a user token by specification.
    #[must_use]
    pub fn mint_jwt_with(&self, spec: JwtSpec) -> String {
        let key = self.signing_key();
        self.cloud.mint(&key).mint(spec, self.cloud.now())
    }

    /// Mints a Sanctum token of the default user with all abilities, as the web pages would.
    #[must_use]
    pub fn mint_sanctum_token(&self) -> String {
        self.mint_sanctum_token_with(SanctumSpec::new())
    }

    /// Mints a Sanctum token by specification.
    #[must_use]
    pub fn mint_sanctum_token_with(&self, spec: SanctumSpec) -> String {
        let user = &self.cloud.settings.default_user;
        let now = self.cloud.now();
        let issued = self
            .cloud
            .alter(|records| records.issue_sanctum(spec, user, now));
        issued.secret
    }

    /// How many requests for an operation have arrived, refused ones included.
    #[must_use]
    pub fn requests(&self, operation: Operation) -> u64 {
        self.cloud.requests(operation)
    }

    /// Stops: no more connections, requests in flight get up to 5 seconds to finish.
    pub async fn shutdown(self) {
        self.server.stop().await;
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("url", &self.cloud.origin)
            .field("signing_key", &self.signing_key())
            .finish_non_exhaustive()
    }
}
