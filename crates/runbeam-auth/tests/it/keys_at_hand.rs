//! Keys that are given rather than fetched: PEM, a single JWK, a shared secret; and claims of a caller's type.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use runbeam_auth::{JwkSet, Rejection, TrustPolicy, TrustedIssuer};
use serde::Deserialize;
use serde_json::json;

use crate::fixture::{
    ISSUER, NOW, claims, header, key, other_key, policy, token, token_with_header, verify_by, with,
};

const SECRET: &str = "a-secret-of-thirty-two-bytes-or-more";

fn hs256(header: &serde_json::Value, claims: &serde_json::Value, secret: &[u8]) -> String {
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let input = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn shared() -> TrustPolicy {
    TrustPolicy::new(
        TrustedIssuer::exact(ISSUER)
            .with_shared_secret(SECRET)
            .unwrap(),
    )
}

/// DER of `tag` around `content`, with a length of two bytes as these keys need it.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    match u8::try_from(content.len()) {
        Ok(length @ 0..=127) => [&[tag, length], content].concat(),
        _ => [
            &[tag, 0x82],
            &(content.len() as u16).to_be_bytes()[..],
            content,
        ]
        .concat(),
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// `bytes` with another one at `place`.
fn replaced(bytes: &[u8], place: usize, byte: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[place] = byte;
    bytes
}

/// The public key of the tokens as PKCS#1 and as SPKI.
fn own_key_in_der() -> (Vec<u8>, Vec<u8>) {
    let jwk = key().jwk();
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        // A number whose first bit is set would be negative without a zero before it.
        let sign: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
        der(0x02, &[sign, &bytes].concat())
    };
    let pkcs1 = der(0x30, &[number("n"), number("e")].concat());
    let algorithm = der(
        0x30,
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00",
    );
    let spki = der(
        0x30,
        &[algorithm, der(0x03, &[&[0], &pkcs1[..]].concat())].concat(),
    );
    (pkcs1, spki)
}

#[test]
fn a_key_in_pem_serves_tokens_that_name_any_key_or_none() {
    let (pkcs1, spki) = own_key_in_der();
    for text in [
        pem("PUBLIC KEY", &spki),
        pem("PUBLIC KEY", &spki).replace('\n', "\r\n"),
        pem("RSA PUBLIC KEY", &pkcs1),
    ] {
        let keys = JwkSet::from_pem(&text).unwrap();
        let policy = TrustPolicy::new(TrustedIssuer::exact(ISSUER).with_keys(keys));
        for good in [
            token(json!({})),
            token_with_header(json!({"kid": null})),
            token_with_header(json!({"kid": "x"})),
        ] {
            assert!(verify_by(policy.clone(), &good).is_ok());
        }
        let forged = other_key().sign_raw(&header().to_string(), &claims().to_string());
        assert_eq!(
            verify_by(policy, &forged).unwrap_err().rejection(),
            Some(Rejection::Signature)
        );
    }
}

#[test]
fn what_is_no_public_key_in_pem_is_refused_by_name() {
    let (pkcs1, spki) = own_key_in_der();
    let good = pem("PUBLIC KEY", &spki);
    let bad = [
        String::new(),
        "canary".to_owned(),
        format!("{good}{good}"),
        format!("canary\n{good}"),
        good.replace("PUBLIC", "PRIVATE"),
        good.replace("-----END PUBLIC KEY-----", ""),
        good.replace("END PUBLIC", "END RSA PUBLIC"),
        good.replace(
            "BEGIN PUBLIC KEY-----",
            "BEGIN PUBLIC KEY-----\nProc-Type: 4",
        ),
        // Another algorithm: `id-RSASSA-PSS`, and one that is cut off.
        pem("PUBLIC KEY", &replaced(&spki, 16, 0x0a)),
        pem("PUBLIC KEY", &spki[..spki.len() - 1]),
        pem("PUBLIC KEY", &[&spki[..], &[0]].concat()),
        // Bits that do not count.
        pem("PUBLIC KEY", &replaced(&spki, 23, 1)),
        pem("CERTIFICATE", &spki),
        pem("PUBLIC KEY", &pkcs1),
        pem("RSA PUBLIC KEY", &spki),
        pem("RSA PUBLIC KEY", &pkcs1[..200]),
        pem(
            "RSA PUBLIC KEY",
            &der(0x30, &[der(0x02, &[0x7f; 128]), der(0x02, &[3])].concat()),
        ),
    ];
    for text in bad {
        let error = JwkSet::from_pem(&text).unwrap_err().to_string();
        assert!(
            error.starts_with("invalid public key: ") && !error.contains("canary"),
            "{error}"
        );
    }
}

