//! HS256 with a secret that issuer and verifier share (RFC 7518, section 3.2).

use ring::hmac;
use runbeam_model::Secret;

use crate::BuildError;

/// The least that RFC 7518 allows: as many bytes as the hash has.
const MIN_BYTES: usize = 32;

/// A secret that is long enough to sign with. It is redacted in `Debug`.
#[derive(Debug, Clone)]
pub(crate) struct SharedSecret(Secret);

impl SharedSecret {
    pub(crate) fn new(secret: Secret) -> Result<Self, BuildError> {
        match secret.expose().len() {
            MIN_BYTES.. => Ok(Self(secret)),
            bytes => Err(BuildError::new(format!(
                "a shared secret has {bytes} bytes, and HS256 needs at least {MIN_BYTES}: \
                 make one with `openssl rand -base64 32`"
            ))),
        }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose().as_bytes());
        hmac::verify(&key, message, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_secret_is_refused_without_showing_it() {
        for text in ["", "canary", &"canary-".repeat(4)] {
            let error = SharedSecret::new(text.into()).unwrap_err();
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
        let secret = SharedSecret::new("canary-".repeat(5).into()).unwrap();
        assert!(!format!("{secret:?}").contains("canary"));
    }

    #[test]
    fn signatures_are_those_of_the_secret() {
        // RFC 4231, section 4.3, has a shorter key than is allowed here; its key is zero-padded by definition.
        let secret = SharedSecret::new(format!("Jefe{}", "\0".repeat(28)).into()).unwrap();
        let signature = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95,
            0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9,
            0x64, 0xec, 0x38, 0x43,
        ];
        let message = b"what do ya want for nothing?";
        assert!(secret.verifies(message, &signature));
        assert!(!secret.verifies(message, &signature[..16]));
        assert!(!secret.verifies(b"", &signature));
    }
}
