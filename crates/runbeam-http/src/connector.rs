//! Connecting: to permitted addresses, within a deadline for the name, TCP and TLS together.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tower_service::Service;

use crate::AddressRule;
use crate::resolver::{NameService, RuledResolver, judge_literal};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Https = HttpsConnector<HttpConnector<RuledResolver>>;

const MAX_HEADER_BYTES: usize = 64 << 10;
const MAX_HEADER_FIELDS: usize = 100;

/// How connections are made and kept.
#[derive(Debug, Clone)]
pub(crate) struct Connecting {
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) names: NameService,
    pub(crate) rule: AddressRule,
    pub(crate) deadline: Duration,
    pub(crate) keeps_connections: bool,
}

impl Connecting {
    /// A pool of connections, empty so far.
    pub(crate) fn pool(&self) -> Client<DeadlineConnector, Full<Bytes>> {
        let mut tcp = HttpConnector::new_with_resolver(RuledResolver {
            names: self.names.clone(),
            rule: self.rule,
        });
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(self.deadline));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config((*self.tls).clone())
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_max_idle_per_host(if self.keeps_connections {
                usize::MAX
            } else {
                0
            })
            .http1_max_buf_size(MAX_HEADER_BYTES)
            .http1_max_headers(MAX_HEADER_FIELDS)
            .http2_max_header_list_size(MAX_HEADER_BYTES as u32)
            .build(DeadlineConnector {
                inner: https,
                rule: self.rule,
                deadline: self.deadline,
            })
    }
}

/// Connects as [`HttpsConnector`] does, or fails with [`ConnectTimeout`] or
/// [`ForbiddenAddress`](crate::resolver::ForbiddenAddress).
#[derive(Clone, Debug)]
pub(crate) struct DeadlineConnector {
    inner: Https,
    rule: AddressRule,
    deadline: Duration,
}

impl Service<Uri> for DeadlineConnector {
    type Response = <Https as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if let Err(forbidden) = judge_literal(&uri, self.rule) {
            return Box::pin(async move { Err(forbidden.into()) });
        }
        let connecting = self.inner.call(uri);
        let deadline = self.deadline;
        Box::pin(async move {
            match tokio::time::timeout(deadline, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(ConnectTimeout(deadline).into()),
            }
        })
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
