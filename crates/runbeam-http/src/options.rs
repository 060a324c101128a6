//! What one request asks for beyond the settings of its client.

use http::Request;

/// What one request asks for beyond the settings of its client: an extension of the request.
///
/// ```
/// # use bytes::Bytes;
/// use runbeam_http::RequestOptions;
///
/// let options = RequestOptions::new().with_body_limit(16 << 20);
/// let request = http::Request::get("https://api.runbeam.io/api/gateways").extension(options);
/// # let _: http::Request<Bytes> = request.body(Bytes::new()).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestOptions {
    pub(crate) body_limit: Option<usize>,
    pub(crate) key_is_honoured: bool,
}

impl RequestOptions {
    /// Nothing beyond the settings of the client.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            body_limit: None,
            key_is_honoured: false,
        }
    }

    /// How many bytes the body of the answer may have, on the wire and when it is decoded, in place of the limit of
    /// [`Limits`](crate::Limits).
    #[must_use]
    pub const fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Says that the server does a thing once however often it is asked with one `Idempotency-Key`. A request that
    /// carries this header may then be repeated whatever its method is.
    #[must_use]
    pub const fn with_honoured_idempotency_key(mut self) -> Self {
        self.key_is_honoured = true;
        self
    }

    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        request.extensions().get().copied().unwrap_or_default()
    }

    /// Whether asking twice does no more than asking once (RFC 9110, section 9.2.2).
    pub(crate) fn may_repeat<B>(self, request: &Request<B>) -> bool {
        request.method().is_idempotent()
            || self.key_is_honoured && request.headers().contains_key("idempotency-key")
    }
}
