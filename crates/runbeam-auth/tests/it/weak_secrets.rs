//! Tokens forged with HMAC: with secrets that people choose, and with what is public of the issuer's key.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac::{self, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use runbeam_auth::{Jws, Rejection, Verifier};
use serde_json::{Value, json};

use crate::fixture::{self, claims, clock, header, jwks, key, key_set, policy, with};
use crate::vectors;

fn verifier() -> Verifier {
    let clock = std::sync::Arc::new(clock());
    Verifier::new(policy()).unwrap().with_clock(clock)
}

/// Header and good claims, as they are signed.
fn signing_input(header: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(&claims()))
}

fn forge(signing_input: &str, algorithm: hmac::Algorithm, secret: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), signing_input.as_bytes());
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Why neither claims nor signature of `token` are accepted.
fn refused(verifier: &Verifier, token: &str) -> Rejection {
    let of_claims = verifier.verify(token).unwrap_err().rejection().unwrap();
    let of_text = Jws::parse(token)
        .and_then(|jws| jws.verify(&key_set()))
        .unwrap_err();
    assert_eq!(of_text.rejection(), Some(of_claims));
    of_claims
}

#[test]
fn no_secret_of_the_list_forges_a_token() {
    let Some(list) = vectors::text("wordlists/jwt.secrets.list") else {
        return;
    };
    let verifier = verifier();
    let said = signing_input(&with(header(), json!({"alg": "HS256"})));
    let hidden = signing_input(&header());
    let mut counted = 0;
    for secret in list.lines() {
        let token = forge(&said, HMAC_SHA256, secret.as_bytes());
        let error = verifier.verify(&token).unwrap_err();
        assert_eq!(error.rejection(), Some(Rejection::Algorithm), "{secret}");
        let token = forge(&hidden, HMAC_SHA256, secret.as_bytes());
        let error = verifier.verify(&token).unwrap_err();
        assert_eq!(error.rejection(), Some(Rejection::Signature), "{secret}");
        counted += 1;
    }
    assert_eq!(counted, 103_979);
}

#[test]
fn what_is_public_of_the_key_is_no_secret() {
    let jwk = key().jwk();
    let number = |name: &str| {
        let text = jwk[name].as_str().unwrap();
        (
            text.as_bytes().to_vec(),
            URL_SAFE_NO_PAD.decode(text).unwrap(),
        )
    };
    let ((n_text, n), (e_text, e)) = (number("n"), number("e"));
    let pkcs1 = der(0x30, &[integer(&n), integer(&e)].concat());
    // The identifier of rsaEncryption, and its empty parameters (RFC 8017, appendix A.1).
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let bits = der(0x03, &[b"\0", &pkcs1[..]].concat());
    let spki = der(0x30, &[&algorithm[..], &bits].concat());
    let ring_reads = ring::signature::UnparsedPublicKey::new(
        &ring::signature::RSA_PKCS1_2048_8192_SHA256,
        &pkcs1,
    );
    assert!(ring_reads.verify(b"m", &key().sign(b"m")).is_ok());

    let mut secrets = vec![
        jwk.to_string().into_bytes(),
        jwks(std::slice::from_ref(&jwk)).into_bytes(),
        key().key_id().as_bytes().to_vec(),
        fixture::ISSUER.as_bytes().to_vec(),
        [&[0], &n[..]].concat(),
        n.iter().rev().copied().collect(),
        Vec::new(),
    ];
    secrets.extend([n_text, n, e_text, e]);
    for (label, der) in [("RSA PUBLIC KEY", pkcs1), ("PUBLIC KEY", spki)] {
        let base64 = STANDARD.encode(&der);
        for line_end in ["\n", "\r\n"] {
            let pem = pem(label, &base64, line_end);
            secrets.push(pem.trim_end().into());
            secrets.push(pem.into());
        }
        secrets.push(base64.into());
        secrets.push(der);
    }

    let verifier = verifier();
    let mut counted = 0;
    for secret in &secrets {
        for (name, algorithm) in [
            ("HS256", HMAC_SHA256),
            ("HS384", HMAC_SHA384),
            ("HS512", HMAC_SHA512),
        ] {
            for (said, expected) in [
                (json!(name), Rejection::Algorithm),
                (json!(name.to_lowercase()), Rejection::Algorithm),
                (json!(["RS256", name]), Rejection::Algorithm),
                (json!("RS256"), Rejection::Signature),
            ] {
                for key_id in [json!(null), json!(key().key_id())] {
                    let header = with(header(), json!({"alg": said, "kid": key_id}));
                    let token = forge(&signing_input(&header), algorithm, secret);
                    assert_eq!(refused(&verifier, &token), expected, "{header}");
                    counted += 1;
                }
            }
        }
    }
    assert_eq!((secrets.len(), counted), (23, 552));
}

/// One value of ASN.1 in DER, shorter than 64 KiB (X.690, section 8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..0x80 => vec![tag, length[1]],
        0x80..0x100 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [&head, content].concat()
}

/// A positive number: a leading zero keeps its sign.
fn integer(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number[0] < 0x80 { b"" } else { b"\0" };
    der(0x02, &[sign, number].concat())
}

fn pem(label: &str, base64: &str, line_end: &str) -> String {
    let mut pem = format!("-----BEGIN {label}-----{line_end}");
    for line in base64.as_bytes().chunks(64) {
        pem += str::from_utf8(line).unwrap();
        pem += line_end;
    }
    pem + "-----END " + label + "-----" + line_end
}
