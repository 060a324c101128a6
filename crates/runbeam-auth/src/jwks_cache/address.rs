//! A URL that keys are fetched from, or that says where they are, and the client that may connect to it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use runbeam_http::{AddressRule, ErrorKind, HttpClient};
use runbeam_model::{Origin, ParseError};

use crate::policy::Reach;

pub(super) struct Address {
    written: Arc<str>,
    uri: Uri,
    server: Origin,
    client: HttpClient,
    rule: AddressRule,
}

impl Address {
    pub(super) fn new(url: &str, client: &HttpClient, reach: &Reach) -> Result<Self, ParseError> {
        let server = Origin::of(url)?;
        // The origin of every URL here stands in the policy, so an address in it is one that the policy names. So
        // is `localhost`, which the client takes for this machine whatever it resolves to.
        let is_named = server.ip_address().is_some() || server.is_loopback();
        let rule = if is_named || reach.any_address {
            AddressRule::Any
        } else {
            AddressRule::Public
        };
        Ok(Self {
            written: url.into(),
            uri: url
                .parse()
                .map_err(|_| ParseError::new("URL", "it is not written as RFC 3986 asks"))?,
            server,
            client: client.with_address_rule(rule),
            rule,
        })
    }

    pub(super) fn written(&self) -> &Arc<str> {
        &self.written
    }

    pub(super) fn server(&self) -> &Origin {
        &self.server
    }

    /// Asks for what is there, or whether it is another than that of `etag`. The error is the problem in words.
    pub(super) async fn get(
        &self,
        accept: &'static str,
        etag: Option<&HeaderValue>,
    ) -> Result<Response<Bytes>, String> {
        let mut request = Request::get(self.uri.clone()).header(header::ACCEPT, accept);
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = request
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        self.client
            .send(request)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Address if self.rule == AddressRule::Public => {
                    format!("{error} with `dangerous_allow_any_address` of its issuer")
                }
                _ => error.to_string(),
            })
    }
}
