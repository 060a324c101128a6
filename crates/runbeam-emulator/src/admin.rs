//! The administration below `/_emulator`, as `emulator.openapi.yaml` describes it.

pub(crate) mod clock;
pub(crate) mod control;
mod faults;
mod keys;
mod logins;
mod requests;
mod state;
pub(crate) mod tokens;

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequest, Request},
    http::{HeaderValue, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use serde::de::DeserializeOwned;

use crate::{cloud::Cloud, dashboard, form::OwnRequest, input::Input, problem::Problem};

/// The description of what is served here (OpenAPI 3.1).
const DESCRIPTION: &str = include_str!("../emulator.openapi.yaml");

pub(crate) fn routes(cloud: &Arc<Cloud>) -> Router<Arc<Cloud>> {
    Router::new()
        .route("/_emulator", get(dashboard::show).post(dashboard::act))
        .route("/_emulator/openapi.yaml", get(description))
        .route("/_emulator/status", get(state::status))
        .route(
            "/_emulator/state",
            get(state::dump).post(state::seed).delete(state::reset),
        )
        .route("/_emulator/clock", get(clock::show).post(clock::set))
        .route(
            "/_emulator/limits",
            get(state::limits).put(state::set_limits),
        )
        .route(
            "/_emulator/faults",
            get(faults::list).post(faults::add).delete(faults::clear),
        )
        .route("/_emulator/faults/{fault}", delete(faults::end))
        .route(
            "/_emulator/requests",
            get(requests::list).delete(requests::clear),
        )
        .route("/_emulator/keys", get(keys::list).post(keys::rotate))
        .route("/_emulator/keys/{key}", delete(keys::withdraw))
        .route("/_emulator/neighbour", put(keys::set_neighbour))
        .route("/_emulator/tokens", get(tokens::list))
        .route("/_emulator/tokens/jwt", post(tokens::mint_jwt))
        .route("/_emulator/tokens/sanctum", post(tokens::issue_sanctum))
        .route("/_emulator/tokens/sanctum/{token}", delete(tokens::revoke))
        .route("/_emulator/logins", get(logins::list))
        .route("/_emulator/logins/{deviceToken}", post(logins::decide))
        .route("/_emulator/changes", get(state::changes).post(state::queue))
        .route_layer(from_fn_with_state(Arc::clone(cloud), guard))
}

/// Refuses what another site makes a browser send.
async fn guard(_: OwnRequest, request: Request, next: Next) -> Response {
    next.run(request).await
}

/// All methods that an address of the administration answers to.
pub(crate) fn verbs_at(path: &str) -> Vec<&'static str> {
    let verbs: &[&str] = match path {
        "/_emulator" | "/_emulator/clock" | "/_emulator/keys" | "/_emulator/changes" => {
            &["GET", "HEAD", "POST"]
        }
        "/_emulator/state" | "/_emulator/faults" => &["GET", "HEAD", "POST", "DELETE"],
        "/_emulator/limits" => &["GET", "HEAD", "PUT"],
        "/_emulator/requests" => &["GET", "HEAD", "DELETE"],
        "/_emulator/neighbour" => &["PUT"],
        "/_emulator/faults/{fault}"
        | "/_emulator/keys/{key}"
        | "/_emulator/tokens/sanctum/{token}" => &["DELETE"],
        "/_emulator/tokens/jwt"
        | "/_emulator/tokens/sanctum"
        | "/_emulator/logins/{deviceToken}" => &["POST"],
        "/cli/verify/{deviceToken}" => &["GET", "HEAD", "POST"],
        _ => &["GET", "HEAD"],
    };
    verbs.to_vec()
}

async fn description() -> impl IntoResponse {
    let kind = HeaderValue::from_static("application/yaml");
    ([(header::CONTENT_TYPE, kind)], DESCRIPTION)
}

/// A body in the form of `T`; what does not fit is a 422 that says what.
struct Wanted<T>(T);

impl<T: DeserializeOwned> FromRequest<Arc<Cloud>> for Wanted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, cloud: &Arc<Cloud>) -> Result<Self, Problem> {
        let Input(fields) = Input::from_request(request, cloud).await?;
        serde_json::from_value(fields.into())
            .map(Wanted)
            .map_err(|error| Problem::invalid("body", &error.to_string()))
    }
}
