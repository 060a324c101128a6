//! The service.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::ORIGIN;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use runbeam_sdk::RunbeamClient;
use runbeam_sdk::store::{InstanceId, SecretStore};
use tower_service::Service;

use super::answer::{self, Answer, Refusal};
use super::operations::{Call, Operations, Pages};
use super::paths::{Page, Paths};
use super::{Connection, ManagedGateway, ManagementBuilder, body};
use crate::identity::MachineIdentity;

/// The management API as a service of requests with any body. Clones share everything.
///
/// What it answers is complete: it is served as it is, or as what a router does with all other paths. It takes how a
/// request came from a [`Connection`] in its extensions. With axum:
///
/// ```
/// # fn example(management: runbeam_gateway::management::Management) {
/// use std::net::SocketAddr;
///
/// use axum::extract::ConnectInfo;
/// use runbeam_gateway::management::Connection;
///
/// let management = management.with_connection(|request| {
///     let ConnectInfo(peer) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
///     Some(Connection::plain(*peer))
/// });
/// let router: axum::Router = axum::Router::new().fallback_service(management);
/// let service = router.into_make_service_with_connect_info::<SocketAddr>();
/// # }
/// ```
#[derive(Clone)]
pub struct Management {
    paths: Arc<Paths>,
    pages: Arc<dyn Pages>,
    connection: Arc<ConnectionOf>,
}

type ConnectionOf = dyn Fn(&Parts) -> Option<Connection> + Send + Sync;

impl Management {
    /// Starts to build the API of `gateway`, whose machine token `store` keeps as that of `instance`, and `identity` uses. The
    /// `client` is one of the cloud.
    pub fn builder<G, S>(
        gateway: G,
        client: RunbeamClient,
        identity: MachineIdentity,
        store: S,
        instance: InstanceId,
    ) -> ManagementBuilder<G, S>
    where
        G: ManagedGateway,
        S: SecretStore + 'static,
    {
        ManagementBuilder::new(gateway, client, identity, store, instance)
    }

    pub(super) fn new<G, S>(paths: Paths, operations: Operations<G, S>) -> Self
    where
        G: ManagedGateway,
        S: SecretStore + 'static,
    {
        Self {
            paths: Arc::new(paths),
            pages: Arc::new(operations),
            connection: Arc::new(|parts| parts.extensions.get().copied()),
        }
    }

    /// Takes from `connection` how a request came; `None` where that is not known.
    #[must_use]
    pub fn with_connection(
        mut self,
        connection: impl Fn(&Parts) -> Option<Connection> + Send + Sync + 'static,
    ) -> Self {
        self.connection = Arc::new(connection);
        self
    }

    async fn answer<B: Body>(self, parts: Parts, body: B) -> Answer {
        let page = self.paths.find(parts.uri.path());
        let Some(page) = page.filter(|_| self.pages.are_served()) else {
            return answer::not_found();
        };
        if !page.takes(&parts.method) {
            return answer::other_method(page.allowed());
        }
        if page.is_read() {
            return self.pages.show(page);
        }
        match self.act(page, parts, body).await {
            Ok(answer) => answer,
            Err(refusal) => refusal.into_answer(),
        }
    }

    async fn act<B: Body>(self, page: Page, parts: Parts, body: B) -> Result<Answer, Refusal> {
        if parts.headers.contains_key(ORIGIN) {
            let message = "Requests of web pages are not taken";
            return Err(Refusal::bad_request(message));
        }
        let call = Call {
            connection: (self.connection)(&parts),
            headers: parts.headers,
            body: body::read(body).await?,
        };
        // It goes on to its end when the caller goes away, and a panic of the gateway is a failure.
        let done = tokio::spawn(self.pages.act(page, call)).await;
        done.unwrap_or_else(|_| Err(Refusal::failed("The gateway failed; see its log")))
    }
}

impl<B> Service<Request<B>> for Management
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(parts, body).await) })
    }
}

impl fmt::Debug for Management {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Management")
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}
