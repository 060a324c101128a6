//! The configuration blocks of the product's document on authentication, as they stand there.

use runbeam_gateway::BuildError;
use runbeam_gateway::layers::{AuthConfig, Authenticator};
use runbeam_sdk::model::{Clock, SystemClock};
use serde_json::json;

use crate::fixture::{API_KEY, COST, ask, key, sha256};
use crate::shared_files;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The blocks of the document: each from `[[middleware]]`, or a comment before it, to where the text goes on.
fn blocks() -> Option<Vec<String>> {
    let document = shared_files::read("product/004-authentication.txt")?;
    let mut blocks = Vec::new();
    let mut lines = document.lines().peekable();
    while let Some(line) = lines.next() {
        let begins = line == "[[middleware]]"
            || line.starts_with('#') && lines.peek() == Some(&"[[middleware]]");
        if !begins {
            continue;
        }
        let mut block = vec![line];
        let is_toml =
            |line: &&str| line.starts_with(['[', '}', ']', '"', '#']) || line.contains(" = ");
        block.extend(std::iter::from_fn(|| lines.next_if(is_toml)));
        blocks.push(block.join("\n") + "\n");
    }
    Some(blocks)
}

fn parse(text: &str) -> Result<AuthConfig, BuildError> {
    let variables = |name: &str| (name == "JWT_SECRET").then(|| SECRET.to_owned());
    AuthConfig::parse(text, "gateway.toml").map(|config| config.with_variables(variables))
}

fn build(text: &str) -> Result<Authenticator, BuildError> {
    parse(text)?.chain()?.build()
}

#[track_caller]
fn refused(text: &str, place: &str, problem: &str) {
    let error = build(text).unwrap_err().to_string();
    assert!(
        error.starts_with(place) && error.contains(problem),
        "{error}"
    );
}

#[tokio::test]
async fn every_block_is_read_as_it_stands() {
    let Some(blocks) = blocks() else { return };
    let [rs256, hs256, basic, api_key, chain] = &blocks[..] else {
        panic!("{blocks:#?}");
    };

    // Complete as they are.
    build(rs256).unwrap();
    let authenticator = build(hs256).unwrap();
    let exp = SystemClock.now().as_unix_seconds() + 600;
    let token = hs256_token(&json!({"iss": "harmony", "aud": "api", "exp": exp}));
    let status = async |token: &str| {
        let bearer = format!("Bearer {token}");
        ask(&authenticator, &[("authorization", &bearer)])
            .await
            .status
    };
    assert_eq!(status(&token).await, 200);
    let of_another = hs256_token(&json!({"iss": "harmony", "aud": "other", "exp": exp}));
    assert_eq!(status(&of_another).await, 401);
    let rs256_token = key().sign_raw(
        r#"{"alg":"RS256"}"#,
        &json!({"iss": "harmony", "aud": "api", "exp": exp}).to_string(),
    );
    assert_eq!(status(&rs256_token).await, 401);

    // Read as they are; what the document leaves open is told at start, with its line.
    parse(basic).unwrap();
    refused(basic, "gateway.toml:5: ", "bcrypt");
    let hash = bcrypt::hash("open sesame", COST).unwrap();
    let authenticator = build(&basic.replace("$2b$12$...", &hash)).unwrap();
    let right = [("authorization", "Basic YWRtaW46b3BlbiBzZXNhbWU=")];
    assert_eq!(ask(&authenticator, &right).await.status, 200);

    parse(api_key).unwrap();
    refused(api_key, "gateway.toml:6: ", "SHA-256");
    let keys = api_key
        .replace("key1_hashed_value", &sha256("one"))
        .replace("key2_hashed_value", &format!("sha256:{}", sha256("two")));
    let authenticator = build(&keys).unwrap();
    for (key, expected) in [("one", 200), ("two", 200), ("three", 401)] {
        assert_eq!(
            ask(&authenticator, &[("x-api-key", key)]).await.status,
            expected
        );
    }

    // Its list of keys is `[...]`, which is no TOML of any version.
    refused(chain, "gateway.toml:8: ", "not TOML");
    let hash = format!("[\"{}\"]", sha256(API_KEY));
    let chain = chain.replace("[...]", &hash);
    refused(&chain, "gateway.toml:4: ", "URL");
    let url = "https://auth.example.com/.well-known/jwks.json";
    let authenticator = build(&chain.replace("\"...\"", &format!("\"{url}\""))).unwrap();
    let key = [("x-api-key", API_KEY)];
    assert_eq!(ask(&authenticator, &key).await.status, 200);
    let with_bad_token = [key[0], ("authorization", "Bearer x")];
    assert_eq!(ask(&authenticator, &with_bad_token).await.status, 401);
    assert_eq!(ask(&authenticator, &[]).await.status, 401);
}

#[test]
fn a_variable_that_is_not_set_is_an_error_that_names_it() {
    let Some(blocks) = blocks() else { return };
    for value in [None, Some(String::new())] {
        let config = AuthConfig::parse(blocks[1].as_str(), "gateway.toml").unwrap();
        let config = config.with_variables(move |_| value.clone());
        let error = config.chain().unwrap_err().to_string();
        assert!(
            error.starts_with("gateway.toml:5: ") && error.contains("JWT_SECRET"),
            "{error}"
        );
    }
    // In the environment, too, where nobody sets it for this test.
    let config = blocks[1].replace("JWT_SECRET", "RUNBEAM_TEST_OF_NO_VARIABLE");
    let config = AuthConfig::parse(config, "gateway.toml").unwrap();
    let error = config.chain().unwrap_err().to_string();
    assert!(error.contains("RUNBEAM_TEST_OF_NO_VARIABLE"), "{error}");
}

fn hs256_token(claims: &serde_json::Value) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let part = |text: &str| BASE64.encode(text);
    let input = format!(
        "{}.{}",
        part(r#"{"alg":"HS256"}"#),
        part(&claims.to_string())
    );
    format!(
        "{input}.{}",
        BASE64.encode(hmac_sha256(SECRET.as_bytes(), input.as_bytes()))
    )
}

/// HMAC as RFC 2104 defines it, for a key of no more than a block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block
            .iter_mut()
            .zip(key)
            .for_each(|(block, key)| *block ^= key);
        block
    };
    let inner = sha2::Sha256::digest([&pad(0x36)[..], message].concat());
    sha2::Sha256::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}
