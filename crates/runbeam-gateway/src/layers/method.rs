//! The methods that a chain is made of, and what each of them finds in a request.

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};

use super::chain::Finding;
use super::challenge::Challenge;
use super::{ApiKeyAuth, BasicAuth, FailureLimiter, HashingPool, JwtAuth, Principal};

/// One way to authenticate: a [`JwtAuth`], a [`BasicAuth`] or an [`ApiKeyAuth`].
#[derive(Debug, Clone)]
pub struct Method(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Jwt(Box<JwtAuth>),
    Basic(BasicAuth),
    ApiKey(ApiKeyAuth),
}

/// What a method found. The reasons are for the log.
#[derive(Debug)]
pub(super) enum Outcome {
    Missing,
    Invalid(Cow<'static, str>),
    CannotCheck(Cow<'static, str>),
    HeldBack,
    Valid(Principal),
}

/// What the methods may use while they look at one request.
pub(super) struct Attempt<'a> {
    pub(super) hashing: Option<&'a HashingPool>,
    pub(super) limiter: Option<&'a FailureLimiter>,
    pub(super) peer: Option<IpAddr>,
}

impl Method {
    pub(super) async fn judge(&self, headers: &HeaderMap, attempt: &Attempt<'_>) -> Outcome {
        match &self.0 {
            Kind::Jwt(method) => method.judge(headers).await,
            Kind::Basic(method) => method.judge(headers, attempt).await,
            Kind::ApiKey(method) => method.judge(headers, attempt).await,
        }
    }

    pub(super) fn key_snapshot(&self) -> Option<Vec<u8>> {
        match &self.0 {
            Kind::Jwt(method) => Some(method.key_snapshot()),
            Kind::Basic(_) | Kind::ApiKey(_) => None,
        }
    }

    /// As it is called in configurations and logs.
    pub(super) fn name(&self) -> &'static str {
        match &self.0 {
            Kind::Jwt(_) => "jwt-auth",
            Kind::Basic(_) => "basic-auth",
            Kind::ApiKey(_) => "api-key",
        }
    }

    /// The field that its credentials are in.
    pub(super) fn field(&self) -> &HeaderName {
        match &self.0 {
            Kind::Jwt(_) | Kind::Basic(_) => &AUTHORIZATION,
            Kind::ApiKey(method) => method.header(),
        }
    }

    /// Whether one credential would be read by both.
    pub(super) fn is_in_the_way_of(&self, other: &Self) -> bool {
        let shares_the_field = matches!(
            (&self.0, &other.0),
            (Kind::Jwt(_), Kind::Basic(_)) | (Kind::Basic(_), Kind::Jwt(_))
        );
        self.field() == other.field() && !shares_the_field
    }

    pub(super) fn needs_hashing(&self) -> bool {
        match &self.0 {
            Kind::Jwt(_) => false,
            Kind::Basic(method) => method.needs_hashing(),
            Kind::ApiKey(method) => method.needs_hashing(),
        }
    }

    /// Whether there is nothing that it would find good.
    pub(super) fn lets_nobody_pass(&self) -> bool {
        matches!(&self.0, Kind::ApiKey(method) if method.is_empty())
    }

    pub(super) fn challenge(&self, realm: &str) -> Challenge {
        match &self.0 {
            Kind::Jwt(_) => Challenge::bearer(realm),
            Kind::Basic(_) => Challenge::basic(realm),
            Kind::ApiKey(method) => Challenge::api_key(realm, method.header()),
        }
    }
}

impl From<JwtAuth> for Method {
    fn from(method: JwtAuth) -> Self {
        Self(Kind::Jwt(Box::new(method)))
    }
}

impl From<BasicAuth> for Method {
    fn from(method: BasicAuth) -> Self {
        Self(Kind::Basic(method))
    }
}

impl From<ApiKeyAuth> for Method {
    fn from(method: ApiKeyAuth) -> Self {
        Self(Kind::ApiKey(method))
    }
}

impl Outcome {
    pub(super) fn finding(&self) -> Finding {
        match self {
            Self::Missing => Finding::Missing,
            Self::Invalid(_) => Finding::Invalid,
            Self::CannotCheck(_) => Finding::CannotCheck,
            Self::HeldBack => Finding::HeldBack,
            Self::Valid(_) => Finding::Valid,
        }
    }
}

impl Attempt<'_> {
    /// Whether its peer has guessed wrong too often.
    pub(super) fn is_held_back(&self) -> bool {
        self.limiter
            .zip(self.peer)
            .is_some_and(|(limiter, peer)| limiter.wait(peer).is_some())
    }

    /// Looks for a match among slow hashes on the threads that are for that.
    pub(super) async fn hash(
        &self,
        work: impl FnOnce() -> Option<usize> + Send + 'static,
        principal: impl FnOnce(usize) -> Principal,
    ) -> Outcome {
        let Some(hashing) = self.hashing else {
            return Outcome::CannotCheck("there are no threads for hashing".into());
        };
        match hashing.run(work).await {
            Ok(Some(place)) => Outcome::Valid(principal(place)),
            Ok(None) => Outcome::Invalid("it matches no hash".into()),
            Err(_) => Outcome::CannotCheck("too many hashes are waiting already".into()),
        }
    }
}
