//! Any document as a key set.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runbeam_auth::JwkSet;
use serde_json::Value;

/// A set holds the keys that may verify RS256 by a naive reading, and no others; two readings are one; and a
/// document that has too much is no set.
pub fn jwks(document: &[u8]) {
    let set = JwkSet::parse(document);
    assert_eq!(set, JwkSet::parse(document), "two readings differ");
    let Ok(set) = set else {
        return;
    };
    assert!(document.len() <= 1 << 20, "larger than the limit");
    let naive: Value = serde_json::from_slice(document).unwrap();
    assert!(naive.is_object());
    let entries = match naive.get("keys") {
        Some(keys) => keys.as_array().expect("the keys are a list").clone(),
        None => vec![naive],
    };
    assert!(entries.len() <= 512, "more keys than the limit");
    let usable: Vec<&Value> = entries.iter().filter(|jwk| is_usable(jwk)).collect();
    assert_eq!(set.len(), usable.len());
    assert_eq!(set.is_empty(), usable.is_empty());
    for (index, jwk) in usable.iter().enumerate() {
        let is_twin =
            |other: &&Value| jwk.get("kid").is_some() && jwk.get("kid") == other.get("kid");
        assert!(
            !usable[index + 1..].iter().any(is_twin),
            "two keys of one id"
        );
    }
}

/// RFC 7517, sections 4.1 to 4.5; RFC 7518, section 6.3.1; and our limits.
fn is_usable(jwk: &Value) -> bool {
    let says = |name: &str, expected: &str| jwk.get(name).is_none_or(|value| value == expected);
    let may_verify = jwk.get("key_ops").is_none_or(|operations| {
        let operations = operations.as_array();
        operations.is_some_and(|operations| operations.contains(&"verify".into()))
    });
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(bytes[zeros..].to_vec())
    };
    let (Some(modulus), Some(exponent)) = (number("n"), number("e")) else {
        return false;
    };
    let bits = modulus.len() * 8
        - modulus
            .first()
            .map_or(0, |byte| byte.leading_zeros() as usize);
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    let value = exponent.iter().fold(0u128, |value, byte| {
        value.saturating_mul(256).saturating_add(u128::from(*byte))
    });
    jwk["kty"] == "RSA"
        && jwk.get("kid").is_none_or(Value::is_string)
        && says("use", "sig")
        && says("alg", "RS256")
        && may_verify
        && (2048..=8192).contains(&bits)
        && is_odd(&modulus)
        && is_odd(&exponent)
        && (3..1 << 33).contains(&value)
        && !is_of_the_flawed_generator(&modulus)
}

/// ROCA (CVE-2017-15361): modulo each small prime, the modulus is a power of 65537.
fn is_of_the_flawed_generator(modulus: &[u8]) -> bool {
    let is_prime = |number: &u64| (2..*number).all(|divisor| number % divisor != 0);
    (3..=167).filter(is_prime).all(|prime| {
        let value = modulus
            .iter()
            .fold(0, |value, byte| (value * 256 + u64::from(*byte)) % prime);
        let mut power = 1;
        (0..prime).any(|_| {
            power = power * 65537 % prime;
            power == value
        })
    })
}
