//! Test vectors that nobody here wrote.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runbeam_auth::{JwkSet, Jws};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fixture::{claims, header, key, verify};

pub(crate) fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors")
        .join(file)
}

/// The bytes of a file; `None` where the shared vectors are missing, which CI does not allow.
pub(crate) fn read(file: &str) -> Option<Vec<u8>> {
    let path = path(file);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        skipped(&format!("{} is missing", path.display()));
    }
    bytes
}

/// Says that a test lacks what it needs. In CI, nothing may be missing.
#[allow(
    clippy::disallowed_methods,
    reason = "CI says by this variable that it is CI"
)]
pub(crate) fn skipped(reason: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "would be skipped: {reason}"
    );
    eprintln!("skipped: {reason}");
}

pub(crate) fn text(file: &str) -> Option<String> {
    read(file).map(|bytes| String::from_utf8(bytes).unwrap())
}

/// The rows of a file of JSON lines.
pub(crate) fn rows<T: DeserializeOwned>(file: &str) -> Option<Vec<T>> {
    let rows = text(file)?;
    let rows = rows.lines().map(|line| serde_json::from_str(line).unwrap());
    Some(rows.collect())
}

#[derive(Deserialize)]
struct JwsRow {
    name: String,
    jwks: String,
    token: String,
    expect: String,
}

#[test]
fn wycheproof_signed_texts_are_accepted_and_refused_as_they_must() {
    let Some(rows) = rows::<JwsRow>("derived/wycheproof_jws_rs256only.jsonl") else {
        return;
    };
    let mut accepted = 0;
    for row in &rows {
        let keys = JwkSet::parse(row.jwks.as_bytes());
        let is_accepted = keys.is_ok_and(|keys| {
            Jws::parse(&row.token)
                .and_then(|jws| jws.verify(&keys))
                .is_ok()
        });
        assert_eq!(is_accepted, row.expect == "accept", "{}", row.name);
        accepted += usize::from(is_accepted);
    }
    assert_eq!((rows.len(), accepted), (476, 10));
}

/// The files of a folder, with their names; `None` where the shared vectors are missing.
fn files(folder: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let Ok(files) = std::fs::read_dir(path(folder)) else {
        assert!(read(folder).is_none(), "{folder} is not a folder");
        return None;
    };
    let files = files.map(|file| {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(&path).unwrap())
    });
    Some(files.collect())
}

/// A token of exactly these bytes, signed with the key of the issuer.
fn signed(header: &[u8], payload: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let input = format!("{}.{}", part(header), part(payload));
    format!("{input}.{}", part(&key().sign(input.as_bytes())))
}

#[test]
fn json_of_every_kind_is_read_or_refused_in_header_and_payload() {
    let Some(files) = files("jsontestsuite/test_parsing") else {
        return;
    };
    let good_header = header().to_string();
    let mut counts = [0; 3];
    for (name, bytes) in &files {
        // A member of an otherwise good object, so that the rest cannot be what is refused.
        let beside = |object: &str| {
            [
                object.trim_end_matches('}').as_bytes(),
                b",\"x\":",
                bytes,
                b"}",
            ]
            .concat()
        };
        let in_header = signed(&beside(&good_header), claims().to_string().as_bytes());
        let in_payload = signed(good_header.as_bytes(), &beside(&claims().to_string()));
        for token in [in_header, in_payload] {
            let is_read = verify(&token).is_ok();
            let may_be_read =
                !name.starts_with("n_") && !name.starts_with("y_object_duplicated_key");
            let must_be_read = name.starts_with("y_") && may_be_read;
            assert!(is_read || !must_be_read, "refused: {name}");
            assert!(!is_read || may_be_read, "accepted: {name}");
        }
        // Nothing in these files has the claims that a token must have.
        assert!(
            verify(&signed(good_header.as_bytes(), bytes)).is_err(),
            "{name}"
        );
        assert!(
            verify(&signed(bytes, claims().to_string().as_bytes())).is_err(),
            "{name}"
        );
        let kind = ["y_", "n_", "i_"]
            .iter()
            .position(|kind| name.starts_with(kind));
        counts[kind.unwrap()] += 1;
    }
    assert_eq!(counts, [95, 188, 35]);
}

