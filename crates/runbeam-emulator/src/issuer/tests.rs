//! The generated key, checked with `ring`'s own verifier.

use super::*;

#[test]
fn a_generated_key_has_2048_bits_and_exponent_65537() {
    let key = SigningKey::generate();
    let modulus = &key.inner.public.n;
    assert_eq!(modulus.len(), 256);
    assert!(
        modulus[0] & 0x80 != 0,
        "the modulus has 2048 bits, none fewer"
    );
    assert_eq!(key.inner.public.e, [1, 0, 1]);
    assert_eq!(key.jwk()["e"], "AQAB");
}

#[test]
fn only_the_signed_bytes_verify() {
    let key = SigningKey::generate();
    let signature = key.sign(b"harbour");
    assert_eq!(signature.len(), 256);
    assert!(key.verifies(b"harbour", &signature));
    assert!(!key.verifies(b"harbor", &signature));
    assert!(!SigningKey::generate().verifies(b"harbour", &signature));
}

#[test]
fn raw_signing_keeps_every_byte() {
    let key = SigningKey::generate();
    let jws = key.sign_raw(r#"{ "alg":"none" }"#, "not even JSON");
    let parts: Vec<&str> = jws.split('.').collect();
    assert_eq!(parts.len(), 3);
    assert_eq!(
        URL_SAFE_NO_PAD.decode(parts[0]).unwrap(),
        br#"{ "alg":"none" }"#
    );
    assert_eq!(URL_SAFE_NO_PAD.decode(parts[1]).unwrap(), b"not even JSON");
    let signed = format!("{}.{}", parts[0], parts[1]);
    assert!(key.verifies(
        signed.as_bytes(),
        &URL_SAFE_NO_PAD.decode(parts[2]).unwrap()
    ));
}

#[test]
fn keys_differ_and_debug_shows_the_key_id_alone() {
    let (one, two) = (SigningKey::generate(), SigningKey::generate());
    assert_ne!(one.key_id(), two.key_id());
    assert_ne!(one.jwk()["n"], two.jwk()["n"]);
    assert_eq!(
        format!("{one:?}"),
        format!("SigningKey {{ key_id: {:?}, .. }}", one.key_id())
    );
}

#[test]
fn the_primes_give_the_same_key_again() {
    let key = SigningKey::generate();
    let again = SigningKey::from_primes(key.primes().clone()).unwrap();
    assert_eq!(again.key_id(), key.key_id());
    assert!(key.verifies(b"harbour", &again.sign(b"harbour")));
    assert!(SigningKey::from_primes([vec![4], vec![6]]).is_none());
}
