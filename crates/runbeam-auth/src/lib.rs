//! Trust: bearer tokens, and RS256 verification of JWTs against a trust policy.
//!
//! ```
//! # // The tokens of the emulator stand for those of the cloud.
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cloud = runbeam_emulator::Emulator::start().await?;
//! # let (api_url, token) = (cloud.url(), cloud.mint_jwt());
//! use runbeam_auth::{RemoteVerifier, TrustPolicy, TrustedIssuer};
//!
//! let policy = TrustPolicy::new(TrustedIssuer::cloud(&api_url.parse()?));
//! let verifier = RemoteVerifier::new(policy)?;
//! let claims = verifier.verify(&token).await?;
//! println!("{} of team {:?}", claims.user.as_ref().map_or("-", |user| &user.email), claims.team);
//! # Ok(())
//! # }
//! ```
//!
//! # Words
//!
//! - A [`BearerToken`] is whatever stands behind `Bearer` in an `Authorization` header (RFC 6750): a JWT, a
//!   Sanctum token or a machine token. Only JWTs can be verified here; the cloud decides about the others.
//! - A [`TrustPolicy`] says which issuers are trusted, where the keys of each are, and which audience is ours.
//!   A token selects among them and adds none.
//! - A [`Verifier`] checks tokens against keys at hand (RFC 7515, 7517, 7519, and the advice of RFC 8725). A
//!   [`RemoteVerifier`] gets the keys from where the policy says, and keeps them.
//! - [`Verified`] is what only a verifier can make.
//!
//! # What is refused
//!
//! Every algorithm but RS256, whatever the header says, and HS256 for an issuer whose policy states a shared
//! secret; keys that come with the token; `crit`; tokens in a token (`cty` of `JWT`); keys of less than 2048 or more
//! than 8192 bits, or meant for anything but verifying RS256; more than one spelling of one token: padding, white
//! space, stray bits, doubled names; claims of a wrong type.
//!
//! # Where keys come from
//!
//! Keys are [at hand](TrustedIssuer::with_keys), at a [URL](TrustedIssuer::with_jwks_url), or where the issuer's
//! [discovery document](TrustedIssuer::with_discovery) says (OpenID Connect Discovery 1.0): over TLS, without
//! redirects, at [public addresses](TrustedIssuer#where-keys-are-fetched-from) unless the policy names others. Nothing
//! in a token leads to a connection.
//!
//! # "Cannot check" is not "bad token"
//!
//! [`Error::kind`] tells them apart: answer 401 to [`ErrorKind::Rejected`] and 503 to
//! [`ErrorKind::KeysUnavailable`].
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `fetch` | yes | [`RemoteVerifier`], and with it `runbeam-http` and tokio. Without it there is no network and no async |
//! | `aws-lc-rs` | no | nothing: RSA by aws-lc-rs in place of ring, with each key prepared once. Faster; it builds a C library |
//!
//! # The same token again
//!
//! A verifier may remember the tokens that it found good: [`Verifier::with_token_cache`],
//! [`RemoteVerifierBuilder::with_token_cache`]. It is off unless asked for. What is remembered is bounded by number
//! and bytes ([`TokenCacheLimits`]), counts no longer than the token and its key do, and is zeroized when forgotten.
//!
//! # Limits
//!
//! A withdrawn key is trusted until its set is fetched again, 24 hours at most, and one hour more while no new set
//! can be had. Revocation of a single token is the cloud's to know. A token may have 16 KiB, its header 8 KiB, a
//! key set 1 MiB and 512 keys, a discovery document 256 KiB. A key set that moves while it is young is found when it
//! is renewed, or when the old address fails.

mod base64url;
mod bearer;
mod claims;
mod credentials;
mod error;
mod json;
mod jwk;
#[cfg(feature = "fetch")]
mod jwks_cache;
mod jws;
mod policy;
#[cfg(feature = "fetch")]
mod remote_verifier;
mod shared_secret;
mod token_cache;
mod verifier;

pub use bearer::{BearerToken, TokenKind, extract_bearer_token};
pub use claims::Claims;
pub use credentials::{Credentials, CredentialsError, CredentialsProvider};
pub use error::{BuildError, Error, ErrorKind, Rejection};
pub use jwk::JwkSet;
#[cfg(feature = "fetch")]
pub use jwks_cache::KeySourceStatus;
pub use jws::Jws;
pub use policy::{TrustPolicy, TrustedIssuer};
#[cfg(feature = "fetch")]
pub use remote_verifier::{RemoteVerifier, RemoteVerifierBuilder};
pub use token_cache::{TokenCacheLimits, TokenCacheStatus};
pub use verifier::{Verified, Verifier};
