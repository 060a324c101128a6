//! Building a client.

use http::HeaderValue;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;

use crate::connector::DeadlineConnector;
use crate::{BuildError, HttpClient, Limits, tls};

const MAX_HEADER_BYTES: usize = 64 << 10;
const MAX_HEADER_FIELDS: usize = 100;

/// Builds an [`HttpClient`]. Every default is safe.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct HttpClientBuilder {
    limits: Limits,
    extra_roots: Vec<CertificateDer<'static>>,
    user_agent: HeaderValue,
    allow_plaintext: bool,
    keep_connections: bool,
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
            keep_connections: true,
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
        self.keep_connections = false;
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
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(self.limits.connect));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config((*tls::client_config(&self.extra_roots)?).clone())
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_max_idle_per_host(if self.keep_connections { usize::MAX } else { 0 })
            .http1_max_buf_size(MAX_HEADER_BYTES)
            .http1_max_headers(MAX_HEADER_FIELDS)
            .http2_max_header_list_size(MAX_HEADER_BYTES as u32)
            .build(DeadlineConnector::new(https, self.limits.connect));
        Ok(HttpClient::new(
            client,
            self.limits,
            self.user_agent,
            self.allow_plaintext,
        ))
    }
}
