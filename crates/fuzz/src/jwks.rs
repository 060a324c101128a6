//! Any document as a key set.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runbeam_auth::JwkSet;
use serde_json::Value;

/// A set holds keys that may verify RS256 by a naive reading, and no others; two readings are one; and a document that
/// has too much is no set. A key alone is usable when the naive reading says so.
pub fn jwks(document: &[u8]) {
    let set = JwkSet::parse(document);
    assert_eq!(set, JwkSet::parse(document), "two readings differ");
    let Ok(set) = set else {
        return;
    };
    assert!(document.len() <= 1 << 20, "larger than the limit");
    // What a strict reader passes over in a key that it does not take, the naive one may not be able to read.
    let Ok(naive) = serde_json::from_slice::<Value>(document) else {
        return;
    };
    assert!(naive.is_object());
    let entries = match naive.get("keys") {
        Some(keys) => keys.as_array().expect("the keys are a list").clone(),
        None => vec![naive],
    };
    assert!(entries.len() <= 512, "more keys than the limit");
    for jwk in &entries {
        // Written anew, no name stands twice in it.
        if jwk.get("kty").is_some() && jwk.get("keys").is_none() {
            let alone = JwkSet::parse(&serde_json::to_vec(jwk).unwrap()).unwrap();
            assert_eq!(alone.len(), usize::from(is_usable(jwk)), "{jwk}");
        }
    }
    let usable: Vec<&Value> = entries.iter().filter(|jwk| is_usable(jwk)).collect();
    assert!(
        set.len() <= usable.len(),
        "a key that is not usable is kept"
    );
    assert_eq!(set.is_empty(), set.len() == 0);
    if set.len() < usable.len() {
        // A name stands twice in one of them: the naive reading takes the last.
        return;
    }
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
        operations.as_array().is_some_and(|operations| {
            let twice = |operation| operations.iter().filter(|it| *it == operation).count() > 1;
            let foreign = [
                "encrypt",
                "decrypt",
                "wrapKey",
                "unwrapKey",
                "deriveKey",
                "deriveBits",
            ];
            operations.contains(&"verify".into())
                && operations.iter().all(|operation| {
                    let name = operation.as_str();
                    name.is_some_and(|name| !foreign.contains(&name)) && !twice(operation)
                })
        })
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
        && jwk.get("oth").is_none()
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
