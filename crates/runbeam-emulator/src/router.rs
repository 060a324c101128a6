//! Routes: every operation below every mount, counted, limited, spoilt by faults, stamped and refused in Laravel's
//! words.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    handler::Handler,
    http::{Method, StatusCode, Uri, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, on},
};
use tokio::time::sleep;

use crate::{
    admin,
    authenticate::{Caller, client},
    cloud::Cloud,
    faults::{Abort, Fault, spoil},
    input::{Input, MAX_BODY},
    kind::Kind,
    login_page,
    mounts::{MOUNTS, below_mount},
    operation::{Action, Operation},
    operations::{
        authorize, base_url, changes, config_changes, configuration, keys, legacy_changes, login,
        mesh, resolve,
        resources::{self, Key},
        store_config,
    },
    problem::Problem,
    request_log::Notebook,
    server::Peer,
    stamp::stamp,
};

pub(crate) fn router(cloud: Arc<Cloud>) -> Router {
    let mut router: Router<Arc<Cloud>> = Router::new();
    for operation in Operation::ALL.iter().copied() {
        let pipeline = from_fn_with_state((Arc::clone(&cloud), operation), perform);
        let methods = handler(operation).route_layer(pipeline);
        for mount in MOUNTS {
            for path in operation.paths() {
                router = router.route(&format!("{mount}{path}"), methods.clone());
            }
        }
    }
    router
        .merge(login_page::routes())
        .merge(admin::routes(&cloud))
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(&cloud), stamp))
        .with_state(cloud)
}

fn handler(operation: Operation) -> MethodRouter<Arc<Cloud>> {
    match operation {
        Operation::Jwks => serve(operation, keys::jwks),
        Operation::StartLogin => serve(operation, login::start),
        Operation::CheckLogin => serve(operation, login::check),
        Operation::AuthorizeGateway => serve(operation, authorize::authorize),
        Operation::RevokeGateway => serve(operation, authorize::revoke),
        Operation::GatewayConfiguration => serve(operation, configuration::show),
        Operation::BaseUrl | Operation::LegacyBaseUrl => serve(operation, base_url::base_url),
        Operation::ChangesIndex => serve(operation, changes::index),
        Operation::ChangesForGateway => serve(operation, changes::of_gateway),
        Operation::ChangeShow => serve(operation, changes::show),
        Operation::ChangesAcknowledge | Operation::LegacyAcknowledge => {
            serve(operation, changes::acknowledge)
        }
        Operation::ChangeApplied | Operation::LegacyApplied => serve(operation, changes::applied),
        Operation::ChangeFailed | Operation::LegacyFailed => serve(operation, changes::failed),
        Operation::LegacyChangesIndex => serve(operation, legacy_changes::index),
        Operation::LegacyChangeShow => serve(operation, legacy_changes::show),
        Operation::ConfigChangesIndex => serve(operation, config_changes::index),
        Operation::ConfigChangeShow => serve(operation, config_changes::show),
        Operation::ConfigChangeAcknowledge => serve(operation, config_changes::acknowledge),
        Operation::ConfigChangeApplied => serve(operation, config_changes::applied),
        Operation::ConfigChangeFailed => serve(operation, config_changes::failed),
        Operation::StoreConfig => serve(operation, store_config::store),
        Operation::MeshToken => serve(operation, mesh::token),
        Operation::Resolve => serve(operation, resolve::resolve),
        _ => match operation.resource() {
            Some((kind, action)) => resource(operation, kind, action),
            None => MethodRouter::new(),
        },
    }
}

fn serve<H, T>(operation: Operation, handler: H) -> MethodRouter<Arc<Cloud>>
where
    H: Handler<T, Arc<Cloud>>,
    T: 'static,
{
    on(operation.verb().filter(), handler)
}

fn resource(operation: Operation, kind: Kind, action: Action) -> MethodRouter<Arc<Cloud>> {
    type Shared = State<Arc<Cloud>>;
    match action {
        Action::Index => serve(
            operation,
            async move |State(cloud): Shared, caller: Caller, uri: Uri| {
                resources::index(&cloud, kind, &caller, &uri)
            },
        ),
        Action::Store => serve(
            operation,
            async move |State(cloud): Shared, caller: Caller, input: Input| {
                resources::store(&cloud, kind, &caller, &input)
            },
        ),
        Action::Show => serve(
            operation,
            async move |State(cloud): Shared, caller: Caller, key: Key| {
                resources::show(&cloud, kind, &caller, &key)
            },
        ),
        Action::Update => serve(
            operation,
            async move |State(cloud): Shared, caller: Caller, key: Key, input: Input| {
                resources::update(&cloud, kind, &caller, &key, &input)
            },
        ),
        Action::Destroy => serve(
            operation,
            async move |State(cloud): Shared, caller: Caller, key: Key| {
                resources::destroy(&cloud, kind, &caller, &key)
            },
        ),
    }
}

/// What surrounds every operation.
async fn perform(
    State((cloud, operation)): State<(Arc<Cloud>, Operation)>,
    request: Request,
    next: Next,
) -> Response {
    cloud.count(operation);
    let faults = cloud.faults.draw(operation);
    if let Some(notebook) = request.extensions().get::<Notebook>() {
        notebook.write(|notes| {
            notes.operation = Some(operation);
            notes.faults = faults.iter().map(Fault::name).collect();
        });
    }
    for fault in &faults {
        if let Fault::Delay { millis } = fault {
            sleep(Duration::from_millis(*millis)).await;
        }
    }
    let mut response = match faults.iter().find_map(instead) {
        Some(response) => response,
        None => limited(&cloud, operation, request, next).await,
    };
    for fault in &faults {
        response = spoil(response, fault).await;
    }
    response
}

/// The answer of a fault that keeps the operation from being performed.
fn instead(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::ResetBefore => {
            let mut response = Response::default();
            response.extensions_mut().insert(Abort);
            Some(response)
        }
        Fault::Status {
            status,
            retry_after,
        } => {
            let status = StatusCode::from_u16(*status).ok()?;
            let text = status.canonical_reason().unwrap_or("Unknown Status");
            let mut response = Problem::Injected(status, text.to_owned()).into_response();
            if let Some(seconds) = retry_after {
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, (*seconds).into());
            }
            Some(response)
        }
        _ => None,
    }
}

async fn limited(cloud: &Cloud, operation: Operation, request: Request, next: Next) -> Response {
    let address = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let now = cloud.now();
    let standing = cloud
        .limiter
        .count(operation, || client(request.headers(), address), now);
    let mut response = match standing {
        Some(standing) if standing.is_refused() => Problem::TooMany.into_response(),
        _ => next.run(request).await,
    };
    if let Some(standing) = standing {
        standing.write(response.headers_mut(), now);
    }
    response
}

async fn no_route(uri: Uri) -> Problem {
    let path = uri.path().trim_matches('/');
    Problem::NotFound(format!("The route {path} could not be found."))
}

async fn wrong_method(method: Method, uri: Uri, matched: MatchedPath) -> Problem {
    let path = uri.path().trim_matches('/');
    let mut supported = Operation::verbs_at(below_mount(matched.as_str()));
    if supported.is_empty() {
        supported = admin::verbs_at(matched.as_str());
    }
    let supported = supported.join(", ");
    Problem::MethodNotAllowed(format!(
        "The {method} method is not supported for route {path}. Supported methods: {supported}."
    ))
}
