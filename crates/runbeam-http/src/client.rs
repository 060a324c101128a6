//! One exchange: a request, and its whole answer.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper_util::client::legacy;
use runbeam_model::Origin;

use crate::connector::{ConnectTimeout, Connecting, DeadlineConnector};
use crate::resolver::ForbiddenAddress;
use crate::{AddressRule, Error, ErrorKind, HttpClientBuilder, Limits, body};

/// A client that sends one request at a time or many; clones share its connections.
///
/// It needs a Tokio runtime.
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<Shared>,
    limits: Limits,
}

struct Shared {
    connecting: Connecting,
    pool: legacy::Client<DeadlineConnector, Full<Bytes>>,
    user_agent: HeaderValue,
    allow_plaintext: bool,
}

impl HttpClient {
    /// Starts to build a client.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder::new()
    }

    pub(crate) fn new(
        connecting: Connecting,
        limits: Limits,
        user_agent: HeaderValue,
        allow_plaintext: bool,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                pool: connecting.pool(),
                connecting,
                user_agent,
                allow_plaintext,
            }),
            limits,
        }
    }

    /// The same client with other limits, on the same connections. The time to connect stays.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self {
            shared: self.shared.clone(),
            limits,
        }
    }

    /// The same client, with the same roots, resolver and limits, that connects to other addresses. Its connections
    /// are its own: one that was made under another rule says nothing about this one.
    #[must_use]
    pub fn with_address_rule(&self, rule: AddressRule) -> Self {
        if rule == self.shared.connecting.rule {
            return self.clone();
        }
        let connecting = Connecting {
            rule,
            ..self.shared.connecting.clone()
        };
        Self::new(
            connecting,
            self.limits,
            self.shared.user_agent.clone(),
            self.shared.allow_plaintext,
        )
    }

    /// Its deadlines and sizes.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends a request and reads the whole answer, whatever its status. Redirects are not followed.
    ///
    /// # Errors
    ///
    /// If there is no complete answer within the limits; [`Error::kind`] says why.
    pub async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let server = self.check(&request)?;
        request
            .headers_mut()
            .entry(header::USER_AGENT)
            .or_insert_with(|| self.shared.user_agent.clone());
        let exchange = self.exchange(request.map(Full::new), &server);
        tokio::time::timeout(self.limits.total, exchange)
            .await
            .unwrap_or_else(|_| Err(Error::timeout(&server, "the exchange", self.limits.total)))
    }

    fn check(&self, request: &Request<Bytes>) -> Result<Origin, Error> {
        let server = Origin::of(&request.uri().to_string()).map_err(|error| {
            Error::new(ErrorKind::Request, "an unusable URL", error.to_string())
        })?;
        if server.is_https() || server.is_loopback() || self.shared.allow_plaintext {
            return Ok(server);
        }
        Err(Error::new(
            ErrorKind::Request,
            server,
            "it is plain http to another machine; use https",
        ))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        server: &Origin,
    ) -> Result<Response<Bytes>, Error> {
        let response = self
            .shared
            .pool
            .request(request)
            .await
            .map_err(|error| classify(error, server))?;
        let (head, incoming) = response.into_parts();
        if let Some(coding) = head.headers.get(header::CONTENT_ENCODING)
            && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
        {
            return Err(Error::new(
                ErrorKind::Protocol,
                server,
                "its body is in a content coding that nobody asked for",
            ));
        }
        let body = body::read(incoming, self.limits, server).await?;
        Ok(Response::from_parts(head, body))
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("limits", &self.limits)
            .field("address_rule", &self.shared.connecting.rule)
            .field("allow_plaintext", &self.shared.allow_plaintext)
            .finish_non_exhaustive()
    }
}

/// Finds out what an error of the client means; the causes are spread along its chain.
fn classify(error: legacy::Error, server: &Origin) -> Error {
    let (kind, problem) = find_meaning(&error).unwrap_or_else(|| {
        if error.is_connect() {
            (
                ErrorKind::Connect,
                "it has no address, or nothing answers there".to_owned(),
            )
        } else {
            (ErrorKind::Interrupted, "no answer came".to_owned())
        }
    });
    Error::new(kind, server, problem).with_source(error)
}

fn find_meaning(cause: &(dyn StdError + 'static)) -> Option<(ErrorKind, String)> {
    // The source of an I/O error skips the error that it wraps.
    let wrapped = cause
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    meaning(cause)
        .or_else(|| find_meaning(wrapped?))
        .or_else(|| find_meaning(cause.source()?))
}

fn meaning(cause: &(dyn StdError + 'static)) -> Option<(ErrorKind, String)> {
    if let Some(ConnectTimeout(deadline)) = cause.downcast_ref() {
        return Some((
            ErrorKind::Timeout,
            format!("connecting took longer than {deadline:?}"),
        ));
    }
    if let Some(forbidden) = cause.downcast_ref::<ForbiddenAddress>() {
        return Some((ErrorKind::Address, forbidden.to_string()));
    }
    if cause
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut)
    {
        return Some((ErrorKind::Timeout, "connecting took too long".to_owned()));
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some((ErrorKind::Tls, error.to_string()));
    }
    let error = cause.downcast_ref::<hyper::Error>()?;
    // hyper tells a client this in words only.
    if error.is_parse() && error.to_string().contains("too large") {
        return Some((
            ErrorKind::TooLarge,
            "its headers have more than 64 KiB or 100 fields".to_owned(),
        ));
    }
    error
        .is_parse()
        .then(|| (ErrorKind::Protocol, "it is not HTTP".to_owned()))
}
