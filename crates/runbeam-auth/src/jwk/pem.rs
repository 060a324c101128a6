//! Public keys in PEM (RFC 7468): `PUBLIC KEY` (RFC 5280, section 4.1.2.7) and `RSA PUBLIC KEY` (RFC 8017,
//! appendix A.1.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use runbeam_model::ParseError;

use super::der::{BIT_STRING, OBJECT_IDENTIFIER, SEQUENCE, only, positive, value};

/// `rsaEncryption` (RFC 8017, appendix A.1): 1.2.840.113549.1.1.1.
const RSA_ENCRYPTION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

/// Modulus and exponent of the one key in `text`, as big-endian numbers.
pub(super) fn rsa_numbers(text: &str) -> Result<(Vec<u8>, Vec<u8>), ParseError> {
    let unusable = |problem| ParseError::new("public key", problem);
    let (label, document) = document(text)
        .ok_or_else(|| unusable("it is not one key in PEM with nothing around it"))?;
    let key = match label {
        "RSA PUBLIC KEY" => Some(&*document),
        "PUBLIC KEY" => key_of_info(&document),
        _ => return Err(unusable("it is neither `PUBLIC KEY` nor `RSA PUBLIC KEY`")),
    };
    key.and_then(numbers)
        .ok_or_else(|| unusable("it is not a key of RSA"))
}

/// Label and bytes of the one document in `text`.
///
/// What stands before one is lawful in PEM, but nobody means it to be there.
fn document(text: &str) -> Option<(&str, Vec<u8>)> {
    let (label, rest) = text
        .trim()
        .strip_prefix("-----BEGIN ")?
        .split_once("-----")?;
    let base64 = rest
        .strip_suffix("-----")?
        .strip_suffix(label)?
        .strip_suffix("-----END ")?;
    let base64: Vec<_> = base64
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    Some((label, STANDARD.decode(base64).ok()?))
}

/// The key of RSA in a `SubjectPublicKeyInfo`.
fn key_of_info(document: &[u8]) -> Option<&[u8]> {
    let (algorithm, rest) = value(SEQUENCE, only(SEQUENCE, document)?)?;
    let (oid, _) = value(OBJECT_IDENTIFIER, algorithm)?;
    let bits = only(BIT_STRING, rest)?;
    // The first byte tells how many bits of the last one do not count.
    bits.strip_prefix(&[0]).filter(|_| oid == RSA_ENCRYPTION)
}

fn numbers(key: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (modulus, rest) = positive(only(SEQUENCE, key)?)?;
    let (exponent, rest) = positive(rest)?;
    rest.is_empty()
        .then(|| (modulus.to_vec(), exponent.to_vec()))
}
