//! Building a client.

use http::HeaderValue;
use rustls::pki_types::CertificateDer;

use crate::connector::Connecting;
use crate::resolver::NameService;
use crate::{AddressRule, BuildError, HttpClient, Limits, Resolver, tls};

/// Builds an [`HttpClient`]. Every default is safe.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct HttpClientBuilder {
    limits: Limits,
    extra_roots: Vec<CertificateDer<'static>>,
    user_agent: HeaderValue,
    allow_plaintext: bool,
    keeps_connections: bool,
    names: NameService,
    address_rule: AddressRule,
}

impl HttpClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            limits: Limits::new(),
            extra_roots: Vec::new(),
            user_agent: HeaderValue::from_static(concat!(
                "runbeam-sdk-rust/",
                env!("CARGO_PKG_VERSION")
            )),
            allow_plaintext: false,
            keeps_connections: true,
            names: NameService::default(),
            address_rule: AddressRule::default(),
        }
    }

    /// Sets deadlines and sizes. Default: [`Limits::new`].
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Trusts the certificates of a PEM text (RFC 7468) as roots, beside those of the platform.
    ///
    /// # Errors
    ///
    /// If the text holds no certificate, or one that cannot be a root.
    pub fn with_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, BuildError> {
        self.extra_roots
            .extend(tls::certificates_from_pem(pem.as_ref())?);
        Ok(self)
    }

    /// Names the program in front of the SDK's own name in `User-Agent` (RFC 9110, section 10.1.5), such as
    /// `harmony/1.2`.
    ///
    /// # Errors
    ///
    /// If the name holds anything but visible ASCII and spaces.
    pub fn with_user_agent(mut self, program: &str) -> Result<Self, BuildError> {
        let sdk = concat!("runbeam-sdk-rust/", env!("CARGO_PKG_VERSION"));
        let is_plain = program
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic());
        self.user_agent = Some(format!("{program} {sdk}"))
            .filter(|_| is_plain)
            .and_then(|name| name.parse().ok())
            .ok_or_else(|| BuildError::new("the program's name holds more than visible ASCII"))?;
        Ok(self)
    }

    /// Does not keep connections after an exchange. For a client that calls rarely, or from several runtimes.
    pub fn without_kept_connections(mut self) -> Self {
        self.keeps_connections = false;
        self
    }

    /// Which addresses it may connect to. Default: [`AddressRule::Any`].
    pub fn with_address_rule(mut self, rule: AddressRule) -> Self {
        self.address_rule = rule;
        self
    }

    /// Asks `resolver` for the addresses of names, in place of the operating system. The time it takes is part of
    /// the time to connect, and its answers are held to the [`AddressRule`].
    pub fn with_resolver(mut self, resolver: impl Resolver) -> Self {
        self.names = NameService::own(resolver);
        self
    }

    /// Allows plain `http` to other machines. Whoever listens on the way then reads every token.
    pub fn dangerous_allow_plaintext(mut self) -> Self {
        self.allow_plaintext = true;
        self
    }

    /// Builds the client. It loads the roots of the platform, but connects to nothing.
    ///
    /// # Errors
    ///
    /// If the TLS configuration is of no use.
    pub fn build(self) -> Result<HttpClient, BuildError> {
        if self.allow_plaintext {
            tracing::warn!(
                "plain http to other machines is allowed: tokens can be read on the way"
            );
        }
        let connecting = Connecting {
            tls: tls::client_config(&self.extra_roots)?,
            names: self.names,
            rule: self.address_rule,
            deadline: self.limits.connect,
            keeps_connections: self.keeps_connections,
        };
        Ok(HttpClient::new(
            connecting,
            self.limits,
            self.user_agent,
            self.allow_plaintext,
        ))
    }
}