#[test]
fn json_that_others_read_in_several_ways_is_not_read_in_the_wrong_one() {
    let Some(files) = files("jsontestsuite/test_transform") else {
        return;
    };
    for (name, bytes) in &files {
        let object = [br#"{"alg":"RS256","x":"#, &bytes[..], b"}"].concat();
        let is_read = Jws::parse(&signed(&object, b"{}")).is_ok();
        let may_be_read = ["number_", "object_key_", "string_with_"];
        let may_be_read = may_be_read.iter().any(|kind| name.starts_with(kind));
        assert_eq!(is_read, may_be_read, "{name}");
    }
    assert_eq!(files.len(), 22);
}

#[test]
fn the_signed_texts_of_the_standards_are_accepted_with_their_own_key_alone() {
    let Some(files) = files("rfc/latchset") else {
        return;
    };
    let is = |name: &str, kind: &str| {
        name.rsplit_once('.')
            .is_some_and(|(_, end)| end.starts_with(kind))
    };
    let mut accepted = Vec::new();
    let (mut texts, mut sets) = (0, 0);
    for (name, text) in files.iter().filter(|(name, _)| is(name, "jws")) {
        let text = str::from_utf8(text).unwrap().trim_end();
        texts += 1;
        sets = 0;
        for (key_name, document) in files.iter().filter(|(name, _)| is(name, "jwk")) {
            sets += 1;
            let keys = JwkSet::parse(document).unwrap();
            if Jws::parse(text).and_then(|jws| jws.verify(&keys)).is_ok() {
                accepted.push(format!("{name} by {key_name}"));
            }
        }
    }
    accepted.sort();
    // The standards use these two keys in several of their examples.
    let expected = [
        "rfc7515_A.2.jwsc by rfc7515_A.2.jwk",
        "rfc7515_A.2.jwsc by rfc7515_A.6.1.jwk",
        "rfc7515_A.2.jwsc by rfc7515_A.6.jwkset",
        "rfc7520_4.1.jwsc by rfc7520_3.3.jwk",
        "rfc7520_4.1.jwsc by rfc7520_3.4.jwk",
        "rfc7520_4.1.jwsc by rfc7520_4.1.jwk",
        "rfc7520_4.1.jwsc by rfc7520_4.2.jwk",
        "rfc7520_4.1.jwsc by rfc7520_4.8.1.jwk",
        "rfc7520_4.1.jwsc by rfc7520_4.8.jwkset",
    ];
    assert_eq!((texts, sets), (27, 29));
    assert_eq!(accepted, expected);
}

#[test]
fn the_examples_of_the_standards_are_refused_after_any_change() {
    for (name, key_name) in [
        ("rfc7515_A.2.jwsc", "rfc7515_A.2.jwk"),
        ("rfc7520_4.1.jwsc", "rfc7520_4.1.jwk"),
    ] {
        let folder = "rfc/latchset";
        let (Some(text), Some(key)) = (
            text(&format!("{folder}/{name}")),
            read(&format!("{folder}/{key_name}")),
        ) else {
            return;
        };
        let keys = JwkSet::parse(&key).unwrap();
        let verify = |text: &str| Jws::parse(text).and_then(|jws| jws.verify(&keys));
        let text = text.trim_end();
        assert!(verify(text).is_ok(), "{name}");
        for at in 0..text.len() {
            let (before, after) = text.split_at(at);
            // The bits of a letter that differ most, the one that differs least, another part, and nothing.
            let other_case = if after.starts_with(|byte: char| byte.is_ascii_lowercase()) {
                "Q"
            } else {
                "q"
            };
            for by in [other_case, "A", "B", "_", ".", "=", ""] {
                let edited = format!("{before}{by}{}", &after[1..]);
                assert!(
                    edited == text || verify(&edited).is_err(),
                    "{name} at {at}: {by:?}"
                );
            }
        }
    }
}

#[test]
fn the_cookbook_agrees_with_itself_and_with_us() {
    let Some(bytes) = read("rfc/cookbook/jws/4_1.rsa_v15_signature.json") else {
        return;
    };
    let example: Value = serde_json::from_slice(&bytes).unwrap();
    let keys = JwkSet::parse(example["input"]["key"].to_string().as_bytes()).unwrap();
    let compact = example["output"]["compact"].as_str().unwrap();
    let payload = Jws::parse(compact).unwrap().verify(&keys).unwrap();
    assert_eq!(
        payload,
        example["input"]["payload"].as_str().unwrap().as_bytes()
    );

    let Some(files) = files("rfc/cookbook/jws") else {
        return;
    };
    let is_accepted = |(_, bytes): &&(String, Vec<u8>)| {
        let example: Value = serde_json::from_slice(bytes).unwrap();
        let compact = example["output"]["compact"].as_str().unwrap_or_default();
        Jws::parse(compact)
            .and_then(|jws| jws.verify(&keys))
            .is_ok()
    };
    assert_eq!(
        (files.len(), files.iter().filter(is_accepted).count()),
        (8, 1)
    );
}

#[test]
fn the_seeds_of_another_verifiers_fuzzing_are_read_or_refused() {
    for (kind, usable) in [
        ("rsa", Some(2)),
        ("ec", Some(0)),
        ("hmac", Some(0)),
        ("okp", Some(0)),
        ("pem", None),
        ("x509", None),
    ] {
        let Some(seed) = text(&format!("jwt_verify_lib/jwks_{kind}.txt")) else {
            return;
        };
        let value = |name: &str| {
            let line = seed
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap();
            line.trim().trim_matches(['"', '\'']).replace("\\n", "\n")
        };
        let (token, document) = (value("jwt: "), value("jwks: "));
        let keys = JwkSet::parse(document.as_bytes());
        assert_eq!(keys.as_ref().ok().map(JwkSet::len), usable, "{kind}");
        let verify = |keys: &JwkSet| Jws::parse(&token).and_then(|jws| jws.verify(keys));
        // The one for RS256 names neither of its two keys.
        assert!(
            keys.is_ok_and(|keys| verify(&keys).is_err()) || usable.is_none(),
            "{kind}"
        );
        if kind == "rsa" {
            let set: Value = serde_json::from_str(&document).unwrap();
            let alone =
                |at: usize| verify(&JwkSet::parse(set["keys"][at].to_string().as_bytes()).unwrap());
            assert!(alone(0).is_err() && alone(1).is_ok());
        }
    }
}
