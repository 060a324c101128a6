//! Forms of our own pages, and the proof that it was one of them that sent a request.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts, uri::Authority},
    response::{IntoResponse, Response},
};

use crate::{cloud::Cloud, html::page, problem::Problem};

/// The fields of a form that one of our own pages has sent.
pub(crate) struct Form(HashMap<String, String>);

impl Form {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromRequest<Arc<Cloud>> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, cloud: &Arc<Cloud>) -> Result<Self, Response> {
        if !is_ours(request.headers(), cloud) {
            let text = "<div class=\"card narrow\" role=\"alert\"><p>Another site sent this form. Open the page \
                        again and decide here.</p></div>\n";
            return Err(page(StatusCode::FORBIDDEN, "Not from here", text));
        }
        let body = Bytes::from_request(request, cloud)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
    }
}

/// Proof that a request for the administration comes from a program or from our own pages.
///
/// A browser sends requests of any site to this machine, with the site in `Origin`; and a name that its owner lets
/// point to this machine makes the site look like ours, but for the name in `Host`.
pub(crate) struct OwnRequest;

impl FromRequestParts<Arc<Cloud>> for OwnRequest {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, cloud: &Arc<Cloud>) -> Result<Self, Problem> {
        if is_ours(&parts.headers, cloud) {
            Ok(Self)
        } else {
            Err(Problem::Forbidden)
        }
    }
}

fn is_ours(headers: &HeaderMap, cloud: &Cloud) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = text(header::HOST) else {
        return !headers.contains_key(header::ORIGIN);
    };
    let names_this_machine = cloud.settings.any_address
        || host
            .parse::<Authority>()
            .is_ok_and(|authority| is_loopback(authority.host()));
    let same_site = match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => origin
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"))
            .is_some_and(|(_, site)| site.eq_ignore_ascii_case(host)),
    };
    names_this_machine && same_site
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_ours() {
        let check = |host: &str, expected: bool| assert_eq!(is_loopback(host), expected, "{host}");
        check("127.0.0.1", true);
        check("[::1]", true);
        check("localhost", true);
        check("LOCALHOST", true);
        check("127.0.0.1.evil.test", false);
        check("evil.test", false);
        check("192.0.2.1", false);
    }
}
