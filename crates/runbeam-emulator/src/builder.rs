//! Settings of an emulator before it starts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::SignedDuration;
use serde_json::{Map, Value};
use tokio::{net::TcpListener, task::spawn_blocking};

use crate::{
    accounts::User,
    clock::Clock,
    cloud::{Cloud, Settings},
    emulator::Emulator,
    error::Error,
    issuer::SigningKey,
    limits::RateLimits,
    memory::Memory,
    router::router,
    seed,
    server::Server,
    tls,
    tokens::MACHINE_TOKEN_LIFETIME,
};

/// Settings of an emulator before it starts; made by [`Emulator::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    listen: SocketAddr,
    signing_key: Option<SigningKey>,
    limits: RateLimits,
    data_file: Option<PathBuf>,
    authority_file: Option<PathBuf>,
    seeds: Vec<Map<String, Value>>,
    settings: Settings,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            signing_key: None,
            limits: RateLimits::none(),
            data_file: None,
            authority_file: None,
            seeds: Vec::new(),
            settings: Settings {
                default_user: User::first(),
                jwt_lifetime: Duration::from_secs(3600),
                machine_lifetime: MACHINE_TOKEN_LIFETIME,
                gateway_code: "edge-lisbon".to_owned(),
                approves_logins: false,
                any_address: false,
            },
        }
    }

    /// Listens on this address instead of 127.0.0.1 and a free port. Port 0 takes a free port.
    pub const fn with_listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Signs with this key instead of a new one, which saves the time to generate it.
    pub fn with_signing_key(mut self, key: SigningKey) -> Self {
        self.signing_key = Some(key);
        self
    }

    /// Mints user tokens that live this long, in whole seconds, instead of an hour.
    pub const fn with_jwt_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.jwt_lifetime = lifetime;
        self
    }

    /// Issues machine tokens that live this long instead of thirty days.
    pub const fn with_machine_token_lifetime(mut self, lifetime: SignedDuration) -> Self {
        self.settings.machine_lifetime = lifetime;
        self
    }

    /// Suggests this gateway code instead of `edge-lisbon`; see [`Emulator::gateway_code`].
    pub fn with_gateway_code(mut self, code: impl Into<String>) -> Self {
        self.settings.gateway_code = code.into();
        self
    }

    /// Approves every device login as the default user when it begins, so that nobody has to open the login page.
    pub const fn with_automatic_approval(mut self) -> Self {
        self.settings.approves_logins = true;
        self
    }

    /// Limits how often clients may call; by default nothing does.
    pub const fn with_rate_limits(mut self, limits: RateLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps everything but device logins in this SQLite file, which is created if it does not exist.
    ///
    /// An answer to a change is sent when the change is in the file, so that it survives the end of the process,
    /// however that comes. The file holds the keys that sign; only its owner may read it.
    pub fn with_data_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_file = Some(path.into());
        self
    }

    /// Serves HTTPS, and writes the certificate of the authority to trust to this file (PEM).
    ///
    /// The authority is made anew at each start, for 127.0.0.1, `[::1]`, `localhost` and the address that is listened
    /// on. Its key is forgotten at once.
    pub fn with_https(mut self, authority_file: impl Into<PathBuf>) -> Self {
        self.authority_file = Some(authority_file.into());
        self
    }

    /// Adds what this document holds when it starts. The form is that of [`Emulator::dump`], in which most fields may
    /// be left out. Where a data file was used before, the seed comes on top.
    pub fn with_seed(mut self, document: Map<String, Value>) -> Self {
        self.seeds.push(document);
        self
    }

    /// Adds what a JSON or TOML file holds, told apart by the end of its name. See [`Builder::with_seed`].
    ///
    /// # Errors
    ///
    /// The file cannot be read, is neither JSON nor TOML, or is no table at its top.
    pub fn with_seed_file(self, path: impl Into<PathBuf>) -> Result<Self, Error> {
        let document = seed::read_file(&path.into())?;
        Ok(self.with_seed(document))
    }

    /// Allows addresses that other machines can reach.
    ///
    /// Everything that the emulator protects is open to the whole network, its administration included.
    pub const fn dangerous_allow_any_address(mut self) -> Self {
        self.settings.any_address = true;
        self
    }

    /// Binds the address and starts to serve on the current runtime.
    ///
    /// # Errors
    ///
    /// The address is no loopback address, another program has it, or it cannot be listened on. The data file belongs
    /// to another program or cannot be used, a seed is wrong, or the certificate cannot be written.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with networking and time.
    pub async fn start(self) -> Result<Emulator, Error> {
        if !self.listen.ip().is_loopback() {
            if !self.settings.any_address {
                return Err(Error::not_loopback(self.listen));
            }
            tracing::warn!(address = %self.listen, "the emulator can be reached from other machines");
        }
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|source| Error::listen(self.listen, source))?;
        let address = listener
            .local_addr()
            .map_err(|source| Error::listen(self.listen, source))?;
        let (scheme, tls) = match &self.authority_file {
            Some(file) => {
                let acceptor = tls::acceptor(address.ip(), file)
                    .map_err(|source| Error::certificate(file, source))?;
                ("https", Some(acceptor))
            }
            None => ("http", None),
        };
        let clock = Clock::default();
        let memory = {
            let clock = clock.clone();
            let work = move || {
                Memory::recall(
                    self.data_file.as_deref(),
                    self.signing_key,
                    &self.seeds,
                    &clock,
                )
            };
            // Searching primes and reading a file would hold up the runtime's own threads.
            match spawn_blocking(work).await {
                Ok(memory) => memory?,
                Err(failure) => std::panic::resume_unwind(failure.into_panic()),
            }
        };
        let cloud = Arc::new(Cloud::new(
            format!("{scheme}://{address}"),
            self.settings,
            memory.keys,
            clock,
            (memory.records, memory.data_file),
        ));
        cloud.limiter.set(self.limits);
        let server = Server::spawn(listener, tls, router(Arc::clone(&cloud)));
        Ok(Emulator::new(address, cloud, server))
    }
}
