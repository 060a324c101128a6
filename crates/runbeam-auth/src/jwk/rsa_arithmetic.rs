//! The arithmetic of RS256, RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2.2): the one place that names who
//! does it. That is ring, or aws-lc-rs where its feature is on, which computes ahead for each key.

#[cfg(feature = "aws-lc-rs")]
pub(super) use self::by_aws_lc::Prepared;
#[cfg(not(feature = "aws-lc-rs"))]
pub(super) use self::by_ring::Prepared;

#[cfg(not(feature = "aws-lc-rs"))]
mod by_ring {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    /// Nothing: ring takes the numbers each time.
    #[derive(Clone)]
    pub(in super::super) struct Prepared;

    impl Prepared {
        #[allow(
            clippy::unnecessary_wraps,
            reason = "the other way to do it finds keys that it cannot take"
        )]
        pub(in super::super) fn new(_modulus: &[u8], _exponent: &[u8]) -> Option<Self> {
            Some(Self)
        }

        pub(in super::super) fn verifies(
            &self,
            modulus: &[u8],
            exponent: &[u8],
            message: &[u8],
            signature: &[u8],
        ) -> bool {
            let key = RsaPublicKeyComponents {
                n: modulus,
                e: exponent,
            };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok()
        }
    }
}

#[cfg(feature = "aws-lc-rs")]
mod by_aws_lc {
    use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

    use super::super::der;

    /// The key, parsed, with what can be computed of it alone.
    #[derive(Clone)]
    pub(in super::super) struct Prepared(ParsedPublicKey);

    impl Prepared {
        pub(in super::super) fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
            let key = der::rsa_public_key(modulus, exponent)?;
            let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
            parsed.ok().map(Self)
        }

        pub(in super::super) fn verifies(
            &self,
            _modulus: &[u8],
            _exponent: &[u8],
            message: &[u8],
            signature: &[u8],
        ) -> bool {
            self.0.verify_sig(message, signature).is_ok()
        }
    }
}
