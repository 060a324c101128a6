//! The public keys with which tokens are verified.

use std::sync::Arc;

use axum::{Json, extract::State, http::header, response::IntoResponse};

use crate::cloud::Cloud;

pub(crate) async fn jwks(State(cloud): State<Arc<Cloud>>) -> impl IntoResponse {
    (
        [(header::CACHE_CONTROL, "public, max-age=3600")],
        Json(cloud.keyring.to_jwks()),
    )
}
