//! From the name of a host to the addresses that may be connected to.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use http::Uri;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

use crate::AddressRule;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

const LOCALHOST: &str = "localhost";

/// Finds the addresses of a host by its name, in place of the operating system: see
/// [`HttpClientBuilder::with_resolver`](crate::HttpClientBuilder::with_resolver).
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of `host`, in the order of preference. It is asked before each new connection, with the name
    /// as the URL has it, and never with an address.
    ///
    /// # Errors
    ///
    /// If there is no answer. The client takes that for a server that cannot be reached at present.
    fn resolve(&self, host: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;
}

/// [`Resolver`] for any type.
pub(crate) trait DynResolver: Send + Sync {
    fn resolve(self: Arc<Self>, host: Name) -> BoxFuture<io::Result<Vec<IpAddr>>>;
}

impl<R: Resolver> DynResolver for R {
    fn resolve(self: Arc<Self>, host: Name) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Resolver::resolve(&*self, host.as_str()).await })
    }
}

/// Whom to ask for addresses.
#[derive(Clone, Default)]
pub(crate) enum NameService {
    #[default]
    System,
    Own(Arc<dyn DynResolver>),
}

impl NameService {
    pub(crate) fn own(resolver: impl Resolver) -> Self {
        Self::Own(Arc::new(resolver))
    }

    async fn addresses(self, host: Name) -> io::Result<Vec<SocketAddr>> {
        match self {
            // Not by their bare addresses: a link-local one is of use with its scope alone.
            Self::System => Ok(GaiResolver::new().call(host).await?.collect()),
            Self::Own(resolver) => {
                let addresses = resolver.resolve(host).await?;
                let with_port = |address| SocketAddr::new(address, 0);
                Ok(addresses.into_iter().map(with_port).collect())
            }
        }
    }
}

impl fmt::Debug for NameService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Own(_) => "Own",
        })
    }
}

/// Resolves names to the addresses that a rule permits.
#[derive(Debug, Clone)]
pub(crate) struct RuledResolver {
    pub(crate) names: NameService,
    pub(crate) rule: AddressRule,
}

impl Service<Name> for RuledResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, host: Name) -> Self::Future {
        let Self { names, rule } = self.clone();
        Box::pin(async move {
            let is_localhost = host.as_str().eq_ignore_ascii_case(LOCALHOST);
            let mut permitted = names.addresses(host).await.map_err(Unresolved)?;
            if permitted.is_empty() {
                return Err(Unresolved(io::Error::other("no addresses")).into());
            }
            let mut refused = None;
            permitted.retain(|address| {
                let objection = objection(rule, is_localhost, address.ip());
                refused = refused.take().or(objection);
                objection.is_none()
            });
            match refused {
                Some(refused) if permitted.is_empty() => Err(refused.into()),
                _ => Ok(permitted.into_iter()),
            }
        })
    }
}

fn objection(rule: AddressRule, is_localhost: bool, address: IpAddr) -> Option<ForbiddenAddress> {
    let forbidden = |reason, remedy| ForbiddenAddress {
        address,
        reason,
        remedy,
    };
    if is_localhost && !address.is_loopback() {
        let reason = "not loopback, where `localhost` belongs";
        return Some(forbidden(reason, "correct what this name resolves to"));
    }
    let reason = rule.objection(address)?;
    let remedy = "correct its address, or permit such addresses";
    Some(forbidden(reason, remedy))
}

/// Judges the address that stands in `uri` in place of a name. No resolver is asked about it.
pub(crate) fn judge_literal(uri: &Uri, rule: AddressRule) -> Result<(), ForbiddenAddress> {
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse().ok();
    match address.and_then(|address| objection(rule, false, address)) {
        Some(forbidden) => Err(forbidden),
        None => Ok(()),
    }
}

/// There is no answer to a name, or an empty one.
#[derive(Debug)]
pub(crate) struct Unresolved(io::Error);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot resolve the name")
    }
}

impl std::error::Error for Unresolved {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// The rule does not permit any of the addresses; this is the first of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForbiddenAddress {
    address: IpAddr,
    reason: &'static str,
    remedy: &'static str,
}

impl fmt::Display for ForbiddenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}; {}", self.address, self.reason, self.remedy)
    }
}

impl std::error::Error for ForbiddenAddress {}
