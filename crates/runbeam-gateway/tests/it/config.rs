//! Configurations of all forms, and what is wrong with others: each error names file and line.

use std::fmt::Write;

use runbeam_gateway::BuildError;
use runbeam_gateway::layers::{AuthConfig, Authenticator};
use serde_json::json;

use crate::fixture::{COST, ISSUER, ask, key, token};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn build(text: &str) -> Result<Authenticator, BuildError> {
    AuthConfig::parse(text, "gateway.toml")?.chain()?.build()
}

/// One middleware, whose options stand from line 4 on.
fn middleware(kind: &str, options: &str) -> String {
    format!("[[middleware]]\ntype = \"{kind}\"\nconfig = {{\n{options}\n}}\n")
}

fn jwk() -> String {
    key().jwk().to_string()
}

#[track_caller]
fn refused(text: &str, place: &str, problem: &str) {
    let error = build(text).unwrap_err();
    let shown = error.to_string();
    assert!(
        shown.starts_with(place) && shown.contains(problem),
        "{shown}"
    );
    assert_eq!(error.file(), Some("gateway.toml"));
}

#[tokio::test]
async fn the_options_of_every_form_are_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file.as_file(), jwk().as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    let jwk = jwk();
    for (kind, options) in [
        (
            "jwt-auth",
            format!("issuer = '{ISSUER}', public_key = '{jwk}'"),
        ),
        (
            "jwt_auth",
            format!("issuer = '{ISSUER}', public_key_path = '{path}', use_hs256 = false"),
        ),
        (
            "jwtauth",
            format!(
                "issuer = '{ISSUER}', audience = 'harmony-api', public_key = '{jwk}', leeway_secs = 0"
            ),
        ),
        (
            "jwt-auth",
            format!(
                "trusted_issuers = ['{ISSUER}'], algorithms = ['RS256'], public_key = '{jwk}', leeway_seconds = 300"
            ),
        ),
        (
            "jwt-auth",
            format!(
                "issuer = '{ISSUER}', public_key = '{{\"keys\":[{jwk}]}}', required_claims = ['sub'], validate_expiry = true"
            ),
        ),
    ] {
        let chain = build(&middleware(kind, &options)).unwrap();
        let bearer = format!("Bearer {}", token(json!({})));
        assert_eq!(
            ask(&chain, &[("authorization", &bearer)]).await.status,
            200,
            "{options}"
        );
    }
    for options in [
        format!("issuer = '{ISSUER}', audience = 'other', public_key = '{jwk}'"),
        format!("issuer = 'https://other.example.com', public_key = '{jwk}'"),
        format!("issuer = '{ISSUER}', public_key = '{jwk}', required_claims = ['mesh_id']"),
        format!("issuer = '{ISSUER}', algorithm = 'HS256', secret = '{SECRET}'"),
    ] {
        let chain = build(&middleware("jwt-auth", &options)).unwrap();
        let bearer = format!("Bearer {}", token(json!({})));
        assert_eq!(
            ask(&chain, &[("authorization", &bearer)]).await.status,
            401,
            "{options}"
        );
    }
}

#[tokio::test]
async fn a_password_may_be_plain_text_and_the_options_named_by_an_authentication() {
    let hash = bcrypt::hash("open sesame", COST).unwrap();
    let right = [("authorization", "Basic YWRtaW46b3BlbiBzZXNhbWU=")];
    let wrong = [("authorization", "Basic YWRtaW46eA==")];
    let unknown = [("authorization", "Basic Ym9iOm9wZW4gc2VzYW1l")];
    let text = middleware(
        "auth",
        "username = 'admin', password = '${PASSWORD}', token_path = ''",
    );
    let config = AuthConfig::parse(text, "gateway.toml")
        .unwrap()
        .with_variables(|name| (name == "PASSWORD").then(|| "open sesame".to_owned()));
    let plain = config.chain().unwrap().build().unwrap();
    let text = format!(
        "[authentications.staff]\nid = 'a1'\nmethod = 'basic'\n\
         options = {{ username = 'admin', password_hash = '{hash}' }}\n\
         [authentications.peer]\nmethod = 'mutual_tls'\noptions = {{}}\n"
    );
    let config = AuthConfig::parse(text, "gateway.toml").unwrap();
    let named = config.named("staff").unwrap().build().unwrap();
    for chain in [plain, named] {
        assert_eq!(ask(&chain, &right).await.status, 200);
        assert_eq!(ask(&chain, &wrong).await.status, 401);
        assert_eq!(ask(&chain, &unknown).await.status, 401);
    }
    let error = |name| config.named(name).unwrap_err().to_string();
    assert!(error("peer").starts_with("gateway.toml:6: this method is not supported"));
    assert!(error("nobody").contains("`nobody` is missing"));
}

