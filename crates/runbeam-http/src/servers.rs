//! What a client knows of each server: its origin, and whether it is worth asking.

use std::sync::{Arc, PoisonError, RwLock};

use http::Uri;
use http::uri::{Authority, Scheme};
use runbeam_model::Origin;

use crate::circuit::{Circuit, CircuitState};
use crate::{Error, ErrorKind};

/// Beyond so many, those that there is nothing to remember of are forgotten.
const MANY: usize = 64;

/// A server as URLs name it.
#[derive(Debug)]
pub(crate) struct Server {
    scheme: Scheme,
    authority: Authority,
    pub(crate) origin: Origin,
    pub(crate) circuit: Circuit,
}

impl Server {
    fn is_of(&self, scheme: &Scheme, authority: &Authority) -> bool {
        self.authority == *authority && self.scheme == *scheme
    }
}

/// All servers that a client talked to of late.
#[derive(Debug, Default)]
pub(crate) struct Servers(RwLock<Vec<Arc<Server>>>);

impl Servers {
    /// The server of a URL. The URL of a request is parsed once for each server, not for each request.
    pub(crate) fn of(&self, uri: &Uri) -> Result<Arc<Server>, Error> {
        let refused = |problem: String| Error::new(ErrorKind::Request, "an unusable URL", problem);
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(refused("it is no absolute URL".to_owned()));
        };
        if let Some(server) = self.find(scheme, authority) {
            return Ok(server);
        }
        let origin = Origin::of(&format!("{scheme}://{authority}"))
            .map_err(|error| refused(error.to_string()))?;
        let server = Arc::new(Server {
            scheme: scheme.clone(),
            authority: authority.clone(),
            origin,
            circuit: Circuit::default(),
        });
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = known.iter().find(|server| server.is_of(scheme, authority)) {
            return Ok(server.clone());
        }
        if known.len() >= MANY {
            known.retain(|server| server.circuit.is_troubled() || Arc::strong_count(server) > 1);
        }
        known.push(server.clone());
        Ok(server)
    }

    /// How many circuits are not closed.
    pub(crate) fn open_circuits(&self) -> usize {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_open = |server: &&Arc<Server>| server.circuit.state() != CircuitState::Closed;
        known.iter().filter(is_open).count()
    }

    /// The state of the circuit of `origin`.
    pub(crate) fn circuit_of(&self, origin: &Origin) -> CircuitState {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let states = known.iter().filter(|server| server.origin == *origin);
        let mut open = states
            .map(|server| server.circuit.state())
            .filter(|state| *state != CircuitState::Closed);
        open.next().unwrap_or(CircuitState::Closed)
    }

    fn find(&self, scheme: &Scheme, authority: &Authority) -> Option<Arc<Server>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|server| server.is_of(scheme, authority));
        found.cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_url_and_healthy_ones_are_forgotten_in_time() {
        let servers = Servers::default();
        let of = |url: &str| servers.of(&url.parse().unwrap());
        let first = of("https://a.test/x?y").unwrap();
        assert!(Arc::ptr_eq(&first, &of("https://A.test/z").unwrap()));
        assert!(!Arc::ptr_eq(&first, &of("http://a.test/x").unwrap()));
        assert!(!Arc::ptr_eq(&first, &of("https://a.test:8443/x").unwrap()));
        for number in 0..1000 {
            of(&format!("https://h{number}.test/")).unwrap();
        }
        assert!(servers.0.read().unwrap().len() <= MANY + 1);
        assert!(
            Arc::ptr_eq(&first, &of("https://a.test/").unwrap()),
            "it is in use"
        );
    }

    #[test]
    fn what_is_no_absolute_url_has_no_server() {
        for url in ["/relative", "ftp://h/", "https://canary@h/", "h:1"] {
            let error = Servers::default().of(&url.parse().unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Request, "{url}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
