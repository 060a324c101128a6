//! The tower layer, and the service that it makes.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{Either, Full};
use tower_layer::Layer;
use tower_service::Service;

use super::Authenticator;

/// A tower layer that lets a request through once its [`Authenticator`] does.
///
/// A request that is let through has an [`Authenticated`](super::Authenticated) in its extensions, and no longer the
/// fields that its credentials may be in: `Authorization` and those of API keys, each where a method of the chain
/// reads it. Others are refused without a call of the service behind.
///
/// # Where a request comes from
///
/// Failures are counted by peer. By default that is a [`SocketAddr`] or an [`IpAddr`] in the request's extensions,
/// where the server has put one; without, nothing is counted. `X-Forwarded-For` and its like are never looked at:
/// anyone can write them. With axum, and where every request comes through a proxy of one's own:
///
/// ```
/// # fn example(authenticator: runbeam_gateway::layers::Authenticator) {
/// use axum::extract::ConnectInfo;
/// use runbeam_gateway::layers::AuthLayer;
/// use std::net::SocketAddr;
///
/// let layer = AuthLayer::new(authenticator.clone()).with_peer(|request| {
///     let ConnectInfo(address) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
///     Some(address.ip())
/// });
///
/// let layer = AuthLayer::new(authenticator).with_peer(|request| {
///     // What one's own proxy has added stands last.
///     let forwarded = request.headers.get_all("x-forwarded-for").iter().next_back()?;
///     forwarded.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
/// });
/// # }
/// ```
#[derive(Clone)]
pub struct AuthLayer {
    gate: Gate,
}

/// A service behind an [`AuthLayer`].
#[derive(Debug, Clone)]
pub struct AuthService<S> {
    inner: S,
    gate: Gate,
}

/// A refusal, or what the service behind answers.
pub type AuthBody<B> = Either<Full<Bytes>, B>;

#[derive(Clone)]
struct Gate {
    authenticator: Authenticator,
    peer: Arc<PeerOf>,
    forwards_credentials: bool,
}

type PeerOf = dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync;

impl AuthLayer {
    /// Lets pass what `authenticator` does.
    #[must_use]
    pub fn new(authenticator: Authenticator) -> Self {
        Self {
            gate: Gate {
                authenticator,
                peer: Arc::new(peer_of_extensions),
                forwards_credentials: false,
            },
        }
    }

    /// Takes from `peer` where a request comes from; `None` where it cannot be told, and nothing is counted.
    #[must_use]
    pub fn with_peer(
        mut self,
        peer: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.gate.peer = Arc::new(peer);
        self
    }

    /// Leaves the credentials in the request: the service behind needs them, and may have them.
    #[must_use]
    pub fn with_forwarded_credentials(mut self) -> Self {
        self.gate.forwards_credentials = true;
        self
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService {
            inner,
            gate: self.gate.clone(),
        }
    }
}

impl<S, B, A> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response<A>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<AuthBody<A>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone may not be ready; what was found ready is taken along.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let gate = self.gate.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            match gate.pass(parts).await {
                Ok(parts) => {
                    let answer = inner.call(Request::from_parts(parts, body)).await?;
                    Ok(answer.map(Either::Right))
                }
                Err(refusal) => Ok(refusal.map(|body| Either::Left(Full::new(body)))),
            }
        })
    }
}

impl Gate {
    async fn pass(&self, mut parts: Parts) -> Result<Parts, Response<Bytes>> {
        let peer = (self.peer)(&parts);
        let authenticated = self
            .authenticator
            .authenticate(&parts.headers, peer)
            .await
            .map_err(super::Refusal::into_response)?;
        if !self.forwards_credentials {
            for field in self.authenticator.fields() {
                parts.headers.remove(field);
            }
        }
        parts.extensions.insert(authenticated);
        Ok(parts)
    }
}

fn peer_of_extensions(parts: &Parts) -> Option<IpAddr> {
    let address = parts.extensions.get::<SocketAddr>().map(SocketAddr::ip);
    address.or_else(|| parts.extensions.get::<IpAddr>().copied())
}

impl fmt::Debug for AuthLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayer")
            .field("gate", &self.gate)
            .finish()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("authenticator", &self.authenticator)
            .field("forwards_credentials", &self.forwards_credentials)
            .finish_non_exhaustive()
    }
}