#[test]
fn what_is_of_no_use_is_told_with_its_line() {
    let jwt = |options: &str| middleware("jwt-auth", options);
    let url = "jwks_url = 'https://auth.example.com/keys'";
    let check = |options: &str, line: usize, problem: &str| {
        refused(&jwt(options), &format!("gateway.toml:{line}: "), problem);
    };
    check("", 3, "where the keys are");
    check("algorithm = 'none'", 4, "not supported");
    check("algorithms = ['RS256',\n'ES256']", 5, "not supported");
    check("algorithms = ['RS256',\n'HS256']", 5, "exclude each other");
    check(
        &format!("{url},\nuse_hs256 = true, algorithm = 'RS256'"),
        5,
        "exclude each other",
    );
    check("issuer = 'a', use_hs256 = true", 3, "none built in");
    check(
        "issuer = 'a', algorithm = 'HS256',\nsecret = 'short'",
        5,
        "at least 32",
    );
    check(&format!("{url},\nsecret = '{SECRET}'"), 5, "HS256 alone");
    check(
        &format!("use_hs256 = true, {url},\nsecret = '{SECRET}'"),
        5,
        "RS256, too",
    );
    check(
        &format!("{url}, jwks_uri = 'https://a.example'"),
        4,
        "two names of one option",
    );
    check(&format!("{url}, public_key = 'x'"), 3, "exclude each other");
    check("issuer = 'a',\npublic_key = 'x'", 5, "invalid public key");
    check(
        "issuer = 'a',\npublic_key = '{\"keys\":[]}'",
        5,
        "no key for RS256",
    );
    check(
        "issuer = 'a',\npublic_key_path = '/no/such/file'",
        5,
        "/no/such/file",
    );
    check(
        "issuer = 'a',\njwks_url = 'http://auth.example.com/keys'",
        5,
        "use https",
    );
    check("jwks_url = '...'", 4, "URL");
    check(&format!("{url},\nissuer = ''"), 5, "`issuer` is empty");
    check(
        &format!("{url}, trusted_issuers = []"),
        3,
        "would refuse everybody",
    );
    check(
        &format!("{url}, issuer = 'a',\ntrusted_issuers = ['b']"),
        4,
        "exclude each other",
    );
    check(&format!("{url},\nleeway_secs = 301"), 5, "300");
    check(&format!("{url},\nleeway_secs = -1"), 5, "whole number");
    check(&format!("{url},\nleeway_secs = 1.5"), 5, "whole number");
    check(
        &format!("{url}, validate_expiry = false"),
        3,
        "not supported",
    );
    check(&format!("{url},\n\naudiance = 'api'"), 6, "not known here");
    check(&format!("{url},\naudience = 7"), 5, "not a text");
    check(
        &format!("{url},\nissuer = '${{A B}}'"),
        5,
        "name of a variable",
    );
    check(&format!("{url},\nissuer = '${{A'"), 5, "name of a variable");
    check("public_key = 'x'", 4, "invalid public key");

    let basic = |options: &str, line: usize, problem: &str| {
        let text = middleware("basic-auth", options);
        refused(&text, &format!("gateway.toml:{line}: "), problem);
    };
    basic("username = 'admin'", 3, "`password_hash` is missing");
    basic("password_hash = 'x'", 3, "`username` is missing");
    basic(
        "username = 'admin',\npassword_hash = 'open sesame'",
        5,
        "bcrypt",
    );
    basic(
        &format!("username = 'admin',\npassword_hash = '{}'", "0".repeat(64)),
        5,
        "bcrypt",
    );
    basic("username = 'a:b', password = 'x'", 4, "colon");
    basic(
        "username = 'a', password_hash = 'x',\npassword = 'x'",
        5,
        "one of them",
    );

    let keys = |options: &str, line: usize, problem: &str| {
        let text = middleware("api-key", options);
        refused(&text, &format!("gateway.toml:{line}: "), problem);
    };
    keys("header = 'X-API-Key'", 3, "`keys` is missing");
    keys("header = 'X-API-Key', keys = []", 3, "`keys` is empty");
    keys(
        "header = 'X API Key', keys = ['x']",
        4,
        "no name of a field",
    );
    keys(
        "header = 'X-API-Key', keys = [\n7]",
        4,
        "not a list of texts",
    );

    refused("", "gateway.toml: ", "no [[middleware]]");
    refused(
        "[[middleware]]\ntype = 'cors'\nconfig = {}",
        "gateway.toml:2: ",
        "not known",
    );
    refused(
        "[[middleware]]\nconfig = {}",
        "gateway.toml:1: ",
        "`type` is missing",
    );
    refused(
        "[[middleware]]\ntype = 'api-key'",
        "gateway.toml:1: ",
        "`config` is missing",
    );
    refused("middleware = 7", "gateway.toml:1: ", "not a list of tables");
    refused(
        "[middleware.jwt]\ntype = 'jwt-auth'",
        "gateway.toml:1: ",
        "not a list of tables",
    );
    refused("[[middleware]]\ntype = ", "gateway.toml:2: ", "not TOML");
    let text = middleware("api-key", "header = 'a', keys = ['x']") + "optional = 'yes'";
    refused(&text, "gateway.toml:6: ", "not true or false");
    let misspelled = middleware("jwt-auth", url) + "optinal = true";
    refused(&misspelled, "gateway.toml:6: ", "not known here");
}

