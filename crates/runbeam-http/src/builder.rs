//! Building a client.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::Body;
use runbeam_model::{Clock, SystemClock};
use rustls::pki_types::CertificateDer;
use tower_service::Service;

use crate::client::{Shared, Way};
use crate::connector::Connecting;
use crate::counters::Tally;
use crate::proxy::Proxies;
use crate::resolver::NameService;
use crate::transport::{self, DynTransport, Transport};
use crate::{AddressRule, BuildError, HttpClient, Limits, Resolver, RetryPolicy, tls};

type BoxError = Box<dyn StdError + Send + Sync>;

/// Builds an [`HttpClient`]. Every default is safe.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct HttpClientBuilder {
    limits: Limits,
    retries: RetryPolicy,
    clock: Arc<dyn Clock>,
    transport: Given,
    proxies: Option<Proxies>,
    extra_roots: Vec<CertificateDer<'static>>,
    user_agent: HeaderValue,
    allow_plaintext: bool,
    keeps_connections: bool,
    names: NameService,
    address_rule: AddressRule,
}

/// A transport in place of the client's own.
#[derive(Clone, Default)]
struct Given(Option<Arc<dyn DynTransport>>);

impl HttpClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            limits: Limits::new(),
            retries: RetryPolicy::new(),
            clock: Arc::new(SystemClock),
            transport: Given::default(),
            proxies: None,
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

    /// Which requests are sent again, and how often. Default: [`RetryPolicy::new`].
    pub fn with_retries(mut self, retries: RetryPolicy) -> Self {
        self.retries = retries;
        self
    }

    /// Tells the time, for the dates that servers state. Default: the clock of the operating system. Deadlines and
    /// waits go by the clock of the Tokio runtime.
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sends through `service` in place of connections of the client's own: a [`Transport`] with layers on it, or
    /// one that stands for a server in a test. Limits and retries stay with the client; what is said here about
    /// connecting is of no effect.
    ///
    /// The service sends each request once. What its errors mean is taken from an [`Error`](crate::Error) among
    /// them; any other is taken for a broken connection, after which the request may have had its effect.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use std::convert::Infallible;
    ///
    /// use bytes::Bytes;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    /// use runbeam_http::HttpClient;
    /// use tower::service_fn;
    ///
    /// let service = service_fn(|request: Request<Bytes>| async move {
    ///     let answer = format!("you asked for {}", request.uri().path());
    ///     Ok::<_, Infallible>(Response::new(Full::from(answer)))
    /// });
    /// let client = HttpClient::builder().with_transport(service).build().unwrap();
    /// let request = Request::get("https://api.runbeam.io/api/gateways").body(Bytes::new()).unwrap();
    /// let answer = client.send(request).await.unwrap();
    /// assert_eq!(answer.body(), "you asked for /api/gateways");
    /// # });
    /// ```
    pub fn with_transport<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.transport = Given(Some(transport::given(service)));
        self
    }

    /// Sends everything through the proxy at `url`, of `http` or `https`, in place of what the environment says. User
    /// name and password may stand in the URL (RFC 3986, section 3.2.1), percent-encoded.
    ///
    /// By default, the environment says which proxy to take: `HTTPS_PROXY`, or else `ALL_PROXY`, for `https`, and
    /// `HTTP_PROXY` for `http`; in lower case, too, which comes first. `NO_PROXY` lists hosts, domains and networks
    /// that are reached without one. A value that is of no use is an error of [`HttpClientBuilder::build`].
    ///
    /// Requests over `https` go through a tunnel (RFC 9110, section 9.3.6), of which the proxy sees nothing but host
    /// and port. The proxy's credentials go to the proxy alone. This machine itself (loopback) is never asked for
    /// through a proxy. An [`AddressRule`] judges addresses that stand in a URL, and not those that a proxy finds
    /// for a name.
    ///
    /// # Errors
    ///
    /// If the URL is of no use.
    pub fn with_proxy(mut self, url: impl AsRef<str>) -> Result<Self, BuildError> {
        self.proxies = Some(Proxies::all(url.as_ref())?);
        Ok(self)
    }

    /// Takes no proxy, whatever the environment says.
    pub fn without_proxy(mut self) -> Self {
        self.proxies = Some(Proxies::default());
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
    /// If the TLS configuration is of no use, or if the environment names a proxy that is.
    pub fn build(self) -> Result<HttpClient, BuildError> {
        if self.allow_plaintext {
            tracing::warn!(
                "plain http to other machines is allowed: tokens can be read on the way"
            );
        }
        let way = match self.transport.0.clone() {
            Some(transport) => Way::Given(transport),
            None => Way::own(self.connecting()?),
        };
        let shared = Shared {
            way,
            user_agent: self.user_agent,
            allow_plaintext: self.allow_plaintext,
            clock: self.clock,
            tally: Arc::new(Tally::new()),
        };
        Ok(HttpClient {
            shared: Arc::new(shared),
            limits: self.limits,
            retries: self.retries,
        })
    }

    /// Builds what the client would send through, to put layers on it: see [`HttpClientBuilder::with_transport`].
    ///
    /// # Errors
    ///
    /// As [`HttpClientBuilder::build`].
    pub fn build_transport(self) -> Result<Transport, BuildError> {
        Ok(Transport::new(&self.connecting()?))
    }

    fn connecting(&self) -> Result<Connecting, BuildError> {
        Ok(Connecting {
            tls: tls::client_config(&self.extra_roots)?,
            names: self.names.clone(),
            rule: self.address_rule,
            proxies: match &self.proxies {
                Some(proxies) => proxies.clone(),
                None => Proxies::of_environment()?,
            },
            deadline: self.limits.connect,
            keeps_connections: self.keeps_connections,
        })
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(_) => "Given",
            None => "Own",
        })
    }
}
