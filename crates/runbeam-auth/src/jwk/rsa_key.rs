//! A public key of RSA (RFC 8017, section 3.1) that is sound enough to be trusted.

use std::fmt;

use super::roca;
use super::rsa_arithmetic::Prepared;

const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
const MAX_EXPONENT: u64 = (1 << 33) - 1;

/// A public RSA key that may verify RS256 signatures, and nothing else.
#[derive(Clone)]
pub(crate) struct RsaKey {
    modulus: Box<[u8]>,
    exponent: Box<[u8]>,
    prepared: Prepared,
}

impl RsaKey {
    /// A key of these big-endian numbers; `None` if they make no sound key.
    pub(super) fn from_numbers(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let without_zeros = |number: &[u8]| {
            let zeros = number.iter().take_while(|byte| **byte == 0).count();
            Box::<[u8]>::from(&number[zeros..])
        };
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        let value = (exponent.len() <= 8).then(|| {
            exponent
                .iter()
                .fold(0u64, |value, byte| value << 8 | u64::from(*byte))
        })?;
        let is_usable = MODULUS_BITS.contains(&bits)
            && is_odd(&modulus)
            && is_odd(&exponent)
            && (3..=MAX_EXPONENT).contains(&value)
            && !roca::is_marked(&modulus);
        if !is_usable {
            return None;
        }
        Some(Self {
            prepared: Prepared::new(&modulus, &exponent)?,
            modulus,
            exponent,
        })
    }

    /// Whether `signature` is this key's RS256 signature of `message` (RFC 7518, section 3.3).
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.prepared
            .verifies(&self.modulus, &self.exponent, message, signature)
    }
}

impl PartialEq for RsaKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.modulus, &self.exponent) == (&other.modulus, &other.exponent)
    }
}

impl Eq for RsaKey {}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaKey({} bits)", self.modulus.len() * 8)
    }
}