#[test]
fn what_others_do_is_passed_over_only_if_it_is_named() {
    let text = format!(
        "[proxy]\nid = 'x'\n[[middleware]]\ntype = 'cors'\nanything = 1\n{}",
        middleware("jwt-auth", "jwks_url = 'https://auth.example.com/keys'")
    );
    refused(&text, "gateway.toml:4: ", "not known");
    let config = AuthConfig::parse(text, "gateway.toml").unwrap();
    assert!(config.with_other_types(["cors"]).chain().is_ok());
}

#[test]
fn a_file_is_named_whatever_is_wrong_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gateway.toml");
    let error = AuthConfig::read(&path).unwrap_err().to_string();
    assert!(error.starts_with(path.to_str().unwrap()), "{error}");
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path);
    std::io::Write::write_all(&mut file.unwrap(), b"\n\n[[middleware]\n").unwrap();
    let error = AuthConfig::read(&path).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{}:3: ", path.display())),
        "{error}"
    );
}

#[test]
fn no_text_makes_it_panic_and_no_error_shows_a_secret() {
    let canary = "canary-7f2b-0123456789abcdef0123456789";
    let text = [
        middleware(
            "jwt-auth",
            &format!("algorithm = 'HS256', secret = '{canary}', issuer = 'a'"),
        ),
        middleware(
            "basic-auth",
            &format!("username = 'admin', password_hash = '{canary}'"),
        ),
        middleware(
            "api-key",
            &format!("header = 'x-api-key', keys = [\n'{canary}'\n]"),
        ),
    ]
    .concat();
    let mut shown = String::new();
    let mut show = |text: &str| {
        let config = AuthConfig::parse(text, "gateway.toml");
        write!(shown, "{config:?}").unwrap();
        if let Err(error) = config.and_then(|config| config.chain()?.build()) {
            write!(shown, "{error} {error:?}").unwrap();
        }
    };
    for place in 0..text.len() {
        show(&text[..place]);
        show(&text[place..]);
        for with in ["", "\"", "\n", "{", "é", "${", "\0", canary] {
            show(&format!("{}{with}{}", &text[..place], &text[place + 1..]));
        }
    }
    assert!(shown.len() > 100_000);
    assert!(
        !shown.contains("canary"),
        "{}",
        &shown[shown.find("canary").unwrap() - 200..][..300]
    );
}