#[test]
fn a_single_jwk_is_a_set_of_one() {
    let keys = JwkSet::parse(key().jwk().to_string().as_bytes()).unwrap();
    let policy = TrustPolicy::new(TrustedIssuer::exact(ISSUER).with_keys(keys));
    assert!(verify_by(policy, &token(json!({}))).is_ok());
}

#[test]
fn a_shared_secret_serves_hs256_and_nothing_else() {
    let hs = json!({"alg": "HS256"});
    assert!(verify_by(shared(), &hs256(&hs, &claims(), SECRET.as_bytes())).is_ok());
    let refused = |policy, token: &str| verify_by(policy, token).unwrap_err().rejection().unwrap();
    assert_eq!(
        refused(
            shared(),
            &hs256(&hs, &claims(), b"another-secret-of-thirty-two-bytes")
        ),
        Rejection::Signature
    );
    assert_eq!(refused(shared(), &token(json!({}))), Rejection::Algorithm);
    assert_eq!(
        refused(
            shared(),
            &hs256(&json!({"alg": "HS384"}), &claims(), SECRET.as_bytes())
        ),
        Rejection::Algorithm
    );
    let expired = with(claims(), json!({"exp": NOW - 61}));
    assert_eq!(
        refused(shared(), &hs256(&hs, &expired, SECRET.as_bytes())),
        Rejection::Expired
    );
    // Without a secret in the policy, HS256 does not exist.
    assert_eq!(
        refused(policy(), &hs256(&hs, &claims(), SECRET.as_bytes())),
        Rejection::Algorithm
    );
    let short = TrustedIssuer::exact(ISSUER)
        .with_shared_secret("canary")
        .unwrap_err();
    assert!(
        short.to_string().contains("32") && !short.to_string().contains("canary"),
        "{short}"
    );
}

#[test]
fn the_public_key_of_one_issuer_is_never_the_secret_of_another() {
    let other = "https://other.example.com";
    let with_both = policy().with_issuer(
        TrustedIssuer::exact(other)
            .with_shared_secret(SECRET)
            .unwrap(),
    );
    let (pkcs1, spki) = own_key_in_der();
    let modulus = URL_SAFE_NO_PAD
        .decode(key().jwk()["n"].as_str().unwrap())
        .unwrap();
    let secrets = [
        pem("PUBLIC KEY", &spki).into_bytes(),
        pem("RSA PUBLIC KEY", &pkcs1).into_bytes(),
        spki,
        pkcs1,
        modulus,
        key().jwk().to_string().into_bytes(),
    ];
    for secret in secrets {
        let forged = hs256(&with(header(), json!({"alg": "HS256"})), &claims(), &secret);
        assert_eq!(
            verify_by(with_both.clone(), &forged)
                .unwrap_err()
                .rejection(),
            Some(Rejection::Algorithm)
        );
    }
    // Each issuer keeps its own algorithm.
    let crossed = token(json!({ "iss": other }));
    assert_eq!(
        verify_by(with_both.clone(), &crossed)
            .unwrap_err()
            .rejection(),
        Some(Rejection::Algorithm)
    );
    let right = hs256(
        &json!({"alg": "HS256"}),
        &with(claims(), json!({ "iss": other })),
        SECRET.as_bytes(),
    );
    assert!(verify_by(with_both, &right).is_ok());
}

#[derive(Debug, Deserialize)]
struct MeshClaims {
    sub: String,
    mesh_id: String,
}

#[test]
fn claims_of_a_type_of_ones_own_are_read_after_all_else_is_verified() {
    let verify_as = |token: &str| {
        let verifier = runbeam_auth::Verifier::new(policy()).unwrap();
        verifier
            .with_clock(std::sync::Arc::new(crate::fixture::clock()))
            .verify_as::<MeshClaims>(token)
    };
    let claims = verify_as(&token(json!({"mesh_id": "m1"}))).unwrap();
    assert_eq!((claims.sub.as_str(), claims.mesh_id.as_str()), ("u1", "m1"));
    assert_eq!(
        verify_as(&token(json!({"mesh_id": 1})))
            .unwrap_err()
            .rejection(),
        Some(Rejection::Claim)
    );
    let expired = token(json!({"mesh_id": "m1", "exp": NOW - 61}));
    assert_eq!(
        verify_as(&expired).unwrap_err().rejection(),
        Some(Rejection::Expired)
    );
}

#[test]
fn claims_that_are_required_must_be_there() {
    let policy = policy().with_required_claims(["jti", "tenant"]);
    let check = |changes, expected| {
        let rejection = verify_by(policy.clone(), &token(changes))
            .err()
            .and_then(|error| error.rejection());
        assert_eq!(rejection, expected);
    };
    check(json!({"jti": "1", "tenant": {"a": 1}}), None);
    check(json!({"jti": "1"}), Some(Rejection::Claim));
    check(json!({"tenant": "t"}), Some(Rejection::Claim));
}
