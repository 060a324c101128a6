//! A request that is not one of the described operations.

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use runbeam_model::{
    AnswerError, ApiError, ApiRequest, Operation, ParseError, ReadError, SecretBytes,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, RunbeamClient};

/// A request below `/api`, for what [`RunbeamClient`] has no method for.
///
/// ```no_run
/// # async fn example(client: runbeam_sdk::RunbeamClient) -> Result<(), runbeam_sdk::Error> {
/// #[derive(serde::Deserialize)]
/// struct Answer { message: String }
///
/// let answer: Answer = client.request("POST", "harmony/revoke").with_query("dry", "1").send().await?.json()?;
/// # drop(answer.message);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct RawRequest<'a> {
    client: &'a RunbeamClient,
    request: Result<ApiRequest, ParseError>,
}

impl<'a> RawRequest<'a> {
    pub(crate) fn new(client: &'a RunbeamClient, method: &str, path: &str) -> Self {
        Self {
            client,
            request: request(method, path),
        }
    }

    /// Adds a parameter to the query.
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.map(|request| request.with_query(name, value));
        self
    }

    /// Sets the body: the JSON of `value`.
    pub fn with_json(mut self, value: &impl Serialize) -> Self {
        self.request = self
            .request
            .and_then(|request| Ok(request.with_json(SecretBytes::from_json(value)?)));
        self
    }

    /// Sends it, with the client's token.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if method, path or body are of no use, and as
    /// [`RunbeamClient::send`].
    pub async fn send(self) -> Result<RawResponse, Error> {
        self.client.send(&Raw(self.request?)).await
    }
}

/// Each segment is percent-encoded on its own, so that a path cannot lead elsewhere.
fn request(method: &str, path: &str) -> Result<ApiRequest, ParseError> {
    let invalid = |problem| ParseError::new("path", problem);
    let path = path.trim_start_matches('/');
    let path = path.strip_prefix("api/").unwrap_or(path);
    if path.contains(['?', '#']) {
        return Err(invalid("it has a query or a fragment; use `with_query`"));
    }
    if path
        .split('/')
        .any(|segment| matches!(segment, "" | "." | ".."))
    {
        return Err(invalid("it has an empty segment, or one that is a step"));
    }
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| ParseError::new("method", "it is no token (RFC 9110, section 9.1)"))?;
    Ok(ApiRequest::new(method, path.split('/')))
}

struct Raw(ApiRequest);

impl Operation for Raw {
    const NAME: &'static str = "request";
    const MAX_ANSWER: usize = 16 << 20;
    type Answer = RawResponse;

    fn request(&self) -> ApiRequest {
        self.0.clone()
    }

    fn read(&self, body: &[u8]) -> Result<RawResponse, ReadError> {
        Ok(RawResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body),
        })
    }

    fn answer(&self, response: &Response<Bytes>) -> Result<RawResponse, AnswerError> {
        if response.status().is_success() {
            return Ok(RawResponse {
                status: response.status(),
                headers: response.headers().clone(),
                body: response.body().clone(),
            });
        }
        let refused = ApiError::from_answer(response.status(), response.headers(), response.body());
        Err(AnswerError::Refused(Box::new(refused)))
    }
}

/// The success that a [`RawRequest`] was answered with.
#[derive(Clone)]
#[non_exhaustive]
pub struct RawResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl RawResponse {
    /// The status, one of 2xx.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The text of a header, the first one of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as it is.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// [`UnexpectedAnswer`](crate::ErrorKind::UnexpectedAnswer) if it is not the JSON of a `T`. The error tells the
    /// place and not the content.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        SecretBytes::from(self.body.to_vec())
            .parse_json()
            .map_err(|error| {
                Error::unexpected(Raw::NAME, "the answer is in another form than asked for")
                    .with_cause(error)
            })
    }
}

impl std::fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawResponse")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
