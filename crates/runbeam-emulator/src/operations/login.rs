//! Device login as the program sees it: begun, and asked about until a person has decided.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::resources::Key;
use crate::{
    cloud::Cloud,
    jwt::JwtSpec,
    logins::{Decision, LOGIN_LIFETIME},
    server::Peer,
};

/// Most characters of a device's description.
const MAX_DEVICE: usize = 200;

pub(crate) async fn start(State(cloud): State<Arc<Cloud>>, request: Request) -> impl IntoResponse {
    let device = request
        .headers()
        .get(header::USER_AGENT)
        .map(|agent| String::from_utf8_lossy(agent.as_bytes()))
        .unwrap_or_default()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_DEVICE)
        .collect();
    let address = request
        .extensions()
        .get::<Peer>()
        .map(|peer| peer.0.ip().to_string())
        .unwrap_or_default();
    let now = cloud.now();
    let mut records = cloud.read();
    let token = records.logins.begin(device, address, now);
    if cloud.settings.approves_logins {
        let user = cloud.settings.default_user.id().to_owned();
        records.logins.decide(&token, Decision::Approved(user), now);
    }
    drop(records);
    let body = json!({
        "verification_url": format!("{}/cli/verify/{token}", cloud.origin),
        "device_token": token,
        "expires_in_seconds": LOGIN_LIFETIME.as_secs(),
    });
    (StatusCode::CREATED, Json(body))
}

pub(crate) async fn check(State(cloud): State<Arc<Cloud>>, Key(token): Key) -> Response {
    let now = cloud.now();
    let records = cloud.read();
    let Some(login) = records.logins.find(&token) else {
        return state(
            StatusCode::NOT_FOUND,
            "invalid",
            "Device token is not known",
        );
    };
    if login.has_expired(now) {
        return state(StatusCode::GONE, "expired", "Device token has expired");
    }
    let user = match &login.decision {
        Decision::Open => {
            return state(
                StatusCode::OK,
                "pending",
                "Waiting for approval in the browser",
            );
        }
        Decision::Denied => {
            let text = "The login was denied in the browser";
            return state(StatusCode::NOT_FOUND, "invalid", text);
        }
        Decision::Approved(id) => records.accounts().user(id).cloned(),
    };
    drop(records);
    let Some(user) = user else {
        return state(
            StatusCode::NOT_FOUND,
            "invalid",
            "The user is not known any more",
        );
    };
    let key = cloud.keyring.signing();
    let spec = JwtSpec::new().with_user(&user);
    let token = cloud.mint(&key).mint_for_login(spec, &token, now);
    let body = json!({
        "status": "authenticated",
        "token": token,
        "expires_in": cloud.settings.jwt_lifetime.as_secs(),
        "user": user,
    });
    Json(body).into_response()
}

fn state(status: StatusCode, name: &str, message: &str) -> Response {
    let body: Value = json!({ "status": name, "message": message });
    (status, Json(body)).into_response()
}
