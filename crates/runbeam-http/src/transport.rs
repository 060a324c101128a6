//! What requests go through: the client's own connections, or a service that stands in their place.

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use runbeam_model::Origin;
use tower_service::Service;

use crate::connector::{Connecting, Connector};
use crate::proxy::Proxies;
use crate::{Error, ErrorKind, meaning};

type BoxError = Box<dyn StdError + Send + Sync>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

const MAX_HEADER_BYTES: usize = 64 << 10;
const MAX_HEADER_FIELDS: usize = 100;

/// Connections over TCP and TLS, HTTP/1.1 or HTTP/2 as the server offers, kept for the next request: what a client
/// sends through unless it is given another transport.
///
/// It is a tower service that sends each request once, with the deadline to connect and with no other, and hands
/// over the body as it comes. Put layers on it and hand them to
/// [`HttpClientBuilder::with_transport`](crate::HttpClientBuilder::with_transport).
#[derive(Clone)]
pub struct Transport {
    pool: Client<Connector, Full<Bytes>>,
    proxies: Proxies,
}

impl Transport {
    pub(crate) fn new(connecting: &Connecting) -> Self {
        let most_idle = if connecting.keeps_connections {
            usize::MAX
        } else {
            0
        };
        let pool = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_max_idle_per_host(most_idle)
            .http1_max_buf_size(MAX_HEADER_BYTES)
            .http1_max_headers(MAX_HEADER_FIELDS)
            .http2_max_header_list_size(MAX_HEADER_BYTES as u32)
            .build(connecting.connector());
        Self {
            pool,
            proxies: connecting.proxies.clone(),
        }
    }

    pub(crate) fn send(&self, mut request: Request<Bytes>) -> ResponseFuture {
        // Inside a tunnel, the request is no business of the proxy's.
        if request.uri().scheme_str() == Some("http")
            && let Some(proxy) = self.proxies.of(request.uri())
            && let Some(credentials) = proxy.basic_auth()
        {
            let credentials = credentials.clone();
            request
                .headers_mut()
                .insert(header::PROXY_AUTHORIZATION, credentials);
        }
        self.pool.request(request.map(Full::new))
    }
}

impl Service<Request<Bytes>> for Transport {
    type Response = Response<TransportBody>;
    type Error = Error;
    type Future = BoxFuture<Result<Self::Response, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let server = Origin::of(&request.uri().to_string());
        let answer = self.send(request);
        Box::pin(async move {
            let server = server.map_err(|error| {
                Error::new(ErrorKind::Request, "an unusable URL", error.to_string())
            })?;
            let response = answer
                .await
                .map_err(|error| meaning::of_pool(error, &server))?;
            Ok(response.map(TransportBody::of_pool))
        })
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

/// The body of an answer, as it comes.
pub struct TransportBody(Inner);

enum Inner {
    Pool(Incoming),
    Other(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>),
}

impl TransportBody {
    pub(crate) const fn of_pool(body: Incoming) -> Self {
        Self(Inner::Pool(body))
    }

    fn of_other<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        use http_body_util::BodyExt;
        Self(Inner::Other(Box::pin(body.map_err(Into::into))))
    }
}

impl Body for TransportBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.get_mut().0 {
            Inner::Pool(body) => Pin::new(body)
                .poll_frame(context)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            Inner::Other(body) => body.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Pool(body) => body.is_end_stream(),
            Inner::Other(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Pool(body) => body.size_hint(),
            Inner::Other(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for TransportBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportBody").finish_non_exhaustive()
    }
}

/// Any service that can be a transport.
pub(crate) trait DynTransport: Send + Sync {
    fn send(&self, request: Request<Bytes>)
    -> BoxFuture<Result<Response<TransportBody>, BoxError>>;
}

struct Given<S>(S);

pub(crate) fn given<S, B>(service: S) -> Arc<dyn DynTransport>
where
    S: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Arc::new(Given(service))
}

impl<S, B> DynTransport for Given<S>
where
    S: Service<Request<Bytes>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<Result<Response<TransportBody>, BoxError>> {
        let mut service = self.0.clone();
        Box::pin(async move {
            poll_fn(|context| service.poll_ready(context))
                .await
                .map_err(Into::into)?;
            let response = service.call(request).await.map_err(Into::into)?;
            Ok(response.map(TransportBody::of_other))
        })
    }
}
