//! Test vectors that nobody here wrote.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runbeam_auth::{JwkSet, Jws};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The rows of a file of JSON lines; `None` where the shared vectors are missing, which CI does not allow.
#[allow(
    clippy::disallowed_methods,
    reason = "CI says by this variable that it is CI"
)]
pub(crate) fn rows<T: DeserializeOwned>(file: &str) -> Option<Vec<T>> {
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
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
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

#[test]
fn json_of_every_kind_is_read_or_refused_in_header_and_payload() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/vectors/jsontestsuite/test_parsing");
    let Ok(files) = std::fs::read_dir(&folder) else {
        assert!(
            rows::<Value>("corpora/issuer_urls.jsonl").is_none(),
            "{} is missing",
            folder.display()
        );
        return;
    };
    let mut counted = 0;
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        // A member of an otherwise good header, so that the rest cannot be what is refused.
        let header = [br#"{"alg":"RS256","x":"#, &bytes[..], b"}"].concat();
        let token = format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(&header));
        let is_read = Jws::parse(&token).is_ok();
        let must_be_refused = name.starts_with("n_")
            && !name.contains("structure")
            && !name.contains("number_then_00")
            || name.starts_with("y_object_duplicated_key");
        if must_be_refused {
            assert!(!is_read, "{name}");
        } else if name.starts_with("y_") {
            assert!(is_read, "{name}");
        }
        counted += 1;
    }
    assert!(counted > 300, "{counted}");
}
