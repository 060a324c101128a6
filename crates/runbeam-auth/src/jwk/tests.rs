//! The arithmetic against signatures that nobody here made.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::*;

#[derive(Deserialize)]
struct Row {
    name: String,
    jwk: Map<String, Value>,
    msg_hex: String,
    sig_hex: String,
    expect: String,
}

/// The text of a file; `None` where the shared vectors are missing, which CI does not allow.
#[allow(
    clippy::disallowed_methods,
    reason = "CI says by this variable that it is CI"
)]
fn vectors(file: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors")
        .join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "{} is missing",
            path.display()
        );
        eprintln!("skipped: {} is missing", path.display());
        return None;
    };
    Some(text)
}

#[test]
fn signatures_are_accepted_and_refused_as_they_must() {
    let Some(text) = vectors("derived/rsa_pkcs1_sha256_raw.jsonl") else {
        return;
    };
    let rows: Vec<Row> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut accepted = 0;
    for row in &rows {
        let is_accepted = entry(&row.jwk)
            .and_then(|entry| entry.key)
            .is_some_and(|key| key.verifies(&bytes(&row.msg_hex), &bytes(&row.sig_hex)));
        assert_eq!(is_accepted, row.expect == "accept", "{}", row.name);
        accepted += usize::from(is_accepted);
    }
    assert_eq!((rows.len(), accepted), (1078, 58));
}

/// The rows of NIST for SHA-256: a line each for the digest, the key in DER, the message, the signature and the
/// result.
#[test]
fn the_vectors_of_nist_are_accepted_and_refused_as_they_must() {
    let Some(text) = vectors("ring-nist/rsa_pkcs1_verify_tests.txt") else {
        return;
    };
    let mut lines = text.lines();
    let mut next = |name: &str| {
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
        value.map(str::to_owned)
    };
    let (mut rows, mut valid, mut accepted) = (0, 0, 0);
    while let Some(digest) = next("Digest") {
        let [key, message, signature, result] =
            ["Key", "Msg", "Sig", "Result"].map(|name| next(name).unwrap());
        if digest != "SHA256" {
            continue;
        }
        // What is empty stands between quotation marks.
        let [message, signature] = [message, signature].map(|hex| bytes(hex.trim_matches('"')));
        let jwk = jwk_of_der(&bytes(&key));
        let key = entry(&jwk).and_then(|entry| entry.key);
        let is_accepted = key.is_some_and(|key| key.verifies(&message, &signature));
        // Four of the valid signatures are by keys of 1024 and 2040 bits.
        let is_large_enough = key_bits(&jwk) >= 2048;
        assert_eq!(
            is_accepted,
            result == "P" && is_large_enough,
            "row {rows}: {jwk:?}"
        );
        rows += 1;
        valid += usize::from(result == "P");
        accepted += usize::from(is_accepted);
    }
    assert_eq!((rows, valid, accepted), (70, 16, 12));
}

fn entry(jwk: &Map<String, Value>) -> Option<Entry> {
    Entry::read(&serde_json::to_vec(jwk).unwrap())
}

fn key_bits(jwk: &Map<String, Value>) -> usize {
    let modulus = base64url::decode(jwk["n"].as_str().unwrap()).unwrap();
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    (modulus.len() - zeros) * 8 - modulus[zeros].leading_zeros() as usize
}

/// The key of a sequence of two numbers, modulus and exponent, in DER (RFC 8017, appendix A.1.1).
fn jwk_of_der(der: &[u8]) -> Map<String, Value> {
    let sequence = value_of_der(0x30, der).0;
    let (modulus, rest) = value_of_der(0x02, sequence);
    let number = |number| Value::from(URL_SAFE_NO_PAD.encode(number));
    let members = [
        ("kty", "RSA".into()),
        ("n", number(modulus)),
        ("e", number(value_of_der(0x02, rest).0)),
    ];
    members
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// The content of the first value, and what stands behind it.
fn value_of_der(tag: u8, der: &[u8]) -> (&[u8], &[u8]) {
    assert_eq!(der[0], tag);
    let (length, head) = match der[1] {
        0x81 => (usize::from(der[2]), 3),
        0x82 => (usize::from(der[2]) << 8 | usize::from(der[3]), 4),
        short => (usize::from(short), 2),
    };
    der[head..].split_at(length)
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}
