//! Routes: every operation below every mount, counted, stamped, and refused in Laravel's words.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    handler::Handler,
    http::{Method, Uri},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
    routing::on,
};

use crate::{
    cloud::Cloud,
    input::MAX_BODY,
    mounts::{MOUNTS, below_mount},
    operation::Operation,
    operations::{authorize, gateways, keys},
    problem::Problem,
    stamp::stamp,
};

pub(crate) fn router(cloud: Arc<Cloud>) -> Router {
    Routes::of(cloud)
        .serve(Operation::Jwks, keys::jwks)
        .serve(Operation::AuthorizeGateway, authorize::authorize)
        .serve(Operation::RevokeGateway, authorize::revoke)
        .serve(Operation::GatewaysIndex, gateways::index)
        .serve(Operation::GatewaysStore, gateways::store)
        .serve(Operation::GatewaysShow, gateways::show)
        .serve(Operation::GatewaysUpdate, gateways::update)
        .serve(Operation::GatewaysDestroy, gateways::destroy)
        .finish()
}

struct Routes {
    router: Router<Arc<Cloud>>,
    cloud: Arc<Cloud>,
}

impl Routes {
    fn of(cloud: Arc<Cloud>) -> Self {
        Self {
            router: Router::new(),
            cloud,
        }
    }

    fn serve<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Arc<Cloud>>,
        T: 'static,
    {
        let counted = from_fn_with_state((Arc::clone(&self.cloud), operation), count);
        let methods = on(operation.filter(), handler).route_layer(counted);
        for mount in MOUNTS {
            let path = format!("{mount}{}", operation.path());
            self.router = self.router.route(&path, methods.clone());
        }
        self
    }

    fn finish(self) -> Router {
        self.router
            .fallback(no_route)
            .method_not_allowed_fallback(wrong_method)
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(from_fn(stamp))
            .with_state(self.cloud)
    }
}

async fn count(
    State((cloud, operation)): State<(Arc<Cloud>, Operation)>,
    request: Request,
    next: Next,
) -> Response {
    cloud.count(operation);
    next.run(request).await
}

async fn no_route(uri: Uri) -> Problem {
    let path = uri.path().trim_matches('/');
    Problem::NotFound(format!("The route {path} could not be found."))
}

async fn wrong_method(method: Method, uri: Uri, matched: MatchedPath) -> Problem {
    let path = uri.path().trim_matches('/');
    let supported = Operation::verbs_at(below_mount(matched.as_str())).join(", ");
    Problem::MethodNotAllowed(format!(
        "The {method} method is not supported for route {path}. Supported methods: {supported}."
    ))
}
