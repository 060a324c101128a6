//! The chain of methods that requests are judged by.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName};

use super::chain::{Denial, Walk};
use super::challenge::{Challenge, is_realm};
use super::method::{Attempt, Outcome};
use super::{Authenticated, FailureLimiter, HashingPool, Method, Refusal};
use crate::BuildError;

/// Judges requests by a chain of methods, by the [rules](super#what-a-chain-decides) of this module. Clones share all
/// that it knows.
///
/// ```
/// # fn example(
/// #     jwt: runbeam_gateway::layers::JwtAuth,
/// #     keys: runbeam_gateway::layers::ApiKeyAuth,
/// # ) -> Result<(), runbeam_gateway::BuildError> {
/// use runbeam_gateway::layers::Authenticator;
///
/// // A token, or else a key.
/// let authenticator = Authenticator::builder()
///     .with_optional(jwt)
///     .with_required(keys)
///     .with_realm("orders")
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Authenticator {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    chain: Vec<Link>,
    fields: Vec<HeaderName>,
    hashing: Option<HashingPool>,
    limiter: Option<FailureLimiter>,
}

#[derive(Debug)]
struct Link {
    method: Method,
    is_optional: bool,
    challenge: Challenge,
}

impl Authenticator {
    /// Starts to build a chain, which has no method yet.
    pub fn builder() -> AuthenticatorBuilder {
        AuthenticatorBuilder {
            chain: Vec::new(),
            realm: "runbeam".to_owned(),
            hashing: None,
            limiter: Some(FailureLimiter::new()),
        }
    }

    /// Judges a request by its fields. `peer` is where it comes from, if that is known: its failures are counted.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] with the answer for the sender, if the request is not to be let through.
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Result<Authenticated, Refusal> {
        let shared = &*self.shared;
        let attempt = Attempt {
            hashing: shared.hashing.as_ref(),
            limiter: shared.limiter.as_ref(),
            peer,
        };
        let mut walk = Walk::default();
        let mut principals = Vec::with_capacity(1);
        for (place, link) in shared.chain.iter().enumerate() {
            let outcome = link.method.judge(headers, &attempt).await;
            if let ControlFlow::Break(denial) = walk.step(outcome.finding(), link.is_optional) {
                log(link.method.name(), peer, &outcome);
                return Err(shared.refuse(denial, Some(place), &attempt));
            }
            if let Outcome::Valid(principal) = outcome {
                principals.push(principal);
            }
        }
        match walk.end() {
            Ok(()) => Ok(Authenticated::new(principals)),
            Err(denial) => {
                tracing::debug!(?peer, "refused a request: it has no credentials");
                Err(shared.refuse(denial, None, &attempt))
            }
        }
    }

    /// The public keys that it fetched so far, as a
    /// [snapshot](runbeam_sdk::auth::RemoteVerifier::snapshot); `None` if no method of it verifies tokens.
    #[must_use]
    pub fn key_snapshot(&self) -> Option<Vec<u8>> {
        // Two methods for tokens would read the same credential.
        let mut links = self.shared.chain.iter();
        links.find_map(|link| link.method.key_snapshot())
    }

    /// The fields that the methods look at, each once.
    pub(super) fn fields(&self) -> &[HeaderName] {
        &self.shared.fields
    }
}

impl Shared {
    /// The refusal for what the method at `place` found.
    fn refuse(&self, denial: Denial, place: Option<usize>, attempt: &Attempt<'_>) -> Refusal {
        let peer = attempt.limiter.zip(attempt.peer);
        let wait = peer.and_then(|(limiter, peer)| limiter.wait(peer));
        match denial {
            Denial::CannotCheck => Refusal::cannot_check(),
            Denial::HeldBack => Refusal::too_many_failures(wait.unwrap_or(Duration::ZERO)),
            Denial::Missing => Refusal::unauthenticated(self.challenges(None)),
            Denial::Invalid => match wait {
                Some(wait) => Refusal::too_many_failures(wait),
                None => {
                    if let Some((limiter, peer)) = peer {
                        limiter.count(peer);
                    }
                    Refusal::unauthenticated(self.challenges(place))
                }
            },
        }
    }

    /// One for each method. The one at `invalid` was given what is not good.
    fn challenges(&self, invalid: Option<usize>) -> Vec<http::HeaderValue> {
        let links = self.chain.iter().enumerate();
        links
            .map(|(place, link)| link.challenge.value(invalid == Some(place)))
            .collect()
    }
}

