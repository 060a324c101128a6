//! Building a client.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use runbeam_http::{HttpClient, HttpClientBuilder, Limits, RetryPolicy};
use runbeam_model::{BaseUrl, Secret};
use tower_service::Service;

use crate::{Error, RunbeamClient};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Builds a [`RunbeamClient`]. Every default is safe.
///
/// The client connects to whatever address the base URL leads to, private ones included: the base URL is the
/// operator's, and a cloud of one's own stands in a private network. Take no base URL from anybody else.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct RunbeamClientBuilder {
    base_url: String,
    token: Option<Secret>,
    http: HttpClientBuilder,
    limits: Limits,
    allow_plaintext: bool,
}

impl RunbeamClientBuilder {
    pub(crate) fn new(base_url: impl AsRef<str>) -> Self {
        Self {
            base_url: base_url.as_ref().to_owned(),
            token: None,
            http: HttpClient::builder(),
            limits: Limits::new(),
            allow_plaintext: false,
        }
    }

    /// The token to call with: JWT, Sanctum or machine token.
    pub fn with_token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// How long a call may take from its start to the last byte of the answer, however often it is tried. Default:
    /// 30 seconds, 3 of them to connect.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.limits = self.limits.with_total(timeout);
        self
    }

    /// Which calls are tried again, and how often. Default: [`RetryPolicy::new`].
    pub fn with_retries(mut self, retries: RetryPolicy) -> Self {
        self.http = self.http.with_retries(retries);
        self
    }

    /// Sends through `service` in place of connections of the client's own: a
    /// [`Transport`](runbeam_http::Transport) with layers on it, or one that stands for the cloud in a test. Limits
    /// and retries stay with the client: see [`HttpClientBuilder::with_transport`].
    pub fn with_transport<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.http = self.http.with_transport(service);
        self
    }

    /// Sends everything through the proxy at `url`, in place of what the environment (`HTTPS_PROXY`, `ALL_PROXY`,
    /// `NO_PROXY`) says: see [`HttpClientBuilder::with_proxy`].
    ///
    /// # Errors
    ///
    /// If the URL is of no use.
    pub fn with_proxy(mut self, url: impl AsRef<str>) -> Result<Self, Error> {
        self.http = self.http.with_proxy(url)?;
        Ok(self)
    }

    /// Takes no proxy, whatever the environment says.
    pub fn without_proxy(mut self) -> Self {
        self.http = self.http.without_proxy();
        self
    }

    /// Trusts the certificates of a PEM text (RFC 7468) as roots, beside those of the platform.
    ///
    /// # Errors
    ///
    /// If the text holds no certificate, or one that cannot be a root.
    pub fn with_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, Error> {
        self.http = self.http.with_root_certificates_pem(pem)?;
        Ok(self)
    }

    /// Names the program in front of the SDK's own name in `User-Agent`, such as `harmony/1.2`.
    ///
    /// # Errors
    ///
    /// If the name holds anything but visible ASCII and spaces.
    pub fn with_user_agent(mut self, program: &str) -> Result<Self, Error> {
        self.http = self.http.with_user_agent(program)?;
        Ok(self)
    }

    /// Allows a base URL of plain `http` to another machine. Whoever listens on the way then reads every token.
    pub fn dangerous_allow_plaintext(mut self) -> Self {
        self.allow_plaintext = true;
        self
    }

    /// Builds the client. It connects to nothing yet.
    ///
    /// # Errors
    ///
    /// If the base URL is of no use, or if the TLS configuration or the environment's proxy is.
    pub fn build(self) -> Result<RunbeamClient, Error> {
        let (base_url, http) = if self.allow_plaintext {
            (
                BaseUrl::dangerous_allow_plaintext(&self.base_url)?,
                self.http.dangerous_allow_plaintext(),
            )
        } else {
            (self.base_url.parse()?, self.http)
        };
        let http = http.with_limits(self.limits).build()?;
        Ok(RunbeamClient::from_parts(base_url, http, self.token))
    }
}
