//! Connecting: to permitted addresses or to a proxy, within a deadline for the name, TCP and TLS together.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Intercept;
use rustls::ClientConfig;
use tower_service::Service;

use crate::AddressRule;
use crate::proxy::{Proxies, ProxyFault};
use crate::resolver::{NameService, RuledResolver, judge_literal};
use crate::stream::{Plain, Stream};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Https = HttpsConnector<HttpConnector<RuledResolver>>;

/// How connections are made and kept.
#[derive(Debug, Clone)]
pub(crate) struct Connecting {
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) names: NameService,
    pub(crate) rule: AddressRule,
    pub(crate) proxies: Proxies,
    pub(crate) deadline: Duration,
    pub(crate) keeps_connections: bool,
}

impl Connecting {
    pub(crate) fn connector(&self) -> Connector {
        let mut offering = (*self.tls).clone();
        // RFC 7301: HTTP/2 where the server speaks it.
        offering.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let offering = Arc::new(offering);
        let tcp = |rule| {
            let names = self.names.clone();
            let mut tcp = HttpConnector::new_with_resolver(RuledResolver { names, rule });
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            tcp.set_connect_timeout(Some(self.deadline));
            tcp
        };
        Connector {
            straight: Https::from((tcp(self.rule), offering.clone())),
            // Where the proxy is, the operator says.
            to_proxy: Https::from((tcp(AddressRule::Any), self.tls.clone())),
            tls: offering,
            proxies: self.proxies.clone(),
            rule: self.rule,
            deadline: self.deadline,
        }
    }
}

/// Connects, or fails with [`ConnectTimeout`], [`ProxyFault`] or
/// [`ForbiddenAddress`](crate::resolver::ForbiddenAddress) among what else may befall.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    straight: Https,
    to_proxy: Https,
    tls: Arc<ClientConfig>,
    proxies: Proxies,
    rule: AddressRule,
    deadline: Duration,
}

impl Connector {
    fn connect(&mut self, uri: Uri) -> BoxFuture<Result<Stream, BoxError>> {
        let Some(proxy) = self.proxies.of(&uri) else {
            let connecting = self.straight.call(uri);
            return Box::pin(async { Ok(Stream::Straight(connecting.await?)) });
        };
        if uri.scheme_str() == Some("http") {
            let connecting = self.to_proxy.call(proxy.uri().clone());
            return Box::pin(async {
                let stream = connecting.await.map_err(ProxyFault)?;
                Ok(Stream::Forwarded(stream))
            });
        }
        let tunnel = ProxyTunnel::new(&proxy, self.to_proxy.clone());
        let connecting = HttpsConnector::from((tunnel, self.tls.clone())).call(uri);
        Box::pin(async { Ok(Stream::Tunnelled(Box::new(connecting.await?))) })
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = BoxFuture<Result<Stream, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.straight.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if let Err(forbidden) = judge_literal(&uri, self.rule) {
            return Box::pin(async move { Err(forbidden.into()) });
        }
        let connecting = self.connect(uri);
        let deadline = self.deadline;
        Box::pin(async move {
            match tokio::time::timeout(deadline, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(ConnectTimeout(deadline).into()),
            }
        })
    }
}

/// A connection to the server inside one to a proxy (RFC 9110, section 9.3.6). The proxy learns host and port, and
/// its own credentials.
#[derive(Clone)]
struct ProxyTunnel(Tunnel<Https>);

impl ProxyTunnel {
    fn new(proxy: &Intercept, to_proxy: Https) -> Self {
        let tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
        Self(match proxy.basic_auth() {
            Some(credentials) => tunnel.with_auth(credentials.clone()),
            None => tunnel,
        })
    }
}

impl Service<Uri> for ProxyTunnel {
    type Response = Plain;
    type Error = BoxError;
    type Future = BoxFuture<Result<Plain, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async { Ok(connecting.await.map_err(|error| ProxyFault(error.into()))?) })
    }
}

/// Connecting took longer than this.
#[derive(Debug)]
pub(crate) struct ConnectTimeout(pub(crate) Duration);

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connecting took longer than {:?}", self.0)
    }
}

impl std::error::Error for ConnectTimeout {}
