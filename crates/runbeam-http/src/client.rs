//! The client: limits and retries above a transport.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use runbeam_model::{Clock, Origin};
use tower_service::Service;

use crate::call::Call;
use crate::connector::Connecting;
use crate::counters::Tally;
use crate::transport::{DynTransport, Transport, TransportBody};
use crate::{
    AddressRule, CircuitState, Counters, Error, ErrorKind, HttpClientBuilder, Limits,
    RequestOptions, RetryPolicy, meaning,
};

/// A client that sends one request at a time or many; clones share its connections.
///
/// It needs a Tokio runtime. It is a [`tower_service::Service`], too, with [`HttpClient::send`] as its call.
#[derive(Clone)]
pub struct HttpClient {
    pub(crate) shared: Arc<Shared>,
    pub(crate) limits: Limits,
    pub(crate) retries: RetryPolicy,
}

pub(crate) struct Shared {
    pub(crate) way: Way,
    pub(crate) user_agent: HeaderValue,
    pub(crate) allow_plaintext: bool,
    pub(crate) clock: Arc<dyn Clock>,
    /// Shared with clients that connect in other ways, too.
    pub(crate) tally: Arc<Tally>,
}

/// What requests go through.
pub(crate) enum Way {
    Own(Box<(Connecting, Transport)>),
    Given(Arc<dyn DynTransport>),
}

impl Way {
    pub(crate) fn own(connecting: Connecting) -> Self {
        let transport = Transport::new(&connecting);
        Self::Own(Box::new((connecting, transport)))
    }

    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        server: &Origin,
    ) -> Result<Response<TransportBody>, Error> {
        match self {
            Self::Own(own) => match own.1.send(request).await {
                Ok(response) => Ok(response.map(TransportBody::of_pool)),
                Err(error) => Err(meaning::of_pool(error, server)),
            },
            Self::Given(transport) => {
                let answer = transport.send(request).await;
                answer.map_err(|error| meaning::of_other(error, server))
            }
        }
    }
}

impl HttpClient {
    /// Starts to build a client.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder::new()
    }

    /// The same client with other limits, on the same connections. The time to connect stays.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self {
            limits,
            ..self.clone()
        }
    }

    /// The same client that sends requests again by other rules, on the same connections and within the same budget.
    #[must_use]
    pub fn with_retries(&self, retries: RetryPolicy) -> Self {
        Self {
            retries,
            ..self.clone()
        }
    }

    /// The same client, with the same roots, resolver and limits, that connects to other addresses. Its connections
    /// are its own: one that was made under another rule says nothing about this one.
    ///
    /// A client that was given a transport stays as it is: the transport connects as it likes.
    #[must_use]
    pub fn with_address_rule(&self, rule: AddressRule) -> Self {
        let connecting = match &self.shared.way {
            Way::Own(own) if own.0.rule != rule => own.0.clone(),
            _ => return self.clone(),
        };
        let shared = Shared {
            way: Way::own(Connecting { rule, ..connecting }),
            user_agent: self.shared.user_agent.clone(),
            allow_plaintext: self.shared.allow_plaintext,
            clock: self.shared.clock.clone(),
            tally: self.shared.tally.clone(),
        };
        Self {
            shared: Arc::new(shared),
            ..self.clone()
        }
    }

    /// Its deadlines and sizes.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What it and all clients derived from it have done so far, and what it knows of its servers.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.counters()
    }

    /// Whether requests go to `server` at present.
    #[must_use]
    pub fn circuit(&self, server: &Origin) -> CircuitState {
        self.shared.tally.servers.circuit_of(server)
    }

    /// Sends a request and reads the whole answer, whatever its status; by its [`RetryPolicy`] and with its
    /// [`Limits`], unless [`RequestOptions`](crate::RequestOptions) in the request's extensions say otherwise.
    /// Redirects are not followed.
    ///
    /// It may be dropped at any time, which ends what is under way. [`Attempts::of`](crate::Attempts::of) the answer
    /// tells what was tried.
    ///
    /// # Errors
    ///
    /// If there is no complete answer within the limits; [`Error::kind`] says why.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let options = RequestOptions::of(&request);
        self.send_with(request, options).await
    }

    /// Like [`HttpClient::send`], with `options` in place of those in the request's extensions.
    ///
    /// # Errors
    ///
    /// As [`HttpClient::send`].
    pub async fn send_with(
        &self,
        mut request: Request<Bytes>,
        options: RequestOptions,
    ) -> Result<Response<Bytes>, Error> {
        let server = self.shared.tally.servers.of(request.uri())?;
        let origin = &server.origin;
        if !(origin.is_https() || origin.is_loopback() || self.shared.allow_plaintext) {
            let problem = "it is plain http to another machine; use https";
            return Err(Error::new(ErrorKind::Request, origin, problem));
        }
        let headers = request.headers_mut();
        headers
            .entry(header::USER_AGENT)
            .or_insert_with(|| self.shared.user_agent.clone());
        headers
            .entry(header::ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static("gzip"));
        Call::new(self, &server, &request, options)
            .run(request)
            .await
    }
}

impl Service<Request<Bytes>> for HttpClient {
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let client = self.clone();
        Box::pin(async move { client.send(request).await })
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("HttpClient");
        shown.field("limits", &self.limits);
        shown.field("retries", &self.retries);
        match &self.shared.way {
            Way::Own(own) => shown.field("address_rule", &own.0.rule),
            Way::Given(_) => shown.field("transport", &"given"),
        };
        shown.field("allow_plaintext", &self.shared.allow_plaintext);
        shown.finish_non_exhaustive()
    }
}
