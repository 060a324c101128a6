//! Public keys in PEM (RFC 7468): `PUBLIC KEY` (RFC 5280, section 4.1.2.7) and `RSA PUBLIC KEY` (RFC 8017,
//! appendix A.1.1).

use pkcs1::RsaPublicKey;
use pkcs1::der::{Decode, Document};
use runbeam_model::ParseError;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// `rsaEncryption` (RFC 8017, appendix A.1).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Modulus and exponent of the one key in `text`, as big-endian numbers.
pub(super) fn rsa_numbers(text: &str) -> Result<(Vec<u8>, Vec<u8>), ParseError> {
    let unusable = |problem| ParseError::new("public key", problem);
    // What stands before a key is lawful in PEM, but nobody means it to be there.
    let (label, document) = Some(text.trim())
        .filter(|text| text.starts_with("-----BEGIN "))
        .and_then(|text| Document::from_pem(text).ok())
        .ok_or_else(|| unusable("it is not one key in PEM with nothing around it"))?;
    let not_rsa = || unusable("it is not a key of RSA");
    let key = match label {
        "RSA PUBLIC KEY" => document.as_bytes(),
        "PUBLIC KEY" => {
            let info =
                SubjectPublicKeyInfoRef::from_der(document.as_bytes()).map_err(|_| not_rsa())?;
            if info.algorithm.oid != RSA_ENCRYPTION {
                return Err(not_rsa());
            }
            info.subject_public_key.as_bytes().ok_or_else(not_rsa)?
        }
        _ => return Err(unusable("it is neither `PUBLIC KEY` nor `RSA PUBLIC KEY`")),
    };
    let key = RsaPublicKey::from_der(key).map_err(|_| not_rsa())?;
    Ok((
        key.modulus.as_bytes().to_vec(),
        key.public_exponent.as_bytes().to_vec(),
    ))
}
