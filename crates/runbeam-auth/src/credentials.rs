//! Where the token of a call comes from: a provider that yields one when it is asked, behind one cloneable handle.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use runbeam_model::Secret;

/// Yields the bearer token that a call is made with.
///
/// ```
/// use runbeam_auth::{CredentialsError, CredentialsProvider};
/// use runbeam_model::Secret;
///
/// struct Vault;
///
/// impl CredentialsProvider for Vault {
///     async fn bearer_token(&self) -> Result<Secret, CredentialsError> {
///         // Here a secret manager is asked.
///         Ok(Secret::from("12|p0LmXw3rT8"))
///     }
/// }
/// ```
pub trait CredentialsProvider: Send + Sync + 'static {
    /// The token to call with now. It is asked for before every call, so that it should be kept at hand.
    ///
    /// # Errors
    ///
    /// If there is none, or if it cannot be had at present.
    fn bearer_token(&self) -> impl Future<Output = Result<Secret, CredentialsError>> + Send;

    /// The cloud did not accept `token` (401). Whether there is another one by now, so that the call is worth a second
    /// try: it asks for the token again then, once. There is none unless this is implemented.
    fn look_again(&self, token: &Secret) -> impl Future<Output = bool> + Send {
        let _ = token;
        async { false }
    }
}

/// Credentials of any kind: a token that stays, or a [`CredentialsProvider`]. Clones share it.
#[derive(Clone)]
pub struct Credentials(Source);

#[derive(Clone)]
enum Source {
    Fixed(Secret),
    Provider(Arc<dyn DynProvider>),
}

impl Credentials {
    /// A token that stays.
    #[must_use]
    pub fn token(token: impl Into<Secret>) -> Self {
        Self(Source::Fixed(token.into()))
    }

    /// What `provider` yields.
    #[must_use]
    pub fn provider(provider: impl CredentialsProvider) -> Self {
        Self(Source::Provider(Arc::new(provider)))
    }

    /// The token to call with now.
    ///
    /// # Errors
    ///
    /// As [`CredentialsProvider::bearer_token`] says; never for a token that stays.
    pub async fn bearer_token(&self) -> Result<Secret, CredentialsError> {
        match &self.0 {
            Source::Fixed(token) => Ok(token.clone()),
            Source::Provider(provider) => provider.bearer_token().await,
        }
    }

    /// Whether there is another token by now than `token`, which the cloud did not accept.
    pub async fn look_again(&self, token: &Secret) -> bool {
        match &self.0 {
            Source::Fixed(_) => false,
            Source::Provider(provider) => provider.look_again(token).await,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Fixed(_) => "Credentials(token)",
            Source::Provider(_) => "Credentials(provider)",
        })
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`CredentialsProvider`] with its futures boxed.
trait DynProvider: Send + Sync {
    fn bearer_token(&self) -> Boxed<'_, Result<Secret, CredentialsError>>;
    fn look_again<'a>(&'a self, token: &'a Secret) -> Boxed<'a, bool>;
}

impl<P: CredentialsProvider> DynProvider for P {
    fn bearer_token(&self) -> Boxed<'_, Result<Secret, CredentialsError>> {
        Box::pin(CredentialsProvider::bearer_token(self))
    }

    fn look_again<'a>(&'a self, token: &'a Secret) -> Boxed<'a, bool> {
        Box::pin(CredentialsProvider::look_again(self, token))
    }
}

/// Why a provider yields no token.
#[derive(Debug)]
pub struct CredentialsError {
    problem: String,
    is_transient: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl CredentialsError {
    /// There is no token: `problem` says why and what to do, in a clause, without anything secret.
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            is_transient: false,
            source: None,
        }
    }

    /// The same, where it may succeed later without anyone changing anything.
    #[must_use]
    pub fn transient(problem: impl Into<String>) -> Self {
        Self {
            is_transient: true,
            ..Self::new(problem)
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether it may succeed later without anyone changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.is_transient
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no token to call with: {}", self.problem)
    }
}

impl StdError for CredentialsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
