//! Who sent a request, as the layer leaves it in the request's extensions.

use std::sync::Arc;

use runbeam_sdk::auth::{Claims, Verified};

/// Who sent a request. The layer leaves it in the request's extensions, and nothing else can make one.
///
/// ```
/// # use runbeam_gateway::layers::Authenticated;
/// fn greet(request: &http::Request<()>) -> Option<String> {
///     let caller: &Authenticated = request.extensions().get()?;
///     let user = caller.claims()?.user.as_ref()?;
///     Some(format!("Hello, {}", user.name))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Authenticated {
    principals: Arc<[Principal]>,
}

/// Whom one credential stands for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Principal {
    /// The claims of a JWT.
    Token(Box<Verified<Claims>>),
    /// The name of a user who gave their password.
    User(Arc<str>),
    /// The place of an API key in the list of keys, from 0.
    ApiKey(usize),
}

impl Authenticated {
    pub(super) fn new(principals: Vec<Principal>) -> Self {
        Self {
            principals: principals.into(),
        }
    }

    /// One for each credential that the request has, in the order of the chain; at least one.
    #[must_use]
    pub fn principals(&self) -> &[Principal] {
        &self.principals
    }

    /// The claims of its JWT, if it has one.
    #[must_use]
    pub fn claims(&self) -> Option<&Verified<Claims>> {
        self.principals
            .iter()
            .find_map(|principal| match principal {
                Principal::Token(claims) => Some(&**claims),
                _ => None,
            })
    }

    /// The user whose password it has, if it has one.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.principals
            .iter()
            .find_map(|principal| match principal {
                Principal::User(name) => Some(&**name),
                _ => None,
            })
    }

    /// The place of its API key in the list of keys, from 0, if it has one.
    #[must_use]
    pub fn api_key(&self) -> Option<usize> {
        self.principals
            .iter()
            .find_map(|principal| match principal {
                Principal::ApiKey(place) => Some(*place),
                _ => None,
            })
    }
}
