//! Settings of an emulator before it starts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, task::spawn_blocking};

use crate::{
    cloud::Cloud, emulator::Emulator, error::Error, issuer::SigningKey, router::router,
    server::Server,
};

/// Settings of an emulator before it starts; made by [`Emulator::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    listen: SocketAddr,
    any_address: bool,
    signing_key: Option<SigningKey>,
    jwt_lifetime: Duration,
    gateway_code: String,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            any_address: false,
            signing_key: None,
            jwt_lifetime: Duration::from_secs(3600),
            gateway_code: "edge-lisbon".to_owned(),
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
        self.jwt_lifetime = lifetime;
        self
    }

    /// Suggests this gateway code instead of `edge-lisbon`; see [`Emulator::gateway_code`].
    pub fn with_gateway_code(mut self, code: impl Into<String>) -> Self {
        self.gateway_code = code.into();
        self
    }

    /// Allows addresses that other machines can reach.
    ///
    /// There is no encryption, and everything that the emulator protects is open to the whole network.
    pub const fn dangerous_allow_any_address(mut self) -> Self {
        self.any_address = true;
        self
    }

    /// Binds the address and starts to serve on the current runtime.
    ///
    /// # Errors
    ///
    /// The address is no loopback address, another program has it, or it cannot be listened on.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with networking and time.
    pub async fn start(self) -> Result<Emulator, Error> {
        if !self.listen.ip().is_loopback() {
            if !self.any_address {
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
        let signing_key = match self.signing_key {
            Some(key) => key,
            None => generate_key().await,
        };
        let origin = format!("http://{address}");
        let cloud = Arc::new(Cloud::new(
            origin,
            signing_key,
            self.jwt_lifetime,
            self.gateway_code,
        ));
        let server = Server::spawn(listener, router(Arc::clone(&cloud)));
        Ok(Emulator::new(address, cloud, server))
    }
}

/// Keeps the long search for primes away from the runtime's own threads.
async fn generate_key() -> SigningKey {
    match spawn_blocking(SigningKey::generate).await {
        Ok(key) => key,
        Err(failure) => std::panic::resume_unwind(failure.into_panic()),
    }
}
