//! The body of a request as Laravel sees it: always a set of fields, and an empty one when it is not JSON.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::{problem::Problem, redact, request_log::Notebook};

/// Most bytes in a body.
pub(crate) const MAX_BODY: usize = 1 << 20;

/// How long a client may take to send a body.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// The fields of a JSON body.
///
/// Malformed JSON and other kinds of content leave no fields, so that the answer is a 422 that misses the required
/// ones.
pub(crate) struct Input(pub(crate) Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Input {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let notebook = request.extensions().get::<Notebook>().cloned();
        let body = timeout(BODY_DEADLINE, Bytes::from_request(request, state))
            .await
            .map_err(|_| Problem::BodyTimedOut)?
            // What fails besides the limit is the connection, and then nobody reads the answer.
            .map_err(|rejection| match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::BodyTooLarge,
                _ => Problem::BodyTimedOut,
            })?;
        let fields: Map<String, Value> = is_json
            .then(|| serde_json::from_slice(&body).ok())
            .flatten()
            .unwrap_or_default();
        if let Some(notebook) = notebook
            && !fields.is_empty()
        {
            notebook.write(|notes| notes.body = Some(redact::body(&fields)));
        }
        Ok(Self(fields))
    }
}

/// Laravel's test: `/json` or `+json` somewhere in the content type.
fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_ascii_lowercase)
        .is_some_and(|kind| kind.contains("/json") || kind.contains("+json"))
}
