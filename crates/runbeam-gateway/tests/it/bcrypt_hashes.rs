//! Passwords and their hashes: the corpus `bcrypt`, and what an unknown user costs.

use runbeam_gateway::layers::{ApiKeyAuth, AuthConfig, Authenticator, StoredHash};
use serde::Deserialize;

use crate::fixture::{ask, bcrypt_hash};
use crate::shared_files;

#[derive(Deserialize)]
struct Row {
    password_hex: String,
    hash: String,
    expect: String,
    why: String,
}

#[test]
fn the_corpus() {
    let Some(rows) = shared_files::read("vectors/corpora/bcrypt.jsonl") else {
        return;
    };
    let mut counts = [0; 3];
    for row in rows.lines() {
        let row: Row = serde_json::from_str(row).unwrap();
        let digits = row.password_hex.as_bytes().chunks(2);
        let password: Vec<u8> = digits
            .map(|byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 16).unwrap())
            .collect();
        let (found, place) = match StoredHash::parse(&row.hash) {
            Ok(hash) if hash.matches(&password) => ("match", 0),
            Ok(_) => ("no_match", 1),
            Err(_) => ("error", 2),
        };
        assert_eq!(found, row.expect, "{} {}", row.why, row.hash);
        counts[place] += 1;
        if found == "error" {
            is_refused_at_start(&row.hash);
        }
    }
    assert_eq!(counts, [17, 18, 16]);
}

fn is_refused_at_start(hash: &str) {
    let hash = serde_json::to_string(hash).unwrap();
    let basic = format!(
        "[[middleware]]\ntype = 'basic-auth'\n[middleware.config]\nusername = 'admin'\npassword_hash = {hash}"
    );
    let keys = format!(
        "[[middleware]]\ntype = 'api-key'\n[middleware.config]\nheader = 'x-api-key'\nkeys = [{hash}]"
    );
    for config in [basic, keys] {
        let config = AuthConfig::parse(config, "gateway.toml").unwrap();
        let error = config.chain().unwrap_err();
        assert_eq!(
            (error.file(), error.line()),
            (Some("gateway.toml"), Some(5)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_api_key_may_be_kept_by_bcrypt() {
    let keys = ApiKeyAuth::new("x-api-key")
        .unwrap()
        .with_key(bcrypt_hash("first"))
        .unwrap()
        .with_key(StoredHash::parse(&"0".repeat(64)).unwrap())
        .unwrap()
        .with_key(bcrypt_hash("third"))
        .unwrap();
    let chain = Authenticator::builder()
        .with_required(keys)
        .build()
        .unwrap();
    let place = async |key: &str| {
        let answer = ask(&chain, &[("x-api-key", key)]).await;
        answer.behind.and_then(|(_, caller)| caller.api_key())
    };
    assert_eq!(place("first").await, Some(0));
    assert_eq!(place("third").await, Some(2));
    assert_eq!(place("other").await, None);
    assert_eq!(place(&"x".repeat(73)).await, None);
}

#[test]
fn keys_by_bcrypt_are_few() {
    let mut keys = ApiKeyAuth::new("x-api-key").unwrap();
    let hash = bcrypt_hash("key");
    for _ in 0..16 {
        keys = keys.with_key(hash.clone()).unwrap();
    }
    assert!(keys.with_key(hash).is_err());
}