fn log(method: &'static str, peer: Option<IpAddr>, outcome: &Outcome) {
    match outcome {
        Outcome::Missing => {
            tracing::debug!(method, ?peer, "refused a request: a credential is missing")
        }
        Outcome::Invalid(reason) => {
            tracing::info!(method, ?peer, %reason, "refused a request: a credential is not good");
        }
        Outcome::CannotCheck(reason) => {
            tracing::warn!(method, ?peer, %reason, "refused a request: a credential cannot be checked");
        }
        Outcome::HeldBack => {
            tracing::info!(
                method,
                ?peer,
                "refused a request: its peer has failed too often"
            );
        }
        Outcome::Valid(_) => tracing::debug!(method, ?peer, "refused a request"),
    }
}

/// Builds an [`Authenticator`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct AuthenticatorBuilder {
    chain: Vec<(Method, bool)>,
    realm: String,
    hashing: Option<HashingPool>,
    limiter: Option<FailureLimiter>,
}

impl AuthenticatorBuilder {
    /// Adds a method that a request need not meet, if it meets one of those below, down to the next required one.
    pub fn with_optional(self, method: impl Into<Method>) -> Self {
        self.with(method.into(), true)
    }

    /// Adds a method that every request must meet, unless it meets one of the optional ones right above.
    pub fn with_required(self, method: impl Into<Method>) -> Self {
        self.with(method.into(), false)
    }

    fn with(mut self, method: Method, is_optional: bool) -> Self {
        self.chain.push((method, is_optional));
        self
    }

    /// What clients are told they sign in to (RFC 9110, section 11.5). Default: `runbeam`.
    pub fn with_realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// Hashes slowly on the threads of `hashing`, such as those that other chains have, too. Default: threads of its
    /// own, as [`HashingPool::new`] makes them, if a method needs them.
    pub fn with_hashing_pool(mut self, hashing: HashingPool) -> Self {
        self.hashing = Some(hashing);
        self
    }

    /// Counts failures with `limiter`, such as one that other chains have, too. Default: one of its own, as
    /// [`FailureLimiter::new`] makes it.
    pub fn with_failure_limiter(mut self, limiter: FailureLimiter) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// Counts no failures: something else keeps peers from guessing.
    pub fn dangerous_without_failure_limiter(mut self) -> Self {
        self.limiter = None;
        self
    }

    /// Builds the chain.
    ///
    /// # Errors
    ///
    /// If it has no method; if two methods read the same credential, since one that the first does not know is
    /// invalid and never comes to the second; if a method lets nobody pass; if the realm is empty, or holds a quote, a
    /// backslash, or anything but visible ASCII and spaces; if the system gives no threads.
    pub fn build(self) -> Result<Authenticator, BuildError> {
        if self.chain.is_empty() {
            return Err(BuildError::new(
                "the chain has no method of authentication: it would refuse everybody",
            ));
        }
        if !is_realm(&self.realm) {
            return Err(BuildError::new(
                "the realm is empty, or holds a quote, a backslash, or more than visible ASCII and spaces",
            ));
        }
        for (place, (method, _)) in self.chain.iter().enumerate() {
            if method.lets_nobody_pass() {
                return Err(BuildError::new(format!(
                    "method {} of the chain, {}, has no keys: it would refuse everybody",
                    place + 1,
                    method.name()
                )));
            }
            let before = &self.chain[..place];
            if before
                .iter()
                .any(|(other, _)| method.is_in_the_way_of(other))
            {
                return Err(BuildError::new(format!(
                    "method {} of the chain, {}, reads the same credential as one above it, where one that is not \
                     known is refused: make one method of both",
                    place + 1,
                    method.name()
                )));
            }
        }
        let needs_hashing = self.chain.iter().any(|(method, _)| method.needs_hashing());
        let hashing = match self.hashing {
            None if needs_hashing => Some(HashingPool::new()?),
            given => given,
        };
        if self.limiter.is_none() {
            tracing::warn!("failed attempts to authenticate are not counted");
        }
        let mut fields: Vec<HeaderName> = Vec::new();
        for (method, _) in &self.chain {
            if !fields.contains(method.field()) {
                fields.push(method.field().clone());
            }
        }
        let link = |(method, is_optional): (Method, bool)| Link {
            challenge: method.challenge(&self.realm),
            method,
            is_optional,
        };
        Ok(Authenticator {
            shared: Arc::new(Shared {
                chain: self.chain.into_iter().map(link).collect(),
                fields,
                hashing,
                limiter: self.limiter,
            }),
        })
    }
}
