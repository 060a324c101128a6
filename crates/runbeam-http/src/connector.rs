//! Connecting within a deadline: the address, TCP and TLS together.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Connects as [`HttpsConnector`] does, or fails with [`ConnectTimeout`].
#[derive(Clone, Debug)]
pub(crate) struct DeadlineConnector {
    inner: HttpsConnector<HttpConnector>,
    deadline: Duration,
}

impl DeadlineConnector {
    pub(crate) fn new(inner: HttpsConnector<HttpConnector>, deadline: Duration) -> Self {
        Self { inner, deadline }
    }
}

impl Service<Uri> for DeadlineConnector {
    type Response = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
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
