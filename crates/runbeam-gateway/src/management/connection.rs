//! How a request came.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::FORWARDED;

/// How a request came, as its server saw it. It puts one into the extensions of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    peer: SocketAddr,
    is_tls: bool,
}

impl Connection {
    /// From `peer`, over plain HTTP.
    #[must_use]
    pub fn plain(peer: SocketAddr) -> Self {
        Self {
            peer,
            is_tls: false,
        }
    }

    /// From `peer`, over TLS that ends in this process.
    #[must_use]
    pub fn tls(peer: SocketAddr) -> Self {
        Self { peer, is_tls: true }
    }

    pub(super) fn peer(&self) -> IpAddr {
        self.peer.ip()
    }

    /// Whether nobody on the way could read the request. What a proxy on this machine passes on came from elsewhere.
    pub(super) fn keeps_secrets(&self, headers: &HeaderMap) -> bool {
        let is_forwarded = headers.contains_key(FORWARDED)
            || headers.contains_key("x-forwarded-for")
            || headers.contains_key("via");
        self.is_tls || (self.peer.ip().to_canonical().is_loopback() && !is_forwarded)
    }
}
