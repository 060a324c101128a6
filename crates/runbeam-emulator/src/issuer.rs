//! The key with which the emulator signs, and whose public half it publishes.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

use crate::{
    digest::Digest,
    rsa_key::{self, Primes},
};

/// An RSA-2048 key that signs with RS256 (RFC 7518, section 3.3).
///
/// Clones share the key. A test suite that starts many emulators may generate one key and hand it to each of
/// them with [`Builder::with_signing_key`](crate::Builder::with_signing_key).
#[derive(Clone)]
pub struct SigningKey {
    inner: Arc<Inner>,
}

struct Inner {
    key_id: String,
    private: RsaKeyPair,
    public: PublicKeyComponents<Vec<u8>>,
    primes: Primes,
}

impl SigningKey {
    /// Makes a new key, which occupies all cores for some tens of milliseconds.
    ///
    /// Call it from a blocking context: inside an async task, wrap it in `spawn_blocking`.
    #[must_use]
    pub fn generate() -> Self {
        let (private, primes) = rsa_key::generate();
        Self::of(private, primes)
    }

    /// The key that a program before this one kept.
    pub(crate) fn from_primes(primes: Primes) -> Option<Self> {
        let private = rsa_key::from_primes(&primes)?;
        Some(Self::of(private, primes))
    }

    /// What to keep of a key, so that another program can sign with it.
    pub(crate) fn primes(&self) -> &Primes {
        &self.inner.primes
    }

    fn of(private: RsaKeyPair, primes: Primes) -> Self {
        let public = PublicKeyComponents::<Vec<u8>>::from(private.public());
        let mut key_id = URL_SAFE_NO_PAD.encode(Digest::of(&public.n).as_bytes());
        key_id.truncate(11);
        Self {
            inner: Arc::new(Inner {
                key_id: format!("rb-{key_id}"),
                private,
                public,
                primes,
            }),
        }
    }

    /// The `kid` of this key, derived from its modulus.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.inner.key_id
    }

    /// The public half as a JWK (RFC 7517) with `kty`, `use`, `alg`, `kid`, `n` and `e`.
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.key_id(),
            "n": URL_SAFE_NO_PAD.encode(&self.inner.public.n),
            "e": URL_SAFE_NO_PAD.encode(&self.inner.public.e),
        })
    }

    /// Signs `message` with RSASSA-PKCS1-v1_5 and SHA-256.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signature(message)
    }

    /// Makes a compact JWS (RFC 7515, section 7.1) of exactly these bytes.
    ///
    /// Neither part is looked at, so that a test can sign a header or a payload that no honest issuer would.
    #[must_use]
    pub fn sign_raw(&self, header_json: &str, payload_json: &str) -> String {
        let header = URL_SAFE_NO_PAD.encode(header_json);
        let payload = URL_SAFE_NO_PAD.encode(payload_json);
        let input = format!("{header}.{payload}");
        let signature = URL_SAFE_NO_PAD.encode(self.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// Whether `signature` is ours for `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let PublicKeyComponents { n, e } = &self.inner.public;
        PublicKeyComponents { n, e }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok()
    }

    #[allow(
        clippy::expect_used,
        reason = "signing fails for a wrong buffer or inconsistent numbers only, and both are settled at generation"
    )]
    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let private = &self.inner.private;
        let mut signature = vec![0; private.public().modulus_len()];
        private
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("a generated key signs");
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
