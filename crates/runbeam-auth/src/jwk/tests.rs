//! The arithmetic against signatures that nobody here made.

use std::path::Path;

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

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "CI says by this variable that it is CI"
)]
fn signatures_are_accepted_and_refused_as_they_must() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/derived/rsa_pkcs1_sha256_raw.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "{} is missing",
            path.display()
        );
        eprintln!("skipped: {} is missing", path.display());
        return;
    };
    let rows: Vec<Row> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut accepted = 0;
    for row in &rows {
        let is_accepted = Entry::from_jwk(&row.jwk)
            .and_then(|entry| entry.key)
            .is_some_and(|key| key.verifies(&bytes(&row.msg_hex), &bytes(&row.sig_hex)));
        assert_eq!(is_accepted, row.expect == "accept", "{}", row.name);
        accepted += usize::from(is_accepted);
    }
    assert_eq!((rows.len(), accepted), (1078, 58));
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}
